// `repeer upgrade`: over HTTP against a stand-in for the API server, with a stand-in for the kubelet.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ContainerState, PodObject } from '../../../cli/cluster/pod-object.ts'
import { type StandIn, startStandIn } from '../fixtures/cluster.ts'
import { injectedPod, type PodOptions, pageOf } from '../fixtures/pods.ts'
import { type Ran, repeer } from '../program.ts'

type Parts = {
  cluster: StandIn
  run: (...args: string[]) => Promise<Ran>
  imageOf: (pod: string) => (string | undefined)[]
}

/** What the kubelet makes of a patched sidecar: another container that runs. */
function restarted(
  pod: PodObject,
  state: ContainerState = { running: { startedAt: new Date().toISOString() } },
): PodObject {
  const image = pod.spec.initContainers?.find(container => container.name === 'repeer')?.image ?? ''
  const initContainerStatuses = (pod.status?.initContainerStatuses ?? []).map(status => {
    const restartCount = (status.restartCount ?? 0) + 1
    return {
      ...status,
      image,
      containerID: `sidecar-${restartCount}`,
      restartCount,
      ready: state.running !== undefined,
      state,
    }
  })
  return { ...pod, status: { ...pod.status, initContainerStatuses } }
}

function nodeRestarted(pod: PodObject): PodObject {
  const containerStatuses = (pod.status?.containerStatuses ?? []).map(status => ({
    ...status,
    restartCount: 1,
    containerID: 'another',
  }))
  return { ...pod, status: { ...pod.status, containerStatuses } }
}

async function standIn(t: Test, pods: Readonly<Record<string, PodOptions>> = { a: {}, b: {} }): Promise<Parts> {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  for (const [name, options] of Object.entries(pods)) {
    cluster.putPod(injectedPod(name, options))
    cluster.pages.set(`chain/${name}`, { status: 200, body: pageOf() })
  }
  cluster.onPatch = pod => cluster.putPod(restarted(pod))
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')
  const fast = ['--poll-ms', '5', '--steady-ms', '30', '--timeout-seconds', '1']
  return {
    cluster,
    run: (...args) => repeer(['upgrade', '--kubeconfig', kubeconfig, '-n', 'chain', ...fast, ...args]),
    imageOf: name => (cluster.pod('chain', name).spec.initContainers ?? []).slice(1).map(container => container.image),
  }
}

const patches = ({ requests }: StandIn) =>
  requests.filter(request => request.startsWith('PATCH')).map(request => request.slice(request.lastIndexOf('/') + 1))
const webhook = (args: string[], env: unknown[] = []) => ({
  spec: { template: { spec: { containers: [{ name: 'webhook', args, env }] } } },
})
const deployment = '/apis/apps/v1/namespaces/repeer-system/deployments/repeer-webhook'

t.test('one pod after another, group after group, validators last; skipped where there is nothing to do', async t => {
  const { cluster, run, imageOf } = await standIn(t, {
    a: { plan: { validator: true } },
    b: {},
    c: {},
    'd-other': { plan: { group: 'chain/a' } },
    e: { image: 'repeer:new' },
    f: { phase: 'Succeeded' },
  })
  const { code, out, err } = await run('--image', 'repeer:new')
  t.equal(err, '')
  t.equal(code, 0)
  t.strictSame(patches(cluster), ['d-other', 'b', 'c', 'a'])
  for (const pod of ['a', 'b', 'c', 'd-other', 'e']) t.strictSame(imageOf(pod), ['repeer:new', 'repeer:new'], pod)
  t.equal(cluster.pod('chain', 'a').spec.initContainers?.[0]?.image, 'busybox', 'other init containers are left alone')
  t.match(
    out,
    /^image repeer:new\n\nchain\/a\n {2}d-other {2}upgraded in [\d.]+ s, the node untouched\n\nchain\/localnet\n {2}b {2}upgraded/,
  )
  t.match(out, /\n {2}e {2}on the image already\n/)
  t.match(out, /\n {2}f {2}it does not run \(Succeeded\)\n/)
  t.match(out, /\n4 pods upgraded\.\n$/)
  t.match(await run('--image', 'repeer:new'), { code: 0, out: /Nothing to do/ })
  t.equal(patches(cluster).length, 4)
})

t.test('the patch tests what it changes', async t => {
  const { cluster, run } = await standIn(t, { a: {} })
  let seen: unknown
  cluster.onPatch = (pod, operations) => {
    seen = operations
    cluster.putPod(restarted(pod))
  }
  await run('--image', 'repeer:new')
  t.strictSame(seen, [
    { op: 'test', path: '/metadata/uid', value: 'uid-a' },
    { op: 'test', path: '/spec/initContainers/1/name', value: 'repeer-install' },
    { op: 'test', path: '/spec/initContainers/1/image', value: 'repeer:old' },
    { op: 'replace', path: '/spec/initContainers/1/image', value: 'repeer:new' },
    { op: 'test', path: '/spec/initContainers/2/name', value: 'repeer' },
    { op: 'test', path: '/spec/initContainers/2/image', value: 'repeer:old' },
    { op: 'replace', path: '/spec/initContainers/2/image', value: 'repeer:new' },
  ])
})

t.test('--group, --dry-run, the image that the webhook injects', async t => {
  const { cluster, run, imageOf } = await standIn(t, { a: {}, b: { plan: { group: 'chain/geth' } } })
  cluster.objects.set(deployment, webhook(['webhook', '--image=repeer:new', '--turns=self']))
  const dry = await run('--dry-run')
  t.match(dry, {
    code: 0,
    out: /^image repeer:new, which the webhook injects now\n.*\n {2}a {2}would be upgraded from repeer:old\n/s,
  })
  t.match(dry.out, /2 pods would be upgraded\. Nothing was changed\./)
  t.strictSame(patches(cluster), [])
  t.equal((await run('--group', 'geth')).code, 0)
  t.strictSame(patches(cluster), ['b'])
  t.match(await run('--group', 'besu'), {
    code: 1,
    err: /found no group "besu" in namespace chain, expected one of chain\/localnet, chain\/geth/,
  })
  cluster.objects.set(deployment, webhook(['webhook', '--image', 'repeer:newer']))
  t.equal((await run('--group', 'chain/localnet')).code, 0)
  t.strictSame(imageOf('a'), ['repeer:newer', 'repeer:newer'])
  cluster.objects.set(deployment, webhook(['webhook'], [{ name: 'REPEER_IMAGE', value: 'repeer:env' }]))
  t.match((await run('--dry-run')).out, /^image repeer:env,/)
  cluster.objects.set(deployment, webhook(['webhook']))
  t.match(await run(), { code: 1, err: /found no --image among the arguments .*name the image with --image/ })
  cluster.objects.delete(deployment)
  t.match(await run(), {
    code: 1,
    err: /found no Deployment repeer-webhook in namespace repeer-system; name the image with --image IMAGE/,
  })
  cluster.deny = (_, path) => (path === deployment ? 'no' : undefined)
  t.match(await run(), { code: 1, err: /may not be read \(permission get on deployments\); name the image/ })
})

t.test('the first failure stops it, and the old image is back', async t => {
  const pulling: ContainerState = { waiting: { reason: 'ImagePullBackOff', message: 'not found' } }
  const cases: [what: string, kubelet: (cluster: StandIn, pod: PodObject) => void, why: RegExp, advice: RegExp][] = [
    [
      'an image that cannot be pulled',
      (cluster, pod) => cluster.putPod(restarted(pod, pulling)),
      /does not run the image: waiting: ImagePullBackOff \(not found\)/,
      /see that the image can be pulled/,
    ],
    [
      'an image that cannot be pulled, as native sidecars show it',
      (cluster, pod) => {
        const message = 'Failed to pull image "repeer:new": not found'
        const items = [
          { type: 'Warning', reason: 'Failed', message },
          { type: 'Warning', reason: 'BackOff', message: 'Back-off pulling image "repeer:new"' },
        ]
        cluster.objects.set('/api/v1/namespaces/chain/events', { items })
        const ended = restarted(pod, { terminated: { exitCode: 0, reason: 'Completed' } })
        const initContainerStatuses = (ended.status?.initContainerStatuses ?? []).map(status => ({
          ...status,
          containerID: 'sidecar-0-a',
        }))
        cluster.putPod({ ...ended, status: { ...ended.status, initContainerStatuses } })
      },
      /does not run the image: Failed to pull image "repeer:new": not found/,
      /see that the image can be pulled/,
    ],
    [
      'a kubelet that does nothing',
      () => undefined,
      /does not run the image after 1 s: running/,
      /logs a -c repeer --previous/,
    ],
    [
      'a page that does not answer',
      (cluster, pod) => {
        cluster.putPod(restarted(pod))
        cluster.pages.delete('chain/a')
      },
      /status page does not answer: .*503/,
      /logs a -c repeer/,
    ],
    [
      'a node that starts anew',
      (cluster, pod) => cluster.putPod(nodeRestarted(restarted(pod))),
      /the node's container node has started anew \(restartCount 0 before, 1 now\)/,
      /do not go on with this image/,
    ],
    [
      'a node whose process starts anew',
      (cluster, pod) => {
        cluster.putPod(restarted(pod))
        cluster.pages.set('chain/a', {
          status: 200,
          body: pageOf({ node: { seenBy: 'api', startedAt: '2026-11-21T08:05:00.000Z' } }),
        })
      },
      /the node's process has started anew/,
      /repeer check/,
    ],
    [
      'a sidecar that ends again',
      (cluster, pod) => {
        cluster.putPod(restarted(pod))
        cluster.pages.set('chain/a', { status: 503, body: { phase: 'starting' } })
        setTimeout(() => cluster.putPod(restarted(cluster.pod('chain', 'a'))), 40)
      },
      /the new sidecar has ended and was started again/,
      /--previous/,
    ],
  ]
  for (const [what, kubelet, why, advice] of cases) {
    await t.test(what, async t => {
      const { cluster, run, imageOf } = await standIn(t)
      cluster.onPatch = (pod, operations) => {
        if (operations.some(operation => operation.op === 'replace' && operation.value === 'repeer:new'))
          kubelet(cluster, pod)
        else if (what !== 'a kubelet that does nothing') cluster.putPod(restarted(pod))
      }
      const { code, out, err } = await run('--image', 'repeer:new')
      t.equal(code, 1)
      t.match(out, /\n {2}a {2}failed\n$/)
      t.match(err, /^repeer upgrade: stopped at pod a: /)
      t.match(err, why)
      t.match(err, advice)
      t.match(err, /the old image is back and its sidecar runs \(repeer-install=repeer:old repeer=repeer:old\)/)
      t.strictSame(imageOf('a'), ['repeer:old', 'repeer:old'])
      t.strictSame(patches(cluster), ['a', 'a'], 'b was not touched')
    })
  }
})

t.test('where the old image does not come back, it says how', async t => {
  const { cluster, run } = await standIn(t, { a: {} })
  cluster.onPatch = pod => {
    cluster.putPod(restarted(pod, { waiting: { reason: 'ErrImagePull' } }))
    cluster.deny = method => (method === 'PATCH' ? 'no' : undefined)
  }
  const { code, err } = await run('--image', 'repeer:new')
  t.equal(code, 1)
  t.match(
    err,
    /not known to run again: .*; put it back with kubectl -n chain set image pod\/a repeer-install=repeer:old repeer=repeer:old/,
  )
})

t.test('nothing is changed without the permission, on another pod, or during a restart', async t => {
  const { cluster, run, imageOf } = await standIn(t, { a: {} })
  cluster.deny = method => (method === 'PATCH' ? 'User "alice" cannot patch resource "pods"' : undefined)
  t.match(await run('--image', 'repeer:new'), {
    code: 1,
    err: /cannot patch resource "pods"\.\n {2}nothing was changed on this pod\.\n {2}expected the permission patch on pods/,
  })
  cluster.deny = () => undefined
  cluster.pages.set('chain/a', { status: 200, body: pageOf({ phase: 'verifying' }) })
  t.match(await run('--image', 'repeer:new'), {
    code: 1,
    err: /its sidecar has been verifying for 1 s.*nothing was changed/s,
  })
  t.strictSame(imageOf('a'), ['repeer:old', 'repeer:old'])
  setTimeout(() => cluster.pages.set('chain/a', { status: 200, body: pageOf() }), 100)
  t.match(await run('--image', 'repeer:new'), { code: 0 }, 'it waits for the end of the restart')
})

t.test('pages that may not be read: the sidecar has to stay up', async t => {
  const { cluster, run } = await standIn(t, { a: {} })
  cluster.deny = (_, path) => (path.includes('/proxy/') ? 'no pods/proxy' : undefined)
  t.match(await run('--image', 'repeer:new'), {
    code: 0,
    out: /the node untouched \(its status page cannot be asked: .*no pods\/proxy\)/,
  })
})

t.test('a pod with the image whose sidecar does not run stops it', async t => {
  const { cluster, run } = await standIn(t, { a: { image: 'repeer:new' }, b: {} })
  cluster.putPod(restarted(cluster.pod('chain', 'a'), { waiting: { reason: 'CrashLoopBackOff' } }))
  t.match(await run('--image', 'repeer:new'), {
    code: 1,
    err: /stopped at pod a: it has the image already, but its sidecar does not run: waiting: CrashLoop/,
  })
  t.strictSame(patches(cluster), [])
})

t.test('an interrupt ends it after the pod under way; usage', async t => {
  const { cluster, run } = await standIn(t)
  const abort = new AbortController()
  cluster.onPatch = pod => {
    abort.abort()
    cluster.putPod(restarted(pod))
  }
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')
  const args = ['upgrade', '--kubeconfig', kubeconfig, '-n', 'chain', '--image', 'repeer:new', '--poll-ms', '5']
  t.match(await repeer(args, { signal: () => abort.signal }), {
    code: 1,
    out: /a {2}upgraded/,
    err: /interrupted; the pods above are done/,
  })
  t.strictSame(patches(cluster), ['a'])
  t.match(await repeer(['upgrade']), { code: 2, err: /expected --namespace NS/ })
  t.match(await run('-n', 'empty', '--image', 'x'), { code: 0, err: /found no injected pod in namespace empty/ })
})

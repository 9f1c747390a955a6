// Pods that are not the plain case: with a mesh's sidecars, Guaranteed, with restartPolicy Never, of a Job, of a
// StatefulSet with ten replicas.
import t from 'tap'
import { busyboxImage, type Chain, type KubernetesObject, makeChain, type PodSpec } from '../testbed/chain.ts'
import { client } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { headlessService, jobStatus, plainJob, plainTemplate } from '../testbed/plain-node.ts'
import {
  allRun,
  besideControl,
  control,
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  openRpc,
  replacePod,
  settled,
  startInOrder,
  staysUnconnected,
  withLists,
  withoutCommand,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, height, isInjected, listPods, type Pod, page, until } from '../testbed/watch.ts'

const proxy = {
  name: 'istio-proxy',
  image: busyboxImage,
  command: ['/bin/busybox', 'sleep', '99999'],
  securityContext: { runAsUser: 1337 },
}

/** Requests and limits alike on every container. */
function guaranteed(spec: PodSpec): PodSpec {
  const amounts = { cpu: '200m', memory: '256Mi' }
  const resources = { requests: amounts, limits: amounts }
  return {
    ...spec,
    initContainers: (spec.initContainers ?? []).map(container => ({ ...container, resources })),
    containers: spec.containers.map(container => ({ ...container, resources })),
  }
}

/**
 * node1 moves. node0 is Guaranteed; node2 is no StatefulSet's, is never restarted by the kubelet, and has a native
 * sidecar; node3 can only be signalled, beside an ordinary proxy.
 */
const kinds: Readonly<Record<number, (spec: PodSpec) => PodSpec>> = {
  0: guaranteed,
  2: spec => ({
    ...spec,
    restartPolicy: 'Never',
    initContainers: [{ ...proxy, restartPolicy: 'Always' }, ...(spec.initContainers ?? [])],
  }),
  3: spec => withoutCommand({ ...spec, containers: [...spec.containers, proxy] }),
}

const listers = [0, 2, 3]

function unlikePods(namespace: string): { chain: Chain; objects: KubernetesObject[] } {
  const chain = makeChain({
    namespace,
    annotations: impatient(),
    config: openRpc,
    pod: (spec, index) => kinds[index]?.(spec) ?? spec,
  })
  const objects = withLists(chain, { 2: [1], 3: [1] }).map(object => {
    if (object.kind !== 'StatefulSet' || object.metadata.name !== 'node2') return object
    // A workload's pods always have restartPolicy Always, except for a Job's: so a pod of its own.
    const { template } = object.spec as { template: { metadata: object; spec: object } }
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...template.metadata, name: 'node2-0', namespace },
      spec: template.spec,
    }
  })
  return { chain, objects }
}

control('other-pods', 'each of them loses a peer that moves', async (t, ns) => {
  const { chain, objects } = unlikePods(ns)
  await startInOrder(ns, objects, [[1], [2, 3], [0]])
  for (const index of listers) await until(`node${index} has node1`, 60, () => isConnected(chain, ns, index, 1))
  await staysUnconnected(t, chain, ns, { of: listers })
})

t.test('a mesh, a Guaranteed pod, a pod that is never restarted', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'other-pods')
  const { chain, objects } = unlikePods(ns)
  apply(objects)
  const hasNode1 = (index: number) => isConnected(chain, ns, index, 1, 'at its present address')
  await until('all pods run', 90, () => allRun(ns))
  for (const index of listers) await until(`node${index} has node1`, 120, () => hasNode1(index))
  await until('blocks', 60, async () => (await height(ns, 0)) > 2)
  await settled(ns, indexes)
  const look = (index: number) => getPod(ns, `node${index}-0`)
  const before = new Map<number, Pod>()
  for (const index of listers) before.set(index, await look(index))
  t.equal(before.get(0)?.status.qosClass, 'Guaranteed')
  t.equal(before.get(3)?.spec.shareProcessNamespace, true, 'nobody had refused it')
  t.strictSame(
    before.get(3)?.spec.containers.map(container => container.name),
    ['node', 'istio-proxy'],
    'in their order',
  )

  await replacePod(ns, 1)
  for (const index of listers) {
    const again = await until(`node${index} has node1 again`, 150, () => hasNode1(index))
    t.comment(`node${index}: ${again.seconds.toFixed(1)} s`)
    await settled(ns, [index])
    const now = await look(index)
    const restarts = (await page(ns, index))?.restarts ?? []
    t.match(
      restarts.at(-1),
      { outcome: 'verified', level: index === 3 ? 'container' : 'process' },
      `node${index}: in place`,
    )
    t.equal(now.metadata.uid, before.get(index)?.metadata.uid, `node${index}: the same pod`)
    for (const { name, containerID, restartCount } of before.get(index)?.status.containerStatuses ?? []) {
      const after = containerStatus(now, name)
      if (index === 3 && name === 'node') t.ok((after?.restartCount ?? 0) > restartCount, 'signalled: a new container')
      else t.match(after, { containerID, restartCount }, `node${index}: the same container ${name}`)
    }
  }
  t.equal((await look(0)).status.qosClass, 'Guaranteed')
})

t.test('a Job that runs a node for a while completes', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'job')
  apply([plainJob(ns, 'sync', { script: 'busybox sleep 8', peers: 'nobody:30303' })])
  const done = await until('it completes', 90, async () => (await jobStatus(ns, 'sync'))?.succeeded === 1)
  t.comment(`completed after ${done.seconds.toFixed(1)} s, of which the node took 8`)
  const [pod] = await listPods(ns, 'app=sync')
  t.ok(pod && isInjected(pod), 'it was injected')
  t.equal(pod && containerStatus(pod, 'node')?.state?.terminated?.exitCode, 0)
})

t.test('a rollout of ten replicas completes', async t => {
  install()
  const ns = await namespaceFor(t, 'ten')
  // Every replica holds a connection to the first two.
  const dial = (host: string) => `(while :; do busybox sleep 99999 | busybox nc ${host} 30303; busybox sleep 1; done) &`
  const hosts = ['ten-0.ten', 'ten-1.ten']
  const peers = hosts.map(host => `${host}:30303`).join(',')
  const template = plainTemplate('ten', {
    script: `${hosts.map(dial).join(' ')} exec busybox nc -ll -p 30303 -e /bin/busybox cat`,
    peers,
    container: {
      ports: [{ name: 'p2p', containerPort: 30303 }],
      readinessProbe: { tcpSocket: { port: 30303 }, periodSeconds: 1 },
    },
  })
  const spec = { serviceName: 'ten', replicas: 10, selector: { matchLabels: { app: 'ten' } }, template }
  const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'ten', namespace: ns }, spec }
  apply([headlessService(ns, 'ten'), set])
  const isRolledOut = async () => {
    const { metadata, status } = await client().apps.readNamespacedStatefulSet({ namespace: ns, name: 'ten' })
    if (status?.observedGeneration !== metadata?.generation || status?.currentRevision !== status?.updateRevision)
      return false
    return status?.updatedReplicas === 10 && status.readyReplicas === 10
  }
  const first = await until('all are ready', 240, isRolledOut)
  const uids = async () => (await listPods(ns)).map(pod => pod.metadata.uid)
  const old = await uids()
  t.equal(old.length, 10)
  kubectl('-n', ns, 'rollout', 'restart', 'statefulset', 'ten')
  const second = await until('all are new and ready', 300, isRolledOut)
  t.comment(`created in ${first.seconds.toFixed(0)} s, rolled out in ${second.seconds.toFixed(0)} s`)
  t.strictSame(
    (await uids()).filter(uid => old.includes(uid)),
    [],
    'every pod is another',
  )
  for (let index = 0; index < 10; index++) {
    const pod = await getPod(ns, `ten-${index}`)
    t.ok(isInjected(pod) && pod.status.phase === 'Running', `ten-${index} is injected and runs`)
  }
})

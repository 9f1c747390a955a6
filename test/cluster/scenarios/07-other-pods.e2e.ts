// Pods that are not the plain case: with a mesh's sidecars, Guaranteed, with restartPolicy Never, of a Job, of a StatefulSet with ten replicas.
import t from 'tap'
import { busyboxImage, makeChain, type PodSpec } from '../chain.ts'
import { apply, install, kubectl } from '../install.ts'
import { headlessService, nodeStatus, plainJob, plainTemplate } from '../plain-node.ts'
import { allRun, impatient, indexes, type Job, namespaceFor, openRpc, replacePod, withoutCommand } from '../scenario.ts'
import { getPod, height, netInfo, page, until } from '../watch.ts'

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
    initContainers: (spec.initContainers ?? []).map(one => ({ ...one, resources })),
    containers: spec.containers.map(one => ({ ...one, resources })),
  }
}

/** node1 moves. node0 is Guaranteed; node2 is no StatefulSet's, is never restarted by the kubelet, and has a native sidecar; node3 can only be signalled, beside an ordinary proxy. */
const kinds: Readonly<Record<number, (spec: PodSpec) => PodSpec>> = {
  0: guaranteed,
  2: spec => ({
    ...spec,
    restartPolicy: 'Never',
    initContainers: [{ ...proxy, restartPolicy: 'Always' }, ...(spec.initContainers ?? [])],
  }),
  3: spec => withoutCommand({ ...spec, containers: [...spec.containers, proxy] }),
}

type Live = {
  spec: { shareProcessNamespace?: boolean; containers: { name: string }[] }
  status: { qosClass: string; containerStatuses: { name: string; restartCount: number; containerID: string }[] }
}

t.test('a mesh, a Guaranteed pod, a pod that is never restarted', async t => {
  install()
  const ns = namespaceFor(t, 'other-pods')
  const chain = makeChain({ namespace: ns, annotations: impatient(), config: openRpc, pod: (spec, index) => kinds[index]?.(spec) ?? spec })
  const lists: Record<string, string> = { 'node2-config': chain.configOf(2, [1]), 'node3-config': chain.configOf(3, [1]) }
  apply(
    chain.objects.map(object => {
      const { name } = object.metadata
      const list = object.kind === 'ConfigMap' ? lists[name] : undefined
      if (list !== undefined) return { ...object, data: { ...(object.data as object), 'config.toml': list } }
      if (object.kind !== 'StatefulSet' || name !== 'node2') return object
      // A workload's pods always have restartPolicy Always, except for a Job's: so a pod of its own.
      const { template } = object.spec as { template: { metadata: object; spec: object } }
      return { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: 'node2-0', namespace: ns }, spec: template.spec }
    }),
  )
  const moving = async (index: number) => {
    const ip = getPod(ns, 'node1-0').status.podIP
    return (await netInfo(ns, index))?.peers.some(peer => peer.node_info.id === chain.ids[1] && peer.remote_ip === ip) ?? false
  }
  await until('all pods run', 90, () => allRun(ns))
  for (const index of [0, 2, 3]) await until(`node${index} has node1`, 120, () => moving(index))
  await until('blocks', 60, async () => (await height(ns, 0)) > 2)
  for (const index of indexes) await until(`node${index} is settled`, 120, async () => (await page(ns, index))?.phase === 'settled')
  const look = (index: number) => JSON.parse(kubectl('-n', ns, 'get', 'pod', `node${index}-0`, '-o', 'json')) as Live
  const before = new Map([0, 2, 3].map(index => [index, { pod: look(index), uid: getPod(ns, `node${index}-0`).metadata.uid }]))
  t.equal(before.get(0)?.pod.status.qosClass, 'Guaranteed')
  t.equal(before.get(3)?.pod.spec.shareProcessNamespace, true, 'nobody had refused it')
  t.strictSame(
    before.get(3)?.pod.spec.containers.map(one => one.name),
    ['node', 'istio-proxy'],
    'in their order',
  )

  await replacePod(ns, 1)
  for (const index of [0, 2, 3]) {
    const again = await until(`node${index} has node1 again`, 150, () => moving(index))
    t.comment(`node${index}: ${again.seconds.toFixed(1)} s`)
    await until(`node${index} is settled again`, 120, async () => (await page(ns, index))?.phase === 'settled')
    const now = look(index)
    const restarts = (await page(ns, index))?.restarts ?? []
    t.match(restarts.at(-1), { outcome: 'verified', level: index === 3 ? 'container' : 'process' }, `node${index}: in place`)
    t.equal(getPod(ns, `node${index}-0`).metadata.uid, before.get(index)?.uid, `node${index}: the same pod`)
    for (const { name, containerID, restartCount } of before.get(index)?.pod.status.containerStatuses ?? []) {
      const after = now.status.containerStatuses.find(one => one.name === name)
      if (index === 3 && name === 'node') t.ok((after?.restartCount ?? 0) > restartCount, 'signalled: a new container')
      else t.match(after, { containerID, restartCount }, `node${index}: the same container ${name}`)
    }
  }
  t.equal(look(0).status.qosClass, 'Guaranteed')
})

t.test('a Job that runs a node for a while completes', async t => {
  install()
  const ns = namespaceFor(t, 'job')
  apply([plainJob(ns, 'sync', { script: 'busybox sleep 8', peers: 'nobody:30303' })])
  const done = await until(
    'it completes',
    90,
    () => (JSON.parse(kubectl('-n', ns, 'get', 'job', 'sync', '-o', 'json')) as Job).status.succeeded === 1,
  )
  t.comment(`completed after ${done.seconds.toFixed(1)} s, of which the node took 8`)
  const name = kubectl('-n', ns, 'get', 'pods', '-l', 'app=sync', '-o', 'jsonpath={.items[0].metadata.name}')
  t.ok(
    getPod(ns, name).spec.initContainers?.some(one => one.name === 'repeer'),
    'it was injected',
  )
  t.equal(nodeStatus(ns, name)?.state.terminated?.exitCode, 0)
})

t.test('a rollout of ten replicas completes', async t => {
  install()
  const ns = namespaceFor(t, 'ten')
  // Every replica holds a connection to the first two.
  const dial = (host: string) => `(while :; do busybox sleep 99999 | busybox nc ${host} 30303; busybox sleep 1; done) &`
  const hosts = ['ten-0.ten', 'ten-1.ten']
  const peers = hosts.map(host => `${host}:30303`).join(',')
  const template = plainTemplate('ten', {
    script: `${hosts.map(dial).join(' ')} exec busybox nc -ll -p 30303 -e /bin/busybox cat`,
    peers,
    container: { ports: [{ name: 'p2p', containerPort: 30303 }], readinessProbe: { tcpSocket: { port: 30303 }, periodSeconds: 1 } },
  })
  const spec = { serviceName: 'ten', replicas: 10, selector: { matchLabels: { app: 'ten' } }, template }
  const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'ten', namespace: ns }, spec }
  apply([headlessService(ns, 'ten'), set])
  const first = await until('all are ready', 240, () => kubectl('-n', ns, 'rollout', 'status', 'statefulset', 'ten', '--timeout=200s'))
  const uids = () => kubectl('-n', ns, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}').trim().split(' ')
  const old = uids()
  t.equal(old.length, 10)
  kubectl('-n', ns, 'rollout', 'restart', 'statefulset', 'ten')
  const second = await until('all are new and ready', 300, () =>
    kubectl('-n', ns, 'rollout', 'status', 'statefulset', 'ten', '--timeout=290s'),
  )
  t.comment(`created in ${first.seconds.toFixed(0)} s, rolled out in ${second.seconds.toFixed(0)} s`)
  t.strictSame(
    uids().filter(uid => old.includes(uid)),
    [],
    'every pod is another',
  )
  for (let index = 0; index < 10; index++) {
    const pod = getPod(ns, `ten-${index}`)
    t.ok(pod.spec.initContainers?.some(one => one.name === 'repeer') && pod.status.phase === 'Running', `ten-${index} is injected and runs`)
  }
})

// What a crash meant it still means under wrap: exit codes, Jobs, liveness probes, start failures. And the node never runs twice on its data.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { apply, install, kubectl } from '../install.ts'
import { askRestart, headlessService, inNode, nodeStatus, plainJob, plainPod, supervisorState } from '../plain-node.ts'
import { indexes, type Job, namespaceFor, runningChain } from '../scenario.ts'
import { getPod, height, netInfo, pageAt, until } from '../watch.ts'

const peers = 'nobody:30303'
const running = (ns: string, pod: string) => until(`${pod} runs`, 60, () => nodeStatus(ns, pod)?.state.running !== undefined)

for (const control of [true, false]) {
  t.test(`a node that exits by itself with code 7 ends its container with it, ${control ? 'without' : 'with'} repeer`, async t => {
    install()
    const ns = namespaceFor(t, `exit-code${control ? '-control' : ''}`, { control })
    apply([plainPod(ns, 'node', { script: 'busybox sleep 4; exit 7', peers })])
    await until('the kubelet has started it again', 60, () => (nodeStatus(ns, 'node')?.restartCount ?? 0) > 0)
    const status = nodeStatus(ns, 'node')
    t.equal((status?.lastState.terminated ?? status?.state.terminated)?.exitCode, 7)
    t.equal(getPod(ns, 'node').spec.initContainers?.some(one => one.name === 'repeer') ?? false, !control, 'injected or not')
  })
}

t.test('a Job completes, also after a restart in place, and fails with its code', async t => {
  install()
  const ns = namespaceFor(t, 'crash-jobs')
  apply([plainJob(ns, 'good', { script: 'busybox sleep 12', peers }), plainJob(ns, 'bad', { script: 'busybox sleep 2; exit 7', peers })])
  const podOf = (job: string) => kubectl('-n', ns, 'get', 'pods', '-l', `app=${job}`, '-o', 'jsonpath={.items[0].metadata.name}')
  const good = (await until('a pod of the Job', 60, () => podOf('good'))).value
  await running(ns, good)
  await until('the restart is taken', 20, () => {
    askRestart(ns, good, 'once')
    return supervisorState(ns, good).request === 'once'
  })
  await until('it completes', 90, () => (JSON.parse(kubectl('-n', ns, 'get', 'job', 'good', '-o', 'json')) as Job).status.succeeded === 1)
  await until('the other fails', 60, () => (JSON.parse(kubectl('-n', ns, 'get', 'job', 'bad', '-o', 'json')) as Job).status.failed === 1)
  t.equal(nodeStatus(ns, good)?.restartCount, 0)
  t.equal(nodeStatus(ns, podOf('bad'))?.state.terminated?.exitCode, 7)
})

t.test('a liveness probe that is shorter than the start does not kill the node after a restart', async t => {
  install()
  const ns = namespaceFor(t, 'liveness')
  // 12 s to start against 6 s of patience: only the startup probe, which a new container gets and a new process does not, lets it live.
  const probe = { tcpSocket: { port: 30303 }, periodSeconds: 2, failureThreshold: 3 }
  apply([headlessService(ns, 'other'), plainPod(ns, 'other', { script: 'exec busybox nc -ll -p 30303 -e /bin/busybox cat', peers })])
  await running(ns, 'other')
  apply([
    plainPod(ns, 'slow', {
      script: 'busybox sleep 12; (busybox sleep 9999 | busybox nc other 30303) & exec busybox nc -ll -p 30303 -e /bin/busybox cat',
      peers: 'other:30303',
      container: {
        ports: [{ name: 'p2p', containerPort: 30303 }],
        livenessProbe: probe,
        startupProbe: { ...probe, failureThreshold: 60 },
      },
    }),
  ])
  const page = () => pageAt(getPod(ns, 'slow').status.podIP)
  await until(
    'it has started and is settled',
    120,
    async () => (await page())?.phase === 'settled' && nodeStatus(ns, 'slow')?.state.running,
  )
  await sleep(15_000)
  t.equal(nodeStatus(ns, 'slow')?.restartCount, 0, 'the probes are kind enough for a first start')
  const before = (await page())?.restarts.length ?? 0
  t.equal(before, 0, 'left alone while it starts')
  kubectl('-n', ns, 'delete', 'pod', 'other', '--wait=true')
  apply([plainPod(ns, 'other', { script: 'exec busybox nc -ll -p 30303 -e /bin/busybox cat', peers })])
  const restarted = await until('it is restarted and well', 150, async () => {
    const { restarts = [] } = (await page()) ?? {}
    return restarts.length > before && restarts.at(-1)?.outcome === 'verified'
  })
  t.comment(`verified ${restarted.seconds.toFixed(1)} s after the peer was created again, ${before} restarts before`)
  t.equal((await page())?.restarts.at(-1)?.level, 'container')
  await sleep(15_000)
  t.equal(nodeStatus(ns, 'slow')?.restartCount, 1, 'once, for the peer')
  const events = kubectl('-n', ns, 'get', 'events', '--field-selector', 'involvedObject.name=slow', '-o', 'jsonpath={.items[*].message}')
  t.notMatch(events, /node failed liveness probe/)
})

t.test('a remote signer that is not there yet is waited for', async t => {
  install()
  const ns = namespaceFor(t, 'signer')
  // The first start is good, the second and third fail, as while the signer's own pod is away.
  const script =
    'n=0; read -r n </data/n; n=$((n + 1)); echo $n >/data/n; case $n in 2|3) echo no signer; exit 1;; esac; exec busybox sleep 9999'
  apply([
    plainPod(ns, 'node', {
      script,
      peers,
      container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      pod: { volumes: [{ name: 'data', emptyDir: {} }] },
    }),
  ])
  await running(ns, 'node')
  askRestart(ns, 'node', 'signer')
  await until('it is retried until it runs', 30, () => {
    const { starts, phase } = supervisorState(ns, 'node')
    return starts === 4 && phase === 'running'
  })
  t.equal(nodeStatus(ns, 'node')?.restartCount, 0, 'in the same container')
  t.equal(inNode(ns, 'node', 'cat /data/n').trim(), '4')
})

t.test('restarts at random moments: never twice at once on one data directory', async t => {
  install()
  const count = Number(process.env.E2E_RESTARTS ?? 50)
  const ns = namespaceFor(t, 'restarts')
  await runningChain(ns, { annotations: { 'repeer.dev/pause': 'true' } })
  const signed = (index: number) =>
    Number((JSON.parse(inNode(ns, `node${index}-0`, 'cat /home/node/data/priv_validator_state.json')) as { height: string }).height)
  const heights = [0, 0, 0, 0]
  const states = [0, 0, 0, 0]
  const began = Date.now()
  for (let done = 0; done < count; done++) {
    const index = indexes[Math.floor(Math.random() * 4)] ?? 0
    askRestart(ns, `node${index}-0`, `random-${done}`)
    await sleep(Math.random() * 1500)
    const now = signed(index)
    if (now < (states[index] ?? 0)) t.fail(`node${index} has signed height ${now} after ${states[index]}`)
    states[index] = now
    const high = await height(ns, index)
    if (high !== -1 && high < (heights[index] ?? 0)) t.fail(`node${index} is at height ${high} after ${heights[index]}`)
    heights[index] = Math.max(high, heights[index] ?? 0)
  }
  t.comment(`${count} restarts in ${Math.round((Date.now() - began) / 1000)} s, heights ${heights.join(', ')}`)
  const last = Math.max(...heights)
  await until('all are connected again', 120, async () => (await netInfo(ns, 0))?.peers.length === 3)
  for (const index of indexes) await until(`node${index} goes on`, 90, async () => (await height(ns, index)) > last + 2)
  const starts = indexes.map(index => supervisorState(ns, `node${index}-0`).starts)
  const restarts = starts.reduce((sum, one) => sum + one - 1, 0)
  // A request that comes during a stop becomes one with it.
  t.ok(restarts <= count && restarts > count * 0.7, `${restarts} restarts for ${count} requests`)
  for (const index of indexes) {
    t.equal(nodeStatus(ns, `node${index}-0`)?.restartCount, 0, `node${index} is in its first container`)
    const log = kubectl('-n', ns, 'logs', `node${index}-0`, '-c', 'node')
    // `step regression` is none of them: the signer refuses, after a restart in the middle of a round, what it has signed already.
    const bad = /double.?sign|conflicting vote|resource temporarily unavailable|CONSENSUS FAILURE/i
    t.strictSame(
      log.split('\n').filter(line => bad.test(line)),
      [],
      `node${index}'s log`,
    )
  }
})

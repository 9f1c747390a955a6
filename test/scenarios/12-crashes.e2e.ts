// What a crash meant it still means under wrap: exit codes, Jobs, liveness probes, start failures. And the node never
// runs twice on its data.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { client } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import {
  askRestart,
  headlessService,
  inNode,
  jobStatus,
  nodeStatus,
  plainJob,
  plainPod,
  supervisorState,
} from '../testbed/plain-node.ts'
import { besideControl, control, deletePods, indexes, namespaceFor, runningChain } from '../testbed/scenario.ts'
import { containerStatus, getPod, height, isInjected, listPods, netInfo, pageAt, until } from '../testbed/watch.ts'

const peers = 'nobody:30303'
const running = (ns: string, pod: string) =>
  until(`${pod} runs`, 60, async () => (await nodeStatus(ns, pod))?.state?.running !== undefined)

for (const isControl of [true, false]) {
  const word = isControl ? 'without' : 'with'
  t.test(
    `${word} repeer a node that exits by itself with code 7 ends its container with it; a Job completes or fails`,
    async t => {
      install()
      const ns = await namespaceFor(t, `exit-codes-${word}`, { control: isControl })
      apply([
        plainPod(ns, 'node', { script: 'busybox sleep 4; exit 7', peers }),
        plainJob(ns, 'good', { script: 'busybox sleep 3', peers }),
        plainJob(ns, 'bad', { script: 'busybox sleep 2; exit 7', peers }),
      ])
      await until(
        'the kubelet has started it again',
        60,
        async () => ((await nodeStatus(ns, 'node'))?.restartCount ?? 0) > 0,
      )
      const status = await nodeStatus(ns, 'node')
      t.equal((status?.lastState?.terminated ?? status?.state?.terminated)?.exitCode, 7)
      await until('one Job completes', 60, async () => (await jobStatus(ns, 'good'))?.succeeded === 1)
      await until('the other fails', 60, async () => (await jobStatus(ns, 'bad'))?.failed === 1)
      const [bad] = await listPods(ns, 'app=bad')
      t.equal(bad && containerStatus(bad, 'node')?.state?.terminated?.exitCode, 7)
      for (const pod of await listPods(ns))
        t.equal(isInjected(pod), !isControl, `${pod.metadata.name} is ${isControl ? 'not ' : ''}injected`)
    },
  )
}

t.test('a Job completes after a restart in place', async t => {
  install()
  const ns = await namespaceFor(t, 'restarted-job')
  apply([plainJob(ns, 'good', { script: 'busybox sleep 12', peers })])
  const { value: good } = await until(
    'a pod of the Job',
    60,
    async () => (await listPods(ns, 'app=good'))[0]?.metadata.name,
  )
  await running(ns, good)
  await until('the restart is taken', 20, async () => {
    await askRestart(ns, good, 'once')
    return (await supervisorState(ns, good)).request === 'once'
  })
  await until('it completes', 90, async () => (await jobStatus(ns, 'good'))?.succeeded === 1)
  t.equal((await nodeStatus(ns, good))?.restartCount, 0)
})

// 12 s to start against 6 s of patience: only the startup probe, which a new container gets and a new process does not,
// lets it live.
const slowStart = (peer: string) => {
  const probe = { tcpSocket: { port: 30303 }, periodSeconds: 2, failureThreshold: 3 }
  return {
    script: `busybox sleep 12; (busybox sleep 9999 | busybox nc ${peer} 30303) & exec busybox nc -ll -p 30303 -e /bin/busybox cat`,
    peers: `${peer}:30303`,
    container: {
      ports: [{ name: 'p2p', containerPort: 30303 }],
      livenessProbe: probe,
      startupProbe: { ...probe, failureThreshold: 60 },
    },
  }
}
const listener = { script: 'exec busybox nc -ll -p 30303 -e /bin/busybox cat', peers }
const probeKills = async (namespace: string) => {
  const { items } = await client().core.listNamespacedEvent({ namespace, fieldSelector: 'involvedObject.name=slow' })
  return items.filter(({ message }) => /node failed liveness probe/.test(message ?? ''))
}
const ready = (ns: string) => async () => (await nodeStatus(ns, 'slow'))?.ready === true

t.test('control: a liveness probe kills a process that is restarted under it', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'liveness-control')
  apply([plainPod(ns, 'slow', slowStart('nobody'))])
  await until('it has started', 60, ready(ns))
  await askRestart(ns, 'slow', 'past-the-sidecar')
  await until('the probe has it killed', 40, async () => (await probeKills(ns)).length > 0)
  t.pass('as it would be if a restart of the process were taken for enough')
})

t.test(
  'a liveness probe that is shorter than the start does not kill the node after a restart',
  besideControl(),
  async t => {
    install()
    const ns = await namespaceFor(t, 'liveness')
    apply([headlessService(ns, 'other'), plainPod(ns, 'other', listener)])
    await running(ns, 'other')
    apply([plainPod(ns, 'slow', slowStart('other'))])
    const page = async () => pageAt((await getPod(ns, 'slow')).status.podIP)
    await until(
      'it has started and is settled',
      120,
      async () => (await page())?.phase === 'settled' && (await nodeStatus(ns, 'slow'))?.state?.running,
    )
    await sleep(15_000)
    t.equal((await nodeStatus(ns, 'slow'))?.restartCount, 0, 'the probes are kind enough for a first start')
    const before = (await page())?.restarts.length ?? 0
    t.equal(before, 0, 'left alone while it starts')
    await deletePods(ns, 'other')
    apply([plainPod(ns, 'other', listener)])
    const restarted = await until('it is restarted and well', 150, async () => {
      const { restarts = [] } = (await page()) ?? {}
      return restarts.length > before && restarts.at(-1)?.outcome === 'verified'
    })
    t.comment(`verified ${restarted.seconds.toFixed(1)} s after the peer was created again, ${before} restarts before`)
    t.equal((await page())?.restarts.at(-1)?.level, 'container')
    await sleep(15_000)
    t.equal((await nodeStatus(ns, 'slow'))?.restartCount, 1, 'once, for the peer')
    t.strictSame(await probeKills(ns), [])
  },
)

/** The second and third start fail, as while the signer's own pod is away. */
const signerNode = (first: string) => ({
  script: `n=0; read -r n </data/n; n=$((n + 1)); echo $n >/data/n; case $n in 1) ${first};; 2|3) echo no signer; exit 1;; esac; exec busybox sleep 9999`,
  peers,
  container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  pod: { volumes: [{ name: 'data', emptyDir: {} }] },
})

t.test('a remote signer that is not there yet is waited for', besideControl(), async t => {
  install()
  const ns = await namespaceFor(t, 'signer')
  apply([plainPod(ns, 'node', signerNode('exec busybox sleep 9999'))])
  await until(
    'it has counted its first start',
    60,
    async () => (await inNode(ns, 'node', 'cat /data/n')).trim() === '1',
  )
  await askRestart(ns, 'node', 'signer')
  await until('it is retried until it runs', 90, async () => {
    const { starts, phase } = await supervisorState(ns, 'node')
    return starts === 4 && phase === 'running'
  })
  t.equal((await nodeStatus(ns, 'node'))?.restartCount, 0, 'in the same container')
  t.equal((await inNode(ns, 'node', 'cat /data/n')).trim(), '4')
})

control('signer', 'the container of a node that finds no signer after its end crashes', async (t, ns) => {
  apply([plainPod(ns, 'node', signerNode('busybox sleep 2; exit 0'))])
  await until('it has crashed', 60, async () => ((await nodeStatus(ns, 'node'))?.restartCount ?? 0) >= 2)
  t.equal((await nodeStatus(ns, 'node'))?.lastState?.terminated?.exitCode, 1)
})

/**
 * The signer's refusals are none of them (`step regression`): after a restart in the middle of a round it does not sign
 * what it has signed already.
 */
const bad = /double.?sign|conflicting vote|resource temporarily unavailable|CONSENSUS FAILURE/i

t.test('restarts at random moments: never twice at once on one data directory', async t => {
  install()
  const count = Number(process.env.E2E_RESTARTS ?? 200)
  const ns = await namespaceFor(t, 'restarts')
  await runningChain(ns, { annotations: { 'repeer.dev/pause': 'true' } })
  const signed = async (index: number) => {
    const state = await inNode(ns, `node${index}-0`, 'cat /home/node/data/priv_validator_state.json')
    return Number((JSON.parse(state) as { height: string }).height)
  }
  const heights = [0, 0, 0, 0]
  const signatures = [0, 0, 0, 0]
  const began = Date.now()
  for (let done = 0; done < count; done++) {
    const index = indexes[Math.floor(Math.random() * 4)] ?? 0
    await askRestart(ns, `node${index}-0`, `random-${done}`)
    await sleep(Math.random() * 2000)
    const now = await signed(index)
    if (now < (signatures[index] ?? 0)) t.fail(`node${index} has signed height ${now} after ${signatures[index]}`)
    signatures[index] = now
    const high = await height(ns, index)
    if (high !== -1 && high < (heights[index] ?? 0)) t.fail(`node${index} is at height ${high} after ${heights[index]}`)
    heights[index] = Math.max(high, heights[index] ?? 0)
  }
  t.comment(
    `${count} restarts asked for in ${Math.round((Date.now() - began) / 1000)} s, heights ${heights.join(', ')}`,
  )
  const last = Math.max(...heights)
  await until('all are connected again', 120, async () => (await netInfo(ns, 0))?.peers.length === 3)
  for (const index of indexes) await until(`node${index} goes on`, 90, async () => (await height(ns, index)) > last + 2)
  const states = await Promise.all(indexes.map(index => supervisorState(ns, `node${index}-0`)))
  const starts = states.map(state => state.starts)
  const restarts = starts.reduce((sum, count) => sum + count - 1, 0)
  const lastSigned = await Promise.all(indexes.map(signed))
  t.comment(
    `${restarts} restarts (${starts.map(count => count - 1).join(', ')}), signed up to ${lastSigned.join(', ')}`,
  )
  // A request that comes during a stop becomes one with it.
  t.ok(restarts <= count && restarts > count * 0.7, `${restarts} restarts for ${count} requests`)
  const complaints = (text: string) => text.split('\n').filter(line => bad.test(line))
  for (const index of indexes) {
    t.equal((await nodeStatus(ns, `node${index}-0`))?.restartCount, 0, `node${index} is in its first container`)
    t.strictSame(complaints(kubectl('-n', ns, 'logs', `node${index}-0`, '-c', 'node')), [], `node${index}'s log`)
  }
  const { blocks, withEvidence } = await evidence(ns, 0)
  t.ok(blocks >= last, `looked at ${blocks} blocks`)
  t.strictSame(withEvidence, [], 'no block holds evidence of a double sign')
  // The control: the log would tell.
  const second =
    'cometbft start --home /home/node --rpc.laddr tcp://127.0.0.1:36657 --p2p.laddr tcp://127.0.0.1:36656 2>&1 || true'
  t.not(
    complaints(await inNode(ns, 'node0-0', second)).length,
    0,
    'a second node on the same data directory is noticed',
  )
})

/** The Merkle root of no evidence: SHA-256 of nothing. */
const noEvidence = 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'
type Blockchain = { result: { block_metas: { header: { height: string; evidence_hash: string } }[] } }

/**
 * Looks through all blocks for evidence, which validators put there who have seen two signatures for one height and
 * round.
 */
async function evidence(namespace: string, index: number): Promise<{ blocks: number; withEvidence: string[] }> {
  const ip = (await getPod(namespace, `node${index}-0`)).status.podIP
  const last = await height(namespace, index)
  const withEvidence: string[] = []
  let blocks = 0
  for (let from = 1; from <= last; from += 20) {
    // 20 is the most that a node answers with.
    const answer = await fetch(`http://${ip}:26657/blockchain?minHeight=${from}&maxHeight=${Math.min(from + 19, last)}`)
    const { block_metas: metas } = ((await answer.json()) as Blockchain).result
    blocks += metas.length
    withEvidence.push(
      ...metas.filter(({ header }) => header.evidence_hash !== noEvidence).map(({ header }) => header.height),
    )
  }
  return { blocks, withEvidence }
}

// A listed name that changes its address again and again, and a turn that takes long to come: the real decisions of
// sidecars and controller, in a simulated cluster. Each change is another snapshot, and must not put off for ever what
// has nothing to do with it.
import t from 'tap'
import { type Pod, simulatedCluster } from './fixtures/simulated-cluster.ts'
import { simulatedController } from './fixtures/simulated-controller.ts'
import { chance, virtualTime } from './fixtures/virtual-time.ts'

const start = Date.UTC(2026, 0, 1)
const seeds = Array.from({ length: 10 }, (_, n) => n + 1)
/** From the annotation to the pod's files, at most. */
const slowMs = 8000

/** How long an edited list's newcomer waits, while 101 moves each `everyMs`; and the restarts meanwhile. */
function live(seed: number, everyMs: number | undefined) {
  const by = chance(seed)
  const time = virtualTime(start)
  const restarts: Pod[] = []
  const turns: string[] = []
  let hears: ReturnType<typeof simulatedController> | undefined
  const cluster = simulatedCluster(
    time,
    by,
    {
      powers: [10],
      outside: 2,
      maxUnavailable: '1',
      hot: new Set(),
      stable: false,
      list: [1, 101],
      pinned: new Set(),
      brisk: true,
    },
    {
      pod: (pod, gone) => hears?.onPod(pod, gone),
      list: peers => hears?.onList(peers),
      endpoints: (n, addresses) => hears?.onEndpoints(n, addresses),
      restart: pod => restarts.push(pod),
      tell: () => {},
    },
  )
  const controller = simulatedController(time, by, cluster, {
    turn: (_, turn) => turns.push(turn),
    wrote: () => {},
    event: () => {},
  })
  hears = controller
  for (const pod of cluster.pods.values()) controller.onPod(pod.api, false)
  controller.lead()
  time.pass(200_000)
  const [pod] = cluster.pods.values()
  if (!pod || cluster.missingOf(pod).length > 0) throw new Error('not connected before anything happens')
  restarts.length = 0
  turns.length = 0

  pod.kubelet.slow = slowMs
  const move = () => {
    cluster.moveOutside(101)
    if (everyMs !== undefined) time.after(everyMs, move)
  }
  if (everyMs !== undefined) move()
  cluster.edit([1, 101, 102])
  const at = time.now()
  while (!cluster.isConnected(1, 102) && time.now() < at + 3_600_000) time.pass(500)
  return { seconds: (time.now() - at) / 1000, restarts: restarts.length, turns: turns.length }
}

for (const [what, everyMs] of [
  ['a name that rests', undefined],
  ['a name that moves each 6 s', 6000],
  ['a name that moves each 3 s', 3000],
  ['a name that moves each second', 1000],
] as const) {
  t.test(what, async t => {
    const runs = seeds.map(seed => live(seed, everyMs))
    const longest = Math.max(...runs.map(({ seconds }) => seconds))
    t.comment(`longest ${longest} s, ${runs.map(({ restarts, turns }) => `${restarts}/${turns}`).join(' ')}`)
    t.ok(longest <= 90, 'settles for at most a minute, and then has its turn')
    t.ok(runs.every(({ restarts }) => restarts === 1))
  })
}

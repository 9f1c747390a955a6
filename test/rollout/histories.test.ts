// Random histories of a group, its sidecars and its controllers, with the real decisions of both: whatever happens,
// never more nodes restart than the group allows, no change is lost, and nothing restarts without need.
//
// HISTORIES=10000 with node itself runs as many, FIRST=7 from that one on, and FAILURES=20 goes on after a failure;
// SEED=7 runs that one and prints what happened. By default 300, or as many as fit into 8 s: they are always the same
// ones, in the same order.
import t from 'tap'
import { annotation } from '../../peers/pod.ts'
import { peerHash } from '../../peers/snapshot.ts'
import { blindTurn, liveTurn } from '../../peers/turn.ts'
import { allowedOf } from '../../rollout/turns/turns.ts'
import { type Pod, type Setup, simulatedCluster } from './fixtures/simulated-cluster.ts'
import { simulatedController } from './fixtures/simulated-controller.ts'
import { type Chance, chance, virtualTime } from './fixtures/virtual-time.ts'

const start = Date.UTC(2026, 0, 1)

/** Faults that end by themselves, and how often each is drawn. */
const faults = {
  edit: 5,
  'edit-burst': 2,
  'move-pod': 5,
  'move-outside': 4,
  'outside-dies': 2,
  'dns-down': 1,
  'dns-mixed': 2,
  'dns-flaps': 1,
  'dns-half-down': 1,
  'kubelet-slow': 2,
  'sidecar-dies': 3,
  'controller-dies': 4,
  'page-blocked': 2,
  unready: 2,
  'cannot-connect': 2,
  'not-taken': 1,
  pause: 2,
  'pause-namespace': 1,
  'tell-refused': 2,
  'tell-in-vain': 2,
  'node-dies': 2,
  'slow-start': 2,
  'api-down': 1,
  'watch-slow': 1,
} as const
type Fault = keyof typeof faults
const drawn = Object.entries(faults).flatMap(([fault, weight]) => Array.from({ length: weight }, () => fault as Fault))

/**
 * Why a node may rightly not be settled in the end, although no fault is left: its own history forbids more for hours.
 */
const legitimate: ReadonlySet<string> = new Set(['budget', 'breaker-open', 'back-off', 'min-interval'])

/**
 * It was started while no name resolved, and a person has to see to it: restarted in the very moment in which they
 * ceased to, and never twice for one snapshot; or in an outage of which its sidecar heard nothing, since it was over
 * before the next look.
 */
const isNameless = ({ process }: Pod, why: string, dnsUpAt: number) =>
  process?.nameless === true &&
  (why === 'already-restarted' || (why === 'settled, but not connected' && dnsUpAt - process.startedAt < 1000))

/**
 * It looked names up itself in a dispute that was over before its sidecar had noticed: within some times to live, in
 * each of which the sidecar may have happened to be told what is true.
 */
const isMisled = ({ process }: Pod, why: string, disputeEndedAt: number) =>
  process?.misled === true &&
  (why === 'already-restarted' || why === 'settled, but not connected') &&
  disputeEndedAt >= process.startedAt &&
  disputeEndedAt - process.startedAt < 20_000

type Ended = {
  readonly restarts: number
  readonly told: number
  readonly turns: number
  readonly held: readonly string[]
}

function setupOf(by: Chance): Setup {
  const size = by.whole(3, 7)
  const validators = by.is(0.6) ? by.whole(1, size) : 0
  const powers = Array.from({ length: size }, (_, index) => (index < validators ? by.pick([10, 10, 10, 30]) : 0))
  const outside = by.whole(1, 3)
  const hot = new Set(powers.flatMap((_, index) => (by.is(0.3) ? [index + 1] : [])))
  const maxUnavailable = by.pick(['1', '1', '1', '2', '3', '34%', '50%', '100%'])
  const all = [...powers.map((_, index) => index + 1), ...Array.from({ length: outside }, (_, index) => 101 + index)]
  const pinned = new Set(powers.flatMap((_, index) => (by.is(0.5) ? [index + 1] : [])))
  return { powers, outside, hot, maxUnavailable, stable: by.is(0.15), list: some(by, all), pinned }
}

/** Most of the peers, at least two. */
function some(by: Chance, all: readonly number[]): number[] {
  const chosen = all.filter(() => by.is(0.8))
  return chosen.length >= 2 ? chosen : all.slice(0, 2)
}

/** One history; throws an Error where a rule is broken. */
function live(seed: number, tell: (line: string) => void = () => {}): Ended {
  const by = chance(seed)
  const time = virtualTime(start)
  const setup = setupOf(by)
  const { powers } = setup
  const all = [
    ...powers.map((_, index) => index + 1),
    ...Array.from({ length: setup.outside }, (_, index) => 101 + index),
  ]
  const totalPower = powers.reduce((sum, power) => sum + power, 0)
  const allowed = allowedOf(setup.maxUnavailable, powers.length)
  /** By the pod's UID and the turn: who was missing when it was granted, and the restart that it was used for. */
  const granted = new Map<string, Map<string, { readonly missing: readonly number[]; usedBy?: string | undefined }>>()
  let hears: ReturnType<typeof simulatedController> | undefined
  let restarts = 0
  let tellings = 0
  let turns = 0
  const at = () => ((time.now() - start) / 1000).toFixed(2)
  const broken = (what: string): never => {
    throw new Error(`${what} (at ${at()} s)`)
  }

  function onRestart(pod: Pod, hash: string, missing: readonly number[]): void {
    restarts++
    tell(
      `${at()} node${pod.n} restarts for ${hash.slice(0, 9)}, missing ${missing.join(',')}, turn ${pod.files.annotations[annotation.turn]?.slice(0, 9)}`,
    )
    if (missing.length === 0) broken(`node${pod.n} restarts, though it is connected to all its peers`)
    if (pod.files.annotations[annotation.pause] !== undefined) broken(`node${pod.n} restarts while it is paused`)
    const fails = (n: number) =>
      (pod.views[`node${n}`]?.failures ?? 0) > 0 && pod.views[`node${n}`]?.addresses.length !== 0
    const lost = all.filter(n => fails(n) && cluster.isConnected(pod.n, n))
    // Names that have failed for long may cost as many peers as are found, and never more.
    const sought = missing.filter(n => !fails(n))
    if (lost.length > 0 && !setup.pinned.has(pod.n) && lost.length > sought.length)
      broken(`node${pod.n} restarts, and would not find ${lost} again`)
    const finished = pod.memory.restarts.filter(
      restart => restart.outcome !== 'asked' && restart.outcome !== 'not-taken',
    )
    // A process that has started by itself since is another matter: it may have been given something else.
    const isSecond = finished.at(-1)?.hash === hash && pod.process?.asked
    // What a node was told by a name server is in doubt: once more.
    const inDoubt = !setup.pinned.has(pod.n) && finished.at(-2)?.hash !== hash
    if (isSecond && !inDoubt) broken(`node${pod.n} restarts twice for one snapshot`)
    const { turn, peerHash: listHash, endpoints } = notesOf(pod)
    const blind = blindTurn(listHash, endpoints)
    if (turn === undefined) broken(`node${pod.n} restarts without a turn`)
    const grant = granted.get(pod.uid)?.get(turn ?? '')
    if (grant === undefined) broken(`node${pod.n} restarts by a turn that nobody gave`)
    const isUsed = pod.memory.restarts.some(({ id, outcome }) => id === grant?.usedBy && outcome !== 'not-taken')
    if (isUsed) broken(`node${pod.n} restarts twice by one turn`)
    // A turn for an older snapshot serves as long as somebody is missing who was missing then.
    if (turn !== hash && turn !== blind && !missing.some(n => grant?.missing.includes(n)))
      broken(`node${pod.n} restarts by a turn for something else`)
    if (grant) grant.usedBy = pod.memory.intent?.id
    const under = [...cluster.pods.values()].filter(pod => pod.memory.intent !== null)
    const stay = under.filter(pod => !pod.api.deleting)
    if (stay.length > allowed) broken(`${stay.map(pod => `node${pod.n}`).join(', ')} restart at once, ${allowed} may`)
    const power = under.reduce((sum, pod) => sum + (powers[pod.n - 1] ?? 0), 0)
    const voting = under.filter(pod => (powers[pod.n - 1] ?? 0) > 0)
    if (voting.length > 1 && power * 3 >= totalPower) broken(`${power} of ${totalPower} voting power restarts at once`)
  }

  const cluster = simulatedCluster(time, by, setup, {
    pod: (pod, gone) => hears?.onPod(pod, gone),
    list: peers => hears?.onList(peers),
    endpoints: (n, addresses) => hears?.onEndpoints(n, addresses),
    restart: (pod, intent, missing) => onRestart(pod, intent.hash, missing),
    tell: pod => {
      tellings++
      tell(`${at()} node${pod.n} is told`)
    },
  })
  const controller = simulatedController(time, by, cluster, {
    turn(uid, turn) {
      tell(`${at()} turn of ${uid}: ${turn.slice(0, 20)}`)
      if (liveTurn(turn) === undefined) return
      turns++
      const pod = [...cluster.pods.values()].find(pod => pod.uid === uid)
      const grant = { missing: pod ? cluster.missingOf(pod) : [] }
      granted.set(uid, (granted.get(uid) ?? new Map()).set(turn, grant))
    },
    wrote: () => {},
    event: (key, { reason }) => tell(`${at()} event on ${key}: ${reason}`),
  })
  hears = controller
  // The pods were created before the controller was there to hear of them.
  for (const pod of cluster.pods.values()) controller.onPod(pod.api, false)
  controller.lead()
  time.pass(20_000)

  const ends: (() => void)[] = []
  function during(ms: number, begin: () => void, end: () => void): void {
    begin()
    let ended = false
    const once = () => {
      if (!ended) end()
      ended = true
    }
    ends.push(once)
    time.after(ms, once)
  }
  const anyPod = () => by.pick([...cluster.pods.values()])
  const edit = () => cluster.edit(some(by, all))
  const long = () => by.between(2000, by.is(0.7) ? 30_000 : 150_000)
  const acts: Record<Fault, () => void> = {
    edit,
    'edit-burst': () => {
      for (let n = by.whole(2, 12), ms = 0; n > 0; n--, ms += by.between(50, 3000)) time.after(ms, edit)
    },
    'move-pod': () => cluster.remove(anyPod().n),
    'move-outside': () => cluster.moveOutside(by.pick([...cluster.outside.keys()])),
    'outside-dies': () => {
      const peer = by.pick([...cluster.outside.values()])
      during(
        long(),
        () => Object.assign(peer, { alive: false }),
        () => Object.assign(peer, { alive: true }),
      )
    },
    'dns-down': () =>
      during(
        by.between(1000, 40_000),
        () => Object.assign(cluster.world, { dnsDown: true }),
        () => Object.assign(cluster.world, { dnsDown: false, dnsUpAt: time.now() }),
      ),
    'dns-mixed': () =>
      during(
        by.between(5000, 30_000),
        () => Object.assign(cluster.world, { staleSince: time.now() }),
        () => Object.assign(cluster.world, { staleSince: undefined, disputeEndedAt: time.now() }),
      ),
    'dns-flaps': () =>
      during(
        by.between(5000, 65_000),
        () => Object.assign(cluster.world, { flapping: true }),
        () => Object.assign(cluster.world, { flapping: false, disputeEndedAt: time.now() }),
      ),
    'dns-half-down': () =>
      during(
        by.between(5000, 60_000),
        () => Object.assign(cluster.world, { oneFails: true }),
        () => Object.assign(cluster.world, { oneFails: false, disputeEndedAt: time.now() }),
      ),
    'kubelet-slow': () => {
      const { kubelet } = anyPod()
      during(
        long(),
        () => Object.assign(kubelet, { slow: by.between(1000, 60_000) }),
        () => Object.assign(kubelet, { slow: 0 }),
      )
    },
    'sidecar-dies': () => cluster.crashSidecar(anyPod(), by.between(200, by.is(0.8) ? 5000 : 25_000)),
    'controller-dies': () => {
      const { kill, lead, isLeading } = controller
      during(by.between(100, by.is(0.8) ? 15_000 : 100_000), kill, () => isLeading() || lead())
    },
    'page-blocked': () => {
      const pod = anyPod()
      const forEver = by.is(0.3)
      during(
        forEver ? 1e9 : long(),
        () => Object.assign(pod, { pageBlocked: true }),
        () => forEver || Object.assign(pod, { pageBlocked: false }),
      )
    },
    unready: () => {
      const pod = anyPod()
      const set = (unready: boolean) => {
        pod.unready = unready
        cluster.setReady(pod)
      }
      during(
        long(),
        () => set(true),
        () => set(false),
      )
    },
    'cannot-connect': () => {
      const pair = cluster.pair(anyPod().n, by.pick(all))
      during(
        long(),
        () => cluster.refusing.add(pair),
        () => cluster.refusing.delete(pair),
      )
    },
    'not-taken': () =>
      during(
        long(),
        () => Object.assign(cluster.world, { notTaken: true }),
        () => Object.assign(cluster.world, { notTaken: false }),
      ),
    pause: () => {
      const pod = anyPod()
      const forEver = by.is(0.2)
      during(
        long(),
        () => cluster.patch(pod.uid, { [annotation.pause]: 'true' }),
        () => forEver || cluster.patch(pod.uid, { [annotation.pause]: null }),
      )
    },
    'pause-namespace': () =>
      during(
        long(),
        () => Object.assign(controller.state, { namespacePaused: true }),
        () => Object.assign(controller.state, { namespacePaused: false }),
      ),
    'tell-refused': () => Object.assign(anyPod(), { tellFault: 'refuses' }),
    'tell-in-vain': () => Object.assign(anyPod(), { tellFault: 'ignores' }),
    'node-dies': () => cluster.crashNode(anyPod()),
    'slow-start': () => Object.assign(anyPod(), { startsSlowly: true }),
    'api-down': () =>
      during(
        long(),
        () => Object.assign(cluster.world, { apiDown: true }),
        () => Object.assign(cluster.world, { apiDown: false }),
      ),
    'watch-slow': () =>
      during(
        long(),
        () => Object.assign(controller.state, { watchLag: 8000 }),
        () => Object.assign(controller.state, { watchLag: 0 }),
      ),
  }
  for (let left = by.whole(2, 9); left > 0; left--) {
    const fault = by.pick(drawn)
    tell(`${at()} ${fault}`)
    if (cluster.pods.size > 0) acts[fault]()
    time.pass(by.is(0.5) ? by.between(0, 5000) : by.between(5000, 60_000))
  }

  for (const end of ends) end()
  tell(`${at()} all faults end`)
  // Turns of pods whose page is unreachable take three minutes each, those that fail are taken back after half a
  // minute.
  const deadline = time.now() + 3600_000
  let unsettled = unsettledPods()
  while (time.now() < deadline && unsettled.length > 0) {
    time.pass(20_000)
    unsettled = unsettledPods()
  }
  const held = unsettled.map(([, why]) => why)
  for (const [pod, why] of unsettled) {
    tell(
      `node${pod.n}: ${why}, ${JSON.stringify({ page: pod.page, given: pod.memory.startedWith, taught: pod.memory.taught, book: [...(pod.process?.book ?? [])] })}`,
    )
  }
  const { world } = cluster
  const isExcused = (pod: Pod, why: string) =>
    isNameless(pod, why, world.dnsUpAt) || isMisled(pod, why, world.disputeEndedAt)
  const isPausedNameless = (pod: Pod) =>
    pod.api.annotations[annotation.pause] !== undefined &&
    pod.process?.nameless === true &&
    cluster.missingOf(pod).length > 0
  const stopped =
    unsettled.some(([pod, why]) => isExcused(pod, why)) || [...cluster.pods.values()].some(isPausedNameless)
  for (const [pod, why] of unsettled) {
    if (!legitimate.has(why) && !isExcused(pod, why) && !(stopped && (why === 'awaiting-turn' || why === 'telling')))
      broken(`node${pod.n} is not settled on the last list: ${why}, missing ${cluster.missingOf(pod).join(',')}`)
  }
  return { restarts, told: tellings, turns, held }

  function unsettledPods(): [Pod, string][] {
    const present = [...cluster.pods.values()]
    if (present.length < powers.length) return present.map(pod => [pod, 'gone'])
    return present.flatMap((pod): [Pod, string][] => {
      if (pod.api.annotations[annotation.pause] !== undefined) return []
      if (peerHash(pod.files.peers) !== cluster.wantedHash()) return [[pod, 'files are old']]
      const { phase, reason } = pod.page ?? { phase: 'no page' }
      if (phase !== 'settled') return [[pod, reason ?? phase]]
      return cluster.missingOf(pod).length === 0 ? [] : [[pod, 'settled, but not connected']]
    })
  }
}

function notesOf(pod: Pod): { turn: string | undefined; peerHash: string | undefined; endpoints: string | undefined } {
  const { annotations } = pod.files
  return {
    turn: annotations[annotation.turn],
    peerHash: annotations[annotation.peerHash],
    endpoints: annotations[annotation.endpoints],
  }
}

const { SEED, FIRST = SEED ?? '1', HISTORIES, FAILURES = '1' } = process.env
const most = SEED === undefined ? Number(HISTORIES ?? 300) : 1
const mostMs = HISTORIES === undefined ? 8_000 : Number.POSITIVE_INFINITY

t.test('histories of a group', { timeout: 86_400_000 }, async t => {
  const sums = { histories: 0, restarts: 0, told: 0, turns: 0 }
  const held = new Map<string, number>()
  const failures: string[] = []
  const until = performance.now() + mostMs
  for (
    let seed = Number(FIRST);
    sums.histories < most && failures.length < Number(FAILURES) && performance.now() < until;
    seed++
  ) {
    sums.histories++
    try {
      const ended = live(seed, SEED === undefined ? undefined : line => t.comment(line))
      for (const name of ['restarts', 'told', 'turns'] as const) sums[name] += ended[name]
      for (const reason of ended.held) held.set(reason, (held.get(reason) ?? 0) + 1)
    } catch (error) {
      failures.push(
        `SEED=${seed}: ${error instanceof Error ? (SEED === undefined ? error.message : error.stack) : String(error)}`,
      )
    }
  }
  t.same(failures, [])
  t.comment(JSON.stringify({ ...sums, held: Object.fromEntries(held) }))
  if (sums.histories > 1)
    t.ok(sums.restarts > sums.histories && sums.told > 0, `the histories do need restarts: ${JSON.stringify(sums)}`)
})

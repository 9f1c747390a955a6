// Telling the running node its peers: the cure before a restart. Pure. It harms nobody, so it asks for no turn and no
// budget, and is tried again until a dead connection must have been noticed; only then is it in vain.
import { own } from '../../peers/own.ts'
import { isAddress, peerKey, uniquePeers } from '../../peers/peer.ts'
import type { Assessed, AssessedLook } from './assess.ts'
import { knownByTelling, sureWhileTelling } from './known.ts'
import { peersOf } from './lists.ts'
import type { Look } from './look.ts'
import type { Known, Memory, Telling, ToldRecord } from './memory.ts'
import { silence } from './node-gate.ts'
import type { PeerChange, PeerToTell } from './peer-change.ts'
import { isAbsent } from './status-api.ts'
import type { Timing } from './timing.ts'
import type { Wait, Wish } from './wish.ts'

export type Tell =
  /** Tell the node now. */
  | { readonly do: 'tell'; readonly change: PeerChange; readonly why: string; readonly until: number }
  /** It has been told, and has the time to connect until then. */
  | { readonly do: 'told'; readonly until: number }

/** What the sidecar keeps of tellings that have ended. */
const mostRecords = 10

/**
 * The telling that is due for this wish, a reason to wait for it, or undefined where it is not possible or was in vain.
 * `memory.need` says since when the wish is there; without one nobody that is missing answers, and telling would not
 * help.
 */
export function tellFirst(
  memory: Memory,
  wish: Wish,
  look: AssessedLook,
  times: Timing,
): { memory: Memory; next: Tell | Wait | null } {
  const none = { memory: memory.telling ? { ...memory, telling: null } : memory, next: null }
  if (!look.canTell || look.plan.strategy === 'observe' || look.paused || wish.blind || !memory.need) return none
  if (look.massRemoval !== null) return none
  const identity = identityOf(look)
  const hash = look.desired.snapshotHash
  const past = memory.told.findLast(
    record => record.identity === identity && (record.outcome === 'refused' || record.hash === hash),
  )
  if (past?.outcome === 'refused') return none
  if (past?.outcome === 'in-vain' && look.now < past.at + times.tellAgainSeconds * 1000) return none
  const settled = memory.need.since + Math.min(times.briefSettleSeconds, look.plan.times.settleSeconds) * 1000
  if (look.now < settled) return { memory, next: { do: 'wait', reason: 'settling', until: settled } }

  const under = memory.telling?.hash === hash && memory.telling.identity === identity ? memory.telling : null
  const silent = silence(look, memory, times)
  // It hears nothing, and the time does not count: it would have been told in vain.
  if (silent)
    return { memory: under ? { ...memory, telling: heldUp(under, look.now) } : memory, next: { do: 'wait', ...silent } }
  const since = under?.since ?? look.now
  // Peers that keep moving would have it told for ever, whatever the others need.
  const series = memory.telling?.identity === identity ? memory.telling : null
  const firstSince = series ? (series.firstSince ?? series.since) : since
  const until = Math.min(since + times.tellSeconds * 1000, firstSince + 2 * times.tellSeconds * 1000)
  if (look.now >= until)
    return { memory: recorded(memory, { at: look.now, hash, identity, outcome: 'in-vain' }), next: null }
  if (under && look.now < under.lastAt + times.tellEverySeconds * 1000) return { memory, next: { do: 'told', until } }
  const telling = { hash, identity, since, firstSince, lastAt: look.now, knew: under ? under.knew : memory.taught }
  const taught = sureWhileTelling(wish.known, look)
  return {
    memory: { ...memory, telling, taught },
    next: { do: 'tell', change: changeFor(memory, wish, look), why: whyTell(wish), until },
  }
}

/**
 * The time since the node was last told is given back: no more than was lost, or one missed answer in two minutes would
 * let it be told for ever.
 */
function heldUp(under: Telling, now: number): Telling {
  const lostMs = now - under.lastAt
  const { firstSince = under.since } = under
  return { ...under, since: under.since + lostMs, firstSince: firstSince + lostMs, lastAt: now }
}

/** Takes in how the last telling went, before anything else is decided. An error that is no refusal is tried again. */
export function rememberTold(memory: Memory, look: Look): Memory {
  const { telling } = memory
  // The process is another: it has been told nothing.
  if (telling && telling.identity !== identityOf(look) && look.process.found) return { ...memory, telling: null }
  if (!telling || !look.told || look.told.ok) return memory
  // A node whose API is not there is told through the same port: nobody hears it, however often.
  if (!look.told.refused && !isAbsent(memory)) return memory
  const { hash, identity, knew } = telling
  // It has taken nothing, and so has forgotten nothing.
  return {
    ...recorded(memory, { at: look.now, hash, identity, outcome: 'refused', detail: look.told.detail }),
    taught: knew,
  }
}

/** Nobody is missing any more: what was told is what the process knows, if that is still what is wanted. */
export function learnedByTelling(memory: Memory, look: AssessedLook): Memory {
  if (!memory.telling) return memory
  const { hash, identity } = memory.telling
  if (hash !== look.desired.snapshotHash) return { ...memory, telling: null }
  return {
    ...recorded(memory, { at: look.now, hash, identity, outcome: 'connected' }),
    taught: provenByTelling(memory, look),
  }
}

/**
 * A peer that is connected elsewhere than at a present address (a NAT, or an old connection that is dead) proves
 * nothing about that address.
 */
function provenByTelling({ taught }: Memory, look: AssessedLook): Known {
  const all = knownByTelling(look)
  const isAt = ({ peer, addresses }: Assessed) =>
    look.node.connections.some(
      connection => addresses.includes(connection.address) || (connection.address === '' && connection.id === peer.id),
    )
  const elsewhere = new Set(
    look.assessed.filter(listed => listed.standing === 'connected' && !isAt(listed)).map(missing => missing.peer.host),
  )
  const addresses = Object.entries(all.addresses).map(([host, its]) => [
    host,
    elsewhere.has(host) ? (own(taught?.addresses, host) ?? []) : its,
  ])
  return { ...all, addresses: Object.fromEntries(addresses) }
}

function recorded(memory: Memory, record: ToldRecord): Memory {
  return { ...memory, telling: null, told: [...memory.told, record].slice(-mostRecords) }
}

/** Where the process is out of sight (observe) there is one as long as it answers. */
function identityOf(look: Look): string {
  return look.process.found ? look.process.identity : ''
}

function changeFor(memory: Memory, wish: Wish, look: AssessedLook): PeerChange {
  // What DNS answers: where a Service has an address of its own, that one and not those of the pods behind it.
  const told = (peer: Assessed['peer']): PeerToTell => ({
    ...peer,
    addresses: isAddress(peer.host) ? [peer.host] : (own(look.hosts, peer.host)?.addresses ?? []),
  })
  const listed = look.desired.peers
  const keys = new Set(listed.map(peerKey))
  return {
    all: listed.filter(peer => peer.role === 'peer').map(told),
    add: wish.missing.map(missing => told(missing.peer)),
    drop: uniquePeers([...peersOf(memory.startedWith?.lists ?? {}), ...peersOf(wish.known.lists)])
      .filter(peer => !keys.has(peerKey(peer)))
      .map(told),
  }
}

function whyTell(wish: Wish): string {
  return `not connected: ${wish.missing
    .slice(0, 5)
    .map(missing => missing.peer.host)
    .join(', ')}`
}

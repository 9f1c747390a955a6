// What a node process was given when it started, and whether it would learn anything from starting again.
import { createHash } from 'node:crypto'
import { isAddress, type Peer, peerKey, uniquePeers } from '../../peers/peer.ts'
import type { Level, Plan, Source } from '../../peers/plan.ts'
import { levels } from '../../peers/plan.ts'
import { type Snapshot, snapshotHash } from '../../peers/snapshot.ts'
import type { Look, Timing } from './look.ts'
import type { Given, Lists, Memory } from './memory.ts'
import type { HostView } from './observation.ts'
import type { Pins } from './pin.ts'

/** The key of a source in Lists. A ConfigMap key can be two sources: a file and a variable. */
export function sourceKey(source: Source): string {
  if (source.kind === 'Literal') return `Literal ${source.name}`
  return `${source.kind} ${source.name}/${source.key} ${source.via}${source.variable ? ` ${source.variable}` : ''}`
}

/** The union of all sources' peers, each once. */
export function peersOf(lists: Lists): Peer[] {
  return uniquePeers(Object.values(lists).flat())
}

/** The addresses a peer has now; none where its name has no answer. */
export function addressesOf(host: string, hosts: Readonly<Record<string, HostView>>): readonly string[] {
  if (isAddress(host)) return [host]
  const { addresses = [], behind = [] } = hosts[host] ?? {}
  return behind.length === 0 ? addresses : [...new Set([...addresses, ...behind])]
}

/** What the running process knows: what it was given at its start, or what it was told since. */
export function knownTo(memory: Pick<Memory, 'given' | 'taught'>): Given | null {
  return memory.taught ?? memory.given
}

/** What a node knows that has been told everything there is now. */
export function givenByTelling(look: Look & { list: { ok: true } }): Given {
  return givenFrom(look.list.lists, look.hosts, () => false)
}

/**
 * What a node surely knows while it is being told, whatever has become of it: what was known to it before and what it
 * is told now have in common. Being told one list makes it forget another.
 */
export function sureWhileTelling(known: Given, look: Look & { list: { ok: true } }): Given {
  const told = givenByTelling(look)
  const isSame = (then: readonly string[], now: readonly string[] = []) =>
    then.length === now.length && then.every(one => now.includes(one))
  const lists = inBoth(known.lists, told.lists)
  const stay = peersOf(lists).filter(peer => isSame([known.pins?.[peerKey(peer)] ?? ''], told.addresses[peer.host]))
  return {
    lists,
    addresses: Object.fromEntries(
      Object.entries(known.addresses).map(([host, addresses]) => [
        host,
        isSame(addresses, told.addresses[host]) ? addresses : [],
      ]),
    ),
    uncertain: known.uncertain,
    ...(stay.length === 0
      ? {}
      : { pins: Object.fromEntries(stay.map(peer => [peerKey(peer), known.pins?.[peerKey(peer)] ?? ''])) }),
  }
}

/** The lists without the peers that are nowhere in the others: what a process surely got that may have got either. */
export function inBoth(lists: Lists, others: Lists): Lists {
  const keys = new Set(peersOf(others).map(peerKey))
  return Object.fromEntries(
    Object.entries(lists).map(([key, peers]) => [key, peers.filter(peer => keys.has(peerKey(peer)))]),
  )
}

export function snapshotOf(lists: Lists, hosts: Readonly<Record<string, HostView>>): Snapshot {
  const peers = peersOf(lists)
  const names = [...new Set(peers.map(peer => peer.host))].filter(host => !isAddress(host))
  return { peers, addresses: Object.fromEntries(names.map(host => [host, addressesOf(host, hosts)])) }
}

export function hashOf(lists: Lists, hosts: Readonly<Record<string, HostView>>): string {
  return snapshotHash(snapshotOf(lists, hosts))
}

/**
 * What a process that repeer did not start was given at `startedAt`: the lists as they were then, and the addresses as
 * they were then. Where it is too close to tell, only what both lists have, or an uncertain host, is assumed: the
 * node's own connections settle the rest.
 */
export function givenAtStart(
  memory: Memory,
  look: Look,
  process: { startedAt: number; given?: string },
  times: Timing,
): Given {
  const { startedAt } = process
  const lists = look.list.ok ? look.list.lists : (memory.wanted?.lists ?? {})
  const before = memory.before
  const young = memory.wanted !== null && memory.wanted.since > startedAt - times.fileSeconds * 1000
  const stale = process.given === undefined ? young : listToken(process.given) !== tokenOf(lists)
  const chosen = stale && before !== null ? inBoth(before, lists) : lists
  const carried = Object.fromEntries(
    look.plan.sources
      .filter(source => source.level === 'all-containers' || source.level === 'none')
      .map(sourceKey)
      .flatMap(key => (memory.given?.lists[key] ? [[key, memory.given.lists[key]]] : [])),
  )
  const exported = hasExports(memory, process)
  const handed = withoutUnseen({ ...chosen, ...carried }, look.plan, exported)
  const named = givenFrom(handed, look.hosts, host => isUncertain(host, startedAt, times))
  const given = withPins(named, pinsAtStart(memory, look, process, times))
  return exported ? given : inDoubt(given, look.plan, lists)
}

/** The supervisor gave the process what the sidecar exports; before a variable was learned, that was without it. */
function hasExports({ learned }: Memory, process: { startedAt: number; given?: string }): boolean {
  return process.given !== undefined && (learned === undefined || process.startedAt > learned.at)
}

/**
 * With doubt about the peers of variables that something else outranks, of which a process started without: a script
 * may have handed it their list, or what it had written down of an earlier one. Whom it is connected to settles that.
 */
export function inDoubt(given: Given, plan: Plan, lists: Lists): Given {
  const copied = plan.sources.filter(
    source =>
      'via' in source &&
      /^env/.test(source.via) &&
      isExported(source) &&
      source.override !== source.variable &&
      !source.unseen,
  )
  const hosts = copied.flatMap(source => (lists[sourceKey(source)] ?? []).map(peer => peer.host))
  return hosts.length === 0 ? given : { ...given, uncertain: [...new Set([...given.uncertain, ...hosts])] }
}

/**
 * A start hands a process nothing of a list that nothing in its pod sees, unless its supervisor exported it: the token
 * says that there were exports. What such a process was told by an earlier sidecar is not known either; telling it
 * again harms nobody.
 */
function withoutUnseen(lists: Lists, plan: Plan, exported: boolean): Lists {
  const unseen = plan.sources.filter(source => source.unseen && !(isExported(source) && exported))
  return { ...lists, ...Object.fromEntries(unseen.map(source => [sourceKey(source), []])) }
}

function isExported(source: Source): boolean {
  return source.kind !== 'Literal' && source.override !== undefined
}

/**
 * The addresses that a process was given in place of names, by the token that the supervisor read at its start. The
 * token is read before the variables are, and written after them: so where others were prepared at about that time,
 * only what both have is sure. Undefined where the token says nothing.
 */
export function pinsAtStart(
  memory: Pick<Memory, 'prepared'>,
  look: Pick<Look, 'list' | 'pins'>,
  process: { startedAt: number; given?: string },
  times: Timing,
): Pins | undefined {
  const { prepared = [] } = memory
  const index = prepared.findLastIndex(one => one.token === process.given)
  const its = prepared[index]
  if (!its) {
    // What was prepared is forgotten, and it was the same as today's.
    const same = look.list.ok && look.pins !== undefined && process.given === tokenOf(look.list.lists, look.pins)
    return same ? look.pins : undefined
  }
  const latest = process.startedAt + times.fileSeconds * 1000
  const later = prepared.slice(index + 1).filter(one => one.at <= latest)
  return later.reduce<Pins>((sure, { pins }) => onlySame(sure, pins), its.pins)
}

function onlySame(some: Pins, others: Pins): Pins {
  return Object.fromEntries(Object.entries(some).filter(([key, address]) => others[key] === address))
}

/** The same, given by these addresses: a host is a guess no longer where each of its peers has one. */
export function withPins(given: Given, pins: Pins | undefined): Given {
  if (pins === undefined) return given
  const bare = new Set(peersOf(given.lists).flatMap(peer => (pins[peerKey(peer)] === undefined ? [peer.host] : [])))
  return { ...given, uncertain: given.uncertain.filter(host => bare.has(host)), pins }
}

/**
 * Names that have not been answered since the process started, and do not resolve: the process has probably got no
 * answer either. And those about which name servers were found to disagree at that time: it may have got the other
 * answer.
 */
export function doubtAnswers(
  given: Given,
  process: Memory['process'],
  hosts: Readonly<Record<string, HostView>>,
): Given {
  if (!process) return given
  const pinned = new Set(
    peersOf(given.lists).flatMap(peer => (given.pins?.[peerKey(peer)] === undefined ? [] : [peer.host])),
  )
  const doubted = Object.keys(given.addresses).filter(
    host => !pinned.has(host) && !given.uncertain.includes(host) && isDoubtful(process.startedAt, hosts[host]),
  )
  return doubted.length === 0 ? given : { ...given, uncertain: [...given.uncertain, ...doubted] }
}

/**
 * What is heard of a name so long after a start may be what the process heard, in ms; after it, names are asked about
 * as seldom as ever.
 */
const doubtMs = 60_000

function isDoubtful(at: number, view: HostView | undefined): boolean {
  if (view === undefined) return false
  // Answered once and not the next time is one of several servers that fails.
  const isUnanswered = view.failures > 0 && (view.answeredAt === null || view.answeredAt < at + doubtMs)
  return isUnanswered || (view.disputedAt !== undefined && view.disputedAt >= at && view.disputedAt < at + doubtMs)
}

/**
 * Whether DNS was last heard before the process started, a moment ago: does it still answer, as it has to for the
 * process?
 */
export function isFromBefore(view: HostView | undefined, process: Memory['process'], now: number): boolean {
  return process !== null && now - process.startedAt < doubtMs && (view?.answeredAt ?? 0) < process.startedAt
}

/**
 * What env.snapshot holds: which lists the supervisor's next start gives the node, and, after a plus sign, which
 * addresses in place of names.
 */
export function tokenOf(lists: Lists, pins: Pins = {}): string {
  const entries = Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return hashOf(lists, {})
  return `${hashOf(lists, {})}+${createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 32)}`
}

/** The part of a token that is about the lists. */
export function listToken(token: string): string {
  return token.split('+', 1)[0] ?? token
}

/** What a restart at `level` will give: sources that need more than this level stay as they were given before. */
export function givenByRestart(memory: Memory, look: Look & { list: { ok: true } }, level: Level): Given {
  const lists = Object.fromEntries(
    look.plan.sources.map(source => {
      const key = sourceKey(source)
      const delivered = levels.indexOf(source.level) <= levels.indexOf(level)
      // Whatever a running process was told of it, the next one is not given it.
      if (!delivered && source.unseen) return [key, []]
      return [key, (delivered ? look.list.lists[key] : memory.given?.lists[key]) ?? look.list.lists[key] ?? []]
    }),
  )
  const given = withPins(
    givenFrom(lists, look.hosts, () => false),
    look.pins,
  )
  const pinned = new Set(peersOf(lists).flatMap(peer => (look.pins?.[peerKey(peer)] === undefined ? [] : [peer.host])))
  // A name that does not resolve just now is not given, though its last answer is remembered here.
  const isLost = (host: string) => !pinned.has(host) && (look.hosts[host]?.failures ?? 0) > 0
  const addresses = Object.entries(given.addresses).map(([host, its]) => [host, isLost(host) ? [] : its])
  return { ...given, addresses: Object.fromEntries(addresses) }
}

/**
 * `perhaps`: it is the same as at the node's start, but it is not known that the node got it then: the answer was too
 * young, or a script was between.
 */
export type Learns = 'list' | 'address' | 'perhaps' | null

/**
 * What starting again would tell the node about this peer that it was not told at its last start; null for nothing.
 * `pins`: what it would be given in place of names.
 */
export function wouldLearn(
  peer: Peer,
  given: Given,
  hosts: Readonly<Record<string, HostView>>,
  pins: Pins = {},
): Learns {
  const key = peerKey(peer)
  if (!Object.values(given.lists).some(peers => peers.some(known => peerKey(known) === key))) return 'list'
  if (isAddress(peer.host)) return given.uncertain.includes(peer.host) ? 'perhaps' : null
  const pin = given.pins?.[key]
  const then = pin === undefined ? (given.addresses[peer.host] ?? []) : [pin]
  // Rotating answers differ at every look; a node that was given any of them would be given another of the same.
  if (hosts[peer.host]?.rotating) return then.length === 0 ? 'address' : null
  if (pin !== undefined && pins[key] !== undefined) return pin === pins[key] ? null : 'address'
  const now = addressesOf(peer.host, hosts)
  if (now.length === 0) return 'address'
  const same = then.length === now.length && then.every(address => now.includes(address))
  if (!same) return 'address'
  return given.uncertain.includes(peer.host) ? 'perhaps' : null
}

/** The same, after the node was seen to have dialled these hosts at a present address: so it knows them. */
export function withLearned(
  given: Given,
  dialled: readonly string[],
  hosts: Readonly<Record<string, HostView>>,
): Given {
  if (dialled.length === 0) return given
  const addresses = Object.fromEntries(
    dialled.filter(host => !isAddress(host)).map(host => [host, addressesOf(host, hosts)]),
  )
  const { pins, ...rest } = given
  // It has the present address from elsewhere (it was told), and its pin says nothing any more.
  const old = new Set(
    peersOf(given.lists).flatMap(peer =>
      isOutgrown(pins?.[peerKey(peer)], addresses[peer.host]) ? [peerKey(peer)] : [],
    ),
  )
  return {
    ...rest,
    addresses: { ...given.addresses, ...addresses },
    uncertain: given.uncertain.filter(host => !dialled.includes(host)),
    ...(pins === undefined ? {} : { pins: Object.fromEntries(Object.entries(pins).filter(([key]) => !old.has(key))) }),
  }
}

function isOutgrown(pin: string | undefined, addresses: readonly string[] | undefined): boolean {
  return pin !== undefined && addresses !== undefined && !addresses.includes(pin)
}

/** Sources whose list is not the one that was given; a literal list is among them only where it is unseen. */
export function changedSources(plan: Plan, lists: Lists, given: Given): Source[] {
  const keys = (peers: readonly Peer[] | undefined) =>
    uniquePeers(peers ?? [])
      .map(peerKey)
      .join('\n')
  return plan.sources.filter(
    source =>
      (source.kind !== 'Literal' || source.unseen) &&
      keys(lists[sourceKey(source)]) !== keys(given.lists[sourceKey(source)]),
  )
}

function givenFrom(
  lists: Lists,
  hosts: Readonly<Record<string, HostView>>,
  uncertain: (view: HostView | undefined) => boolean,
): Given {
  const { addresses } = snapshotOf(lists, hosts)
  return { lists, addresses, uncertain: Object.keys(addresses).filter(host => uncertain(hosts[host])) }
}

/** Whether a process that looked the host up at `startedAt` may have been told otherwise than the sidecar. */
export function isUncertain(view: HostView | undefined, startedAt: number, times: Timing): boolean {
  // While look-ups fail, the last answer is only remembered here; the node, starting then, got none.
  if (view === undefined || view.failures > 0) return true
  return Math.max(view.since, view.disputedAt ?? view.since) > startedAt - times.dnsCacheSeconds * 1000
}

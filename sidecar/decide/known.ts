// What a node process knows of its peers: what it was given when it started, or was told since. Pure.
import { own } from '../../peers/own.ts'
import { isAddress, peerKey } from '../../peers/peer.ts'
import { type Level, levels, type Plan } from '../../peers/plan.ts'
import { inDoubt, isUncertain } from './doubt.ts'
import { inBoth, isExported, type Lists, peersOf, sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import type { Known, Memory } from './memory.ts'
import type { HostView } from './observation.ts'
import type { Pins } from './pin.ts'
import { addressesOf, snapshotOf } from './snapshots.ts'
import type { Timing } from './timing.ts'
import { listToken, tokenOf, variableOf } from './token.ts'

/** What the running process knows: what it was given at its start, or what it was told since. */
export function knownTo(memory: Pick<Memory, 'startedWith' | 'taught'>): Known | null {
  return memory.taught ?? memory.startedWith
}

/** What a node knows that has been told everything there is now. */
export function knownByTelling(look: Look): Known {
  return knownFrom(look.desired.lists, look.hosts, () => false)
}

/**
 * What a node surely knows while it is being told, whatever has become of it: what was known to it before and what it
 * is told now have in common. Being told one list makes it forget another.
 */
export function sureWhileTelling(known: Known, look: Look): Known {
  const told = knownByTelling(look)
  const isSame = (then: readonly string[], now: readonly string[] = []) =>
    then.length === now.length && then.every(address => now.includes(address))
  const lists = inBoth(known.lists, told.lists)
  const stay = peersOf(lists).filter(peer =>
    isSame([own(known.pins, peerKey(peer)) ?? ''], own(told.addresses, peer.host)),
  )
  return {
    lists,
    addresses: Object.fromEntries(
      Object.entries(known.addresses).map(([host, addresses]) => [
        host,
        isSame(addresses, own(told.addresses, host)) ? addresses : [],
      ]),
    ),
    uncertain: known.uncertain,
    ...(stay.length === 0
      ? {}
      : { pins: Object.fromEntries(stay.map(peer => [peerKey(peer), own(known.pins, peerKey(peer)) ?? ''])) }),
  }
}

/**
 * What a process that repeer did not start was given at `startedAt`: the lists as they were then, and the addresses as
 * they were then. Where it is too close to tell, only what both lists have, or an uncertain host, is assumed: the
 * node's own connections settle the rest.
 */
export function knownAtStart(
  memory: Memory,
  look: Look,
  process: { startedAt: number; snapshotToken?: string },
  times: Timing,
): Known {
  const { startedAt } = process
  const { lists } = look.desired
  const before = memory.before
  const young = memory.desired !== null && memory.desired.since > startedAt - times.fileSeconds * 1000
  const stale = process.snapshotToken === undefined ? young : listToken(process.snapshotToken) !== tokenOf(lists)
  const chosen = stale && before !== null ? inBoth(before, lists) : lists
  const carried = Object.fromEntries(
    look.plan.sources
      .filter(source => source.level === 'all-containers' || source.level === 'none')
      .map(sourceKey)
      .flatMap(key => {
        const given = own(memory.startedWith?.lists, key)
        return given ? [[key, given]] : []
      }),
  )
  const exported = hasExports(memory, process)
  const handed = withoutUnseen({ ...chosen, ...carried }, look.plan, exported)
  const named = knownFrom(handed, look.hosts, host => isUncertain(host, startedAt, times))
  const known = withPins(named, pinsAtStart(memory, look, process, times))
  return exported ? known : inDoubt(known, look.plan, lists)
}

/** The supervisor gave the process what the sidecar exports, and by the variable that was learned, where one was. */
function hasExports({ learned }: Memory, { snapshotToken }: { snapshotToken?: string }): boolean {
  return snapshotToken !== undefined && (learned === undefined || variableOf(snapshotToken) === learned.variable)
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

/**
 * The addresses that a process was given in place of names, by the token that the supervisor read at its start. The
 * token is read before the variables are, and written after them: so where others were prepared at about that time,
 * only what both have is sure. Undefined where the token says nothing.
 */
export function pinsAtStart(
  memory: Pick<Memory, 'prepared'>,
  look: Pick<Look, 'list' | 'pins' | 'learnedVariable'>,
  process: { startedAt: number; snapshotToken?: string },
  times: Timing,
): Pins | undefined {
  const { prepared = [] } = memory
  const index = prepared.findLastIndex(entry => entry.token === process.snapshotToken)
  const its = prepared[index]
  if (!its) {
    // What was prepared is forgotten, and it was the same as today's.
    const same =
      look.list.ok &&
      look.pins !== undefined &&
      process.snapshotToken === tokenOf(look.list.lists, look.pins, look.learnedVariable)
    return same ? look.pins : undefined
  }
  const latest = process.startedAt + times.fileSeconds * 1000
  const later = prepared.slice(index + 1).filter(entry => entry.at <= latest)
  return later.reduce<Pins>((sure, { pins }) => onlySame(sure, pins), its.pins)
}

function onlySame(some: Pins, others: Pins): Pins {
  return Object.fromEntries(Object.entries(some).filter(([key, address]) => own(others, key) === address))
}

/** The same, given by these addresses: a host is a guess no longer where each of its peers has one. */
export function withPins(known: Known, pins: Pins | undefined): Known {
  if (pins === undefined) return known
  const bare = new Set(
    peersOf(known.lists).flatMap(peer => (own(pins, peerKey(peer)) === undefined ? [peer.host] : [])),
  )
  return { ...known, uncertain: known.uncertain.filter(host => bare.has(host)), pins }
}

/** What a restart at `level` will give, with these lists in the files: sources that need more than this level stay as they were given before. */
export function knownAfterRestart(memory: Memory, present: Lists, look: Look, level: Level): Known {
  const lists = Object.fromEntries(
    look.plan.sources.map(source => {
      const key = sourceKey(source)
      const delivered = levels.indexOf(source.level) <= levels.indexOf(level)
      // Whatever a running process was told of it, the next one is not given it.
      if (!delivered && source.unseen) return [key, []]
      return [key, (delivered ? own(present, key) : own(memory.startedWith?.lists, key)) ?? own(present, key) ?? []]
    }),
  )
  const known = withPins(
    knownFrom(lists, look.hosts, () => false),
    look.pins,
  )
  const pinned = new Set(
    peersOf(lists).flatMap(peer => (own(look.pins, peerKey(peer)) === undefined ? [] : [peer.host])),
  )
  // A name that does not resolve just now is not given, though its last answer is remembered here.
  const isLost = (host: string) => !pinned.has(host) && (own(look.hosts, host)?.failures ?? 0) > 0
  const addresses = Object.entries(known.addresses).map(([host, its]) => [host, isLost(host) ? [] : its])
  return { ...known, addresses: Object.fromEntries(addresses) }
}

/** The same, after the node was seen to have dialled these hosts at a present address: so it knows them. */
export function withDialled(
  known: Known,
  dialled: readonly string[],
  hosts: Readonly<Record<string, HostView>>,
): Known {
  if (dialled.length === 0) return known
  const addresses = Object.fromEntries(
    dialled.filter(host => !isAddress(host)).map(host => [host, addressesOf(host, hosts)]),
  )
  const { pins, ...rest } = known
  // It has the present address from elsewhere (it was told), and its pin says nothing any more.
  const old = new Set(
    peersOf(known.lists).flatMap(peer =>
      isOutgrown(own(pins, peerKey(peer)), own(addresses, peer.host)) ? [peerKey(peer)] : [],
    ),
  )
  return {
    ...rest,
    addresses: { ...known.addresses, ...addresses },
    uncertain: known.uncertain.filter(host => !dialled.includes(host)),
    ...(pins === undefined ? {} : { pins: Object.fromEntries(Object.entries(pins).filter(([key]) => !old.has(key))) }),
  }
}

function isOutgrown(pin: string | undefined, addresses: readonly string[] | undefined): boolean {
  return pin !== undefined && addresses !== undefined && !addresses.includes(pin)
}

function knownFrom(
  lists: Lists,
  hosts: Readonly<Record<string, HostView>>,
  uncertain: (view: HostView | undefined) => boolean,
): Known {
  const { addresses } = snapshotOf(peersOf(lists), hosts)
  return { lists, addresses, uncertain: Object.keys(addresses).filter(host => uncertain(own(hosts, host))) }
}

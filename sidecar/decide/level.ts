// At which level a restart brings what is missing, or why there is none. Pure.
import { own } from '../../peers/own.ts'
import { type Peer, peerKey, uniquePeers } from '../../peers/peer.ts'
import { addressLevel, type Level, levels, type Plan, type Source } from '../../peers/plan.ts'
import { observeReasons } from '../../peers/reasons.ts'
import type { Assessed } from './assess.ts'
import { type Lists, sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import type { Known, Memory } from './memory.ts'
import { isAddressMatter } from './settle-time.ts'
import type { Hold, Wish } from './wish.ts'

/** The level of the restart, or why there is none. */
export type LevelFor =
  | { readonly possible: true; readonly level: Exclude<Level, 'none'> }
  | { readonly possible: false; readonly hold: Hold }

/** The level that a wish needs: the highest of those that the changes behind it need, or why there is none. */
export function levelFor(wish: Wish, look: Look, memory: Memory): LevelFor {
  const { plan } = look
  const needed: { level: Level; what: string }[] = []
  const [onlyTold, handed] = apart(wish, look)
  if (handed.some(isAddressMatter)) {
    needed.push({ level: addressLevel(plan), what: 'a changed address' })
  }
  for (const source of new Set([...sourcesBehind(wish, look), ...onlyTold])) {
    needed.push({ level: source.level, what: nameOf(source) })
  }
  const possible = needed.filter(need => need.level !== 'none')
  if (possible.length === 0) {
    if (plan.reach.by === 'observe')
      return { possible: false, hold: { reason: 'observe', detail: observeReasons[plan.reach.reason] } }
    const what = needed.map(need => need.what).join(', ')
    return { possible: false, hold: { reason: 'needs-rollout', ...(what ? { detail: what } : {}) } }
  }
  const level = possible
    .map(need => need.level)
    .reduce((a, b) => (levels.indexOf(a) >= levels.indexOf(b) ? a : b)) as Exclude<Level, 'none'>
  return gentleEnough(level, look, memory)
}

/**
 * The sources of which a restart brings nothing, as far as peers are missing that stand nowhere else; and the missing
 * peers that it may bring.
 */
function apart(wish: Wish, look: Look): [Source[], Assessed[]] {
  const keysOf = (source: Source) => (own(look.desired.lists, sourceKey(source)) ?? []).map(peerKey)
  const isHanded = (source: Source) => !(source.unseen && source.level === 'none')
  const brought = new Set(look.plan.sources.filter(isHanded).flatMap(keysOf))
  const [some, none] = [true, false].map(is =>
    wish.missing.filter(listed => brought.has(peerKey(listed.peer)) === is),
  ) as [Assessed[], Assessed[]]
  const lost = new Set(none.map(listed => peerKey(listed.peer)))
  return [look.plan.sources.filter(source => !isHanded(source) && keysOf(source).some(key => lost.has(key))), some]
}

/**
 * The sources whose change the wish is about: all that changed where nothing can be seen, else those that bring a
 * missing peer.
 */
function sourcesBehind(wish: Wish, look: Look): Source[] {
  const missing = new Set(
    wish.missing.filter(listed => listed.restartTeaches === 'list').map(listed => peerKey(listed.peer)),
  )
  return changedSources(look.plan, look.desired.lists, wish.known).filter(
    source => wish.blind || (own(look.desired.lists, sourceKey(source)) ?? []).some(peer => missing.has(peerKey(peer))),
  )
}

function nameOf(source: Source): string {
  const list = source.kind === 'Literal' ? source.name : `${source.kind} ${source.name}/${source.key}`
  if (source.unseen)
    return `nothing in the pod hands ${list} to the node, and it was not or cannot be told it while it runs`
  return source.kind === 'Literal' ? list : `${list} (${source.via})`
}

/**
 * A restarted process gets no startupProbe: where the liveness probe would not wait for it, the container has to start
 * again.
 */
function gentleEnough(level: Exclude<Level, 'none'>, look: Look, memory: Memory): LevelFor {
  const patience = look.plan.times.livenessSeconds
  const start = memory.lastStartSeconds
  if (level !== 'process' || patience === undefined || start === undefined || patience >= 2 * start)
    return { possible: true, level }
  if (look.plan.restartPolicyAlways) return { possible: true, level: 'container' }
  return {
    possible: false,
    hold: { reason: 'needs-rollout', detail: `the liveness probe waits ${patience} s, the last start took ${start} s` },
  }
}

/** Sources whose list is not the one that was given; a literal list is among them only where it is unseen. */
export function changedSources(plan: Plan, lists: Lists, known: Known): Source[] {
  const keys = (peers: readonly Peer[] | undefined) =>
    uniquePeers(peers ?? [])
      .map(peerKey)
      .join('\n')
  return plan.sources.filter(
    source =>
      (source.kind !== 'Literal' || source.unseen) &&
      keys(own(lists, sourceKey(source))) !== keys(own(known.lists, sourceKey(source))),
  )
}

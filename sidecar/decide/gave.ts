// What a restart has given the process that came of it. Pure.
import { own } from '../../peers/own.ts'
import { isAddress, peerKey } from '../../peers/peer.ts'
import { isUncertain } from './doubt.ts'
import { knownAfterRestart, pinsAtStart, withPins } from './known.ts'
import { inBoth, type Lists, peersOf } from './lists.ts'
import type { Look } from './look.ts'
import type { Intent, Known, Memory } from './memory.ts'
import type { NodeProcess } from './observation.ts'
import { hashOf } from './snapshots.ts'
import type { Timing } from './timing.ts'
import { listToken, tokenOf } from './token.ts'

/**
 * What the new process was given, and the snapshot that this is. With edits between asking and starting, the supervisor
 * tells by its token that it was a newer list already; or the files were newer than the token.
 */
export function gave(
  memory: Memory,
  intent: Intent,
  look: Look,
  process: NodeProcess,
  times: Timing,
): { known: Known; hash: string } {
  const asked = gaveLists(memory, intent, look, process)
  const { pins: _, ...named } = withDoubts(asked.known, intent, look, process, times)
  const pins = pinsAtStart(memory, look, process, times)
  if (pins === undefined) return { ...asked, known: named }
  const its = memory.prepared?.findLast(entry => entry.token === process.snapshotToken)
  // They were prepared anew between asking and starting.
  const other = its !== undefined && tokenOf({}, its.pins) !== tokenOf({}, intent.giving.pins)
  return { known: withPins(named, pins), hash: other ? its.hash : asked.hash }
}

/**
 * A node that looks names up itself may have been told otherwise than the sidecar about those for whose sake it was
 * restarted, as long as the answer is young.
 */
function withDoubts(known: Known, { forPeers }: Intent, look: Look, process: NodeProcess, times: Timing): Known {
  const hosts = new Set(
    peersOf(known.lists).flatMap(peer =>
      forPeers.includes(peerKey(peer)) && !isAddress(peer.host) ? [peer.host] : [],
    ),
  )
  const young = [...hosts].filter(host => isUncertain(own(look.hosts, host), process.startedAt, times))
  return { ...known, uncertain: [...new Set([...known.uncertain, ...young])] }
}

function gaveLists(memory: Memory, intent: Intent, look: Look, process: NodeProcess): { known: Known; hash: string } {
  const asked = { known: intent.giving, hash: intent.hash }
  if (!look.list.ok) return asked
  const isIt = (lists: Lists | null): lists is Lists =>
    lists !== null && process.snapshotToken !== undefined && listToken(process.snapshotToken) === tokenOf(lists)
  const lists = [look.list.lists, memory.before].find(isIt)
  const byToken = lists && knownAfterRestart(memory, lists, look, intent.level)
  const other = byToken !== undefined && tokenOf(byToken.lists) !== tokenOf(intent.giving.lists)
  const hash = other ? hashOf(lists ?? {}, look.hosts) : intent.hash
  if (byToken && lists === look.list.lists) return { known: byToken, hash }
  const known = byToken && other ? byToken : intent.giving
  return { known: { ...known, lists: inBoth(known.lists, look.list.lists) }, hash }
}

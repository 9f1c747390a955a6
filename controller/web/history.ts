// What happened within the last hour, by group, in bounded memory: for the page's timeline. Kept by the leader alone;
// a new one begins with nothing, and the page says since when it looks.
import type { PodEvent } from '../../kubernetes/events.ts'
import { plain } from './markup.ts'

/** The row of the timeline in which something stands. */
export const lanes = ['restarts', 'lists', 'turns', 'waits'] as const
export type Lane = (typeof lanes)[number]

export type Happening = {
  /** Milliseconds since the epoch, by the machine's clock. */
  readonly at: number
  readonly group: string
  readonly namespace: string
  readonly pod: string
  readonly lane: Lane
  readonly warning: boolean
  readonly reason: string
  readonly message: string
}

export type History = {
  add(happening: Omit<Happening, 'lane' | 'warning'> & { readonly type: PodEvent['type'] }): void
  /** Oldest first, of one group or of all; nothing that is older than an hour before `now`. */
  since(now: number, group?: string): Happening[]
}

/** Milliseconds. */
export const historyMs = 3_600_000
/** A group of 1,000 nodes whose list is edited tells some 3,000 things, of which the last are enough for a picture. */
const mostOfGroup = 1_000
/** Some 500 bytes each: 5 MB. */
const mostInAll = 10_000
/** Characters of a message: one line. */
const mostText = 240

const laneOf: ReadonlyMap<string, Lane> = new Map([
  ['RestartingNode', 'restarts'],
  ['NodeRestarted', 'restarts'],
  ['NodeNotConnected', 'restarts'],
  ['RestartOvertaken', 'restarts'],
  ['RestartNotTaken', 'restarts'],
  ['TurnGranted', 'turns'],
  ['AwaitingTurn', 'turns'],
  ['GroupStopped', 'turns'],
  ['GroupReleased', 'turns'],
  ['PeersChanged', 'lists'],
  ['PeersSettled', 'lists'],
  ['TellingNode', 'lists'],
  ['NodeTold', 'lists'],
  ['TellingInVain', 'lists'],
  ['TellingRefused', 'lists'],
])

export function createHistory(bounds: { readonly ofGroup?: number; readonly inAll?: number } = {}): History {
  const { ofGroup = mostOfGroup, inAll = mostInAll } = bounds
  const groups = new Map<string, Happening[]>()
  let total = 0

  function dropFirst(group: string, its: Happening[]): void {
    its.shift()
    total--
    if (its.length === 0) groups.delete(group)
  }

  function dropOld(now: number): void {
    for (const [group, its] of groups) {
      while (its[0] !== undefined && its[0].at < now - historyMs) dropFirst(group, its)
    }
  }

  /** Of the group that has most: a busy one does not push out what is known of the others. */
  function dropOfLargest(): void {
    let largest: readonly [string, Happening[]] | undefined
    for (const entry of groups) if (!largest || entry[1].length > largest[1].length) largest = entry
    if (largest) dropFirst(...largest)
  }

  return {
    add({ type, ...rest }) {
      const its = groups.get(rest.group) ?? []
      groups.set(rest.group, its)
      its.push({
        ...rest,
        message: Buffer.from(plain(rest.message, mostText)).toString(),
        lane: laneOf.get(rest.reason) ?? 'waits',
        warning: type === 'Warning',
      })
      total++
      if (its.length > ofGroup) dropFirst(rest.group, its)
      if (total > inAll) dropOld(rest.at)
      if (total > inAll) dropOfLargest()
    },
    since(now, group) {
      dropOld(now)
      if (group !== undefined) return [...(groups.get(group) ?? [])]
      return [...groups.values()].flat().sort((a, b) => a.at - b.at)
    },
  }
}

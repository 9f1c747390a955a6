// Why a pod that asks for a turn has none, in words for repeer.dev/turn-wait. Pure. They hold no times that go on and
// no counts that change at each look: each change is a write to the pod.
import { formatTurnWait } from '../../peers/turn.ts'
import type { Member } from './members.ts'

export type TurnWait = {
  readonly key: string
  readonly cause:
    | 'paused'
    | 'stopped'
    | 'others'
    | 'validators-last'
    | 'voting-power'
    | 'unread'
    | 'changing'
    | 'turn-taken-back'
  readonly why: string
}

/** What the pacing has decided about a group, and in which order. */
export type GroupWaits = {
  readonly members: readonly Member[]
  readonly allowed: number
  readonly granted: ReadonlySet<string>
  readonly stopped: readonly { readonly key: string; readonly why: string }[]
  /** Restarting, or with a turn; those granted just now as well. */
  readonly underWay: ReadonlySet<string>
  readonly away: ReadonlySet<string>
  /** Pages that have not been read yet. */
  readonly unread: readonly string[]
  /** Asked, and held back for the sake of nodes that do not vote. */
  readonly afterOthers: ReadonlySet<string>
  /** Too much of the voting power would be away. */
  readonly tooMuchPower: ReadonlySet<string>
}

/** Names that are spelled out. */
const mostNamed = 2

/** For each pod whose page says that it waits for a turn. */
export function turnWaits(group: GroupWaits): TurnWait[] {
  return group.members.flatMap(member => {
    if (!isWaiting(member) || group.granted.has(member.key)) return []
    const { cause, why } = waitOf(member, group)
    return [{ key: member.key, cause, why: formatTurnWait(why) }]
  })
}

function isWaiting({ seen, deleting }: Member): boolean {
  return (
    !deleting &&
    seen !== undefined &&
    'page' in seen &&
    seen.page.phase === 'waiting' &&
    seen.page.reason === 'awaiting-turn'
  )
}

function waitOf(member: Member, group: GroupWaits): Omit<TurnWait, 'key'> {
  const { key } = member
  const namespace = key.slice(0, key.indexOf('/'))
  if (member.paused) {
    const what =
      member.pausedBy === 'pod'
        ? 'the pod is paused by its annotation'
        : `namespace ${namespace} is paused by its annotation or label`
    return { cause: 'paused', why: `${what} repeer.dev/pause` }
  }
  const [stop] = group.stopped.filter(failure => failure.key !== key)
  if (stop && !group.stopped.some(failure => failure.key === key))
    return { cause: 'stopped', why: `the group is stopped by ${nameOf(stop.key)}: ${stop.why}` }
  if (group.unread.length > 0)
    return { cause: 'unread', why: `the status page of ${named(group.unread)} has not been read yet` }
  if (member.changing)
    return { cause: 'changing', why: 'its list or its addresses have changed a moment ago, and may go on to' }
  const first = others(group.underWay, key)
  if (first.length >= group.allowed)
    return { cause: 'others', why: `${named(first)} ${first.length === 1 ? 'goes' : 'go'} first` }
  if (group.afterOthers.has(key))
    return { cause: 'validators-last', why: 'validators go last: others of the group restart, or ask to' }
  const away = others(group.away, key)
  if (group.tooMuchPower.has(key))
    return {
      cause: 'voting-power',
      why: `less than a third of the voting power may be away, and where it is not known one validator: ${named(away)} ${away.length === 1 ? 'is' : 'are'}`,
    }
  if (away.length >= group.allowed)
    return {
      cause: 'others',
      why: `${named(away)} ${away.length === 1 ? 'is' : 'are'} not Ready, and repeer.dev/max-unavailable is ${group.allowed}`,
    }
  return {
    cause: 'turn-taken-back',
    why: 'in a moment: its page is read anew, or a turn that it had before has not gone from its files yet',
  }
}

function others(keys: ReadonlySet<string>, key: string): string[] {
  return [...keys].filter(other => other !== key).sort()
}

function named(keys: readonly string[]): string {
  const names = keys.slice(0, mostNamed).map(nameOf).join(', ')
  return keys.length > mostNamed ? `${names} and ${keys.length - mostNamed} more` : names
}

/** A group is of one namespace. */
function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

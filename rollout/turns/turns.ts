// Who may restart now: the controller's decision. Pure: from how the pods of all groups stand to the turns to grant and
// to take back.
//
// A pod is away while it is not Ready, being deleted, restarting, or holds a turn that it has not used up. At most the
// group's max-unavailable may be away; validators come last; a pod that does not come back stops its group. One that is
// away anyway may restart in spite of that, but never more than max-unavailable at a time: it may be Ready again by
// then. One that is back counts until it is connected as before (recovery.ts).
import { isBlindTurn, isWithdrawn, liveTurn, type Retired, retiredTurn, turnId } from '../../peers/turn.ts'
import type { ReadPage, SeenPage } from '../pages/seen-page.ts'
import type { Member } from './members.ts'
import { isRecovering } from './recovery.ts'
import { type TurnWait, turnWaits } from './turn-waits.ts'

export type TurnTimes = {
  /** A page older than this is not acted upon: pods that ask are looked at every second. */
  readonly freshSeconds: number
  /**
   * A turn that is not used within this is taken back, so that others may go. The sidecar acts within a second or two
   * of the annotation.
   */
  readonly unusedSeconds: number
  /**
   * From a turn to back again; more is a pod that fails to come back: a grace period of 30 s and twice 60 s to start
   * and to connect.
   */
  readonly comeBackSeconds: number
  /** How long a pod whose page cannot be read has its turn: it cannot say when it is done. */
  readonly blindSeconds: number
  /**
   * From one such turn to the next for the same annotations: nobody knows whether it could be used (its node may have
   * been silent, or its last restart too recent), nor whether a peer outside of the cluster has moved since.
   */
  readonly blindAgainSeconds: number
}

export const turnTimes: TurnTimes = {
  freshSeconds: 10,
  unusedSeconds: 30,
  comeBackSeconds: 300,
  blindSeconds: 180,
  blindAgainSeconds: 1800,
}

export type Grant = { readonly key: string; readonly turn: string }
/** `turn` is what is written in place of the one that counts no more. */
export type Retirement = { readonly key: string; readonly turn: string }

export type GroupState = {
  readonly group: string
  readonly size: number
  readonly allowed: number
  readonly away: readonly string[]
  readonly asking: readonly string[]
  /** Pods that failed to come back, and why: nobody else of the group gets a turn. */
  readonly stopped: readonly { readonly key: string; readonly why: string }[]
}

export type Pace = {
  readonly grants: readonly Grant[]
  /** Annotations to write in place of turns that count no more. */
  readonly retire: readonly Retirement[]
  readonly groups: readonly GroupState[]
  /** Why those that ask have no turn. */
  readonly waits: readonly TurnWait[]
}

/** The turns to grant and to take back now. The same members in any order give the same answer. */
export function pace(members: readonly Member[], now: number, times: TurnTimes): Pace {
  const sorted = [...members].sort((a, b) => (a.key < b.key ? -1 : 1))
  const groups = Map.groupBy(sorted, member => member.group)
  const paced = [...groups].map(([group, its]) => paceGroup(group, its, now, times))
  return {
    grants: paced.flatMap(group => group.grants),
    retire: sorted.flatMap(member => retirement(member, now, times)),
    groups: paced.map(group => group.state),
    waits: paced.flatMap(group => group.waits),
  }
}

type PacedGroup = { readonly grants: Grant[]; readonly state: GroupState; readonly waits: TurnWait[] }

function paceGroup(group: string, members: readonly Member[], now: number, times: TurnTimes): PacedGroup {
  const allowed = Math.min(...members.map(member => allowedOf(member.maxUnavailable, members.length)))
  const stopped = members.flatMap(member => {
    const why = failure(member, now, times)
    return why === undefined ? [] : [{ key: member.key, why }]
  })
  // After a change of leaders nothing is granted before every page has been asked: one of them may tell of a failure.
  const unread = members
    .filter(member => member.seen === undefined && member.ready && !member.deleting)
    .map(member => member.key)
  const asking = members.flatMap(member => {
    const turn = member.paused || unread.length > 0 ? undefined : askedTurn(member, now, times)
    return turn === undefined ? [] : [{ member, turn }]
  })
  const underWay = new Set(members.filter(member => isUnderWay(member, now, times)).map(member => member.key))
  const leaving = members.filter(member => member.deleting).map(member => member.key)
  const failed = new Set(stopped.map(failure => failure.key))
  const isAway = (member: Member) =>
    !member.ready || member.deleting || underWay.has(member.key) || failed.has(member.key)
  const away = new Set(members.filter(isAway).map(member => member.key))
  const state = {
    group,
    size: members.length,
    allowed,
    away: [...away],
    asking: asking.map(ask => ask.member.key),
    stopped,
  }
  const grants: Grant[] = []
  const tooMuchPower = new Set<string>()
  const ordered = inOrder(asking, members, away)
  for (const { member, turn } of ordered) {
    const { key } = member
    // Only what has failed may be mended; else the group stands still behind it.
    if (failed.size > 0 && !failed.has(key)) continue
    const others = new Set([...underWay].filter(other => other !== key))
    if (others.size >= allowed) continue
    // One that is away already costs nobody anything.
    if (!away.has(key) && away.size >= allowed) continue
    if (
      !mayLose(member, members, new Set([...others, ...leaving])) ||
      (!away.has(key) && !mayLose(member, members, away))
    ) {
      tooMuchPower.add(key)
      continue
    }
    grants.push({ key, turn })
    underWay.add(key)
    away.add(key)
  }
  const inTurn = new Set(ordered.map(ask => ask.member.key))
  const afterOthers = new Set(state.asking.filter(key => !inTurn.has(key)))
  const granted = new Set(grants.map(grant => grant.key))
  const turnless = members.filter(member => liveTurn(member.turn) === undefined)
  return {
    grants,
    state,
    waits: turnWaits({
      members: turnless,
      allowed,
      granted,
      stopped,
      underWay,
      away,
      unread,
      afterOthers,
      tooMuchPower,
    }),
  }
}

/**
 * A percentage rounds down, but one may always go (as a Deployment's maxUnavailable, which may be 0 only if pods can
 * surge; these cannot).
 */
export function allowedOf(maxUnavailable: string, size: number): number {
  const [, digits = '1', percent] = /^(\d+)(%?)$/.exec(maxUnavailable) ?? []
  return percent ? Math.max(1, Math.floor((Number(digits) * size) / 100)) : Number(digits)
}

/**
 * Validators last, only when no other of the group asks or is away with a turn; then those that have waited longest,
 * and those that cannot ask. Of equals the order stays: by key, as `pace` sorts them.
 */
function inOrder(
  asking: readonly { member: Member; turn: string }[],
  members: readonly Member[],
  away: ReadonlySet<string>,
) {
  const others =
    asking.some(ask => !mayVote(ask.member)) ||
    members.some(other => !mayVote(other) && away.has(other.key) && hasTurn(other))
  return asking
    .filter(ask => !others || !mayVote(ask.member) || away.has(ask.member.key))
    .sort((a, b) => sinceOf(a.member) - sinceOf(b.member))
}

/** One whose page cannot be read may need nothing at all. */
function sinceOf({ seen }: Member): number {
  return seen && 'page' in seen ? Date.parse(seen.page.since) : Number.MAX_SAFE_INTEGER
}

/**
 * CometBFT stands still once a third of the voting power is missing, so less than that may be away together. The first
 * validator may always go: in a chain of three nothing could ever be mended otherwise. Where a power is not known, one
 * validator at a time.
 */
function mayLose(member: Member, members: readonly Member[], away: ReadonlySet<string>): boolean {
  const missing = members.filter(other => away.has(other.key) && other.key !== member.key && mayVote(other))
  if (missing.length === 0 || !mayVote(member)) return true
  const powers = [...missing, member].map(powerOf)
  const total = Math.max(
    ...members.map(other => (other.seen && 'page' in other.seen ? (other.seen.page.node.totalPower ?? 0) : 0)),
  )
  if (total === 0 || powers.some(power => power === undefined)) return false
  return powers.reduce<number>((sum, power) => sum + (power ?? 0), 0) * 3 < total
}

function powerOf({ seen }: Member): number | undefined {
  return seen && 'page' in seen ? seen.page.node.votingPower : undefined
}

/** A power that is read outranks what the plan guessed. */
function mayVote(member: Member): boolean {
  const power = powerOf(member)
  return power === undefined ? member.validator : power > 0
}

/** The turn that a pod waits for now; undefined where it waits for none, or what is known of it is too old. */
function askedTurn(member: Member, now: number, times: TurnTimes): string | undefined {
  const { seen, turn, turnGrantedAt = 0, blind } = member
  if (!seen || member.deleting || member.changing) return undefined
  if ('unreachable' in seen) {
    if (liveTurn(turn) !== undefined || !member.ready) return undefined
    // It cannot ask: once for each state of its annotations, used or not, and again after a while.
    return turn === retiredTurn(blind, 'spent') && now < turnGrantedAt + times.blindAgainSeconds * 1000
      ? undefined
      : blind
  }
  const { page, at } = seen
  if (now - at > times.freshSeconds * 1000) return undefined
  if (page.phase !== 'waiting' || page.reason !== 'awaiting-turn' || page.wanted === null) return undefined
  // A turn that it holds for something else has to be out of its hands first.
  if (isWithdrawn(turn) && page.turn !== turn) return undefined
  return liveTurn(turn) === undefined && liveTurn(page.turn) === undefined ? page.wanted : undefined
}

function hasTurn(member: Member): boolean {
  const { seen, turn } = member
  return (
    liveTurn(turn) !== undefined || (seen !== undefined && 'page' in seen && liveTurn(seen.page.turn) !== undefined)
  )
}

/** Restarts, or may do so at any moment: it has a turn, or may not know yet that it was taken back. */
function isUnderWay(member: Member, now: number, times: TurnTimes): boolean {
  const { seen, turn, turnGrantedAt = 0, deleting } = member
  if (deleting) return false
  if (!seen) return liveTurn(turn) !== undefined || isWithdrawn(turn)
  if ('unreachable' in seen) {
    // Its files follow the annotation within seconds; until then it may still use a turn that was taken back.
    const lag = times.freshSeconds * 1000
    return liveTurn(turn) !== undefined || (turn !== undefined && now < turnGrantedAt + times.blindSeconds * 1000 + lag)
  }
  const { page, at } = seen
  if (page.phase === 'restarting' || page.phase === 'verifying') return true
  const recovery = { settleSeconds: member.settleSeconds ?? 0, signSeconds: times.comeBackSeconds }
  if (isRecovering(page, Math.max(0, now - at), mayVote(member), recovery)) return true
  // Until its page shows that its files say so, it may still find the turn in them.
  if (isWithdrawn(turn) && page.turn !== turn) return true
  return unspent(turn, seen, turnGrantedAt) || unspent(page.turn, seen, turnGrantedAt)
}

/** A live turn for which no restart has ended yet. */
function unspent(turn: string | undefined, seen: ReadPage, turnGrantedAt: number): boolean {
  const live = liveTurn(turn)
  return live !== undefined && !isDone(live, seen, turnGrantedAt)
}

/** How much older than its turn a restart may look, in ms: a page may have been some seconds old when it was read. */
const skewMs = 60_000

/**
 * The last restart that has ended was for it. The same snapshot may be wanted again, after another or once the node has
 * started by itself. How long ago a restart was tells the pod's own clock, which need not agree with anybody's.
 */
function isDone(turn: string, { page, at }: ReadPage, turnGrantedAt: number): boolean {
  const last = page.restarts.findLast(restart => restart.outcome !== 'asked' && restart.outcome !== 'not-taken')
  return (
    last !== undefined &&
    turnOf(last) === turn &&
    Date.parse(page.lookedAt) - Date.parse(last.at) < at - turnGrantedAt + skewMs
  )
}

/** The turn that a restart was taken with. Older sidecars do not say it: they use one only for the very snapshot. */
function turnOf({ turn, snapshot }: SeenPage['restarts'][number]): string {
  return turn ?? snapshot
}

/** Why a pod that had a turn has failed to come back; undefined where it has not. */
function failure(member: Member, now: number, times: TurnTimes): string | undefined {
  const { seen, turn, turnGrantedAt, unreadySince = turnGrantedAt } = member
  if (turn === undefined || turnGrantedAt === undefined || unreadySince === undefined || isWithdrawn(turn))
    return undefined
  const comeBackMs = times.comeBackSeconds * 1000
  const late = now > turnGrantedAt + comeBackMs
  if (seen && 'page' in seen) {
    const { page } = seen
    const last = page.restarts.at(-1)
    const its = turnId(turn)
    const isIts = last !== undefined && turnOf(last) === its
    if (isIts && last.outcome === 'unverified' && page.phase !== 'settled') {
      // Its page may say to whom.
      const isSaid = page.reason === 'already-restarted' && page.detail?.startsWith('not connected: ')
      return `restarted at ${last.at}, and ${isSaid ? page.detail : 'not connected to what it was restarted for'}`
    }
    if (late && (page.phase === 'restarting' || page.phase === 'verifying') && isIts) {
      return `restarting since ${page.since}`
    }
  }
  // What made it not Ready before its turn, or long after it, was not the restart. The API's times are whole seconds.
  const byRestart = unreadySince > turnGrantedAt - 2000 && unreadySince < turnGrantedAt + comeBackMs
  return late && byRestart && !member.ready && !member.deleting
    ? `not Ready since it was restarted at ${new Date(turnGrantedAt).toISOString()}`
    : undefined
}

function retirement(member: Member, now: number, times: TurnTimes): Retirement[] {
  const { key, seen, turnGrantedAt = 0 } = member
  const turn = liveTurn(member.turn)
  if (turn === undefined || !seen) return []
  const as = (word: Retired) => [{ key, turn: retiredTurn(turn, word) }]
  if ('unreachable' in seen) {
    // Not spent: once the pause is over, it may have another.
    if (member.paused) return as('withdrawn')
    return now > turnGrantedAt + times.blindSeconds * 1000 ? as('spent') : []
  }
  const { page, at } = seen
  if (isDone(turn, seen, turnGrantedAt)) return as('spent')
  if (page.phase === 'restarting' || page.phase === 'verifying') return []
  if (member.paused) return as('withdrawn')
  // The sidecar has seen the turn, and what it waits for is something else.
  const useless = page.turn === turn && (isBlindTurn(turn) ? page.reason === 'awaiting-turn' : page.wanted !== turn)
  return useless || at > turnGrantedAt + times.unusedSeconds * 1000 ? as('withdrawn') : []
}

// From what validators want listed to what is listed: a new endpoint once it answers, and so many changes of one
// validator, so that one that alternates its endpoint cannot make everybody's nodes follow it. Pure: what was settled
// before goes in, what is settled now comes out.
import type { Peer } from '../../../peers/peer.ts'
import { hostPort } from '../../../peers/peer.ts'
import type { Problem } from '../../source.ts'
import type { Answer } from './prober.ts'

export type ChangeLimit = {
  /** Changes that a validator has at once. */
  readonly burst: number
  /** How long it takes to get one back. */
  readonly refillMs: number
}

/** A move, a correction of it and a way back at once; then one in ten minutes. */
export const changeLimit: ChangeLimit = { burst: 3, refillMs: 600_000 }

/**
 * Of one validator: what is listed, and how many changes it has left (a fraction grows until it is one) as of a time.
 */
export type Settled = { readonly peer: Peer | undefined; readonly changes: number; readonly at: number }
/** By operator address. */
export type AllSettled = ReadonlyMap<string, Settled>

export function settle(
  before: AllSettled,
  desired: ReadonlyMap<string, Peer>,
  answers: ReadonlyMap<string, Answer>,
  now: number,
  limit: ChangeLimit = changeLimit,
): { readonly settled: AllSettled; readonly problems: readonly Problem[]; readonly asking: number } {
  const settled = new Map<string, Settled>()
  const problems: Problem[] = []
  let asking = 0

  for (const operator of new Set([...before.keys(), ...desired.keys()])) {
    const want = desired.get(operator)
    const last = before.get(operator)
    const changes = last
      ? Math.min(limit.burst, last.changes + Math.max(0, now - last.at) / limit.refillMs)
      : limit.burst
    const stay = (problem?: Omit<Problem, 'subject'>) => {
      if (problem) problems.push({ ...problem, subject: `validator ${operator}` })
      // Who has nothing listed and all its changes is as one never seen.
      if (!last || (!last.peer && changes === limit.burst)) return
      settled.set(operator, last.changes === limit.burst ? last : { peer: last.peer, changes, at: now })
    }

    if (samePeer(want, last?.peer)) {
      stay()
      continue
    }
    const stays = last?.peer ? `; ${hostPort(last.peer)} stays` : ''
    const answer = want && answers.get(hostPort(want))
    if (want && answer?.state !== 'answers') {
      if (answer?.state !== 'silent') asking++
      const why = answer?.state === 'silent' ? `cannot be used: ${answer.reason}` : 'is being probed'
      stay({ code: answer?.state === 'silent' ? 'no-answer' : 'probing', message: `${hostPort(want)} ${why}${stays}` })
    } else if (!last) {
      settled.set(operator, { peer: want, changes, at: now })
    } else if (changes >= 1) {
      settled.set(operator, { peer: want, changes: changes - 1, at: now })
    } else {
      const seconds = Math.ceil(((1 - changes) * limit.refillMs) / 1000)
      const found = want ? hostPort(want) : 'nothing'
      stay({
        code: 'restless',
        message: `it has changed its endpoint too often: ${found} is taken up in ${seconds} s at the earliest${stays}`,
      })
    }
  }
  return { settled, problems, asking }
}

/** Those that would be new, and so have to answer first, by host:port. */
export function newEndpoints(before: AllSettled, desired: ReadonlyMap<string, Peer>): ReadonlyMap<string, Peer> {
  const added = [...desired].filter(([operator, peer]) => !samePeer(peer, before.get(operator)?.peer))
  return new Map(added.map(([, peer]) => [hostPort(peer), peer]))
}

function samePeer(a: Peer | undefined, b: Peer | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port && a?.id === b?.id
}

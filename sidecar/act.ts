// What the loop does: has the next start prepared, asks which program the node is, restarts it, tells it its peers.
import type { Logger } from 'pino'
import { hostPort } from '../peers/peer.ts'
import type { NodeApi, Told } from './chains/index.ts'
import type { Decision } from './decide/decision.ts'
import type { Look } from './decide/look.ts'
import type { Memory } from './decide/memory.ts'
import { mayLearn, questionsDue } from './decide/program.ts'
import type { Timing } from './decide/timing.ts'
import { tokenOf } from './decide/token.ts'
import type { Reach } from './reach/types.ts'
import type { Sight } from './see.ts'

export type HandParts = {
  readonly reach: Pick<Reach, 'prepare' | 'askPrograms' | 'restart'>
  /** Tells the running node its peers; undefined where there is no way. */
  readonly tell?: NodeApi['tell'] | undefined
  readonly log: Logger
  readonly now: () => number
  readonly timing: Pick<Timing, 'askProgramSeconds'>
}

export type Hands = {
  /** Whatever starts the node next would give it the desired list already; or there is none. */
  isPrepared(sight: Sight): boolean
  /** Whatever starts the node next should give it the desired list. Rejects where that cannot be written. */
  prepare(sight: Sight): Promise<void>
  /** Asks which program a script has started, until that is known. The answer is in the state, of which a hint tells. */
  askPrograms(look: Look, learned: Memory['learned']): Promise<void>
  /** Carries out the decision; how the node took it, where it was told its peers. */
  carryOut(decision: Decision): Promise<Told | undefined>
}

export function createHands({ reach, tell, log, now, timing }: HandParts): Hands {
  let prepared = ''
  /** How often the supervisor was asked for the programs of this process. */
  let asked = { identity: '', times: 0 }

  /** The last restart that was asked for, and how it was refused; for the log. */
  let asking = { id: '', refusal: '' }

  async function restart({ intent, why }: Extract<Decision, { do: 'restart' }>): Promise<void> {
    // One that takes a while is asked for at each look.
    if (asking.id !== intent.id)
      log.info({ id: intent.id, level: intent.level, snapshot: intent.hash, why }, 'restarting the node in place')
    const answer = await reach.restart({ id: intent.id, level: intent.level, identity: intent.identity })
    const refusal = answer.ok ? '' : `${answer.hold} ${answer.detail}`
    const isNew = asking.id !== intent.id || asking.refusal !== refusal
    asking = { id: intent.id, refusal }
    if (!answer.ok && isNew)
      log.warn(
        { id: intent.id, reason: answer.hold, detail: answer.detail },
        'the restart was not taken; it will be asked for again',
      )
  }

  async function tellNode({ change, why }: Extract<Decision, { do: 'tell' }>): Promise<Told | undefined> {
    log.info(
      { why, add: change.add.map(hostPort), drop: change.drop.map(hostPort) },
      'telling the running node its peers',
    )
    const answer = await tell?.(change)
    if (answer && !answer.ok)
      log.warn({ refused: answer.refused, detail: answer.detail }, 'the node did not take the peers that it was told')
    return answer
  }

  return {
    isPrepared: sight => !sight.look.list.ok || startOf(sight) === prepared,
    async prepare(sight) {
      await reach.prepare(sight.exports, tokenFor(sight.look))
      prepared = startOf(sight)
    },
    async askPrograms({ plan, process }, learned) {
      if (!reach.askPrograms || !process.found || !(learned ? !learned.listens : mayLearn(plan))) return
      if (asked.identity !== process.identity) asked = { identity: process.identity, times: 0 }
      const due = questionsDue(process.startedAt, now(), timing.askProgramSeconds)
      if (due <= asked.times) return
      asked = { ...asked, times: due }
      await reach.askPrograms(plan.p2pPort)
    },
    async carryOut(decision) {
      if (decision.do === 'restart') await restart(decision)
      return decision.do === 'tell' ? tellNode(decision) : undefined
    },
  }
}

/** What a start would be given with this look, as one text. */
function startOf({ look, exports }: Sight): string {
  return JSON.stringify([tokenFor(look), exports])
}

function tokenFor({ desired, pins, learnedVariable }: Look): string {
  return tokenOf(desired.lists, pins, learnedVariable)
}

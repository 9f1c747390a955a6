// The sidecar's decision: (what it remembers, what it sees) -> (what to do, what to remember). Pure.
//
// The gentlest cure comes first. Connected to every listed peer at a present address: nothing to do, record it. A peer
// is missing, and the running node can be told: tell it. It cannot, a restart would teach it something, and nothing
// holds the restart back: restart, at the lowest level that works. Everything else: wait, and say why.
import { own } from '../../peers/own.ts'
import { peerKey } from '../../peers/peer.ts'
import { asking, withAsked } from './asked.ts'
import { type Assessed, type AssessedLook, assess, dialledHosts, isMissing } from './assess.ts'
import { apartByCause, heldWords, isHeldBack } from './cause-gate.ts'
import { type Outcome, type Step, wait } from './decision.ts'
import { shutGate } from './gates.ts'
import { knownAfterRestart, knownTo, withDialled } from './known.ts'
import { kubeletWaitWords } from './kubelet-wait.ts'
import { meet } from './lacking.ts'
import { levelFor } from './level.ts'
import { sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import { massRemoval } from './mass-removal.ts'
import type { Known, Memory } from './memory.ts'
import { withDoubt } from './names-veto.ts'
import { needByCause, needFor } from './need.ts'
import { pursue } from './pursue.ts'
import { remember, rememberUp } from './remember.ts'
import { restart } from './restart.ts'
import { seeded } from './seed.ts'
import { nothingToTeach } from './settled.ts'
import { rememberApi } from './status-api.ts'
import { wouldLearn } from './teaches.ts'
import { learnedByTelling, tellFirst } from './telling.ts'
import type { Timing } from './timing.ts'
import { tokenOf } from './token.ts'
import type { Wish } from './wish.ts'

/**
 * Takes the memory and one look, returns the next memory and what to do. Never throws on what a node, a list or DNS may
 * say.
 */
export function reconcile(memory: Memory, seen: Look, times: Timing): Outcome {
  const remembered = withDialledHosts(remember(seeded(memory, seen, times), seen, times), seen)
  const look = assessedLook(seen, remembered)
  const mayGive = look.list.ok && removedFromStart(remembered, look) === null
  const up = rememberUp(rememberApi(remembered, look, times), look, times)
  const step = decide({ ...up, met: meet(up.met, look.standings, look.now) }, look, times)
  return { ...step, memory: mayGive ? prepared(step.memory, look) : step.memory, assessed: look.assessed, mayGive }
}

/** Whom the node was seen to dial at a present address, of that it knows it. */
function withDialledHosts(memory: Memory, look: Look): Memory {
  const dialled = dialledHosts(look)
  const learned = (known: Known | null) => known && withDialled(known, dialled, look.hosts)
  return { ...memory, startedWith: learned(memory.startedWith), taught: learned(memory.taught) }
}

function assessedLook(look: Look, memory: Memory): AssessedLook {
  const known = knownTo(memory)
  return { ...look, assessed: assess(look, known), massRemoval: known && massRemoval(known.lists, look) }
}

/** What the next start is given takes the place of what the last one was given, whatever the node was told since. */
function removedFromStart({ startedWith, taught }: Memory, look: AssessedLook): string | null {
  return taught === null ? look.massRemoval : startedWith && massRemoval(startedWith.lists, look)
}

/** Enough to know what a start was given that happened some changes ago, during a stop that takes its grace period. */
const mostPrepared = 4

/**
 * What the next start is given in addresses is written before it is prepared, so that its token is understood whatever
 * happens in between.
 */
function prepared(memory: Memory, look: Look): Memory {
  if (look.pins === undefined) return memory
  const { prepared: before = [] } = memory
  const token = tokenOf(look.desired.lists, look.pins, look.learnedVariable)
  if (before.at(-1)?.token === token) return memory
  return {
    ...memory,
    prepared: [...before, { token, pins: look.pins, hash: look.desired.snapshotHash, at: look.now }].slice(
      -mostPrepared,
    ),
  }
}

function decide(memory: Memory, look: AssessedLook, times: Timing): Step {
  if (!memory.intent) return start(memory, look, times)
  const { memory: next, decision } = pursue(memory, memory.intent, look, times)
  return decision === null ? start(next, look, times) : { memory: next, decision }
}

/** No restart is under way. */
function start(memory: Memory, look: AssessedLook, times: Timing): Step {
  // A node that lists nobody from its start is as it should be: the others dial it.
  if (!look.list.ok && look.list.reason === 'list-empty' && memory.desired === null)
    return { memory, decision: { do: 'nothing' } }
  // A node restarted now would read the bad list and refuse to start, so addresses are not followed either.
  if (!look.list.ok) return wait({ ...memory, need: null }, { reason: look.list.reason, detail: look.list.message })
  if (!look.process.found && look.plan.reach.by !== 'observe') {
    return wait(memory, { reason: look.process.hold, detail: look.process.detail })
  }
  return compare(memory, look, times)
}

/** Does the node need to be told, or restarted? */
function compare(memory: Memory, look: AssessedLook, times: Timing): Step {
  const known = knownTo(memory)
  if (!known) return wait(memory, { reason: 'node-silent', detail: 'the node process has not been seen yet' })

  const blind = look.node.seenBy === 'none'
  // Where nothing can be seen, an answer that was merely young at the start is taken to be what the node got.
  const missing = look.assessed.filter(
    ({ standing, restartTeaches }) =>
      isMissing(standing) && restartTeaches !== null && !(blind && restartTeaches === 'perhaps'),
  )
  if (missing.length === 0) return nothingToTeach(learnedByTelling(memory, look), look, times)
  const whole: Wish = { known, missing: leftToUs(missing, look), blind }
  if (whole.missing.length === 0) return wait({ ...memory, need: null }, { reason: 'owner-rolls' })
  const { memory: told, next } = tellFirst({ ...memory, need: needFor(memory, whole, look, times) }, whole, look, times)
  return next === null ? restartOrWait(told, whole, look, times) : { memory: told, decision: next }
}

/** Telling is not possible, or was in vain. */
function restartOrWait(memory: Memory, whole: Wish, look: AssessedLook, times: Timing): Step {
  const apart = apartByCause(whole, look, memory, times)
  const heldBack = isHeldBack(apart, look)
  // Where somebody else is missing, it is not about those whose cause has to wait.
  const sought = heldBack ? whole : apart.free
  const level = levelFor(sought, look, memory)
  if (!level.possible) return wait({ ...memory, need: null }, level.hold)

  // From here on it is about those peers only that a restart at this level would bring.
  const giving = knownAfterRestart(memory, look.desired.lists, look, level.level)
  const wish = {
    ...sought,
    missing: sought.missing.filter(listed => wouldLearn(listed.peer, giving, look.hosts, look.pins) === null),
  }
  const need = withDoubt(
    needByCause(memory, wish, look, times, heldBack ? apart.held.map(({ of }) => of) : []),
    wish,
    look,
    times,
  )
  const wishing = { ...memory, need: withAsked(need, wish) }
  const hold = shutGate(wish, look, wishing, times)
  if (!hold) return restart(wishing, wish, giving, level.level, look)
  const waiting = hold.reason === 'awaiting-turn' ? { ...wishing, need: asking(wishing.need, wish, look) } : wishing
  const held = apart.held.length > 0 && !heldBack
  const details = [
    hold.detail,
    held ? `besides, not for the sake of ${heldWords(apart.held, look)}` : undefined,
    kubeletWaitWords(level.level, memory, look.now),
  ].filter(detail => detail !== undefined)
  return wait(waiting, details.length === 0 ? hold : { ...hold, detail: details.join('; ') })
}

/**
 * An owner that replaces the pod on an edited list brings new peers itself; but not those of a list that nothing in the
 * pod sees.
 */
function leftToUs(missing: readonly Assessed[], look: AssessedLook): readonly Assessed[] {
  if (!look.plan.ownerRolls) return missing
  const unseen = look.plan.sources
    .filter(source => source.unseen)
    .flatMap(source => own(look.desired.lists, sourceKey(source)) ?? [])
  const keys = new Set(unseen.map(peerKey))
  return missing.filter(listed => listed.restartTeaches !== 'list' || keys.has(peerKey(listed.peer)))
}

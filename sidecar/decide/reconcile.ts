// The sidecar's decision: (what it remembers, what it sees) -> (what to do, what to remember). Pure.
//
// The gentlest cure comes first. Connected to every listed peer at a present address: nothing to do, record it. A peer
// is missing, and the running node can be told: tell it. It cannot, a restart would teach it something, and nothing
// holds the restart back: restart, at the lowest level that works. Everything else: wait, and say why.
import { peerKey } from '../../peers/peer.ts'
import { type Assessed, assess, dialledHosts, isMissing } from './assess.ts'
import { type Outcome, type Step, wait } from './decision.ts'
import { shutGate } from './gates.ts'
import { knownAfterRestart, knownTo, withDialled } from './known.ts'
import { meet } from './lacking.ts'
import { levelFor } from './level.ts'
import { type Lists, sourceKey } from './lists.ts'
import type { Look } from './look.ts'
import { massRemoval } from './mass-removal.ts'
import type { Known, Memory } from './memory.ts'
import { needFor } from './need.ts'
import { pursue } from './pursue.ts'
import { remember, rememberUp } from './remember.ts'
import { restart } from './restart.ts'
import { seeded } from './seed.ts'
import { nothingToTeach } from './settled.ts'
import { hashOf } from './snapshots.ts'
import { rememberApi } from './status-api.ts'
import { wouldLearn } from './teaches.ts'
import { learnedByTelling, tellFirst } from './telling.ts'
import type { Timing } from './timing.ts'
import { tokenOf } from './token.ts'
import type { Wish } from './wish.ts'

export type GoodLook = Look & { readonly list: { readonly ok: true } }

/**
 * Takes the memory and one look, returns the next memory and what to do. Never throws on what a node, a list or DNS may
 * say.
 */
export function reconcile(memory: Memory, look: Look, times: Timing): Outcome {
  const taken = remember(seeded(memory, look, times), look, times)
  const lists = look.list.ok ? look.list.lists : (taken.desired?.lists ?? {})
  const dialled = dialledHosts(assess(look, lists, knownTo(taken)), look)
  const learned = (known: Known | null) => known && withDialled(known, dialled, look.hosts)
  const remembered = { ...taken, startedWith: learned(taken.startedWith), taught: learned(taken.taught) }
  const assessed = assess(look, lists, knownTo(remembered))
  const told = rememberUp(rememberApi(remembered, look, assessed, times), look, times)
  const mayGive = look.list.ok && !(remembered.startedWith && massRemoval(remembered.startedWith.lists, lists, look))
  const known = { ...told, met: meet(told.met, assessed, look.now) }
  const step = decide(known, look, assessed, times)
  return { ...step, memory: mayGive ? prepared(step.memory, look, lists) : step.memory, assessed, mayGive }
}

/** Enough to know what a start was given that happened some changes ago, during a stop that takes its grace period. */
const mostPrepared = 4

/**
 * What the next start is given in addresses is written before it is prepared, so that its token is understood whatever
 * happens in between.
 */
function prepared(memory: Memory, look: Look, lists: Lists): Memory {
  if (look.pins === undefined) return memory
  const { prepared: before = [] } = memory
  const token = tokenOf(lists, look.pins)
  if (before.at(-1)?.token === token) return memory
  return {
    ...memory,
    prepared: [...before, { token, pins: look.pins, hash: hashOf(lists, look.hosts), at: look.now }].slice(
      -mostPrepared,
    ),
  }
}

export function decide(memory: Memory, look: Look, assessed: readonly Assessed[], times: Timing): Step {
  if (memory.intent) return pursue(memory, memory.intent, look, assessed, times)
  // A node that lists nobody from its start is as it should be: the others dial it.
  if (!look.list.ok && look.list.reason === 'list-empty' && memory.desired === null)
    return { memory, decision: { do: 'nothing' } }
  // A node restarted now would read the bad list and refuse to start, so addresses are not followed either.
  if (!look.list.ok) return wait({ ...memory, need: null }, { reason: look.list.reason, detail: look.list.message })
  if ('hold' in look.process && look.plan.reach.by !== 'observe') {
    return wait(memory, { reason: look.process.hold, detail: look.process.detail })
  }
  return compare(memory, { ...look, list: look.list }, assessed, times)
}

/** No restart is under way: does the node need one? */
function compare(memory: Memory, look: GoodLook, assessed: readonly Assessed[], times: Timing): Step {
  const { lists } = look.list
  const hash = hashOf(lists, look.hosts)
  const known = knownTo(memory)
  if (!known) return wait(memory, { reason: 'node-silent', detail: 'the node process has not been seen yet' })

  const blind = look.node.seenBy === 'none'
  // Where nothing can be seen, an answer that was merely young at the start is taken to be what the node got.
  const missing = assessed.filter(
    one => isMissing(one.standing) && one.restartTeaches !== null && !(blind && one.restartTeaches === 'perhaps'),
  )
  if (missing.length === 0)
    return nothingToTeach(learnedByTelling(memory, hash, assessed, look), hash, assessed, look, times)
  const whole: Wish = { hash, lists, known, missing: leftToUs(missing, look), assessed, blind }
  if (whole.missing.length === 0) return wait({ ...memory, need: null }, { reason: 'owner-rolls' })
  const told = tellFirst({ ...memory, need: needFor(memory, whole, look, times) }, whole, look, times)
  if (told.next) return 'do' in told.next ? { memory: told.memory, decision: told.next } : wait(told.memory, told.next)
  return restartOrWait(told.memory, whole, look, times)
}

/** Telling is not possible, or was in vain. */
function restartOrWait(memory: Memory, whole: Wish, look: GoodLook, times: Timing): Step {
  const level = levelFor(whole, look, memory)
  if ('hold' in level) return wait({ ...memory, need: null }, level.hold)

  // From here on it is about those peers only that a restart at this level would bring.
  const giving = knownAfterRestart(memory, look, level.level)
  const wish = {
    ...whole,
    missing: whole.missing.filter(one => wouldLearn(one.peer, giving, look.hosts, look.pins) === null),
  }
  const wishing = { ...memory, need: needFor(memory, wish, look, times) }
  const hold = shutGate(wish, look, wishing, times)
  if (hold) return wait(wishing, hold)
  return restart(wishing, wish, giving, level.level, look)
}

/**
 * An owner that replaces the pod on an edited list brings new peers itself; but not those of a list that nothing in the
 * pod sees.
 */
function leftToUs(missing: readonly Assessed[], look: GoodLook): readonly Assessed[] {
  if (!look.plan.ownerRolls) return missing
  const unseen = look.plan.sources
    .filter(source => source.unseen)
    .flatMap(source => look.list.lists[sourceKey(source)] ?? [])
  const keys = new Set(unseen.map(peerKey))
  return missing.filter(one => one.restartTeaches !== 'list' || keys.has(peerKey(one.peer)))
}

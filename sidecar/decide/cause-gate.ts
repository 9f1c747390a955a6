// What each cause has had of the budget, and how long it therefore waits by itself. Others are not held by that: a peer
// that moves after each restart, or one that accepts connections and is no node, takes a part of the budget only. Pure.
import { type Assessed, isAnswering } from './assess.ts'
import { causesOf, isList } from './causes.ts'
import { type Look, timeText } from './look.ts'
import type { Memory, Restart } from './memory.ts'
import { countedRestarts } from './restarts.ts'
import type { Timing } from './timing.ts'
import type { Hold, Wish } from './wish.ts'

/** A cause that has to wait, and until when. */
export type HeldCause = Hold & { readonly of: string; readonly until: number }

/** The wish without those whose cause has to wait, and which causes these are. */
export type Apart = { readonly free: Wish; readonly held: readonly HeldCause[] }

export function apartByCause(wish: Wish, look: Look, memory: Memory, times: Timing): Apart {
  const causes = causesOf(wish.missing, look)
  const held = causes.flatMap(({ of }) => {
    const hold = causeHold(of, look, memory, times)
    return hold ? [{ of, ...hold }] : []
  })
  if (held.length === 0) return { free: wish, held }
  const isHeld = (listed: Assessed) => causesOf([listed], look).some(({ of }) => held.some(cause => cause.of === of))
  return { free: { ...wish, missing: wish.missing.filter(listed => !isHeld(listed)) }, held }
}

/** Whether it is for nobody who answers, but for those whose cause has to wait. */
export function isHeldBack({ free, held }: Apart, look: Look): boolean {
  return held.length > 0 && !free.missing.some(listed => isAnswering(listed, look))
}

/** Shut where nobody who answers is missing but those whose cause has to wait. Opens with the first of these. */
export function causeGate(wish: Wish, look: Look, memory: Memory, times: Timing): Hold | null {
  const apart = apartByCause(wish, look, memory, times)
  const [first] = apart.held.toSorted((a, b) => a.until - b.until)
  if (!first || !isHeldBack(apart, look)) return null
  return { reason: first.reason, until: first.until, detail: heldWords(apart.held, look) }
}

/** As many as are spelled out. */
const mostNamed = 5

/** "peer node2 until 2026-01-01T06:00:00.000Z (budget: had 3 of the last 3 restarts)". */
export function heldWords(held: readonly HeldCause[], look: Look): string {
  const named = held
    .slice(0, mostNamed)
    .map(({ of, until, reason, detail }) => `${of} until ${timeText(until, look)} (${reason}: ${detail})`)
  const more = held.length - named.length
  return `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

type Timed = Hold & { readonly until: number }

/** Of several reasons to wait, the one that lasts longest. Whether it is in vain, or comes back, is a peer's matter. */
function causeHold(of: string, look: Look, memory: Memory, times: Timing): Timed | null {
  const rules = isList(of) ? [share] : [inVain, returning, share]
  const holds = rules.flatMap(rule => rule(of, look, memory, times) ?? [])
  const [last] = holds.toSorted((a, b) => b.until - a.until)
  return last !== undefined && look.now < last.until ? last : null
}

/** Restarts for its sake that did not help, since the last that did: each doubles the wait, the third makes it long. */
function inVain(of: string, look: Look, { restarts }: Memory, times: Timing): Timed | null {
  const its = restarts.filter(restart => restart.outcome !== 'not-taken' && mayBeFor(restart, of))
  const since = its.slice(its.findLastIndex(restart => hasHelped(restart, of)) + 1)
  const vain = since.filter(restart => restart.outcome !== 'overtaken')
  const last = vain.at(-1)
  if (!last) return null
  const ended = last.endedAt ?? last.at
  const detail = `restarted in vain ${vain.length} ${vain.length === 1 ? 'time' : 'times'}`
  if (vain.length >= 3) return { reason: 'breaker-open', until: ended + times.breakerSeconds * 1000, detail }
  return { reason: 'back-off', until: ended + minIntervalMs(look) * 2 ** vain.length, detail }
}

/** Restarts that helped, and yet it is back: from the second on it doubles. The first is min-interval's matter. */
function returning(of: string, look: Look, memory: Memory, times: Timing): Timed | null {
  const its = restartsFor(of, look, memory, times)
  const last = its.at(-1)
  if (!last || its.length < 2) return null
  const until = last.at + minIntervalMs(look) * 2 ** (its.length - 1)
  return { reason: 'min-interval', until, detail: `is back after ${its.length} restarts` }
}

/**
 * A peer's own restarts count twice. So it has half of the budget alone; and of six restarts, of however many peers
 * that come back, one is left for a peer that has had none, as long as these are fewer than six. A list has two thirds:
 * its editor may name somebody new each time.
 */
function share(of: string, look: Look, memory: Memory, times: Timing): Timed | null {
  const all = inWindow(look, memory, times)
  const isFull = (some: readonly Restart[]) => {
    const its = some.filter(restart => isFor(restart, of)).length
    return isList(of) ? its * 3 >= times.budget * 2 : some.length + its >= times.budget
  }
  if (!isFull(all)) return null
  const leaving = all.findIndex((_, index) => !isFull(all.slice(index + 1)))
  const until = (all[leaving]?.at ?? look.now) + times.budgetSeconds * 1000
  return { reason: 'budget', until, detail: `had ${restartsFor(of, look, memory, times).length} of ${all.length}` }
}

function inWindow(look: Look, memory: Memory, times: Timing): Restart[] {
  return countedRestarts(memory).filter(restart => restart.at > look.now - times.budgetSeconds * 1000)
}

function restartsFor(of: string, look: Look, memory: Memory, times: Timing): Restart[] {
  return inWindow(look, memory, times).filter(restart => isFor(restart, of))
}

function isFor({ causes = [] }: Restart, of: string): boolean {
  return causes.some(cause => cause.of === of)
}

/** Of one that an older sidecar wrote down nobody knows for whose sake it was. */
function mayBeFor(restart: Restart, of: string): boolean {
  return restart.causes === undefined || isFor(restart, of)
}

/** It was connected, though others for whose sake it was were not. */
function hasHelped({ outcome, causes, missed }: Restart, of: string): boolean {
  if (outcome === 'verified') return true
  return outcome === 'unverified' && causes !== undefined && missed !== undefined && !missed.includes(of)
}

function minIntervalMs({ plan }: Look): number {
  return plan.times.minIntervalSeconds * 1000
}

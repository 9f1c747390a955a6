// The loop: look, decide, act, remember, show. Events only hint that a look is worth while; a timer catches what they
// miss.
import type { Logger } from 'pino'
import type { Page } from '../peers/page.ts'
import { createHands, type HandParts } from './act.ts'
import type { Told } from './chains/index.ts'
import type { Outcome } from './decide/decision.ts'
import type { Memory } from './decide/memory.ts'
import { type After, nextLook } from './decide/next-look.ts'
import { reconcile } from './decide/reconcile.ts'
import type { Timing } from './decide/timing.ts'
import type { Metrics } from './metrics.ts'
import type { Reach } from './reach/types.ts'
import { countEnded, createVoice } from './say.ts'
import { createEyes, type EyeParts, type Sight } from './see.ts'

export type LoopParts = Omit<EyeParts, 'canTell' | 'reach' | 'log'> &
  Omit<HandParts, 'reach' | 'timing'> & {
    readonly reach: Reach
    /** When the next DNS answer expires, in ms since the epoch. */
    readonly nextLookUp: () => number | undefined
    readonly save: (memory: Memory) => Promise<void>
    readonly metrics: Metrics
    readonly log: Logger
    readonly timing: Timing
    /** The longest time between two looks, in seconds. */
    readonly lookSeconds: number
    /** How long the state may be unwritable until the sidecar says that it is unwell, in seconds. Default: 120. */
    readonly unsavedSeconds?: number
    /** The time between two looks while something is under way, in seconds. */
    readonly busySeconds?: number
  }

export type Loop = {
  /** Something may have changed: look again soon. */
  hint(): void
  page(): Page | null
  /** What keeps the loop from its work, or null. */
  unwell(): string | null
  close(): Promise<void>
}

/**
 * A full disk is often emptied within a minute or two, by the kubelet for one; a sidecar that is started again
 * meanwhile would gain nothing.
 */
const defaultUnsavedSeconds = 120

/** Starts looking at once; `memory` is where an earlier sidecar stopped. */
export function startLoop(parts: LoopParts, memory: Memory): Loop {
  const { log, now } = parts
  const eyes = createEyes({ ...parts, canTell: parts.tell !== undefined }, memory)
  const hands = createHands(parts)
  const voice = createVoice(parts)
  let current = memory
  let told: Told | undefined
  let after: After | null = null
  let lookedAt = now()
  let failure: string | null = null
  let unsavedSince: number | null = null
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let hinted = false
  let closed = false

  async function lookOnce(): Promise<void> {
    const sight = await eyes.look(current, told)
    const { look } = sight
    told = undefined
    const outcome = reconcile(current, look, parts.timing)
    eyes.heed(outcome, look)
    const unsaved = await keep(sight, outcome)
    const status = voice.show(look, outcome, unsaved)
    // A restart that is not on disk is not asked for, and decided anew at the next look.
    const isDropped = unsaved !== null && outcome.decision.do === 'restart'
    if (!isDropped) take(outcome.memory)
    const signedHeight = look.node.status?.signedHeight
    const { assessed } = outcome
    after = { memory: current, status, assessed, ...(signedHeight === undefined ? {} : { signedHeight }) }
    if (isDropped) return
    await hands.askPrograms(look, current.learned)
    told = await hands.carryOut(outcome.decision)
    // What follows a refusal need not wait.
    if (told && !told.ok && told.refused) hinted = true
  }

  function take(next: Memory): void {
    countEnded(parts.metrics, current, next)
    if (next.learned !== current.learned) {
      log.info(
        { learned: next.learned },
        'the program below the script is known; its variable carries the list from the next start on',
      )
      // What follows is decided with the plan that this makes.
      hinted = true
    }
    current = next
  }

  /**
   * Writes the memory, and what the next start is given: not a list that needs a permission. What keeps one of them
   * from being written, or null. The page is shown all the same: it must not stand still while nobody knows why.
   */
  async function keep(sight: Sight, { memory: next, decision, mayGive }: Outcome): Promise<string | null> {
    const isGiven = !mayGive || hands.isPrepared(sight)
    // What is exported has to be known from the memory, and a restart is not in it before the node can be given what it
    // is for.
    const known = decision.do === 'restart' ? withPrepared(current, next) : next
    try {
      if (!isGiven) {
        await parts.save(known)
        await hands.prepare(sight)
      }
      if (isGiven || known !== next) await parts.save(next)
      unsavedSince = null
      return null
    } catch (error) {
      if (unsavedSince === null)
        log.error({ err: error }, 'the state cannot be written; nothing is restarted until it can')
      unsavedSince ??= now()
      parts.metrics.lookFailures.inc()
      return error instanceof Error ? error.message : String(error)
    }
  }

  async function look(): Promise<void> {
    hinted = false
    try {
      await lookOnce()
      parts.metrics.looks.inc()
      lookedAt = now()
      failure = null
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      parts.metrics.lookFailures.inc()
      log.error({ err: error }, 'a comparison failed; the node is left as it is')
    }
  }

  function pauseMs(): number {
    if (hinted) return 0
    return nextLook(failure === null ? after : null, {
      now: now(),
      lookSeconds: parts.lookSeconds,
      busySeconds: parts.busySeconds ?? 1,
      lookUpDueAt: parts.nextLookUp(),
      behindSince: eyes.behindSince(),
      random: parts.random(),
    })
  }

  function run(): void {
    if (closed || running) return
    clearTimeout(timer)
    running = look().finally(() => {
      running = null
      if (!closed) timer = setTimeout(run, pauseMs())
    })
  }

  run()
  return {
    hint() {
      hinted = true
      run()
    },
    page: voice.page,
    unwell() {
      const unsavedSeconds = unsavedSince === null ? 0 : (now() - unsavedSince) / 1000
      if (unsavedSeconds > (parts.unsavedSeconds ?? defaultUnsavedSeconds))
        return `the state could not be written for ${Math.round(unsavedSeconds)} s: ${voice.page()?.detail ?? ''}`
      const age = (now() - lookedAt) / 1000
      if (age <= 3 * parts.lookSeconds + 30) return null
      return `the last comparison was finished ${Math.round(age)} s ago${failure ? `: ${failure}` : ''}`
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}

/** The memory as it was, but knowing what the next start will be given. */
function withPrepared(memory: Memory, { prepared }: Memory): Memory {
  return prepared === undefined ? memory : { ...memory, prepared }
}

// Leader election by a Lease, with the rules of client-go's leaderelection: whoever holds the Lease renews it, whoever
// does not watches it, and takes it once it has not been renewed for its duration. No library for Node does it:
// @kubernetes/client-node has none.
//
// Clocks of replicas may differ: how long ago a Lease was renewed is measured on the observer's own clock, from when it
// first saw the renewal. The leader counts from before it asked for its last renewal, so that it always stops before
// another can start. Two differences from client-go: a Lease that disappears while it is held is not taken before its
// time, and a candidate looks again at the moment when the Lease ends.
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { type Clock, steadyClock } from './clock.ts'
import type { Lease, LeaseSpec, LeaseStore } from './lease-store.ts'

export type LeaseTimes = {
  /** How long a Lease that is not renewed is left to its holder. At least 1; the API knows whole seconds only. */
  readonly leaseSeconds: number
  /**
   * How long after its last renewal the leader gives up. The rest of leaseSeconds is what clocks may differ in speed.
   */
  readonly renewSeconds: number
  /** Between two tries, of the leader and of the others; each lengthened by a random part of up to a fifth. */
  readonly retrySeconds: number
}

/** A successor of a leader that was killed leads within 13 s: 10 s, and one look that came late. */
export const leaseDefaults: LeaseTimes = { leaseSeconds: 10, renewSeconds: 7, retrySeconds: 2 }

/** What is expected of times instead of these; undefined where they can be used. */
export function leaseTimesProblem({ leaseSeconds, renewSeconds, retrySeconds }: LeaseTimes): string | undefined {
  if (leaseSeconds < 1) return 'leaseSeconds of at least 1'
  if (renewSeconds >= leaseSeconds) return 'renewSeconds below leaseSeconds'
  return retrySeconds > 0 && retrySeconds * 1.2 < renewSeconds
    ? undefined
    : 'retrySeconds above 0 and below renewSeconds / 1.2'
}

/** What each request about the Lease may take, so that one that gets no answer leaves time for another. */
export function leaseTimeoutMs({ renewSeconds }: LeaseTimes): number {
  return (renewSeconds * 1000) / 2
}

export type ElectionOptions = {
  readonly leases: LeaseStore
  /** The name of this replica. A random suffix is added: a process that was started anew is another candidate. */
  readonly identity: string
  readonly times?: Partial<LeaseTimes>
  /** Aborts to end: the leader's signal aborts, and the Lease is given back when it has ended. */
  readonly signal: AbortSignal
  /** Of intervals. */
  readonly clock?: Clock
  /** Milliseconds since the epoch; only shown in the Lease. */
  readonly wallNow?: () => number
  readonly random?: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Told the `identity` of the other replica that holds the Lease, each time it is looked at; undefined: nobody. */
  readonly saw?: (identity: string | undefined) => void
}

/**
 * `signal` aborts when the Lease is lost, or to end. `holds` tells by the clock whether the Lease is held at the
 * moment, also where the process was stopped and no timer could run: ask it before a write that nobody but the leader
 * may make.
 */
export type Lead = (signal: AbortSignal, holds: () => boolean) => Promise<void>

/** A Lease that is held, and when, at the latest, its renewal was asked for. */
type Held = { lease: Lease | undefined; renewedAt: number }

/**
 * Calls `lead` each time the Lease has been won, never twice at a time; it resolves once its signal has aborted.
 * Resolves when `signal` has aborted and the Lease has been given back. Where `lead` rejects without having been told
 * to end, the Lease is given back and the error thrown.
 */
export async function runElection(options: ElectionOptions, lead: Lead): Promise<void> {
  const { leases, signal, clock = steadyClock, wallNow = Date.now, random = Math.random, log } = options
  const times = { ...leaseDefaults, ...options.times }
  const holder = `${options.identity}_${randomUUID().slice(0, 8)}`
  /** The Lease as last seen with another holder, and until when it is left to it. */
  let others = { spec: '', holder: '', until: 0 }
  let failing = false

  const retryMs = () => times.retrySeconds * 1000 * (1 + random() / 5)

  function specOf(before: LeaseSpec | undefined): LeaseSpec {
    const now = new Date(wallNow()).toISOString().replace('Z', '000Z')
    const same = before?.holderIdentity === holder
    return {
      holderIdentity: holder,
      leaseDurationSeconds: Math.ceil(times.leaseSeconds),
      acquireTime: same ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + (same ? 0 : 1),
    }
  }

  /** Writes this replica into a Lease that was read, or into a new one; undefined where somebody else was faster. */
  async function put(before: Lease | undefined): Promise<Held | undefined> {
    const renewedAt = clock.now()
    const spec = specOf(before?.spec)
    const lease = before
      ? await leases.update({ ...before, spec: { ...before.spec, ...spec } })
      : await leases.create(spec)
    return lease && { lease, renewedAt }
  }

  async function tryToAcquire(): Promise<Held | undefined> {
    const lease = await leases.get()
    failing = false
    if (lease) observe(lease)
    const isLeft = clock.now() < others.until
    options.saw?.(isLeft ? identityOf(others.holder) : undefined)
    return isLeft ? undefined : put(lease)
  }

  function observe({ spec = {} }: Lease): void {
    const text = JSON.stringify(spec)
    if (text === others.spec) return
    const { holderIdentity, leaseDurationSeconds } = spec
    if (!holderIdentity || holderIdentity === holder) {
      others = { spec: text, holder: '', until: 0 }
      return
    }
    if (holderIdentity !== others.holder) log.info({ holder: holderIdentity }, 'another replica leads')
    const seconds = leaseDurationSeconds && leaseDurationSeconds > 0 ? leaseDurationSeconds : times.leaseSeconds
    others = { spec: text, holder: holderIdentity, until: clock.now() + seconds * 1000 }
  }

  async function acquire(): Promise<Held | undefined> {
    while (!signal.aborted) {
      const held = await tryToAcquire().catch(failed)
      if (held) return held
      // A little after its end, and not all candidates at once.
      const ends = others.until - clock.now()
      await sleep(clock, ends > 0 ? Math.min(retryMs(), ends + random() * 250) : retryMs(), signal)
    }
    return undefined
  }

  /** Leads until the Lease is lost or `lead` has ended; gives the Lease back where it is still held. */
  async function leadWith(held: Held): Promise<void> {
    const stop = new AbortController()
    /** Aborts when there is nothing to renew any more. */
    const over = new AbortController()
    const deadline = () => held.renewedAt + times.renewSeconds * 1000
    const holds = () => !over.signal.aborted && clock.now() < deadline()
    let lost = false
    const lose = (why: string) => {
      lost = true
      log.warn({ holder }, why)
      over.abort()
      stop.abort()
    }
    let cancelDeadline = () => {}
    const armDeadline = () => {
      cancelDeadline()
      cancelDeadline = clock.after(Math.max(0, deadline() - clock.now()), () => {
        if (clock.now() < deadline()) armDeadline()
        else lose('the Lease could not be renewed in time: this replica leads no more')
      })
    }

    async function renewing(): Promise<void> {
      for (;;) {
        await sleep(clock, retryMs(), over.signal)
        if (over.signal.aborted) return
        const standing = await renew(held).catch(error => failed(error))
        if (over.signal.aborted) return
        if (standing === 'taken') return lose('the Lease has been taken by another: this replica leads no more')
        armDeadline()
      }
    }

    const end = () => stop.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    armDeadline()
    log.info({ holder }, 'this replica leads')
    const renewed = renewing()
    const failure = await outcomeOf(lead, stop.signal, holds)
    over.abort()
    cancelDeadline()
    signal.removeEventListener('abort', end)
    await renewed
    if (!lost) await release(held.lease).catch(failed)
    if (!failure) return
    if (!stop.signal.aborted) throw failure.error
    log.warn({ err: failure.error }, 'the leader ended with an error')
  }

  /** Renews; where it is not known how the Lease stands, reads it first. */
  async function renew(held: Held): Promise<'held' | 'taken' | undefined> {
    for (;;) {
      const { lease } = held
      // Whatever goes wrong from here on, what was read is not good for another try.
      held.lease = undefined
      const known = lease ?? (await leases.get())
      const by = known?.spec?.holderIdentity
      if (by && by !== holder) return 'taken'
      const next = await put(known)
      if (next) {
        failing = false
        Object.assign(held, next)
        return 'held'
      }
      // Somebody has written to it since it was read here. If it was read just now, that is enough for this time.
      if (!lease) return undefined
    }
  }

  /** So that the next leader need not wait for its end. */
  async function release(lease: Lease | undefined): Promise<void> {
    const known = lease ?? (await leases.get())
    if (!known || known.spec?.holderIdentity !== holder) return
    // As client-go does: no holder, and a duration that nobody has to wait for.
    await leases.update({ ...known, spec: { ...specOf(known.spec), holderIdentity: '', leaseDurationSeconds: 1 } })
    log.info({ holder }, 'this replica has given the Lease back')
  }

  function failed(err: unknown): undefined {
    // Once, not at each try.
    if (!failing) log.warn({ err }, 'the Lease cannot be read or written; retrying')
    failing = true
  }

  while (!signal.aborted) {
    const held = await acquire()
    if (!held) return
    failing = false
    await leadWith(held)
    // Where it ended by itself, others come first.
    await sleep(clock, retryMs(), signal)
  }
}

async function outcomeOf(
  lead: Lead,
  signal: AbortSignal,
  holds: () => boolean,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await lead(signal, holds)
    return undefined
  } catch (error) {
    return { error }
  }
}

/** Resolves after `ms`, or when the signal aborts. */
function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}

/** Of a Lease's holder: its suffix is random. */
export function identityOf(holder: string): string {
  return holder.replace(/_[0-9a-f]{8}$/, '')
}

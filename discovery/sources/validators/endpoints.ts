// Which of a provider chain's endpoints to ask: the one that answered last, then the others; who fails waits, longer
// each time.
import { backoffMs } from '../../../peers/backoff.ts'

export type RetryTimes = {
  /**
   * The first wait after a failure; it doubles up to `maxRetryMs`, and each is shortened by a random part of up to a
   * half.
   */
  readonly minRetryMs: number
  readonly maxRetryMs: number
  readonly random: () => number
}

export const retryDefaults: RetryTimes = { minRetryMs: 500, maxRetryMs: 30_000, random: Math.random }

type State = { failures: number; retryAt: number; reason: string }

export class Endpoints {
  readonly #urls: readonly string[]
  readonly #times: RetryTimes
  readonly #states = new Map<string, State>()
  #preferred: string | undefined

  constructor(urls: readonly string[], times: RetryTimes) {
    this.#urls = urls
    this.#times = times
  }

  /** Those that can be asked now, in order; none while all wait. */
  usable(now: number): string[] {
    const ready = this.#urls.filter(url => (this.#states.get(url)?.retryAt ?? 0) <= now)
    return ready.sort((a, b) => Number(b === this.#preferred) - Number(a === this.#preferred))
  }

  answered(url: string): void {
    this.#states.delete(url)
    this.#preferred = url
  }

  /** It has been heard of otherwise (a WebSocket opened): no reason to wait any longer. */
  heard(url: string): void {
    const state = this.#states.get(url)
    if (state) state.retryAt = 0
  }

  failed(url: string, reason: string, now: number): void {
    const failures = (this.#states.get(url)?.failures ?? 0) + 1
    this.#states.set(url, { failures, reason, retryAt: now + retryDelay(failures, this.#times) })
  }

  /** Each endpoint with what it last failed of. */
  reasons(): string {
    return this.#urls.flatMap(url => this.#states.get(url)?.reason.replace(/^/, `${url}: `) ?? []).join('; ')
  }
}

/** Milliseconds to wait after so many failures in a row. */
export function retryDelay(failures: number, { minRetryMs, maxRetryMs, random }: RetryTimes): number {
  return backoffMs(failures, { minMs: minRetryMs, maxMs: maxRetryMs, random })
}

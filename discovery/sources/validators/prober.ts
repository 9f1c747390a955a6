// Remembers which new endpoints answer. Each is probed before it is used, and again with growing waits while it does
// not answer.
import pLimit from 'p-limit'
import type { Endpoint } from '../../probe.ts'
import { type RetryTimes, retryDelay } from './endpoints.ts'
import type { ProbeOptions, PublishedProbe } from './probe.ts'

export type Answer = { readonly state: 'answers' | 'asking' } | { readonly state: 'silent'; readonly reason: string }

export type ProberOptions = {
  readonly probe: PublishedProbe
  readonly options: ProbeOptions
  readonly retry: RetryTimes
  readonly now: () => number
  /** An endpoint that was asked about has another answer now. */
  readonly changed: () => void
}

type State = { answer: Answer; failures: number; retryAt: number; running: Promise<void> | undefined }

/** A list of dead endpoints must not take hundreds of sockets at a time. */
const atOnce = 32

export class Prober {
  readonly #options: ProberOptions
  readonly #limit = pLimit(atOnce)
  readonly #states = new Map<string, State>()
  readonly #end = new AbortController()

  constructor(options: ProberOptions) {
    this.#options = options
  }

  /**
   * The answers of these endpoints, by host:port; whatever was asked about before and is not among them is forgotten.
   * Waits for those that are being asked, up to `waitMs`: one that does not answer must not hold up the others.
   */
  async ask(endpoints: ReadonlyMap<string, Endpoint>, waitMs: number): Promise<ReadonlyMap<string, Answer>> {
    for (const key of this.#states.keys()) if (!endpoints.has(key)) this.#states.delete(key)
    for (const [key, endpoint] of endpoints) this.#start(key, endpoint)
    const running = [...this.#states.values()].flatMap(({ answer, running }) =>
      answer.state === 'asking' && running ? [running] : [],
    )
    if (running.length > 0) {
      let timer: NodeJS.Timeout | undefined
      const wait = new Promise<void>(resolve => {
        timer = setTimeout(resolve, waitMs)
      })
      await Promise.race([Promise.all(running), wait])
      clearTimeout(timer)
    }
    return new Map([...endpoints.keys()].map(key => [key, this.#states.get(key)?.answer ?? { state: 'asking' }]))
  }

  close(): void {
    this.#end.abort()
    this.#states.clear()
  }

  #start(key: string, endpoint: Endpoint): void {
    const { probe, options, retry, now, changed } = this.#options
    const state: State = this.#states.get(key) ?? {
      answer: { state: 'asking' },
      failures: 0,
      retryAt: 0,
      running: undefined,
    }
    this.#states.set(key, state)
    if (state.running || state.answer.state === 'answers' || now() < state.retryAt) return
    state.running = this.#limit(() => probe(endpoint, options, this.#end.signal)).then(reason => {
      state.running = undefined
      state.failures = reason === undefined ? 0 : state.failures + 1
      state.retryAt = now() + retryDelay(state.failures, retry)
      const before = state.answer.state
      state.answer = reason === undefined ? { state: 'answers' } : { state: 'silent', reason }
      if (state.answer.state !== before && this.#states.get(key) === state) changed()
    })
  }
}

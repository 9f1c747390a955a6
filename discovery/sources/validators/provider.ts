// A provider chain as all PeerSets that name it share it: one WebSocket, and one reading of the chain per change,
// whoever asks.
import type { SourceParts } from '../../source.ts'
import { Endpoints, type RetryTimes, retryDefaults } from './endpoints.ts'
import { type EventTimes, eventDefaults, followEvents } from './events.ts'
import { type Claim, claimPorts, type PortFormula } from './ports.ts'
import {
  byStake,
  type Consumer,
  consumersQuery,
  dutiesQuery,
  optedInQuery,
  type Page,
  type Query,
  type Validator,
  validatorsQuery,
} from './queries.ts'
import { createRegistry, type Registry } from './registry.ts'
import { ask, type ChainStatus, type RpcOptions, readStatus, rpcDefaults } from './rpc.ts'

/** What one endpoint has said, after one event; what is not asked for is not read. */
export type View = {
  readonly status: ChainStatus
  /** Those with most stake first. */
  readonly validators: readonly Validator[]
  readonly consumers: readonly Consumer[]
  readonly optedIn: (consumerId: string) => Promise<ReadonlySet<string>>
  /** The consumers that a validator has to validate, with who has which port among them. */
  readonly duties: (consensusAddress: string, formula: PortFormula) => Promise<ReadonlyMap<string, Claim>>
}

export type ProviderTimes = {
  readonly rpc: Omit<RpcOptions, 'held'>
  readonly retry: RetryTimes
  readonly events: EventTimes
  /** How long a reading serves while no event arrives. */
  readonly maxAgeMs: number
}

export const providerDefaults: ProviderTimes = {
  rpc: rpcDefaults,
  retry: retryDefaults,
  events: eventDefaults,
  maxAgeMs: 4000,
}

export type ProviderChain = {
  /** Reads through the first endpoint that can answer; rejects, with what each failed of, where none does. */
  readonly read: <T>(use: (view: View) => Promise<T>, signal: AbortSignal) => Promise<T>
  /** Whether events arrive at the moment, or else why not. */
  readonly events: () => true | string
  /** What was read of descriptions, which are the same for every consumer. */
  readonly registry: Registry
}

type Parts = Pick<SourceParts, 'log' | 'now'>
type Shared = { readonly chain: ProviderChain; readonly hints: Set<() => void>; readonly end: AbortController }

/** Of one chain, counted by who uses it. */
export type Providers = {
  /** `network`: the chain ID that its endpoints must have; undefined: any. */
  readonly open: (
    urls: readonly string[],
    network: string | undefined,
    hint: () => void,
  ) => { chain: ProviderChain; close: () => void }
}

export function createProviders(parts: Parts, times: ProviderTimes = providerDefaults): Providers {
  const all = new Map<string, Shared>()
  return {
    open(urls, network, hint) {
      const key = JSON.stringify([urls, network])
      const shared = all.get(key) ?? startProvider(urls, network, parts, times)
      all.set(key, shared)
      // Two users may well have the same function.
      const own = () => hint()
      shared.hints.add(own)
      const close = () => {
        if (!shared.hints.delete(own) || shared.hints.size > 0) return
        all.delete(key)
        shared.end.abort()
      }
      return { chain: shared.chain, close }
    },
  }
}

/**
 * An endpoint that is behind what another has said is not believed for so long; after that the chain is taken to have
 * begun anew.
 */
const forgetMs = 600_000
const maxPages = 25

function startProvider(
  urls: readonly string[],
  network: string | undefined,
  { log, now }: Parts,
  times: ProviderTimes,
): Shared {
  const hints = new Set<() => void>()
  const end = new AbortController()
  const endpoints = new Endpoints(urls, times.retry)
  const rpc: RpcOptions = { ...times.rpc, held: { bytes: 0 } }
  let events: true | string = 'not connected yet'
  let highest = { height: 0, at: 0 }
  let current: { readonly url: string; readonly at: number; readonly view: Promise<View> } | undefined

  void followEvents(
    urls,
    {
      changed: () => {
        current = undefined
        for (const hint of hints) hint()
      },
      opened: url => {
        log.info({ endpoint: url }, 'provider chain: subscribed to events')
        events = true
        endpoints.heard(url)
      },
      closed: (url, reason) => {
        if (events === true) log.warn({ endpoint: url, reason }, 'provider chain: events ended, polling goes on')
        events = `${url}: ${reason}`
      },
    },
    times.events,
    end.signal,
  )

  function viewOf(url: string): Promise<View> {
    const at = now()
    if (current?.url === url && at - current.at < times.maxAgeMs) return current.view
    const view = readView(url)
    current = { url, at, view }
    return view
  }

  async function readView(url: string): Promise<View> {
    const { signal } = end
    const asked = <T>(query: Query<T>) => ask(url, query, rpc, signal)
    const status = await readStatus(url, rpc, signal)
    if (network !== undefined && status.network !== network)
      throw new Error(`found the chain ${JSON.stringify(status.network.slice(0, 64))}, expected ${network}`)
    if (status.catchingUp) throw new Error(`found a node at block ${status.height} that is still catching up`)
    if (status.height < highest.height && now() - highest.at < forgetMs) {
      throw new Error(`found block ${status.height}, expected ${highest.height} or later, which was seen before`)
    }
    const [validators, consumers] = await Promise.all([pages(asked, validatorsQuery), pages(asked, consumersQuery)])
    highest = { height: status.height, at: now() }
    const due = once(address => asked(dutiesQuery(address)))
    const claims = once(async key => {
      const [address, formula] = JSON.parse(key) as [string, PortFormula]
      const ids = await due(address)
      return claimPorts(
        consumers.filter(({ consumerId }) => ids.has(consumerId)),
        formula,
      )
    })
    return {
      status,
      validators: byStake(validators),
      consumers,
      optedIn: once(id => asked(optedInQuery(id))),
      duties: (address, formula) => claims(JSON.stringify([address, formula])),
    }
  }

  async function read<T>(use: (view: View) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (const url of endpoints.usable(now())) {
      signal.throwIfAborted()
      // What is shared is read to its end, also where the one that began it no longer waits.
      const view = viewOf(url)
      try {
        const result = await unlessAborted(view.then(use), signal)
        endpoints.answered(url)
        return result
      } catch (error) {
        if (signal.aborted || end.signal.aborted || error instanceof Refusal) throw error
        if (current?.view === view) current = undefined
        endpoints.failed(url, (error as Error).message, now())
        log.debug({ endpoint: url, reason: (error as Error).message }, 'provider chain: endpoint failed')
      }
    }
    throw new Error(`no endpoint of the provider chain can be used: ${endpoints.reasons()}`)
  }

  return { chain: { read, events: () => events, registry: createRegistry() }, hints, end }
}

/** What the chain itself says no to: asking another endpoint would not change it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

async function pages<T>(
  asked: <R>(query: Query<R>) => Promise<R>,
  query: (key: Uint8Array) => Query<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = []
  let key: Uint8Array = new Uint8Array()
  for (let count = 0; count < maxPages; count++) {
    const page = await asked(query(key))
    items.push(...page.items)
    if (page.next.length === 0) return items
    key = page.next
  }
  throw new Error(`found more than ${maxPages} pages of ${items.length / maxPages} items`)
}

function once<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return key => {
    const value = known.get(key) ?? read(key)
    known.set(key, value)
    return value
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

// What the source `validators` costs: 200 consumer chains of 180 validators, from the provider chain's answers to
// lists, and with a provider chain that stands on loopback.
import { setTimeout as delay } from 'node:timers/promises'
import { chainPeers } from '../../discovery/sources/validators/chain-peers.ts'
import { claimPorts } from '../../discovery/sources/validators/ports.ts'
import { createProviders, providerDefaults } from '../../discovery/sources/validators/provider.ts'
import { byStake, consumersQuery, optedInQuery, validatorsQuery } from '../../discovery/sources/validators/queries.ts'
import { createRegistry } from '../../discovery/sources/validators/registry.ts'
import { type AllSettled, newEndpoints, settle } from '../../discovery/sources/validators/settle.ts'
import { validatorsDefaults, validatorsSource } from '../../discovery/sources/validators/source.ts'
import { uniquePeers } from '../../peers/peer.ts'
import { type FakeState, fakeProvider, operatorOf } from '../discovery/sources/validators/fixtures/provider.ts'
import { milliseconds, percentile, table } from './table.ts'

const chains = 200
const validators = 180
const rounds = 30
const goalMs = 200

/** The first one reads; every round one of the others moves. */
function makeState(): Pick<FakeState, 'validators' | 'consumers'> {
  const names = Array.from({ length: validators }, (_, index) => `validator-${index}`)
  return {
    validators: names.map((moniker, index) => ({ moniker, details: detailsOf(index, 0), tokens: 1_000_000 - index })),
    consumers: Array.from({ length: chains }, (_, index) => ({
      consumerId: String(index),
      chainId: `consumer-${index}-1`,
      optedIn: names,
    })),
  }
}

function detailsOf(index: number, round: number): string {
  return `We validate since 2019.\np2p=${index.toString(16).padStart(40, '0')}@v${index}-${round}.example.org`
}

export async function discovery(): Promise<string> {
  const rows = [await recomputing(), await looking()]
  return `Discovery, ${chains} consumer chains x ${validators} validators, one of which has moved\n${table(['', 'median', 'worst', 'CPU', 'goal'], rows)}`
}

/** From the chain's answers (protocol buffers) to a sorted list for each consumer, on one thread. */
async function recomputing(): Promise<string[]> {
  const provider = await fakeProvider(makeState())
  const answer = async (query: { path: string; request: Buffer }) => {
    const params = { path: query.path, data: query.request.toString('hex') }
    const response = await fetch(provider.url, {
      method: 'POST',
      body: JSON.stringify({ method: 'abci_query', params }),
    })
    const { result } = (await response.json()) as { result: { response: { value: string } } }
    return Buffer.from(result.response.value, 'base64')
  }
  const registry = createRegistry()
  const settled = new Map<string, AllSettled>()
  const times: number[] = []
  const cpu: number[] = []
  const consumerAnswer = await answer(consumersQuery(new Uint8Array()))
  const optedAnswers = await Promise.all(
    Array.from({ length: chains }, (_, index) => answer(optedInQuery(String(index)))),
  )
  for (let round = 0; round <= rounds; round++) {
    const mover = provider.state.validators[1 + (round % (validators - 1))]
    if (mover && round > 0) mover.details = detailsOf(1 + (round % (validators - 1)), round)
    const validatorAnswer = await answer(validatorsQuery(new Uint8Array()))

    const began = performance.now()
    const used = process.cpuUsage()
    const all = byStake(validatorsQuery(new Uint8Array()).read(validatorAnswer).items)
    const consumers = consumersQuery(new Uint8Array()).read(consumerAnswer).items
    const claims = claimPorts(consumers)
    let peers = 0
    for (const [index, { consumerId, chainId }] of consumers.entries()) {
      const optedIn = optedInQuery(consumerId).read(optedAnswers[index] ?? Buffer.alloc(0))
      const before = settled.get(consumerId) ?? new Map()
      const port = claims.get(consumerId)?.ports.p2p ?? 0
      const options = {
        chainId,
        port,
        operator: operatorOf('validator-0'),
        allowPrivate: false,
        exclude: new Set<string>(),
        computedIds: undefined,
        unbonded: false,
      }
      const wanted = chainPeers(all, optedIn, before, options, registry)
      const answers = new Map(
        [...newEndpoints(before, wanted.peers).keys()].map(key => [key, { state: 'answers' } as const]),
      )
      const next = settle(before, wanted.peers, answers, Date.now())
      settled.set(consumerId, next.settled)
      peers += uniquePeers([...next.settled.values()].flatMap(({ peer }) => peer ?? [])).length
    }
    // The first round has everything to read.
    if (round > 0) times.push(performance.now() - began)
    const { user, system } = process.cpuUsage(used)
    if (round > 0) cpu.push((user + system) / 1000)
    if (peers !== chains * (validators - 1))
      throw new Error(`found ${peers} peers, expected ${chains * (validators - 1)}`)
  }
  await provider.close()
  return [
    'answers -> sorted lists',
    milliseconds(percentile(times, 0.5)),
    milliseconds(Math.max(...times)),
    milliseconds(percentile(cpu, 0.5)),
    `<= ${goalMs} ms`,
  ]
}

/** 200 PeerSets at one provider chain: an event, and all look again; with the requests, and the stand-in's own work. */
async function looking(): Promise<string[]> {
  const provider = await fakeProvider(makeState())
  const claims = claimPorts(provider.state.consumers)
  const parts = { log: { debug() {}, info() {}, warn() {} }, now: Date.now, allowPrivate: false, hint: () => undefined }
  const providers = createProviders(parts, { ...providerDefaults, maxAgeMs: 600_000 })
  const options = {
    ...validatorsDefaults,
    probe: () => Promise.resolve(undefined),
    changes: { burst: 1000, refillMs: 1 },
  }
  let hints = 0
  const sources = provider.state.consumers
    .filter(({ consumerId }) => !claims.get(consumerId)?.takenBy)
    .map(({ consumerId }) => {
      const spec = { endpoints: [provider.url], operator: operatorOf('validator-0'), consumer: consumerId }
      return validatorsSource(spec, { ...parts, hint: () => void hints++ }, providers, options)
    })
  const { signal } = new AbortController()
  const times: number[] = []
  while (hints < sources.length) await delay(5)
  for (let round = 0; round <= 5; round++) {
    const mover = provider.state.validators[1 + round]
    if (mover && round > 0) mover.details = detailsOf(1 + round, round)
    hints = 0
    const began = performance.now()
    provider.emit()
    while (hints < sources.length) await delay(1)
    const found = await Promise.all(sources.map(source => source.look(signal)))
    if (round > 0) times.push(performance.now() - began)
    if (found.some(({ peers }) => peers.length !== validators - 1)) throw new Error('a list is not whole')
  }
  for (const source of sources) await source.close()
  await provider.close()
  const what = `${sources.length} PeerSets look, over HTTP`
  return [what, milliseconds(percentile(times, 0.5)), milliseconds(Math.max(...times)), '-', '-']
}

// The queries of a provider chain that are needed here: requests and answers in protocol buffers (cosmos-sdk v0.50
// x/staking, interchain-security v7 x/ccv/provider). What comes out is bounded in number, length and characters. Pure.
import { createHash } from 'node:crypto'
import { readBech32, writeBech32 } from './bech32.ts'
import { bytesOf, type Message, messages, number, readMessage, text, texts, writeMessage } from './protobuf.ts'

export type Validator = {
  /** cosmosvaloper1... */
  readonly operator: string
  /** Its consensus address on the provider chain, cosmosvalcons1...; '' for a key of a kind that is not known. */
  readonly consensus: string
  readonly moniker: string
  readonly details: string
  readonly bonded: boolean
  /** Its stake, in the smallest unit: whom to prefer where two claim the same. */
  readonly tokens: number
}
export type Consumer = { readonly consumerId: string; readonly chainId: string }
export type Page<T> = { readonly items: readonly T[]; readonly next: Uint8Array }

export type Query<T> = { readonly path: string; readonly request: Buffer; readonly read: (answer: Uint8Array) => T }

const pageSize = 200
const bondStatusBonded = 3
const phaseLaunched = 3
const provider = '/interchain_security.ccv.provider.v1.Query'
const maxAnswered = 5000

/** All validators of the chain, a page at a time. */
export function validatorsQuery(key: Uint8Array): Query<Page<Validator>> {
  return {
    path: '/cosmos.staking.v1beta1.Query/Validators',
    request: writeMessage([[2, page(key)]]),
    read: answer => readPage(answer, 1, readValidator),
  }
}

/** Consumers that have been launched and not stopped. */
export function consumersQuery(key: Uint8Array): Query<Page<Consumer>> {
  return {
    path: `${provider}/QueryConsumerChains`,
    request: writeMessage([
      [1, phaseLaunched],
      [2, page(key)],
    ]),
    read: answer => readPage(answer, 1, chain => readConsumer(text(chain, 13), text(chain, 1))),
  }
}

/** Consensus addresses of who has opted in to a consumer (those in the top N are opted in by the chain). */
export function optedInQuery(consumerId: string): Query<ReadonlySet<string>> {
  return {
    path: `${provider}/QueryConsumerChainOptedInValidators`,
    request: writeMessage([[1, consumerId]]),
    read: answer => new Set(bounded(texts(readMessage(answer), 1))),
  }
}

/** IDs of the consumers that a validator (cosmosvalcons1...) validates, or will from the next epoch. */
export function dutiesQuery(consensusAddress: string): Query<ReadonlySet<string>> {
  return {
    path: `${provider}/QueryConsumerChainsValidatorHasToValidate`,
    request: writeMessage([[1, consensusAddress]]),
    read: answer => new Set(bounded(texts(readMessage(answer), 1)).filter(isConsumerId)),
  }
}

/** Those with most stake first. */
export function byStake(validators: readonly Validator[]): readonly Validator[] {
  return [...validators].sort((a, b) => b.tokens - a.tokens || (a.operator < b.operator ? -1 : 1))
}

export function isConsumerId(text: string): boolean {
  return /^\d{1,20}$/.test(text)
}

function page(key: Uint8Array): Buffer {
  return writeMessage([
    [1, key],
    [3, pageSize],
  ])
}

function readPage<T>(answer: Uint8Array, field: number, read: (message: Message) => T | undefined): Page<T> {
  const message = readMessage(answer)
  const [pages] = messages(message, 2)
  const items = bounded(messages(message, field)).flatMap(item => read(item) ?? [])
  return { items, next: pages ? bytesOf(pages, 1) : new Uint8Array() }
}

/**
 * Undefined for what has no operator: nothing could be said about it. The Cosmos SDK's prefixes end in valoper and
 * valcons.
 */
function readValidator(message: Message): Validator | undefined {
  const operator = text(message, 1)
  const { prefix = '' } = readBech32(operator) ?? {}
  if (!prefix.endsWith('valoper')) return undefined
  const [key] = messages(message, 2)
  const [description] = messages(message, 7)
  const tokens = text(message, 5)
  return {
    operator,
    consensus: key ? consensusAddress(key, prefix.replace(/valoper$/, 'valcons')) : '',
    moniker: (description ? text(description, 1) : '').slice(0, 1024),
    details: description ? text(description, 5) : '',
    bonded: number(message, 4) === bondStatusBonded && number(message, 3) === 0,
    tokens: /^\d{1,60}$/.test(tokens) ? Number(tokens) : 0,
  }
}

/**
 * An Any of a key: CometBFT's address of an ed25519 key is the first 20 bytes of its SHA-256. Validators of a Cosmos
 * chain have no others.
 */
function consensusAddress(any: Message, prefix: string): string {
  if (text(any, 1) !== '/cosmos.crypto.ed25519.PubKey') return ''
  const key = bytesOf(readMessage(bytesOf(any, 2)), 1)
  return key.length === 32 ? writeBech32(prefix, createHash('sha256').update(key).digest().subarray(0, 20)) : ''
}

/**
 * Chain IDs are at most 50 characters for CometBFT, which has no rule for which; here printable ASCII, and longer ones
 * too.
 */
function readConsumer(consumerId: string, chainId: string): Consumer | undefined {
  return isConsumerId(consumerId) && /^[\x21-\x7e]{1,128}$/.test(chainId) ? { consumerId, chainId } : undefined
}

function bounded<T>(items: readonly T[]): readonly T[] {
  if (items.length > maxAnswered)
    throw new Error(`found ${items.length} items in an answer, expected at most ${maxAnswered}`)
  return items
}

// Asks a CometBFT node, through its RPC on localhost, for its state and its connections. What it answers is checked
// like a stranger's: a program that is not CometBFT, or one in trouble, may listen on that port. Whatever cannot be
// understood counts as no answer.

import { isRecord } from '../../../peers/is-record.ts'
import { own } from '../../../peers/own.ts'
import { normalHost } from '../../../peers/peer.ts'
import type { Connection, NodeStatus } from '../../decide/observation.ts'
import { getJson, sentence, short as shorter } from '../ask.ts'
import type { Interface, NodeWord } from '../chain.ts'
import type { SigningCheck } from './signing.ts'
import type { UpgradeCheck } from './upgrade.ts'
import type { PowerCheck } from './voting-power.ts'

/** Questions whose answers are kept from one look to the next. */
export type Checks = {
  readonly upgrade: UpgradeCheck
  /** Asked for validators only; without it the total is not known. */
  readonly power?: PowerCheck
  /** Asked for validators only; without it nobody knows whether it signs. */
  readonly signing?: SigningCheck
}

/** Asks /status, /net_info and for a pending upgrade, together. Never rejects. */
export async function askCometbft(at: Interface, checks: Checks): Promise<NodeWord> {
  try {
    const [status, netInfo, upgradePending] = await Promise.all([
      ask(at, '/status'),
      ask(at, '/net_info'),
      checks.upgrade(),
    ])
    const listening = field(netInfo, 'listening', 'the answer to /net_info') === true
    const read = readStatus(status)
    const address = validatorAddress(status)
    const [totalPower, signedHeight] = read.validator
      ? await Promise.all([checks.power?.(), address === undefined ? undefined : checks.signing?.(address)])
      : []
    const own = {
      ...read,
      upgradePending,
      ...(totalPower === undefined ? {} : { totalPower }),
      ...(signedHeight === undefined ? {} : { signedHeight }),
    }
    return { ok: true, status: own, connections: readConnections(netInfo), listening }
  } catch (error) {
    return { ok: false, silent: sentence(error) }
  }
}

/**
 * The result of GET /status of the RPC (CometBFT spec, rpc/#status). Throws an Error that says what was found instead.
 */
export function readStatus(result: unknown): Omit<NodeStatus, 'upgradePending' | 'totalPower' | 'signedHeight'> {
  const answer = 'the answer to /status'
  const sync = record(field(result, 'sync_info', answer), `${answer}, sync_info`)
  const height = Number(sync.latest_block_height)
  if (typeof sync.latest_block_height !== 'string' || !Number.isSafeInteger(height) || height < 0) {
    throw odd(`${answer}, latest_block_height`, sync.latest_block_height, 'a height as a string')
  }
  if (typeof sync.catching_up !== 'boolean') throw odd(`${answer}, catching_up`, sync.catching_up, 'true or false')
  // A node without a key of its own has no validator_info in some versions; a power that cannot be read is taken for
  // one.
  const info = record(result, answer).validator_info
  const power = isRecord(info) ? info.voting_power : '0'
  const votingPower = Number(power)
  return {
    id: readId(field(result, 'node_info', answer), answer),
    height,
    catchingUp: sync.catching_up,
    validator: !(votingPower <= 0),
    ...(Number.isSafeInteger(votingPower) && votingPower >= 0 ? { votingPower } : {}),
  }
}

/** The address of the validator's key, as its signatures name it: 40 hex digits in capitals. */
function validatorAddress(status: unknown): string | undefined {
  const info = isRecord(status) && isRecord(status.validator_info) ? status.validator_info : {}
  return typeof info.address === 'string' && /^[0-9A-F]{40}$/.test(info.address) ? info.address : undefined
}

/**
 * The peers in the result of GET /net_info. The port of a peer that was dialled is the one it says it listens on: the
 * port that was dialled is not told, and is another where a Service maps ports. One peer that cannot be read spoils the
 * answer: a missing one would look like a lost one.
 */
export function readConnections(result: unknown): Connection[] {
  const answer = 'the answer to /net_info'
  const peers = field(result, 'peers', answer)
  // Go writes an empty list as null where nobody has made one.
  if (peers === null) return []
  if (!Array.isArray(peers)) throw odd(`${answer}, peers`, peers, 'a list')
  return peers.map((peer, index) => {
    const where = `${answer}, peer ${index + 1}`
    const { node_info, remote_ip, is_outbound } = record(peer, where)
    const address = typeof remote_ip === 'string' ? normalHost(remote_ip.replace(/%[\s\S]*$/, '')) : undefined
    if (address === undefined) throw odd(`${where}, remote_ip`, remote_ip, 'an IP address')
    const port = is_outbound === true ? portOf(record(node_info, where).listen_addr) : undefined
    return { id: readId(node_info, where), address, ...(port === undefined ? {} : { port }) }
  })
}

async function ask(at: Interface, path: string): Promise<unknown> {
  const { url, code, body } = await getJson(at, path)
  if (isRecord(body) && isRecord(body.error))
    throw new Error(`${url} answered with an error: ${short(body.error.data || body.error.message)}`)
  if (code !== 200) throw new Error(`${url} answered with HTTP status ${code}, expected 200`)
  // Tendermint 0.35 and its forks (Sei) leave the JSON-RPC envelope away.
  return isRecord(body) && 'result' in body ? body.result : body
}

function readId(nodeInfo: unknown, where: string): string {
  const id = isRecord(nodeInfo) ? nodeInfo.id : undefined
  if (typeof id !== 'string' || !/^[0-9a-f]{40}$/i.test(id)) throw odd(`${where}, node_info.id`, id, '40 hex digits')
  return id.toLowerCase()
}

/** The port of "tcp://0.0.0.0:26656", "1.2.3.4:26656" or "[::]:26656". */
function portOf(listenAddress: unknown): number | undefined {
  const port = typeof listenAddress === 'string' ? Number(/:(\d{1,5})$/.exec(listenAddress)?.[1]) : 0
  return port >= 1 && port <= 65535 ? port : undefined
}

function field(value: unknown, name: string, where: string): unknown {
  const found = own(record(value, where), name)
  if (found === undefined) throw odd(`${where}, ${name}`, found, 'to be there')
  return found
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (!isRecord(value)) throw odd(where, value, 'an object')
  return value
}

function odd(where: string, found: unknown, expected: string): Error {
  return new Error(`${where}: found ${short(found)}, expected ${expected}; is this CometBFT's RPC?`)
}

function short(value: unknown): string {
  return shorter(value, 80)
}

// Whether a published endpoint is a node that answers. A name is looked up once, every address that it has is judged,
// and the connection goes to one of those, so that a name cannot be one thing when it is judged and another when it is
// used.
import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import pLimit from 'p-limit'
import { isAddress } from '../../../peers/peer.ts'
import type { Endpoint } from '../../probe.ts'
import { addressFault } from './hosts.ts'

/**
 * What counts as an answer: the beginning of CometBFT's handshake, a TCP connection, or a name that can be looked up.
 */
export const probeKinds = ['cometbft', 'tcp', 'none'] as const
export type ProbeKind = (typeof probeKinds)[number]

export type ProbeOptions = {
  readonly kind: ProbeKind
  readonly timeoutMs: number
  readonly allowPrivate: boolean
  readonly lookup: (host: string) => Promise<readonly { readonly address: string }[]>
}

/** Undefined where it answers, else why it cannot be used. Never rejects. */
export type PublishedProbe = (
  endpoint: Endpoint,
  options: ProbeOptions,
  signal: AbortSignal,
) => Promise<string | undefined>

/**
 * The system's look-ups take threads, of which Node has four: names that strangers publish, with name servers that
 * stall, must leave some.
 */
const lookupsAtOnce = pLimit(2)

export const lookupAll: ProbeOptions['lookup'] = host => lookupsAtOnce(() => lookup(host, { all: true }))

/** A name with more addresses than these is no node's; a resolver's answer of 64 KiB holds thousands. */
const maxAddresses = 16

/**
 * How a node that takes connections begins SecretConnection, before it has read anything: its ephemeral key, a
 * BytesValue of 32 bytes with its length before it (cometbft v0.38 p2p/conn/secret_connection.go, shareEphPubKey). A
 * load balancer without a node behind it, or another program at this port, does not.
 */
const greeting = Buffer.from([34, 0x0a, 32])

export const probePublished: PublishedProbe = async (endpoint, options, signal) => {
  let addresses: readonly string[]
  try {
    addresses = isAddress(endpoint.host)
      ? [endpoint.host]
      : (await options.lookup(endpoint.host)).map(({ address }) => address)
  } catch (error) {
    return `${endpoint.host} cannot be looked up: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`
  }
  const [first] = addresses
  if (first === undefined || addresses.length > maxAddresses)
    return `${endpoint.host} has ${addresses.length} addresses, expected 1 to ${maxAddresses}`
  const [fault] = addresses.flatMap(address => addressFault(address, options.allowPrivate) ?? [])
  if (fault) return isAddress(endpoint.host) ? fault.message : `${endpoint.host} leads to ${fault.message}`
  return options.kind === 'none' ? undefined : connects({ host: first, port: endpoint.port }, options, signal)
}

function connects(
  endpoint: Endpoint,
  { kind, timeoutMs }: ProbeOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve('not asked')
    const socket = connect(endpoint)
    let heard = Buffer.alloc(0)
    const end = (answer: string | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(answer)
    }
    const abort = () => end('not asked')
    // Not the socket's own time-out, which every byte would begin anew.
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    socket.once('close', () =>
      end('it takes connections and ends them at once: nothing behind a load balancer, or a node that is full'),
    )
    if (kind === 'tcp') return void socket.once('connect', () => end(undefined))
    socket.on('data', chunk => {
      heard = Buffer.concat([heard, chunk.subarray(0, greeting.length)])
      const length = Math.min(heard.length, greeting.length)
      if (!heard.subarray(0, length).equals(greeting.subarray(0, length)))
        end('another program than CometBFT answers there')
      else if (length === greeting.length) end(undefined)
    })
  })
}

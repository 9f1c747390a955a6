// The node's connections as the kernel lists them in /proc/net/tcp and tcp6. The containers of a pod share a network
// namespace, so the sidecar sees the node's sockets as its own, and needs no privilege for it. Under hostNetwork it
// would see the whole machine's.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import type { Connection } from '../decide/observation.ts'

export type Socket = {
  readonly local: End
  readonly remote: End
  readonly state: 'established' | 'listen'
}
/** `address` in normal form. */
export type End = { readonly address: string; readonly port: number }

/**
 * include/net/tcp_states.h. The others are on the way up or down, and by far the most on a busy machine (TIME_WAIT).
 */
const states: Readonly<Record<string, Socket['state']>> = { '01': 'established', '0A': 'listen' }

/**
 * The sockets in the text of /proc/net/tcp or tcp6 that are connected or listen; whatever else stands there is passed
 * over. An address is 32-bit words in the byte order of the machine (Linux, Documentation/networking/proc_net_tcp.rst),
 * which is little-endian on amd64 and arm64. IPv4-mapped IPv6 becomes IPv4.
 */
export function parseTcp(text: string): Socket[] {
  return text.split('\n').flatMap(line => {
    const [, localAddress, localPort, remoteAddress, remotePort, code = ''] =
      /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) (01|0A) /.exec(line) ?? []
    const state = states[code]
    const local = endOf(localAddress, localPort)
    const remote = endOf(remoteAddress, remotePort)
    return state && local && remote ? [{ local, remote, state }] : []
  })
}

/**
 * All TCP sockets of this network namespace, each once: the kernel writes the file a page at a time, and may repeat a
 * socket where others come and go meanwhile. Throws where /proc/net/tcp cannot be read; tcp6 is absent on machines
 * without IPv6.
 */
export async function readSockets(procDir = '/proc'): Promise<Socket[]> {
  const [four, six] = await Promise.all([
    readFile(join(procDir, 'net/tcp'), 'latin1'),
    readFile(join(procDir, 'net/tcp6'), 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    }),
  ])
  const sockets = [...parseTcp(four), ...parseTcp(six)]
  return [...new Map(sockets.map(socket => [`${nameOf(socket.local)} ${nameOf(socket.remote)}`, socket])).values()]
}

/**
 * What may be the node's connections to peers: those accepted on its P2P port, and those dialled by any process of the
 * pod. Connections accepted on other listening ports (RPC, metrics) are nobody's peer.
 */
export function connectionsOf(sockets: readonly Socket[], p2pPort: number): Connection[] {
  const listening = new Set(sockets.filter(socket => socket.state === 'listen').map(socket => socket.local.port))
  return sockets
    .filter(socket => socket.state === 'established')
    .flatMap(({ local, remote }): Connection[] => {
      if (local.port === p2pPort) return [{ address: remote.address }]
      return listening.has(local.port) ? [] : [{ address: remote.address, port: remote.port }]
    })
}

/** Whether a socket listens on the port, on any address. */
export function isListening(sockets: readonly Socket[], port: number): boolean {
  return sockets.some(socket => socket.state === 'listen' && socket.local.port === port)
}

function nameOf({ address, port }: End): string {
  return `${address} ${port}`
}

function endOf(address: string | undefined, port: string | undefined): End | undefined {
  if (address === undefined || port === undefined || (address.length !== 8 && address.length !== 32)) return undefined
  const bytes = Buffer.from(address, 'hex').swap32()
  return {
    address: ipaddr.process(ipaddr.fromByteArray([...bytes]).toString()).toString(),
    port: Number.parseInt(port, 16),
  }
}

// The built-in node's connections, with CometBFT's behaviour towards peers: names are looked up once, at the start; a
// name without an answer is dropped; a lost peer is dialled again only at the address it had; a second connection of
// the same ID is refused.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { ListedPeer, Listen } from './node-config.ts'

export type P2pOptions = {
  readonly id: string
  readonly moniker: string
  readonly chainId: string
  readonly listen: Listen
  readonly peers: readonly ListedPeer[]
  /** Looks a name up; undefined where it has no address. */
  readonly resolve: (host: string) => string | undefined
  /** Milliseconds until the next try at a peer that is not connected. CometBFT: 5 s plus up to 3 s. */
  readonly redialMs: () => number
  readonly onMessage: (from: ConnectedPeer, message: unknown) => void
  readonly log: (message: string) => void
}

export type ConnectedPeer = {
  readonly id: string
  readonly moniker: string
  readonly listen: string
  readonly outbound: boolean
  readonly remoteIp: string
  readonly send: (message: unknown) => void
}

export type P2p = {
  readonly peers: () => readonly ConnectedPeer[]
  readonly send: (message: unknown, except?: ConnectedPeer) => void
  readonly close: () => Promise<void>
}

type Hello = { readonly id: string; readonly moniker: string; readonly chainId: string; readonly listen: string }

const handshakeMs = 3000
const dialMs = 3000

/** Listens, dials every listed peer that resolves, and keeps dialling those at the addresses found now. */
export async function startP2p(options: P2pOptions): Promise<P2p> {
  const peers = new Map<string, ConnectedPeer>()
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let closed = false
  const hello: Hello = {
    id: options.id,
    moniker: options.moniker,
    chainId: options.chainId,
    listen: `tcp://${options.listen.host}:${options.listen.port}`,
  }

  const attach = (socket: Socket, outbound: boolean, expected: string | undefined, lost: () => void) => {
    sockets.add(socket)
    let peer: ConnectedPeer | undefined
    const write = (message: unknown) => socket.write(`${JSON.stringify(message)}\n`)
    socket.setNoDelay(true)
    const handshake = setTimeout(() => socket.destroy(), handshakeMs)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(handshake)
      sockets.delete(socket)
      if (peer && peers.get(peer.id) === peer) {
        peers.delete(peer.id)
        options.log(`lost ${peer.moniker} at ${peer.remoteIp}`)
      }
      if (!closed) lost()
    })
    if (outbound) write(hello)
    const refuse = (reason: string) => {
      options.log(`refused ${socket.remoteAddress}: ${reason}`)
      socket.destroy()
    }
    const lines = createInterface({ input: socket })
    // It repeats the socket's errors (a reset by a peer that was killed), and unheard they would end the node.
    lines.on('error', () => undefined)
    lines.on('line', line => {
      const message = parsed(line)
      if (peer) return options.onMessage(peer, message)
      if (!isHello(message)) return refuse('no handshake')
      if (message.chainId !== options.chainId) return refuse(`network ${message.chainId}`)
      if (message.id === options.id) return refuse('self')
      if (expected && message.id !== expected) return refuse(`found ID ${message.id}, expected ${expected}`)
      if (peers.has(message.id)) return refuse(`duplicate ID ${message.id}`)
      clearTimeout(handshake)
      if (!outbound) write(hello)
      const remoteIp = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
      peer = { id: message.id, moniker: message.moniker, listen: message.listen, outbound, remoteIp, send: write }
      peers.set(peer.id, peer)
      options.log(`connected to ${peer.moniker} at ${remoteIp} (${outbound ? 'outbound' : 'inbound'})`)
    })
  }

  const server = await listen(options.listen, socket => attach(socket, false, undefined, () => undefined))

  const dial = (peer: ListedPeer, address: string) => {
    const again = () => later(options.redialMs(), () => dial(peer, address))
    if (closed) return
    if (peers.has(peer.id)) return again()
    // From the node's own address, so that the other end sees the pod's IP.
    const localAddress =
      options.listen.host === '0.0.0.0' || options.listen.host === '::' ? {} : { localAddress: options.listen.host }
    const socket = connect({ host: address, port: peer.port, timeout: dialMs, ...localAddress })
    socket.once('timeout', () => socket.destroy())
    socket.once('error', () => undefined)
    socket.once('connect', () => socket.setTimeout(0))
    attachOnConnect(socket, peer.id, again)
  }
  const attachOnConnect = (socket: Socket, id: string, again: () => void) => {
    sockets.add(socket)
    const failed = () => {
      sockets.delete(socket)
      if (!closed) again()
    }
    socket.once('close', failed)
    socket.once('connect', () => {
      socket.off('close', failed)
      attach(socket, true, id, again)
    })
  }
  const later = (ms: number, run: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }

  for (const peer of options.peers) {
    const address = options.resolve(peer.host)
    if (peer.id === options.id) continue
    if (address === undefined) options.log(`dropped ${peer.host}: no such host`)
    else dial(peer, address)
  }

  return {
    peers: () => [...peers.values()],
    send: (message, except) => {
      for (const peer of peers.values()) if (peer !== except) peer.send(message)
    },
    close: async () => {
      closed = true
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function listen(address: Listen, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(accept)
    server.once('error', reject)
    server.listen(address.port, address.host, () => resolve(server))
  })
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isHello(message: unknown): message is Hello {
  return (
    typeof message === 'object' && message !== null && 'id' in message && 'chainId' in message && 'moniker' in message
  )
}

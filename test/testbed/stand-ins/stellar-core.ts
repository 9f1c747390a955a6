// STAND-IN for stellar-core, which cannot be had here. It listens on PEER_PORT and really connects to its peers by TCP,
// with a greeting in place of the signed handshake; its HTTP port speaks the commands of src/main/CommandHandler.cpp
// that concern peers: info, peers, connect, droppeer. It reads its list from its configuration file alone (KNOWN_PEERS,
// PREFERRED_PEERS), as the real one does: no environment variable is a list for it. It dials whom it knows every two
// seconds until they are connected, and each at the address by which it knows it. It forgets what it was told when it
// ends; the real one keeps addresses in its database for a while. `GET /asked` is the scenarios' window: the commands
// so far.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

// As the real one's process is called.
process.title = 'stellar-core'
const [file = '/config/stellar-core.cfg'] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const setting = (key: string) => new RegExp(`^\\s*${key}\\s*=\\s*([^\\n#]+)`, 'm').exec(text)?.[1]?.trim()
const listed = (key: string) =>
  [...(new RegExp(`^\\s*${key}\\s*=\\s*\\[([^\\]]*)\\]`, 'm').exec(text)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
    ([, value = '']) => value,
  )

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const peerPort = Number(setting('PEER_PORT') ?? 11625)
const httpPort = Number(setting('HTTP_PORT') ?? 11626)
const host = setting('PUBLIC_HTTP_PORT') === 'true' ? '0.0.0.0' : '127.0.0.1'
/**
 * Looks as a strkey does: G and 55 characters of base 32. The same for the same seed, so that a node that moves stays
 * who it is.
 */
const seed = process.env.STELLAR_CORE_SEED ?? randomBytes(16)
const id = `G${Array.from(createHash('sha512').update(seed).digest().subarray(0, 55), byte => base32[byte % 32]).join('')}`

type Peer = {
  readonly id: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly socket: Socket
}

const asked: string[] = []
const peers = new Map<string, Peer>()
const pending = new Set<string>()
/** Whom it dials: "host:port". */
const known = new Set([...listed('KNOWN_PEERS'), ...listed('PREFERRED_PEERS')])
const withPort = (peer: string) => (/:\d+$/.test(peer) ? peer : `${peer}:11625`)

/**
 * Both ends say who they are and where they listen. Of two connections between the same two nodes both keep the one
 * that the lower ID has dialled, since they may have dialled each other at the same moment.
 */
function greet(socket: Socket, direction: Peer['direction'], dialled?: string): void {
  socket.setKeepAlive(true, 5000)
  socket.write(`${JSON.stringify({ id, port: peerPort })}\n`)
  const lines = createInterface(socket)
  lines.on('error', () => undefined)
  lines.once('line', line => {
    const hello = JSON.parse(line) as { id: string; port: number }
    const present = peers.get(hello.id)
    const isTheRight = (direction === 'outbound') === id < hello.id
    if (hello.id === id || (present && !isTheRight) || present?.direction === direction) return void socket.destroy()
    const address = `${socket.remoteAddress?.replace('::ffff:', '')}:${hello.port}`
    peers.set(hello.id, { id: hello.id, address, direction, socket })
    present?.socket.destroy()
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    for (const peer of peers.values()) if (peer.socket === socket) peers.delete(peer.id)
    if (dialled !== undefined) pending.delete(dialled)
  })
}

function dial(address: string): void {
  const [, to = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  if (pending.has(address) || [...peers.values()].some(peer => peer.address === address)) return
  pending.add(address)
  const socket = connect({ host: to, port: Number(port), timeout: 5000 })
  socket.once('timeout', () => socket.destroy())
  socket.once('connect', () => socket.setTimeout(0))
  greet(socket, 'outbound', address)
}

function listing(direction: Peer['direction']): object[] | null {
  const of = [...peers.values()].filter(peer => peer.direction === direction)
  // jsoncpp writes an empty list as null where nobody has made one.
  return of.length === 0
    ? null
    : of.map(peer => ({ id: peer.id, address: peer.address, elapsed: 5, latency: 1, olver: 36, ver: 'stand-in' }))
}

function command(path: string, args: URLSearchParams): string {
  switch (path) {
    case '/info':
      return JSON.stringify({
        info: { build: 'stand-in', state: 'Synced!', peers: { authenticated_count: peers.size } },
      })
    case '/peers': {
      const connected = [...peers.values()].map(peer => peer.address)
      const trying = [...pending].filter(address => !connected.includes(address))
      return JSON.stringify({
        authenticated_peers: { inbound: listing('inbound'), outbound: listing('outbound') },
        pending_peers: { inbound: null, outbound: trying.length === 0 ? null : trying },
      })
    }
    case '/connect': {
      const address = `${args.get('peer')}:${args.get('port')}`
      known.add(address)
      dial(address)
      return `Connect to: ${address}`
    }
    case '/droppeer': {
      const node = args.get('node') ?? ''
      const peer = peers.get(node)
      if (!peer) return `Peer ${node} not found`
      known.delete(peer.address)
      peer.socket.destroy()
      return `Drop peer: ${node}`
    }
    case '/asked':
      return JSON.stringify(asked)
    default:
      return '<b>Welcome to stellar-core!</b><p>Supported HTTP commands are listed in the docs</p>'
  }
}

createServer(socket => greet(socket, 'inbound')).listen(peerPort)
createHttpServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname !== '/asked') asked.push((request.url ?? '').slice(1))
  response.writeHead(200, { 'content-type': 'application/json' }).end(command(pathname, searchParams))
}).listen(httpPort, host)

const dialAll = () => [...known].map(withPort).forEach(dial)
dialAll()
setInterval(dialAll, 2000)
process.on('SIGTERM', () => process.exit(0))

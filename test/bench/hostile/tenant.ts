// The hostile tenant of `npm run bench -- hostile`: pods that cost the webhook most, and clients that hold back their
// last byte. A process of its own, so that what it costs is not taken for what the programs cost. Given where the
// webhook listens, as JSON; goes on until it is ended.
import { Agent, request } from 'node:https'
import { connect } from 'node:tls'
import { attacks } from '../../webhook/fixtures/attacks.ts'
import { servername } from '../load.ts'
import { review } from '../pod.ts'

/** Admissions a second, each one of those that cost most; and clients that hold back their last byte. */
const perSecond = 5
const slowClients = 80

const { port, ca } = JSON.parse(process.argv[2] ?? '{}') as { port: number; ca: string }

// Pods come from the API server's address, as everybody's do.
const bodies = attacks.map(([, make]) => Buffer.from(review(make().pod as never, 'hostile', 'mounts')))
const agent = new Agent({ keepAlive: true, maxSockets: 20 })
let next = 0
setInterval(() => {
  const body = bodies[next++ % bodies.length] ?? Buffer.alloc(0)
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const options = { host: '127.0.0.1', port, ca, servername, agent, method: 'POST', path: '/mutate', headers }
  const sent = request(options, response => response.resume())
  sent.once('error', () => undefined).end(body)
}, 1000 / perSecond)

// Half-sent requests come from the address of whoever reaches the port.
const open = new Set<ReturnType<typeof connect>>()
setInterval(() => {
  // Whoever was closed comes again, but not all at once: a flood is another attack (docs/security.md).
  for (let missing = Math.min(slowClients - open.size, slowClients / 10); missing > 0; missing--) {
    const socket = connect({ host: '127.0.0.1', localAddress: '127.0.0.9', port, ca, servername } as never, () => {
      const length = 3 * 1024 * 1024
      socket.write(
        `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
      )
      socket.write(Buffer.alloc(length - 1, 0x20))
    })
    open.add(socket)
    socket.on('error', () => undefined).once('close', () => open.delete(socket))
  }
}, 1000)

process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))

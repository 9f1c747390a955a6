// Clients who hold what others need, over real TLS: they are closed, and an API server is answered all the while.
import { Agent, request } from 'node:https'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { connect } from 'node:tls'
import t from 'tap'
import { issueFresh } from '../../certs/issue.ts'
import type { Limits } from '../../http/bounds.ts'
import { webhookLimits } from '../../webhook/server.ts'
import { until } from '../fixtures/until.ts'
import { review } from './fixtures/reviews.ts'
import { testServer } from './fixtures/server.ts'

const service = { name: 'repeer-webhook', namespace: 'repeer-system' }
const servername = 'repeer-webhook.repeer-system.svc'
const tls = await issueFresh({ service, now: Date.now(), lifetimeSeconds: 3600, clockSkewSeconds: 300 })

type Test = { teardown(end: () => unknown): unknown }
type Client = { readonly isClosed: () => boolean; readonly socket: Socket }
type Clients = {
  /** Of an address that is not the API server's: writes the text, and says nothing more. */
  readonly client: (text: string, address?: string) => Promise<Client>
  /** One that does not even begin its handshake. */
  readonly silent: () => Promise<Client>
  /** As an API server asks: by connections that are kept. The status. */
  readonly admit: () => Promise<number>
  readonly metrics: () => Promise<string>
}

async function started(t: Test, over: Partial<Omit<Limits, 'phaseMs'>> & Partial<Limits['phaseMs']>): Promise<Clients> {
  const { opening, idle, asking, answering, ...counts } = { ...webhookLimits, ...webhookLimits.phaseMs, ...over }
  const limits = { ...counts, phaseMs: { opening, idle, asking, answering } }
  const { app } = testServer({ tls, limits })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 25 })
  const ends: (() => unknown)[] = [() => agent.destroy()]
  t.teardown(async () => {
    for (const end of ends) end()
    await app.close()
  })
  const watched = (socket: Socket): Client => {
    let closed = false
    socket
      .on('error', () => undefined)
      .once('close', () => {
        closed = true
      })
    ends.push(() => socket.destroy())
    return { isClosed: () => closed, socket }
  }
  return {
    client: (text, address = '127.0.0.2') =>
      new Promise(resolve => {
        const options = { port, host: '127.0.0.1', localAddress: address, servername, ca: tls.ca }
        const socket = connect(options, () => {
          socket.resume()
          if (text) socket.write(text)
          resolve(client)
        })
        const client = watched(socket)
        // Not taken at all: that is an answer, too.
        socket.once('close', () => resolve(client))
      }),
    silent: () =>
      new Promise(resolve => {
        const socket = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }, () => resolve(client))
        const client = watched(socket)
      }),
    admit: () =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json' }
        const options = {
          port,
          host: '127.0.0.1',
          servername,
          ca: tls.ca,
          agent,
          method: 'POST',
          path: '/mutate',
          headers,
        }
        request(options, response => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        })
          .on('error', reject)
          .end(JSON.stringify(review()))
      }),
    metrics: async () => (await app.inject('/metrics')).body,
  }
}

const head = (bytes: number) =>
  `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`
const mebibyte = 1024 * 1024
const closed = (clients: readonly Client[]) => clients.filter(({ isClosed }) => isClosed()).length

t.test('bodies without their last byte: what is held has a bound, and a time', async t => {
  const { client, admit, metrics } = await started(t, {
    bytes: 8 * mebibyte,
    bytesOfAddress: 4 * mebibyte,
    asking: 1_500,
  })
  const clients = await Promise.all(Array.from({ length: 10 }, () => client(head(mebibyte) + ' '.repeat(mebibyte - 1))))
  await until('six of ten are too much', () => closed(clients) >= 6)
  t.equal(await admit(), 200)
  const [, held] = /repeer_webhook_held_bytes (\d+)/.exec(await metrics()) ?? []
  t.ok(Number(held) <= 4 * mebibyte, `${held} bytes are held`)
  await until('the others take too long', () => closed(clients) === 10)
  t.match(await metrics(), /repeer_webhook_connections_closed_total\{why="bytes"\} 6\n/)
  t.match(await metrics(), /repeer_webhook_connections_closed_total\{why="slow-request"\} 4\n/)
  t.match(await metrics(), /repeer_webhook_held_bytes 0\n/)
  t.equal(await admit(), 200)
})

t.test('handshakes that are not begun, heads that are not finished, connections that do nothing', async t => {
  const { client, silent, admit, metrics } = await started(t, { opening: 300, asking: 600, idle: 900 })
  const kinds: [why: string, client: Client][] = [
    ['slow-handshake', await silent()],
    ['slow-request', await client('POST /mutate HTTP/1.1\r\nHost: a\r\n')],
    ['idle', await client('')],
  ]
  for (const [why, { isClosed }] of kinds) {
    await until(why, isClosed)
    t.match(await metrics(), new RegExp(`repeer_webhook_connections_closed_total\\{why="${why}"\\} 1\n`))
    t.equal(await admit(), 200)
  }
})

t.test('a head that is written on and on has the time of one', async t => {
  const { client, admit } = await started(t, { asking: 600 })
  const { socket, isClosed } = await client('POST /mutate HTTP/1.1\r\nHost: a\r\n')
  const more = setInterval(() => socket.write('X-A: b\r\n'), 50)
  t.teardown(() => clearInterval(more))
  await until('it is closed', isClosed)
  t.equal(await admit(), 200)
})

t.test(
  'all places are held, by one address and by many: an API server is answered, by kept and by new ones',
  async t => {
    const { client, admit, metrics } = await started(t, { connections: 24, connectionsOfAddress: 8, patienceMs: 0 })
    const clients: Client[] = []
    for (let index = 0; index < 36; index++) clients.push(await client('POST /mut', `127.0.0.${2 + (index % 3)}`))
    t.equal(await admit(), 200, 'a new one')
    t.equal(await admit(), 200, 'the same again')
    t.strictSame(await Promise.all([admit(), admit(), admit(), admit()]), [200, 200, 200, 200], 'several new ones')
    const [, open] = /repeer_webhook_connections (\d+)/.exec(await metrics()) ?? []
    t.ok(Number(open) <= 24, `${open} are open`)
  },
)

t.test('an API server that shares its address with whoever holds it (konnectivity) is answered', async t => {
  const { client, admit } = await started(t, { connections: 12, connectionsOfAddress: 6, patienceMs: 100 })
  const clients: Client[] = []
  for (let index = 0; index < 12; index++) clients.push(await client('', '127.0.0.1'))
  await until('its share', () => closed(clients) >= 6)
  for (let round = 0; round < 5; round++) t.equal(await admit(), 200)
})

t.test(
  'a connection of an API server is kept for as long as Go keeps it, and a hundred at once are answered',
  async t => {
    const { admit, metrics } = await started(t, {})
    t.ok(webhookLimits.phaseMs.idle > 90_000, "Go's own limit")
    t.strictSame(new Set(await Promise.all(Array.from({ length: 100 }, admit))), new Set([200]))
    t.strictSame(new Set(await Promise.all(Array.from({ length: 100 }, admit))), new Set([200]))
    t.notMatch(await metrics(), /connections_closed_total\{[^}]*\} [1-9]/, 'nobody was closed')
  },
)

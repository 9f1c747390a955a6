// The read-only server over real connections: what it answers, and whom it closes.
import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { exchange } from '../../http/exchange.ts'
import { pageLimits, pageServer } from '../../http/page-server.ts'
import { until } from '../fixtures/until.ts'

const large = 'x'.repeat(4 * 1024 * 1024)
let largeAsked = 0
const pages = (path: string) => {
  if (path === '/large') largeAsked++
  if (path === '/json') return { status: 200, json: { ok: true } }
  if (path === '/large') return { status: 200, type: 'text/plain', text: large }
  return path === '/fails' ? Promise.reject(new Error('a secret')) : undefined
}

type Started = {
  readonly port: number
  readonly url: string
  /** From another address than ours: writes the text. It hears that it was closed, unless it leaves an answer unread. */
  readonly client: (text: string, reads?: boolean) => Promise<{ readonly isClosed: () => boolean }>
  /** As the server counts them. */
  readonly connections: () => Promise<number>
}

async function started(
  t: { teardown(end: () => unknown): unknown },
  over: Partial<typeof pageLimits> = {},
): Promise<Started> {
  const server = pageServer(pages, '/json', { ...pageLimits, ...over })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const client = async (text: string, reads = true) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    let closed = false
    socket
      .on('error', () => undefined)
      .once('close', () => {
        closed = true
      })
    await once(socket, 'connect')
    if (reads) socket.resume()
    if (text) socket.write(text)
    t.teardown(() => socket.destroy())
    return { isClosed: () => closed }
  }
  const connections = () => new Promise<number>(resolve => server.getConnections((_error, count) => resolve(count)))
  return { port, url: `http://127.0.0.1:${port}`, client, connections }
}

t.test('pages by path', async t => {
  const { url } = await started(t)
  const options = { timeoutMs: 5_000 }
  t.strictSame(await exchange(`${url}/json?a=b`, options), { code: 200, text: '{"ok":true}\n' })
  t.match(await exchange(`${url}/other`, options), { code: 404, text: /found \/other, expected \/json/ })
  const failed = await exchange(`${url}/fails`, options)
  t.equal(failed.code, 500)
  t.notMatch(failed.text, /secret/)
  t.match(await exchange(`${url}/json`, { ...options, post: {} }), { code: 405 })
})

t.test('headers that are too long are refused, and others are answered', async t => {
  const { url, port } = await started(t)
  const status = (bytes: number) =>
    new Promise<number>(resolve =>
      request({ port, host: '127.0.0.1', path: '/json', agent: false, headers: { a: 'x'.repeat(bytes) } }, response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
        .on('error', () => resolve(0))
        .end(),
    )
  t.equal(await status(8_000), 200)
  t.equal(await status(8_192), 431)
  t.match(await exchange(`${url}/json`, { timeoutMs: 5_000 }), { code: 200 })
})

t.test('whoever holds all places makes room, and is closed in the end', async t => {
  const { url, client } = await started(t, {
    connections: 8,
    connectionsOfAddress: 6,
    phaseMs: { ...pageLimits.phaseMs, asking: 300, idle: 600 },
  })
  const slow = await Promise.all(Array.from({ length: 6 }, () => client('GET /json HTTP/1.1\r\nhost: a\r\n')))
  for (let round = 0; round < 10; round++) t.match(await exchange(`${url}/json`, { timeoutMs: 5_000 }), { code: 200 })
  const seventh = await client('')
  await until('one of seven is closed', () => [...slow, seventh].some(socket => socket.isClosed()))
  await until('the others are, for their slow requests', () => slow.every(socket => socket.isClosed()))
  await until('and who does nothing', () => seventh.isClosed())
})

t.test('answers that nobody reads are held within bounds', async t => {
  const { url, client, connections } = await started(t, {
    bytes: 9 * 1024 * 1024,
    bytesOfAddress: 9 * 1024 * 1024,
    phaseMs: { ...pageLimits.phaseMs, answering: 400, asking: 400 },
  })
  // A client that reads nothing does not hear that it was closed, so the server is asked.
  const before = largeAsked
  for (let index = 0; index < 3; index++) await client('GET /large HTTP/1.1\r\nhost: a\r\n\r\n', false)
  await until('all have asked', () => largeAsked === before + 3)
  await until('the third is too much', async () => (await connections()) <= 2)
  t.match(await exchange(`${url}/json`, { timeoutMs: 5_000 }), { code: 200 })
  await until('the others take too long', async () => (await connections()) === 0)
})

// One bounded exchange, with a server that does as the path says.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type ExchangeError, type ExchangeOptions, exchange } from '../../http/exchange.ts'

const asked: { method: string; url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = []
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { method = '', url = '', headers } = request
  asked.push({ method, url, headers, body })
  if (url === '/never') return
  if (url === '/drip') {
    const drip = setInterval(() => response.write(' '), 20)
    return response.on('close', () => clearInterval(drip))
  }
  if (url === '/moved') return response.writeHead(302, { location: '/elsewhere' }).end('x'.repeat(200))
  return response.writeHead(url === '/error' ? 500 : 200).end('x'.repeat(100))
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
t.teardown(() => {
  server.close()
  server.closeAllConnections()
})
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const ask = (path: string, options: Partial<ExchangeOptions> = {}) =>
  exchange(`${base}${path}`, { timeoutMs: 5000, ...options })

t.test('a GET, and a POST of JSON', async t => {
  t.same(await ask('/'), { code: 200, text: 'x'.repeat(100) })
  t.match(asked.pop(), { method: 'GET', url: '/', headers: { accept: 'application/json', connection: 'close' } })
  await ask('/', { post: { peers: ['ü'] }, userAgent: 'somebody' })
  t.match(asked.pop(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '16', 'user-agent': 'somebody' },
    body: '{"peers":["ü"]}',
  })
})

t.test('an answer is as long as it may be, and not a byte longer', async t => {
  t.match(await ask('/', { maxBytes: 100 }), { code: 200 })
  await t.rejects(ask('/', { maxBytes: 99 }), { message: `${base}/ answered with more than 99 bytes` })
})

t.test('any status is an answer, unless one is expected; no redirect is followed', async t => {
  t.match(await ask('/error'), { code: 500 })
  t.match(await ask('/moved'), { code: 302 })
  t.match(await ask('/', { expectedCode: 200 }), { code: 200 })
  await t.rejects(ask('/error', { expectedCode: 200 }), {
    message: `${base}/error answered with HTTP status 500, expected 200`,
  })
  await t.rejects(ask('/moved', { expectedCode: 200, maxBytes: 1 }), { message: /HTTP status 302, expected 200/ })
  t.notOk(asked.some(({ url }) => url === '/elsewhere'))
})

t.test('the time is for all of it, and somebody else may end it', async t => {
  await t.rejects(ask('/never', { timeoutMs: 100 }), { message: `${base}/never did not answer within 0.1 s` })
  await t.rejects(ask('/drip', { timeoutMs: 100 }), { message: `${base}/drip did not answer within 0.1 s` })
  await t.rejects(ask('/never', { signal: AbortSignal.timeout(50) }), { message: /\/never cannot be asked: / })
})

t.test('an error has a code where Node has one', async t => {
  const closed = createServer()
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise(resolve => closed.close(resolve))
  const error = await exchange(`http://127.0.0.1:${port}/`, { timeoutMs: 5000 }).catch((error: ExchangeError) => error)
  t.match(error, { message: `http://127.0.0.1:${port}/ cannot be asked: ECONNREFUSED`, code: 'ECONNREFUSED' })
})

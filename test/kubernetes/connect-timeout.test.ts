// An API server whose address swallows everything: reads, watches and requests say so after the set time, and those
// that have a connection are not hurried.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { KubeConfig } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { apiReader } from '../../kubernetes/api-client.ts'
import type { ApiError } from '../../kubernetes/api-error.ts'
import { apiRequest, keepAliveAgent } from '../../kubernetes/api-request.ts'
import { limitConnect } from '../../kubernetes/connect-timeout.ts'
import { blackHole } from './fixtures/black-hole.ts'

function configFor(server: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test' })
  return config
}

/** A black hole, and how long it takes until `ask` is told so, in ms. */
async function swallowed(t: Test): Promise<{ http: KubeConfig; https: KubeConfig }> {
  const hole = await blackHole()
  t.teardown(hole.close)
  return { http: configFor(`http://127.0.0.1:${hole.port}`), https: configFor(`https://127.0.0.1:${hole.port}`) }
}

async function timed(ask: Promise<unknown>): Promise<{ ms: number; error: Error | undefined }> {
  const start = performance.now()
  const error = await ask.then(
    () => undefined,
    (reason: Error) => reason,
  )
  return { ms: performance.now() - start, error }
}

const { signal } = new AbortController()
const nothing = { open: () => {}, line: () => {} }

t.test('nobody connects', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  const { http, https } = await swallowed(t)
  for (const config of [http, https]) {
    const reader = apiReader(config, { signal, idleSeconds: 60, connectMs: 300 })
    const call = {
      method: 'PATCH',
      path: '/pods/a',
      body: {},
      expected: [],
      connectMs: 300,
      agent: keepAliveAgent(config),
    } as const
    for (const ask of [
      () => reader.get('/pods'),
      () => reader.stream('/pods', { watch: true }, nothing),
      () => apiRequest(config, call),
    ]) {
      const { ms, error } = await timed(ask())
      t.match(error?.message, /no connection to 127\.0\.0\.1:\d+.*within 0\.3 s/)
      t.ok(ms >= 290 && ms < 3000, `${ms} ms`)
    }
  }
  t.equal(
    ((await timed(apiReader(http, { signal, idleSeconds: 60, connectMs: 50 }).get('/'))).error as ApiError).status,
    0,
  )
})

t.test('five seconds, where nobody says otherwise', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  const { http } = await swallowed(t)
  const both = await Promise.all([
    timed(apiReader(http, { signal, idleSeconds: 60 }).stream('/pods', {}, nothing)),
    timed(apiRequest(http, { method: 'GET', path: '/', expected: [] })),
  ])
  for (const { ms } of both) t.ok(ms >= 4900 && ms < 9000, `${ms} ms`)
})

t.test('who accepts and does not begin TLS is not connected; who is connected may take its time', async t => {
  const serve = async (listener: RequestListener) => {
    const server = createServer(listener)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.close()
      server.closeAllConnections()
    })
    return (server.address() as AddressInfo).port
  }
  let answer: (() => void) | undefined
  const port = await serve((_request, response) => {
    answer = () => response.end('{"items":[]}')
    setTimeout(() => answer?.(), 400)
  })
  const mute = await import('node:net').then(
    ({ createServer }) =>
      new Promise<number>(resolve => {
        const server = createServer(socket => socket.on('error', () => {}).resume())
        t.teardown(() => server.close())
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
      }),
  )
  const tls = apiReader(configFor(`https://127.0.0.1:${mute}`), { signal, idleSeconds: 60, connectMs: 200 })
  await t.rejects(tls.get('/'), /no connection/)
  const slow = configFor(`http://127.0.0.1:${port}`)
  t.strictSame(await apiReader(slow, { signal, idleSeconds: 60, connectMs: 200 }).get('/'), { items: [] })
  const agent = keepAliveAgent(slow)
  for (let n = 0; n < 2; n++)
    t.strictSame(
      await apiRequest(slow, { method: 'GET', path: '/', expected: [], connectMs: 200, agent }),
      { items: [] },
      'used again',
    )
  agent?.destroy()
})

t.test(
  'through a proxy: its agent hands out a socket that is connected to the proxy, and TLS has not begun',
  async t => {
    // It takes the connection, as a proxy does after CONNECT, and whoever is behind it never answers.
    const server = net.createServer(socket => socket.on('error', () => {}).resume())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => server.close())
    const raw = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    t.teardown(() => raw.destroy())
    await once(raw, 'connect')
    const request = https.request({
      host: 'api',
      createConnection: () => tls.connect({ socket: raw, servername: 'api' }),
    })
    limitConnect(request, 100, () => new Error('no TLS in time'))
    request.end()
    const [error] = await once(request, 'error')
    t.match(error, { message: 'no TLS in time' })
  },
)

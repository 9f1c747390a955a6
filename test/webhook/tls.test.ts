// Over real sockets: TLS, a certificate that changes, concurrent clients, slow ones, and the drain.
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { issueFresh } from '../../certs/issue.ts'
import { drain } from '../../webhook/drain.ts'
import type { WebhookServer } from '../../webhook/server.ts'
import { until } from '../fixtures/until.ts'
import { review } from './fixtures/reviews.ts'
import { testServer } from './fixtures/server.ts'

const service = { name: 'repeer-webhook', namespace: 'repeer-system' }
const servername = 'repeer-webhook.repeer-system.svc'
const issue = () => issueFresh({ service, now: Date.now(), lifetimeSeconds: 3600, clockSkewSeconds: 300 })
const [first, second] = await Promise.all([issue(), issue()])

async function listening(app: WebhookServer): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

type Reply = { readonly status: number; readonly connection: string | undefined; readonly body: string }

function post(port: number, ca: string, agent: Agent | false = false): Promise<Reply> {
  const body = JSON.stringify(review())
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      servername,
      ca,
      agent,
      method: 'POST',
      path: '/mutate',
      headers: { 'content-type': 'application/json' },
    }
    request(options, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          connection: response.headers.connection,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
      .on('error', reject)
      .end(body)
  })
}

t.test('admissions over TLS, verified, many at once, also while the certificate changes', async t => {
  const { app } = testServer({ tls: first })
  t.teardown(() => app.close())
  const port = await listening(app)
  await t.rejects(post(port, second.ca), 'another CA is not trusted')
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.teardown(() => agent.destroy())
  const both = `${first.ca}\n${second.ca}`
  const replies = await Promise.all(
    Array.from({ length: 120 }, async (_, index) => {
      if (index === 60) app.server.setSecureContext({ key: second.key, cert: second.cert })
      return post(port, both, index % 3 === 0 ? false : agent)
    }),
  )
  for (const reply of replies) t.match(reply, { status: 200, body: /"allowed":true/ })
  t.match(await post(port, second.ca), { status: 200 }, 'the new certificate is served')
  const old = connect({
    port,
    host: '127.0.0.1',
    servername,
    ca: second.ca,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
  })
  await t.rejects(new Promise((_, reject) => old.on('error', reject)), 'nothing older than TLS 1.2')
})

t.test('what is no TLS, or no HTTP, does not disturb', async t => {
  const { app } = testServer({ tls: first })
  t.teardown(() => app.close())
  const port = await listening(app)
  const plain = connectTcp(port, '127.0.0.1', () => plain.write('GET / HTTP/1.1\r\n\r\n'))
  plain.on('error', () => undefined)
  await new Promise(resolve => plain.on('close', resolve))
  const garbled = connect({ port, host: '127.0.0.1', servername, ca: first.ca }, () =>
    garbled.write('\u0000\u0001 nonsense\r\n\r\n'),
  )
  garbled.on('error', () => undefined).resume()
  await new Promise(resolve => garbled.on('close', resolve))
  t.match(await post(port, first.ca), { status: 200 })
})

t.test('a drain: goes on serving, asks clients to connect anew, then closes', async t => {
  let draining = false
  const { app } = testServer({
    tls: first,
    draining: () => draining,
    ready: () => (draining ? ['repeer is shutting down'] : []),
  })
  const port = await listening(app)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  t.match(await post(port, first.ca, agent), { status: 200, connection: 'keep-alive' })
  draining = true
  let closed = false
  const end = drain(app, 0.4).then(() => {
    closed = true
  })
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.match(await post(port, first.ca, agent), { status: 200, connection: 'close' }, 'an open connection')
  t.match(await post(port, first.ca), { status: 200, connection: 'close' }, 'a new one')
  t.notOk(closed)
  // One that arrives while the server closes is still answered.
  const slow = connect({ port, host: '127.0.0.1', servername, ca: first.ca })
  const body = JSON.stringify(review())
  const head = `POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  slow.write(head.slice(0, -2))
  await until('new connections to be refused', async () => {
    await delay(20)
    return post(port, first.ca).then(
      () => false,
      () => true,
    )
  })
  t.notOk(closed, 'one is still under way')
  const answer = new Promise<string>(resolve => slow.once('data', data => resolve(String(data))))
  slow.write(`\r\n${body}`)
  t.match(await answer, /^HTTP\/1\.1 200 OK/)
  await end
  t.ok(closed)
})

/** A client in a thread of its own: it asks once, and again on the same connection when it is told to. */
const client = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Agent, request } = require('node:https')
  const { body, ...options } = workerData
  const agent = new Agent({ keepAlive: true })
  const ask = () => {
    const asked = request({ ...options, agent, method: 'POST' }, response => {
      response.resume().once('end', () => parentPort.postMessage({ status: response.statusCode, reused: asked.reusedSocket }))
    })
    asked.once('error', error => parentPort.postMessage({ error: error.message, reused: asked.reusedSocket })).end(body)
  }
  parentPort.once('message', ms => setTimeout(ask, ms))
  ask()`

t.test('a request that has arrived and was not read when the drain ends is answered', async t => {
  const { app } = testServer({ tls: first, draining: () => true })
  app.addHook('onSend', async (_request, reply) => void reply.removeHeader('connection'))
  const port = await listening(app)
  const headers = { 'content-type': 'application/json' }
  const address = { port, host: '127.0.0.1', servername, ca: first.ca, path: '/mutate', headers }
  const worker = new Worker(client, { eval: true, workerData: { ...address, body: JSON.stringify(review()) } })
  t.teardown(() => worker.terminate())
  t.match(await once(worker, 'message'), [{ status: 200 }])
  const answer = once(worker, 'message')
  const end = drain(app, 0.1)
  worker.postMessage(200)
  // The machine is busy: from before the end of the drain until after the request has come.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
  t.match(await answer, [{ status: 200, reused: true }])
  await end
})

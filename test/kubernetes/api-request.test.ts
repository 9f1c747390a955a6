// What the controller needs of a request: connections that are used again, a signal that ends it, and errors that carry
// the status.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { apiRequest, keepAliveAgent } from '../../kubernetes/api-request.ts'

async function setup(t: { teardown(act: () => unknown): void }, listener: Parameters<typeof createServer>[1]) {
  const server: Server = createServer({}, listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const config = new KubeConfig()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  config.loadFromClusterAndUser({ name: 'test', server: url, skipTLSVerify: true }, { name: 'test', token: 'abc' })
  return config
}

t.test('with an agent one connection serves many requests, still signed; without, each has its own', async t => {
  const sockets = new Set<unknown>()
  const config = await setup(t, (request, response) => {
    sockets.add(request.socket)
    response.end(JSON.stringify({ authorization: request.headers.authorization }))
  })
  const call = { method: 'GET', path: '/', expected: [] } as const
  const agent = keepAliveAgent(config)
  for (let i = 0; i < 3; i++) t.same(await apiRequest(config, { ...call, agent }), { authorization: 'Bearer abc' })
  t.equal(sockets.size, 1)
  for (let i = 0; i < 3; i++) await apiRequest(config, call)
  t.equal(sockets.size, 4)
})

t.test('a signal ends a request, and its error says nothing of a timeout', async t => {
  const stop = new AbortController()
  const config = await setup(t, () => stop.abort())
  const asked = apiRequest(config, { method: 'GET', path: '/', expected: [], signal: stop.signal })
  await t.rejects(asked, { name: 'AbortError' })
  await t.rejects(apiRequest(config, { method: 'GET', path: '/', expected: [], signal: stop.signal }), {
    name: 'AbortError',
  })
})

t.test('an error carries the status', async t => {
  const config = await setup(t, (_request, response) => response.writeHead(422).end('{"message":"no"}'))
  await t.rejects(apiRequest(config, { method: 'GET', path: '/', expected: [404] }), {
    message: 'The API server answers 422: no',
    status: 422,
  })
})

t.test('behind a proxy the kubeconfig has the agent', t => {
  const config = new KubeConfig()
  const cluster = { name: 'test', server: 'https://kube.example.com', skipTLSVerify: false }
  config.loadFromClusterAndUser({ ...cluster, proxyUrl: 'http://proxy.example.com' }, { name: 'test' })
  t.equal(keepAliveAgent(config), undefined)
  config.loadFromClusterAndUser(cluster, { name: 'test' })
  t.ok(keepAliveAgent(config))
  t.end()
})

// `repeer check --web`: through a stand-in for the API server that forwards a port as the kubelet does, to the page.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { fleet } from '../controller/web/fixtures/fleet.ts'
import { startSite } from '../controller/web/fixtures/site.ts'
import { until } from '../fixtures/until.ts'
import { repeer } from './program.ts'

type Lease = { readonly spec: { readonly holderIdentity: string } } | undefined

async function cluster(t: Test, { lease, port, refuse }: { lease: () => Lease; port: number; refuse?: () => number }) {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    const found = lease()
    const status = found ? 200 : 404
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(found ?? { kind: 'Status', code: 404, message: 'leases "repeer-controller" not found' }),
    )
  })
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v4.channel.k8s.io' })
  server.on('upgrade', (request, socket, head) => {
    paths.push(`UPGRADE ${request.url}`)
    const status = refuse?.()
    if (status !== undefined) return socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    sockets.handleUpgrade(request, socket, head, remote => {
      const local = connect(port, '127.0.0.1')
      const number = Buffer.from([port & 255, port >> 8])
      for (const channel of [0, 1]) remote.send(Buffer.concat([Buffer.from([channel]), number]))
      remote.on('message', (frame: Buffer) => local.write(frame.subarray(1)))
      remote.on('close', () => local.destroy())
      local.on('data', content => remote.send(Buffer.concat([Buffer.from([0]), content])))
      local.on('error', error => remote.send(Buffer.concat([Buffer.from([1]), Buffer.from(error.message)])))
      local.on('close', () => remote.close())
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
    server.closeAllConnections()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
  return { paths, args: ['check', '--web', '--kubeconfig', join(t.testdir({ kubeconfig }), 'kubeconfig')] }
}

const held = (holderIdentity: string): Lease => ({ spec: { holderIdentity } })

t.test('the page of who leads, until interrupted', async t => {
  const site = await startSite(t)
  site.show(fleet(4))
  const { paths, args } = await cluster(t, {
    lease: () => held('repeer-controller-7d-abc_0123abcd'),
    port: Number(new URL(site.url).port),
  })
  const end = new AbortController()
  let out = ''
  const done = repeer(args, {
    signal: () => end.signal,
    out: text => {
      out += text
    },
  })
  await until('the address', async () => out.includes('http://localhost:'))
  const url = /http:\/\/localhost:\d+\//.exec(out)?.[0] ?? ''
  t.match(out, /repeer-system\/repeer-controller-7d-abc, which leads/)
  const page = await (await fetch(url, { headers: { connection: 'close' } })).text()
  t.match(page, /All 4 nodes are connected/)
  t.match(paths[0], /leases\/repeer-controller$/)
  t.match(paths[1], /UPGRADE .*\/repeer-system\/pods\/repeer-controller-7d-abc\/portforward\?ports=9470$/)
  end.abort()
  t.equal((await done).code, 0)
  await t.rejects(fetch(url), 'it listens no more')
})

t.test('what can be wrong is said', async t => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  await new Promise(resolve => closed.close(resolve))
  const none = await cluster(t, { lease: () => undefined, port })
  t.match(await repeer(none.args), { code: 1, err: /found none, expected a controller that leads/ })
  const free = await cluster(t, { lease: () => held(''), port })
  t.match(await repeer(free.args), { code: 1, err: /found no holder of it/ })
  const refused = await cluster(t, { lease: () => held('a'), port, refuse: () => 403 })
  t.match(await repeer(refused.args), {
    code: 1,
    err: /found HTTP 403; expected the permissions get and create on pods/,
  })
  const dead = await cluster(t, { lease: () => held('a'), port })
  t.match(await repeer(dead.args), { code: 1, err: /ECONNREFUSED/ })
  const site = await startSite(t, { audience: 'off' })
  const off = await cluster(t, { lease: () => held('a'), port: Number(new URL(site.url).port) })
  t.match(await repeer(off.args), { code: 1, err: /HTTP 404, expected its page: .*--web=off/ })
  t.match(await repeer([...off.args, '--watch']), { code: 2, err: /expected it alone/ })
})

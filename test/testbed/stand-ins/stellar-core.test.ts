// The stand-in connects as stellar-core does, and what repeer's own teller says to it works: scenario 42 rests on these
// rows.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { until } from '../../fixtures/until.ts'
import { apiOf, interfaceAt } from '../../sidecar/chains/fixtures/interface.ts'
import { adding, dropping, peerOf } from '../../sidecar/chains/fixtures/peers.ts'
import { startStandIn } from './processes.ts'

type Options = { readonly lines?: readonly string[]; readonly ports?: readonly [peer: number, http: number] }

async function start(t: Test, seed: string, { lines = [], ports }: Options = {}) {
  const [peerPort, httpPort] = ports ?? [await freePort(), await freePort()]
  const dir = mkdtempSync(join(tmpdir(), 'stellar-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'stellar-core.cfg')
  writeFileSync(file, [...lines, `PEER_PORT=${peerPort}`, `HTTP_PORT=${httpPort} # this one`, ''].join('\n'))
  const standIn = startStandIn(t, 'stellar-core.ts', {
    args: [file],
    env: { STELLAR_CORE_SEED: seed, KNOWN_PEERS: '127.0.0.1:1' },
  })
  const node = apiOf('stellar-core', interfaceAt(httpPort))
  const peers = async () => {
    const seen = await node.ask()
    return seen.ok ? seen.connections : []
  }
  await until('an answer', async () => (await node.ask()).ok)
  return {
    ...standIn,
    node,
    peers,
    peerPort,
    ports: [peerPort, httpPort] as const,
    asked: async () => (await (await fetch(`http://127.0.0.1:${httpPort}/asked`)).json()) as string[],
    asPeer: peerOf({ host: '127.0.0.1', port: peerPort, addresses: ['127.0.0.1'] }),
  }
}

t.test(
  'told a peer, it connects, and both ends see it, each from its side; told to drop it, it is alone again',
  async t => {
    const a = await start(t, 'a')
    const b = await start(t, 'b')
    t.same(await a.peers(), [], 'the environment is no list for it')
    t.match(await a.node.tell(adding(b.asPeer)), { ok: true })
    await until('a has b', async () => (await a.peers()).length === 1)
    t.match(await a.peers(), [{ address: '127.0.0.1', port: b.peerPort }])
    await until('b has a', async () => (await b.peers()).length === 1)
    t.equal((await b.peers())[0]?.port, undefined, 'who dialled in is there without a port')
    t.ok((await a.asked()).includes(`connect?peer=127.0.0.1&port=${b.peerPort}`))

    t.match(await a.node.tell(dropping(b.asPeer)), { ok: true })
    await until('a has dropped b', async () => (await a.peers()).length === 0)
  },
)

t.test(
  'the list of its file is dialled until who is on it listens; two that list each other end with one connection',
  async t => {
    const [x, y] = [await freePort(), await freePort()]
    const a = await start(t, 'a', {
      lines: ['[VALIDATORS]', `KNOWN_PEERS=["127.0.0.1:${y}",`, '  "127.0.0.1:1"]'],
      ports: [x, await freePort()],
    })
    const b = await start(t, 'b', { lines: [`PREFERRED_PEERS = ["127.0.0.1:${x}"]`], ports: [y, await freePort()] })
    for (const node of [a, b]) await until('they are connected', async () => (await node.peers()).length === 1)
    const listening = (await Promise.all([a.peers(), b.peers()])).flat().filter(peer => peer.port !== undefined)
    t.equal(listening.length, 1, 'one of the two has dialled')
  },
)

t.test('a node that ends has forgotten what it was told, and is who it was', async t => {
  const a = await start(t, 'a')
  const b = await start(t, 'b')
  await a.node.tell(adding(b.asPeer))
  await until('a has b', async () => (await a.peers()).length === 1)
  const before = (await b.peers())[0]?.id
  a.child.kill('SIGTERM')
  t.match(await a.ended, { code: 0 })
  await until('b has lost a', async () => (await b.peers()).length === 0)
  const again = await start(t, 'a', { ports: a.ports })
  t.same(await again.peers(), [])
  await again.node.tell(adding(b.asPeer))
  await until('b has a', async () => (await b.peers()).length === 1)
  t.equal((await b.peers())[0]?.id, before)
})

t.test('the health sidecar is ready while the node answers', async t => {
  const core = await start(t, 'a')
  const port = await freePort()
  startStandIn(t, 'stellar-health.ts', { env: { PORT: String(port), CORE_URL: `http://127.0.0.1:${core.ports[1]}` } })
  const code = async (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => 0,
    )
  await until('ready', async () => (await code('/readyz')) === 200)
  core.child.kill('SIGTERM')
  await until('not ready', async () => (await code('/readyz')) === 503)
  t.equal(await code('/healthz'), 200)
})

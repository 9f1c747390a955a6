// Against a stand-in: see fixtures/stellar-stand-in.ts.

import t from 'tap'
import { readStellarPeers } from '../../../sidecar/chains/stellar-core.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { apiOf, interfaceAt } from './fixtures/interface.ts'
import { adding, peerOf } from './fixtures/peers.ts'
import { startStellar } from './fixtures/stellar-stand-in.ts'

const id = (letter: string) => `G${letter.repeat(55)}`
const peer = (n: number, over = {}) => peerOf({ host: `node${n}`, port: 11625, addresses: [`10.0.0.${n}`], ...over })
const nodeOf = ({ port }: { port: number }, timeoutMs = 3000) => apiOf('stellar-core', interfaceAt(port, { timeoutMs }))

t.test('the connected peers: no port for one that dialled in, and none that is pending', async t => {
  const node = await startStellar(t)
  t.same(await nodeOf(node).ask(), { ok: true, connections: [] })
  node.outbound = [{ id: id('A'), address: '10.0.0.1:11625' }]
  node.inbound = [{ id: id('B'), address: '10.0.0.2:11625' }]
  t.same(await nodeOf(node).ask(), {
    ok: true,
    connections: [
      { id: id('A'), address: '10.0.0.1', port: 11625 },
      { id: id('B'), address: '10.0.0.2' },
    ],
  })
})

t.test('tells the missing ones by IPv4 address, never those that are connected', async t => {
  const node = await startStellar(t)
  node.inbound = [{ id: id('B'), address: '10.0.0.2:11625' }]
  const both = peer(1, { addresses: ['10.0.0.1', '2001:db8::1', '10.0.0.7'] })
  t.same(await nodeOf(node).tell(adding(both, peer(2), peer(3, { addresses: [] }))), { ok: true })
  t.same(node.asked, ['peers?fullkeys=true', 'connect?peer=10.0.0.1&port=11625', 'connect?peer=10.0.0.7&port=11625'])
  const without = peer(4, { addresses: ['2001:db8::4'] })
  t.match(await nodeOf(node).tell(adding(without)), {
    ok: false,
    refused: false,
    detail: /no missing peer has an IPv4 address now/,
  })
})

t.test('drops who is not listed any more, by node ID; not who shares the address of one that is', async t => {
  const node = await startStellar(t)
  node.outbound = [
    { id: id('A'), address: '10.0.0.1:11625' },
    { id: id('B'), address: '10.0.0.2:11625' },
    { id: id('C'), address: '10.0.0.2:11725' },
  ]
  const renamed = peer(1, { host: 'other' })
  t.same(await nodeOf(node).tell({ all: [renamed], add: [], drop: [peer(1), peer(2), peer(9)] }), { ok: true })
  t.same(node.asked, ['peers?fullkeys=true', `droppeer?node=${id('B')}`])
  t.same(
    node.outbound.map(({ id }) => id),
    [id('A'), id('C')],
  )
})

t.test('booting is worth another try; a node without the command is not', async t => {
  const node = await startStellar(t)
  node.instead = '{"error": "Core is booting, try again later"}'
  t.match(await nodeOf(node).tell(adding(peer(1))), {
    ok: false,
    refused: false,
    detail: /peers answered: "Core is booting/,
  })
  t.match(await nodeOf(node).ask(), { silent: /Core is booting/ })
  t.match(await nodeOf({ port: await freePort() }).tell(adding(peer(1))), {
    ok: false,
    refused: false,
    detail: /ECONNREFUSED/,
  })
})

t.test('an answer to connect', async t => {
  const listing = JSON.stringify({ authenticated_peers: { inbound: null, outbound: null } })
  const { createServer } = await import('node:http')
  let text = ''
  const server = createServer((request, response) => response.end(request.url?.startsWith('/peers') ? listing : text))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const node = nodeOf(server.address() as { port: number })
  text = '{"exception": "Cannot create PeerBareAddress with port 0"}'
  t.match(await node.tell(adding(peer(1))), {
    ok: false,
    refused: false,
    detail: /connect\?peer=10.0.0.1&port=11625: HTTP status 200 and .*exception/,
  })
  text = '<b>Welcome to stellar-core!</b>'
  t.match(await node.tell(adding(peer(1))), {
    ok: false,
    refused: true,
    detail: /Welcome.*expected "Connect to: \.\.\."; is this stellar-core, with RUN_STANDALONE=false/,
  })
})

t.test('a listing that is none', async t => {
  const of = (outbound: unknown) => () => readStellarPeers({ authenticated_peers: { outbound } })
  t.throws(() => readStellarPeers(null), {
    message: /authenticated_peers: found nothing, expected an object; is this stellar-core\?/,
  })
  t.throws(of({}), { message: /outbound: found \{\}, expected a list/ })
  t.throws(of([7]), { message: /outbound peer 1, address: found nothing/ })
  t.throws(of([{ id: 'x', address: 'a b:1' }]), { message: /found "a b:1", expected an IP address and a port/ })
  t.throws(of([{ id: 'x', address: '10.0.0.1:99999' }]), { message: /expected an IP address and a port/ })
  t.throws(of([{ id: '', address: '10.0.0.1:1' }]), { message: /id: found "", expected a node ID/ })
  t.throws(of([{ id: 'x'.repeat(500), address: '10.0.0.1:1' }]), { message: /id: found "x{118}…, expected a node ID/ })
})

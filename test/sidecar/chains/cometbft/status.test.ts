import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readConnections, readStatus } from '../../../../sidecar/chains/cometbft/status.ts'
import { until } from '../../../fixtures/until.ts'
import { type RpcAnswer, startRpc } from '../../fixtures/rpc.ts'
import { askOnce } from '../fixtures/interface.ts'
import { planResponse } from '../fixtures/upgrade-plan.ts'

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/cometbft', `${name}.json`), 'utf8')
const result = (name: string): unknown => JSON.parse(fixture(name)).result
const ids = { outbound: 'f1f7cc6daa2335b601a1416db984943d87347ecb', self: 'c3fca248852aebe7e3271f0b9f57f7fee3183641' }

/** As CometBFT 0.38.19 answers, recorded from two real nodes. */
const healthy: Record<string, RpcAnswer> = {
  status: fixture('status'),
  net_info: fixture('net_info-outbound'),
  abci_query: fixture('abci_query-kvstore'),
}

t.test('asks a node for its state and its connections', async t => {
  const rpc = await startRpc(t, healthy)
  t.same(await askOnce(rpc.port), {
    ok: true,
    status: { id: ids.self, height: 228, catchingUp: false, validator: false, upgradePending: false, votingPower: 0 },
    connections: [{ id: ids.outbound, address: '127.0.0.21', port: 26656 }],
    listening: true,
  })
  t.same([...rpc.asked].sort(), [
    'abci_query?path=%22%2Fcosmos.upgrade.v1beta1.Query%2FCurrentPlan%22',
    'net_info',
    'status',
  ])
})

t.test('an accepted connection has no port; voting power makes a validator', async t => {
  t.same(readConnections(result('net_info-inbound')), [{ id: ids.self, address: '127.0.0.1' }])
  t.match(readStatus(result('status-validator')), { validator: true, votingPower: 10 })
})

t.test('addresses and IDs are in normal form', async t => {
  const peer = (over: object, node = {}) => ({
    node_info: { id: 'A'.repeat(40), listen_addr: 'tcp://0.0.0.0:26656', ...node },
    is_outbound: true,
    remote_ip: '10.0.0.1',
    ...over,
  })
  const of = (over: object, node = {}) => readConnections({ peers: [peer(over, node)] })[0]
  t.same(of({}), { id: 'a'.repeat(40), address: '10.0.0.1', port: 26656 })
  t.equal(of({ remote_ip: '::ffff:10.0.0.1' })?.address, '10.0.0.1')
  t.equal(of({ remote_ip: '2001:DB8:0:0:0:0:0:1' })?.address, '2001:db8::1')
  t.equal(of({ remote_ip: 'fe80::1%eth0' })?.address, 'fe80::1')
  t.equal(of({}, { listen_addr: '[::]:1234' })?.port, 1234)
  t.equal(of({}, { listen_addr: 'node1.example.com:26666' })?.port, 26666)
  for (const listen_addr of ['', 'tcp://0.0.0.0', 'tcp://0.0.0.0:0', 'x:99999', 7, undefined]) {
    t.notOk(Object.hasOwn(of({}, { listen_addr }) ?? {}, 'port'), `${listen_addr}`)
  }
  t.same(readConnections({ peers: null }), [], 'nobody, as Go may write it')
})

t.test('a node without the JSON-RPC envelope (Tendermint 0.35 and its forks)', async t => {
  const rpc = await startRpc(t, {
    status: JSON.stringify(result('status')),
    net_info: JSON.stringify(result('net_info-outbound')),
    abci_query: JSON.stringify(JSON.parse(planResponse('v2')).result),
  })
  t.match(await askOnce(rpc.port), {
    ok: true,
    status: { height: 228, upgradePending: true },
    connections: [{ id: ids.outbound }],
  })
})

t.test('the power of all validators is asked for by validators only, and its absence is no silence', async t => {
  let asked = 0
  const power = async () => {
    asked += 1
    return asked === 1 ? 40 : undefined
  }
  const rpc = await startRpc(t, { ...healthy })
  const ask = () => askOnce(rpc.port, {}, { power })
  const other = await ask()
  t.notOk(other.ok && other.status && 'totalPower' in other.status)
  t.equal(asked, 0)
  rpc.answers.status = fixture('status-validator')
  t.match(await ask(), { status: { votingPower: 10, totalPower: 40 } })
  t.equal(asked, 1)
  const unknown = await ask()
  t.ok(unknown.ok && unknown.status && !('totalPower' in unknown.status), 'not known, and left out')
})

t.test('a voting power that cannot be read makes a validator whose power is not known', async t => {
  const of = (voting_power: unknown) =>
    readStatus(
      JSON.parse(json(v => Object.assign(v.result.validator_info ?? {}, { voting_power }), 'status-validator')).result,
    )
  for (const odd of ['x', '1.5', '9'.repeat(30), {}])
    t.same({ ...of(odd), id: '' }, { id: '', height: of(odd).height, catchingUp: false, validator: true })
  t.match(of('-1'), { validator: false })
  t.notOk('votingPower' in of('-1'))
})

const json = (change: (value: { result: Record<string, Record<string, unknown>> }) => void, name: string) => {
  const value = JSON.parse(fixture(name))
  change(value)
  return JSON.stringify(value)
}
const peers = (list: unknown) => JSON.stringify({ result: { listening: true, peers: list } })
const hostile: Record<string, [Record<string, RpcAnswer>, RegExp]> = {
  'no HTTP': [{ status: r => r.socket?.end('SSH-2.0-OpenSSH_9.6\r\n') }, /status cannot be asked: HPE_/],
  'a hang': [{ status: () => {} }, /status did not answer within 0.15 s/],
  'a hang in the middle': [
    { net_info: r => void r.writeHead(200).write('{"result":') },
    /net_info did not answer within/,
  ],
  'a drip': [
    {
      net_info: r => {
        const drip = setInterval(() => r.write(' '), 20)
        r.on('close', () => clearInterval(drip))
      },
    },
    /net_info did not answer within/,
  ],
  'a hang-up': [{ status: r => r.destroy() }, /status cannot be asked: ECONNRESET/],
  'a hang-up in the middle': [
    { status: r => void r.writeHead(200, { 'content-length': 1000 }).write('{', () => r.destroy()) },
    /status stopped in the middle of its answer: ECONNRESET/,
  ],
  'a flood': [
    {
      net_info: r => {
        const chunk = Buffer.alloc(256 * 1024, ' ')
        const flood = () => {
          while (!r.destroyed && r.write(chunk)) {}
          if (!r.destroyed) r.once('drain', flood)
        }
        flood()
      },
    },
    /net_info answered with more than 4194304 bytes/,
  ],
  'no JSON': [{ status: '<html>' }, /status answered with HTTP status 200 and something that is not JSON/],
  nothing: [{ status: '' }, /not JSON/],
  null: [{ status: 'null' }, /the answer to \/status: found null, expected an object/],
  'an array': [{ status: '[]' }, /found \[\], expected an object/],
  'a redirect': [
    { status: r => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}') },
    /HTTP status 302, expected 200/,
  ],
  'an error': [
    { status: JSON.stringify({ error: { code: -1, message: 'Internal error', data: 'still starting' } }) },
    /status answered with an error: "still starting"/,
  ],
  'no result': [{ status: '{}' }, /sync_info: found nothing/],
  'sync_info that is none': [
    { status: json(v => Object.assign(v.result, { sync_info: 7 }), 'status') },
    /sync_info: found 7, expected an object/,
  ],
  'a height that is none': [
    { status: json(v => Object.assign(v.result.sync_info ?? {}, { latest_block_height: '5x' }), 'status') },
    /latest_block_height: found "5x"/,
  ],
  'a negative height': [
    { status: json(v => Object.assign(v.result.sync_info ?? {}, { latest_block_height: '-1' }), 'status') },
    /"-1"/,
  ],
  'an enormous height': [
    { status: json(v => Object.assign(v.result.sync_info ?? {}, { latest_block_height: '9'.repeat(200) }), 'status') },
    /found "9{78}…, expected a height/,
  ],
  'catching_up as text': [
    { status: json(v => Object.assign(v.result.sync_info ?? {}, { catching_up: 'no' }), 'status') },
    /catching_up: found "no", expected true or false/,
  ],
  'an ID that is none': [
    { status: json(v => Object.assign(v.result.node_info ?? {}, { id: '../..' }), 'status') },
    /found "..\/..", expected 40 hex/,
  ],
  'no word on listening': [{ net_info: '{"result":{"peers":[]}}' }, /listening: found nothing/],
  'no peers': [{ net_info: '{"result":{"listening":true}}' }, /peers: found nothing/],
  'peers that are no list': [{ net_info: peers({}) }, /peers: found \{\}, expected a list/],
  'a peer that is none': [{ net_info: peers([7]) }, /peer 1: found 7/],
  'a peer without ID': [
    { net_info: peers([{ remote_ip: '10.0.0.1', node_info: {} }]) },
    /peer 1, node_info.id: found nothing/,
  ],
  'a peer at no address': [
    { net_info: peers([{ remote_ip: 'a b', node_info: { id: 'a'.repeat(40) } }]) },
    /peer 1, remote_ip: found "a b", expected an IP address/,
  ],
  'not found': [
    { status: r => r.writeHead(404).end('404 page not found\n') },
    /HTTP status 404 and something that is not JSON/,
  ],
}
for (const [name, [answers, expected]] of Object.entries(hostile)) {
  t.test(`silent, with a reason: ${name}`, async t => {
    const rpc = await startRpc(t, { ...healthy, ...answers })
    const answer = await askOnce(rpc.port, { timeoutMs: expected.source.includes('within') ? 150 : 5000 })
    t.match(answer, { ok: false, silent: expected })
  })
}

t.test('a node that is not there is silent; IPv6 is asked in brackets', async t => {
  const rpc = await startRpc(t, healthy)
  const free = createServer()
  await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address() as { port: number }
  await new Promise(resolve => free.close(resolve))
  t.match(await askOnce(port), {
    ok: false,
    silent: /^http:\/\/127.0.0.1:\d+\/status cannot be asked: ECONNREFUSED$/,
  })
  t.match(await askOnce(rpc.port, { host: '::1' }), { ok: false, silent: /^http:\/\/\[::1\]:\d+\// })
})

const missing = spawnSync('cometbft', ['version']).error !== undefined
t.test('a real CometBFT', { skip: missing && 'no cometbft program on PATH' }, async t => {
  const home = t.testdir({})
  execFileSync('cometbft', ['init', '--home', home], { stdio: 'ignore' })
  const id = execFileSync('cometbft', ['show-node-id', '--home', home], { encoding: 'utf8' }).trim()
  // Addresses and ports of its own, so that tests may run beside each other.
  const host = `127.${1 + (process.pid % 200)}.7.9`
  const node = spawn(
    'cometbft',
    [
      'node',
      '--home',
      home,
      '--proxy_app=kvstore',
      '--p2p.laddr',
      `tcp://${host}:26656`,
      '--rpc.laddr',
      `tcp://${host}:26657`,
    ],
    { stdio: 'ignore' },
  )
  t.teardown(() => node.kill('SIGKILL'))
  await until('an answer', async () => (await askOnce(26657, { host })).ok, 20)
  t.match(await askOnce(26657, { host }), {
    ok: true,
    status: { id, catchingUp: Boolean, validator: true, upgradePending: false },
    connections: [],
  })
})

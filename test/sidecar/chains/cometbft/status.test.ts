import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import {
  askCometbft,
  createUpgradeCheck,
  readConnections,
  readStatus,
  readUpgradePending,
} from '../../../../sidecar/chains/cometbft/status.ts'
import { lookAtNode } from '../../../../sidecar/observe/observe.ts'
import { until } from '../../../fixtures/until.ts'
import { plan } from '../../fixtures/look.ts'
import { type RpcAnswer, startRpc } from '../../fixtures/rpc.ts'

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

/** Protobuf of QueryCurrentPlanResponse { plan: { name, height } } as base64, in the envelope of abci_query. */
function planResponse(name: string, code = 0): string {
  const inner = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name), Buffer.from([0x18, 0xe8, 0x07])])
  const value = Buffer.concat([
    Buffer.from([0x0a, ...(inner.length < 128 ? [inner.length] : [(inner.length & 127) | 128, inner.length >> 7])]),
    inner,
  ])
  return JSON.stringify({ jsonrpc: '2.0', id: -1, result: { response: { code, value: value.toString('base64') } } })
}

t.test('asks a node for its state and its connections', async t => {
  const rpc = await startRpc(t, healthy)
  t.same(await askCometbft({ port: rpc.port }), {
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
  t.match(await askCometbft({ port: rpc.port }), {
    ok: true,
    status: { height: 228, upgradePending: true },
    connections: [{ id: ids.outbound }],
  })
})

t.test('whether an upgrade is pending', async t => {
  const of = (response: unknown) => readUpgradePending({ response })
  t.ok(readUpgradePending(JSON.parse(planResponse('v2')).result))
  t.ok(readUpgradePending(JSON.parse(planResponse('v'.repeat(120))).result), 'a length of two bytes')
  t.notOk(readUpgradePending(JSON.parse(planResponse('v2', 6)).result), 'the module is absent')
  t.notOk(readUpgradePending(result('abci_query-kvstore')))
  t.notOk(of({ code: 0, value: '' }), 'no plan')
  t.notOk(of({ code: 0, value: null }))
  t.notOk(of({ code: 0, value: Buffer.from([0x0a, 0]).toString('base64') }), 'an empty plan')
  t.notOk(of({ code: 0, value: Buffer.from([0x0a, 9, 1]).toString('base64') }), 'cut off')
  t.notOk(of({ code: 0, value: Buffer.from('{"height":5}').toString('base64') }), 'another message')
  t.notOk(
    of({ code: 0, value: Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff]).toString('base64') }),
    'an endless length',
  )
  for (const odd of [null, undefined, 7, 'x', [], {}]) t.notOk(readUpgradePending(odd))
})

t.test(
  'an application that does not know the question has no upgrade; one that does not answer makes the node silent',
  async t => {
    const unknown = JSON.stringify({
      jsonrpc: '2.0',
      id: -1,
      error: { code: -32603, message: 'Internal error', data: 'no such path' },
    })
    const rpc = await startRpc(t, { ...healthy, abci_query: response => response.writeHead(500).end(unknown) })
    t.match(await askCometbft({ port: rpc.port }), { ok: true, status: { upgradePending: false } })
    rpc.answers.abci_query = () => {}
    t.match(await askCometbft({ port: rpc.port, timeoutMs: 100 }), {
      ok: false,
      silent: /abci_query.* did not answer within 0.1 s/,
    })
  },
)

t.test('an answer about upgrades is kept for a minute', async t => {
  const rpc = await startRpc(t, { ...healthy, abci_query: planResponse('v2') })
  let now = 0
  const ask = () => askCometbft({ port: rpc.port, upgradeCheck })
  const upgradeCheck = createUpgradeCheck(() => now)
  const questions = () => rpc.asked.filter(one => one.startsWith('abci_query')).length
  t.match(await ask(), { status: { upgradePending: true } })
  rpc.answers.abci_query = fixture('abci_query-kvstore')
  now = 59_999
  t.match(await ask(), { status: { upgradePending: true } })
  t.equal(questions(), 1)
  now = 60_000
  t.match(await ask(), { status: { upgradePending: false } })
  t.equal(questions(), 2)
  rpc.answers.abci_query = response => response.destroy()
  now = 200_000
  t.match(await ask(), { ok: false }, 'a failure is not kept')
  rpc.answers.abci_query = planResponse('v3')
  t.match(await ask(), { status: { upgradePending: true } })
})

t.test('the power of all validators is asked for by validators only, and its absence is no silence', async t => {
  const asked: string[] = []
  const powerCheck = async (base: string) => {
    asked.push(base)
    return asked.length === 1 ? 40 : undefined
  }
  const rpc = await startRpc(t, { ...healthy })
  const ask = () => askCometbft({ port: rpc.port, powerCheck })
  const other = await ask()
  t.notOk(other.ok && 'totalPower' in other.status)
  t.same(asked, [])
  rpc.answers.status = fixture('status-validator')
  t.match(await ask(), { status: { votingPower: 10, totalPower: 40 } })
  t.same(asked, [`http://127.0.0.1:${rpc.port}`])
  const unknown = await ask()
  t.ok(unknown.ok && !('totalPower' in unknown.status), 'not known, and left out')
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
    const answer = await askCometbft({ port: rpc.port, timeoutMs: expected.source.includes('within') ? 150 : 5000 })
    t.match(answer, { ok: false, silent: expected })
  })
}

t.test('a node that is not there is silent; IPv6 is asked in brackets', async t => {
  const rpc = await startRpc(t, healthy)
  const free = createServer()
  await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address() as { port: number }
  await new Promise(resolve => free.close(resolve))
  t.match(await askCometbft({ port }), {
    ok: false,
    silent: /^http:\/\/127.0.0.1:\d+\/status cannot be asked: ECONNREFUSED$/,
  })
  t.match(await askCometbft({ port: rpc.port, host: '::1' }), { ok: false, silent: /^http:\/\/\[::1\]:\d+\// })
})

t.test('the view of a node', async t => {
  const rpc = await startRpc(t, healthy)
  const tcp = readFileSync(join(import.meta.dirname, '../../fixtures/proc-net-tcp.txt'), 'utf8')
  const procDir = t.testdir({ net: { tcp }, nowhere: {} })
  const it = plan({ rpcPort: rpc.port })
  const seen = [
    { address: '127.0.0.1' },
    { address: '127.0.0.1', port: 0x403b },
    { address: '127.0.0.21', port: 26656 },
  ]

  t.same(await lookAtNode(it, { procDir }), {
    seenBy: 'net_info',
    connections: [{ id: ids.outbound, address: '127.0.0.21', port: 26656 }],
    status: { id: ids.self, height: 228, catchingUp: false, validator: false, upgradePending: false, votingPower: 0 },
    listening: true,
  })
  rpc.answers.net_info = json(v => Object.assign(v.result, { listening: false }), 'net_info-outbound')
  t.match(await lookAtNode(it, { procDir }), { seenBy: 'net_info', listening: false }, 'its own word on listening too')
  t.match(await lookAtNode(plan({ ...it, hostNetwork: true }), { procDir }), { seenBy: 'net_info' })
  t.match(
    await lookAtNode(plan({ ...it, mesh: true }), { procDir }),
    { seenBy: 'net_info' },
    'its own word is good behind a mesh too',
  )

  rpc.answers.status = 'null'
  t.match(await lookAtNode(it, { procDir }), {
    seenBy: 'sockets',
    connections: seen,
    listening: true,
    silent: /\/status: found null/,
  })
  t.match(await lookAtNode(plan({ ...it, mesh: true }), { procDir }), {
    seenBy: 'none',
    connections: [],
    listening: true,
    silent: /null/,
  })
  const machine = await lookAtNode(plan({ ...it, hostNetwork: true }), { procDir })
  t.match(machine, { seenBy: 'none', connections: [], silent: /null/ })
  t.notOk(Object.hasOwn(machine, 'listening'), "under hostNetwork the machine's sockets say nothing")
  t.match(await lookAtNode(plan({ ...it, p2pPort: 4 }), { procDir }), { seenBy: 'sockets', listening: false })
  t.match(await lookAtNode(it, { procDir: join(procDir, 'nowhere') }), {
    seenBy: 'none',
    connections: [],
    silent: /null/,
  })

  const before = rpc.asked.length
  const other = await lookAtNode(plan({ ...it, profile: 'stellar-core' }), { procDir })
  t.same(
    other,
    { seenBy: 'sockets', connections: seen, listening: true },
    'another profile is asked in its own way, and its silence is no news',
  )
  t.same(rpc.asked.slice(before), ['peers?fullkeys=true'])
  const { rpcPort: _, ...unasked } = it
  t.match(await lookAtNode(unasked, { procDir }), { seenBy: 'sockets' })
  t.equal(rpc.asked.length, before + 1)
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
  await until('an answer', async () => (await askCometbft({ port: 26657, host })).ok, 20)
  t.match(await askCometbft({ port: 26657, host }), {
    ok: true,
    status: { id, catchingUp: Boolean, validator: true, upgradePending: false },
    connections: [],
  })
})

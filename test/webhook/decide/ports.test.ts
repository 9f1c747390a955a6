// Where a node listens: what is stated, before names, before probes, before what is usual; and what is another
// program's port.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, configMount, directory, injected, input, list, skipped, toml } from '../fixtures/pods/build.ts'

const plan = (change: Change = {}) => injected(decide(input(change))).plan
const why = (change: Change) => injected(decide(input(change))).why.ports
const bare = { node: { 'config.toml': `[p2p]\npersistent_peers = "${list}"\n` } }
const file = `[rpc]\nladdr = "tcp://0.0.0.0:36657"\n[p2p]\n# laddr = "tcp://0.0.0.0:1"\nladdr = "tcp://[::]:36656"\npersistent_peers = "${list}"\n`

type Row = readonly [what: string, change: Change, p2p: number, rpc: number | undefined]

/** Container ports from "name:number", or a number alone. */
function ports(...texts: readonly string[]): Record<string, unknown>[] {
  return texts.map(text => {
    const [name, number] = text.includes(':') ? text.split(':') : ['', text]
    return { ...(name ? { name } : {}), containerPort: Number(number) }
  })
}

function check(t: { same: (found: unknown, wanted: unknown, message: string) => unknown }, rows: readonly Row[]): void {
  for (const [what, change, p2p, rpc] of rows) {
    const { p2pPort, rpcPort } = plan(change)
    t.same([p2pPort, rpcPort], [p2p, rpc], what)
  }
}

t.test('the order: annotation, flag, variable, file, name, probe, default', t => {
  const named = ports('p2p:56656', 'rpc:56657')
  const probed = { readinessProbe: { httpGet: { path: '/status', port: 66 } } }
  const args = ['--p2p.laddr=tcp://0.0.0.0:46656', '--rpc.laddr', 'tcp://127.0.0.1:46657']
  const env = [
    { name: 'GAIAD_P2P_LADDR', value: 'tcp://0.0.0.0:41656' },
    { name: 'GAIAD_RPC_LADDR', value: 'tcp://0.0.0.0:41657' },
  ]
  const all = { ports: named, env, args, ...probed }
  const maps = { node: { 'config.toml': file } }
  check(t, [
    [
      'annotation',
      { annotations: { 'repeer.dev/p2p-port': '1', 'repeer.dev/rpc-port': '2' }, container: all, maps },
      1,
      2,
    ],
    ['flag', { container: all, maps }, 46656, 46657],
    ['variable', { container: { ...all, args: [] }, maps }, 41656, 41657],
    ['file', { container: { ports: named, ...probed }, maps }, 36656, 36657],
    ['name', { container: { ports: named, ...probed }, maps: bare }, 56656, 56657],
    ['probe', { container: probed, maps: bare }, 26656, 66],
    ['default', { maps: bare }, 26656, 26657],
  ])
  t.match(why({ container: all, maps }), 'P2P 46656 (--p2p.laddr); status 46657 (--rpc.laddr)')
  t.match(
    why({ container: { ports: named }, maps: bare }),
    'P2P 56656 (container port p2p); status 56657 (container port rpc)',
  )
  t.match(why({ maps: bare }), 'P2P 26656 (the usual one); status 26657 (the usual one)')
  t.end()
})

t.test('a configuration file counts although the list stands elsewhere', t => {
  const env = [{ name: 'PERSISTENT_PEERS', value: list }]
  check(t, [
    [
      '',
      {
        container: { env },
        maps: { node: { 'config.toml': '[rpc]\nladdr = "tcp://0.0.0.0:36657"\n', 'app.toml': 'x=1' } },
      },
      26656,
      36657,
    ],
    [
      'not a sibling that is no configuration',
      { container: { env }, maps: { node: { 'app.toml': '[rpc]\nladdr = "tcp://0.0.0.0:1"\n' } } },
      26656,
      26657,
    ],
  ])
  t.end()
})

t.test('names, as charts and operators give them', t => {
  const row = (p2p: number, rpc: number, ...texts: readonly string[]): Row => [
    texts.join(' '),
    { maps: bare, container: { ports: ports(...texts) } },
    p2p,
    rpc,
  ]
  check(t, [
    row(28766, 28767, 'p2p:28766', 'rpc:28767', 'rest:29427', 'grpc:11200'),
    row(28766, 28767, 'tcp-p2p:28766', 'tcp-rpc:28767'),
    row(28766, 28767, 'p2p-tcp:28766', 'rpc-tcp:28767'),
    row(28766, 28767, 'cometbft-p2p:28766', 'cometbft-rpc:28767'),
    row(28766, 28767, 'tm-p2p:28766', 'tendermint-rpc:28767'),
    row(28766, 28767, 'gaia-p2p:28766', 'http-rpc:28767'),
    row(26656, 28767, 'rpc:28767'),
    row(26656, 26657, 'grpc:9090', 'json-rpc:8545', 'evm-rpc:8546', 'ws:8547'),
    // An EVM's interface is called so, too.
    row(26656, 26657, 'rpc:8545', 'tendermint:26657'),
    row(26656, 26657, 'rpc:8545', '26657'),
    row(26656, 28767, 'rpc:8545', 'tendermint-rpc:28767', '26657'),
  ])
  const udp = [
    { name: 'p2p', containerPort: 1, protocol: 'UDP' },
    { name: 'p2p-tcp', containerPort: 2 },
  ]
  t.equal(plan({ maps: bare, container: { ports: udp } }).p2pPort, 2, 'a UDP port is none')
  t.end()
})

t.test('probes', t => {
  const get = (path: string, port: number | string, more = {}) => ({
    livenessProbe: { httpGet: { path, port, ...more } },
  })
  const row = (
    what: string,
    rpc: number,
    container: Record<string, unknown>,
    helper?: Record<string, unknown>,
  ): Row => [
    what,
    {
      maps: bare,
      container,
      ...(helper ? { pod: { ...configMount, initContainers: [{ name: 'helper', image: 'x', ...helper }] } } : {}),
    },
    26656,
    rpc,
  ]
  const exec = (...command: readonly string[]) => ({ livenessProbe: { exec: { command } } })
  check(t, [
    row('a path that only the node serves', 41657, get('/status', 41657)),
    row('with a query', 41657, get('/abci_info?x=1', 41657)),
    row('a named port', 41657, { ...get('/status', 'web'), ports: ports('web:41657') }),
    row('/health at a port that the container declares', 41657, { ...get('/health', 41657), ports: ports('41657') }),
    row('/health at a port that nobody declares', 26657, get('/health', 8000)),
    row(
      '/health at a port that a helper declares',
      26657,
      { ...get('/health', 8000), ports: ports('p2p:26656') },
      { ports: ports('node-utils:8000') },
    ),
    row('/status at a port that a helper declares', 26657, get('/status', 8000), { ports: ports('8000') }),
    row('/health of another interface', 26657, { ...get('/health', 1317), ports: ports('lcd:1317') }),
    row('another path', 26657, get('/healthz', 41657)),
    row('another host', 26657, get('/status', 41657, { host: 'example.com' })),
    row('a port that has no such name', 26657, get('/status', 'nowhere')),
    row('the P2P port', 26657, { ...get('/status', 26656), ports: ports('p2p:26656') }),
    row('curl', 41657, exec('sh', '-c', 'curl -sf http://localhost:41657/status')),
    row('curl of a helper', 26657, exec('curl', 'http://127.0.0.1:8000/health')),
    row('no curl', 26657, exec('cat', '/tmp/ready')),
  ])
  t.end()
})

t.test('two ports without names, of which a probe tells one', t => {
  const probe = { livenessProbe: { httpGet: { path: '/status', port: 33447 } } }
  const row = (p2p: number, ...texts: readonly string[]): Row => [
    texts.join(' '),
    { maps: bare, container: { ...probe, ports: ports(...texts) } },
    p2p,
    33447,
  ]
  check(t, [
    row(33446, '33446', '33447'),
    row(26656, '33446', '33447', '9090'),
    row(26656, 'grpc:9090', '33447'),
    row(26656, '33446', '33447', 'x:26656'),
  ])
  t.end()
})

t.test('RPC that is off, or on a Unix socket: no status port', t => {
  const maps = (rpc: string) => ({ node: { 'config.toml': `[rpc]\nladdr = "${rpc}"\n${toml()}` } })
  const rows: readonly [change: Change, rpcPort: number | undefined][] = [
    [{ maps: maps('') }, undefined],
    [{ maps: maps('unix:///run/rpc.sock') }, undefined],
    [{ maps: maps('tcp://0.0.0.0:36657') }, 36657],
    [{ maps: maps('127.0.0.1:36657') }, 36657],
    [{ maps: maps(''), container: { args: ['--rpc.laddr=tcp://0.0.0.0:46657'] } }, 46657],
    [{ maps: maps('tcp://0.0.0.0:36657'), container: { args: ['--rpc.laddr='] } }, undefined],
    [{ maps: maps('tcp://0.0.0.0:36657'), container: { args: ['--rpc.laddr', '$(RPC)'] } }, 36657],
  ]
  for (const [change, rpcPort] of rows) {
    const decision = injected(decide(input(change)))
    t.equal(decision.plan.rpcPort, rpcPort, JSON.stringify(change))
    if (rpcPort === undefined) t.match(decision.warnings, [/cannot ask the node/])
    else t.same(decision.warnings, [])
  }
  const stated = injected(
    decide(input({ maps: maps('tcp://0.0.0.0:1'), annotations: { 'repeer.dev/rpc-port': 'none' } })),
  )
  t.same([stated.plan.rpcPort, stated.warnings], [undefined, []], 'repeer.dev/rpc-port: none')
  t.equal(
    plan({ maps: maps(''), annotations: { 'repeer.dev/rpc-port': '5' } }).rpcPort,
    5,
    'an annotation outranks that, too',
  )
  t.end()
})

t.test('annotations: a row on each side of the bounds', t => {
  for (const value of ['0', '65536', '-1', '1.5', 'rpc', ''])
    for (const name of ['repeer.dev/p2p-port', 'repeer.dev/rpc-port'])
      t.match(skipped(decide(input({ annotations: { [name]: value } }))), {
        reason: 'bad-annotation',
        message: new RegExp(`${name} is .*65535`),
      })
  t.equal(skipped(decide(input({ annotations: { 'repeer.dev/p2p-port': 'none' } }))).reason, 'bad-annotation')
  t.equal(plan({ annotations: { 'repeer.dev/p2p-port': '65535' } }).p2pPort, 65535)
  t.equal(plan({ annotations: { 'repeer.dev/rpc-port': ' 1 ' } }).rpcPort, 1)
  t.end()
})

t.test('other profiles: flags, variables, files, names, probes', t => {
  const of = (profile: string, container: Record<string, unknown> = {}, maps: Change['maps'] = {}) => {
    const { p2pPort, rpcPort } = plan({
      annotations: { 'repeer.dev/profile': profile, 'repeer.dev/peers': 'node1:1' },
      container: { command: ['/node'], ...directory, ...container },
      maps,
    })
    return [p2pPort, rpcPort]
  }
  const flags = (...args: readonly string[]) => ({ command: ['/node', ...args] })
  t.same(of('geth'), [30303, 8545])
  t.same(of('geth', flags('--http', '--http.port', '8600', '--port=1')), [1, 8600])
  t.same(
    of('geth', {
      env: [
        { name: 'GETH_PORT', value: '30400' },
        { name: 'GETH_HTTP_PORT', value: '8601' },
      ],
    }),
    [30400, 8601],
  )
  t.same(
    of('geth', { envFrom: [{ configMapRef: { name: 'e' } }] }, { e: { GETH_PORT: '30401', GETH_HTTP_PORT: '8602' } }),
    [30401, 8602],
  )
  t.same(
    of('geth', {}, { node: { 'config.toml': '[Node]\nHTTPPort = 8603\n[Node.P2P]\nListenAddr = ":30402"\n' } }),
    [30402, 8603],
  )
  t.same(
    of('geth', { ports: ports('p2p-tcp:1', 'http-rpc:2', 'ws-rpc:3', 'auth-rpc:4', 'metrics:5') }),
    [1, 2],
    'ethpandaops',
  )
  t.same(of('geth', { ports: ports('rlpx:1', 'json-rpc:2', 'ws:3', 'graphql:4') }), [1, 2], 'quorum-kubernetes')
  t.same(of('geth', { ports: ports('discovery:1', 'p2p:1', 'rpc:2', 'ws:3', 'engine:4') }), [1, 2], 'kotal')
  t.same(of('geth', { ports: ports('tcp-p2p:1', 'http-jsonrpc:2', 'http-engineapi:3') }), [1, 2], 'graphops')
  t.same(of('besu', flags('--rpc-http-port=8601', '--p2p-port', '3')), [3, 8601])
  t.same(of('besu', { livenessProbe: { httpGet: { path: '/liveness', port: 8604 } } }), [30303, 8604])
  const toml = '[Node]\nHTTPPort = 8607\n[Node.P2P]\nListenAddr = ":30307"\n'
  const heredoc = (path: string, more = '') => ({
    command: ['sh', '-c', `cat > ${path} <<E\n${toml}E\n${more}exec geth --config /tmp/own.toml --datadir $D`],
  })
  t.same(of('geth', heredoc('/tmp/own.toml')), [30307, 8607], 'a file that the script writes')
  t.same(of('geth', heredoc('/tmp/other.toml')), [30303, 8545], 'another file that it writes')
  t.same(
    of('geth', heredoc('/tmp/own.toml', 'sed -i s/8607/1/ /tmp/own.toml\n')),
    [30303, 8545],
    'one that is edited afterwards',
  )
  const written = {
    node: { 'besu.toml': 'p2p-port=30333\nrpc-http-port=8605\n', 'own.toml': '[Node]\nHTTPPort = 8606\n' },
  }
  t.same(of('besu', flags('--config-file=/home/config/besu.toml'), written), [30333, 8605], 'a file that a flag names')
  t.same(of('besu', flags('--config-file', '/elsewhere/besu.toml'), written), [30303, 8545], 'one that is not mounted')
  t.same(of('geth', flags('--config', '/home/config/own.toml'), written), [30303, 8606])
  const core = { node: { 'own.txt': 'PEER_PORT=31725\nHTTP_PORT=31726\n' } }
  t.same(of('stellar-core', flags('--conf', '/home/config/own.txt'), core), [31725, 31726])
  t.same(of('nethermind', flags('--JsonRpc.Port=8602')), [30303, 8602])
  t.same(of('nethermind', flags('--jsonrpc-port', '8603', '--Network.P2PPort=2')), [2, 8603])
  t.same(of('substrate', flags('--rpc-port', '8604')), [30333, 8604])
  t.same(of('substrate', flags('--listen-addr=/ip4/0.0.0.0/tcp/30334')), [30334, 9944])
  t.same(
    of('substrate', { ports: ports('http-rpc:9933', 'websocket-rpc:9944', 'p2p:30333') }),
    [30333, 9933],
    'parity, before 2023',
  )
  t.same(
    of('substrate', { ports: ports('rpc:9955', 'p2p:30333', 'para-p2p:30334') }),
    [30334, 9955],
    'parity, a collator',
  )
  t.same(of('stellar-core'), [11625, 11626])
  t.same(of('stellar-core', { ports: ports('core:21626', 'core-peer:21625') }), [21625, 21626], 'stellar')
  t.same(of('stellar-core', { ports: ports('peer:21625', 'http:21626') }), [21625, 21626])
  t.same(of('stellar-core', { ports: ports('11625') }), [11625, 11626], 'Stellar-K8s')
  t.same(of('stellar-core', { readinessProbe: { httpGet: { path: '/info', port: 31626 } } }), [11625, 31626])
  t.same(of('stellar-core', {}, { node: { 'stellar-core.cfg': 'HTTP_PORT=31626\nPEER_PORT=31625\n' } }), [31625, 31626])
  t.same(of('gnoland', { ports: ports('p2p:1', 'rpc:2') }), [1, undefined])
  t.same(of('generic', { ports: ports('web:80', 'p2p:1') }), [1, undefined])
  t.same(of('generic', { ports: ports('listen:80') }), [80, undefined])
  t.same(of('generic'), [1, undefined], 'that of its peers')
  const generic = injected(
    decide(
      input({
        annotations: { 'repeer.dev/profile': 'generic', 'repeer.dev/peers': 'a:1', 'repeer.dev/rpc-port': '5' },
      }),
    ),
  )
  t.same(generic.plan.rpcPort, undefined)
  t.match(generic.warnings.join(), /rpc-port is not used/)
  t.end()
})

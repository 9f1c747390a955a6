// The rest of a plan: group, ports, times, validator, owner, mesh.
import t from 'tap'
import { decide } from '../../../webhook/decide.ts'
import { type Change, configMount, injected, input, list, toml } from '../fixtures/pods/build.ts'

const plan = (change: Change = {}) => injected(decide(input(change))).plan

t.test('group', t => {
  t.equal(plan().group, 'ns/cometbft')
  t.equal(plan({ labels: { 'chain-id': 'hub-1' } }).group, 'ns/hub-1')
  t.equal(plan({ labels: { 'cosmos.strange.love/network': 'mainnet' } }).group, 'ns/mainnet')
  t.equal(plan({ labels: { 'chain-id': 'hub-1' }, annotations: { 'repeer.dev/group': 'mine' } }).group, 'ns/mine')
  t.end()
})

t.test('ports: flag, file, name, default', t => {
  const file = `[rpc]\nladdr = "tcp://0.0.0.0:36657"\n[p2p]\n# laddr = "tcp://0.0.0.0:1"\nladdr = "tcp://[::]:36656"\npersistent_peers = "${list}"\n`
  const args = ['--p2p.laddr=tcp://0.0.0.0:46656', '--rpc.laddr', 'tcp://127.0.0.1:46657']
  const ports = [{ name: 'p2p', containerPort: 56656 }]
  const maps = { node: { 'config.toml': file } }
  const without = { node: { 'config.toml': `[p2p]\npersistent_peers = "${list}"\n` } }
  const rows: readonly [string, Change, number, number][] = [
    ['flag', { container: { args, ports }, maps }, 46656, 46657],
    ['file', { container: { ports }, maps }, 36656, 36657],
    ['name', { container: { ports }, maps: without }, 56656, 26657],
    ['default', { maps: without }, 26656, 26657],
  ]
  for (const [what, change, p2p, rpc] of rows) t.same([plan(change).p2pPort, plan(change).rpcPort], [p2p, rpc], what)
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
  t.end()
})

t.test('the port of the interface through which a node can be told its peers: flag, default', t => {
  const rpcPort = (profile: string, ...args: string[]) =>
    plan({ annotations: { 'repeer.dev/profile': profile, 'repeer.dev/peers': 'node1:1' }, container: { command: ['/node', ...args] } })
      .rpcPort
  t.equal(rpcPort('geth'), 8545)
  t.equal(rpcPort('geth', '--http', '--http.port', '8600'), 8600)
  t.equal(rpcPort('besu', '--rpc-http-port=8601'), 8601)
  t.equal(rpcPort('nethermind', '--JsonRpc.Port=8602'), 8602)
  t.equal(rpcPort('nethermind', '--jsonrpc-port', '8603'), 8603)
  t.equal(rpcPort('substrate', '--rpc-port', '8604'), 8604)
  t.equal(rpcPort('substrate'), 9944)
  t.equal(rpcPort('stellar-core'), 11626)
  t.equal(rpcPort('generic'), undefined)
  t.end()
})

t.test('times', t => {
  const times = (change: Change) => plan(change).times
  t.same(times({}), { settleSeconds: 5, graceSeconds: 30, minIntervalSeconds: 120 })
  t.equal(times({ pod: { ...configMount, terminationGracePeriodSeconds: 300 } }).graceSeconds, 300)
  t.equal(times({ pod: { ...configMount, terminationGracePeriodSeconds: 86_400 } }).graceSeconds, 600, 'no restart waits longer')
  t.equal(times({ pod: { ...configMount, terminationGracePeriodSeconds: 0 } }).graceSeconds, 1, 'no SIGKILL at once')
  t.equal(times({ container: { livenessProbe: {} } }).livenessSeconds, 30)
  t.equal(times({ container: { livenessProbe: { periodSeconds: 5, failureThreshold: 4 } } }).livenessSeconds, 20)
  t.end()
})

t.test('validator', t => {
  const remote = { node: { 'config.toml': `priv_validator_laddr = "tcp://0.0.0.0:1234"\n${toml()}` } }
  const local = { node: { 'config.toml': `priv_validator_laddr = ""\n${toml()}` } }
  const port = { ports: [{ name: 'privval', containerPort: 1234 }] }
  const rows: readonly [string, Change, boolean][] = [
    ['nothing', {}, false],
    ['label', { labels: { validator: 'true' } }, true],
    ['label against a port', { labels: { validator: 'false' }, container: port }, false],
    ['a label that is a name', { labels: { validator: 'alice' } }, false],
    ['sentry', { labels: { 'cosmos.strange.love/type': 'Sentry' } }, true],
    ['privval port', { container: port }, true],
    ['remote signer', { maps: remote }, true],
    ['no remote signer', { maps: local }, false],
  ]
  for (const [what, change, expected] of rows) t.equal(plan(change).validator, expected, what)
  t.end()
})

t.test('owner rolls, mesh, host network, restart policy', t => {
  t.equal(plan({ annotations: { 'checksum/config': 'x' } }).ownerRolls, true)
  t.equal(plan({ annotations: { 'cosmos.strange.love/config-checksum': 'x' } }).ownerRolls, true)
  t.equal(plan({ annotations: { 'checksum/secrets': 'x' } }).ownerRolls, false)
  t.equal(plan({ annotations: { 'repeer.dev/checksum': 'x' } }).ownerRolls, false)
  t.equal(plan({ annotations: { 'configmap.reloader.stakater.com/reload': 'node' } }).ownerRolls, true)
  t.equal(plan().mesh, false)
  t.equal(plan({ annotations: { 'sidecar.istio.io/status': '{}' } }).mesh, true)
  t.equal(plan({ pod: { ...configMount, initContainers: [{ name: 'linkerd-proxy', restartPolicy: 'Always' }] } }).mesh, true)
  t.equal(plan({ pod: { ...configMount, hostNetwork: true } }).hostNetwork, true)
  t.equal(plan({ pod: { ...configMount, restartPolicy: 'Never' } }).restartPolicyAlways, false)
  t.equal(plan({ canRestartAll: false }).canRestartAll, false)
  t.end()
})

// How much evidence makes a container a node: what suffices by itself, and what does not.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { isNode, recognise } from '../../../webhook/decide/node/find-profile.ts'
import { viewPod } from '../../../webhook/decide/pod/pod-view.ts'
import { ids, input, toml } from '../fixtures/pods/build.ts'

function profileOf(container: object, labels: object = {}, data: Record<string, string> = {}): string | undefined {
  const volumes = [{ name: 'config', configMap: { name: 'node' } }]
  const mounted = { name: 'main', volumeMounts: [{ name: 'config', mountPath: '/config' }], ...container }
  const pod = viewPod({ metadata: { labels }, spec: { containers: [mounted], volumes } })
  const [first] = pod.containers
  const recognised = first && recognise({ configMap: () => data }, pod, first)
  return isNode(recognised) ? recognised.profile : undefined
}
const port = (...numbers: number[]) => numbers.map(containerPort => ({ containerPort }))
const script = { command: ['/run.sh'] }

const rows: readonly [what: string, profile: string | undefined, ...Parameters<typeof profileOf>][] = [
  ['cometbft by its program', 'cometbft', { command: ['cometbft', 'start'] }],
  ['cometbft by its image', 'cometbft', { ...script, image: 'registry.example:5000/cometbft/cometbft:v1@sha256:0' }],
  ['cometbft by its two ports', 'cometbft', { ...script, ports: port(26656, 26657) }],
  ['cometbft by start --home', 'cometbft', { command: ['seid', 'start', '--home=/h'] }],
  ['cometbft by start and a port', 'cometbft', { command: ['seid', 'start'], ports: port(26656) }],
  ['cometbft by a flag', 'cometbft', { command: ['/run.sh', '--p2p.seeds=x'] }],
  ["cometbft by cosmopilot's labels", 'cometbft', script, { 'chain-id': 'a', 'node-id': 'b' }],
  ["cometbft by cosmos-operator's label", 'cometbft', script, { 'cosmos.strange.love/network': 'mainnet' }],
  ['cometbft by a port and config.toml', 'cometbft', { ...script, ports: port(26656) }, {}, { 'config.toml': toml() }],
  ['cosmovisor', 'cometbft', { command: ['cosmovisor', 'run', 'start', '--home', '/h'] }],
  ['stellar-core by its ports', 'stellar-core', { ...script, ports: port(11625, 11626) }],
  ['stellar-core by its label', 'stellar-core', script, { 'stellar.org/node-type': 'Validator' }],
  ['stellar-core by its image', 'stellar-core', { image: 'stellar/stellar-core:22' }],
  ['geth by its image', 'geth', { image: 'ethereum/client-go:stable' }],
  ['geth by label and port', 'geth', { ...script, ports: port(30303) }, { 'app.kubernetes.io/name': 'geth' }],
  [
    "geth by kotal's labels",
    'geth',
    { image: 'x', args: ['--ipcdisable'] },
    { 'app.kubernetes.io/name': 'geth', 'kotal.io/protocol': 'ethereum' },
  ],
  ['besu by its program', 'besu', { command: ['sh', '-c', 'exec besu --data-path=/d'] }],
  ['nethermind by dotnet', 'nethermind', { command: ['dotnet', 'Nethermind.Runner.dll'] }],
  ['substrate by multiaddresses', 'substrate', { command: ['/node', '--bootnodes', '/dns/a/tcp/30333/p2p/x'] }],
  ['substrate by a collator', 'substrate', { command: ['astar-collator', '--base-path', '/d'] }],
  ['nothing', undefined, script],
  ['a P2P port alone', undefined, { ...script, ports: port(26656) }],
  ['an RPC port alone', undefined, { ...script, ports: port(26657) }],
  ['a Substrate port alone', undefined, { ...script, ports: port(30333) }],
  ['an Ethereum port alone', undefined, { ...script, ports: port(30303) }],
  [
    'UDP ports',
    undefined,
    {
      ...script,
      ports: [
        { containerPort: 26656, protocol: 'UDP' },
        { containerPort: 26657, protocol: 'UDP' },
      ],
    },
  ],
  ['a name alone', undefined, { ...script, name: 'gaiad' }],
  ['label chain-id alone', undefined, script, { 'chain-id': 'hub' }],
  ['config.toml alone', undefined, script, {}, { 'config.toml': toml() }],
  ['start alone', undefined, { command: ['seid', 'start'] }],
  ['another subcommand', undefined, { image: 'cosmos/gaia', command: ['gaiad', 'export'], ports: port(26656) }],
  ['geth init', undefined, { image: 'ethereum/client-go', command: ['geth', 'init', '/genesis.json'] }],
  ['stellar-core new-db', undefined, { image: 'stellar/stellar-core', command: ['stellar-core', 'new-db'] }],
  ['Soroban RPC', undefined, script, { 'stellar.org/node-type': 'SorobanRpc' }],
  ['two that are as likely', undefined, { ...script, ports: port(26656, 26657, 11625, 11626) }],
  [
    'one of them likelier',
    'stellar-core',
    { name: 'stellar-core', ...script, ports: port(26656, 26657, 11625, 11626) },
  ],
]
for (const [what, profile, ...pod] of rows) t.equal(profileOf(...pod), profile, what)

t.test('gno.land: node IDs tell it from CometBFT, whatever it runs behind', t => {
  const gno = (peers: string) => `[p2p]\nladdr = "tcp://0.0.0.0:26656"\npersistent_peers = "${peers}"\n`
  const id = 'g1sthz4jmxyve5wg7rejszu2em9cly027x904xmr'
  const profileOf = (command: readonly string[], peers: string, more = {}) => {
    const decision = decide(
      input({
        container: { image: 'x', name: 'node', command, ports: [{ containerPort: 26656 }], ...more },
        maps: { node: { 'config.toml': gno(peers) } },
      }),
    )
    return decision.inject
      ? `${decision.plan.profile} ${decision.peers} ${decision.plan.rpcPort ?? '-'}`
      : decision.reason
  }
  t.equal(profileOf(['gnoland', 'start', '-data-dir', '/home'], `${id}@a:26656`), 'gnoland 1 -')
  t.equal(profileOf(['/bin/sh', '/scripts/x'], `${id}@a:26656, tcp://${id}@b:26656`), 'gnoland 2 -')
  t.equal(profileOf(['gnoland', 'start'], ''), 'gnoland 0 -', 'an empty list is one, too')
  t.equal(profileOf(['gnoland', 'secrets', 'init'], ''), 'not-a-node')
  t.equal(profileOf(['/bin/sh', '/scripts/x'], `${'a'.repeat(40)}@a:26656`), 'cometbft 1 26657')
  t.equal(
    profileOf(['gaiad', 'start', '--home', '/home'], 'nonsense'),
    'cometbft undefined 26657',
    'a malformed list is no clue',
  )
  t.end()
})

t.test('clients of a node, and seed servers: none is the node that its files and ports make of it', t => {
  const cfg = { 'stellar-core.cfg': 'KNOWN_PEERS=["core-a:11625"]\n' }
  const reasonOf = (container: object, maps: Record<string, Record<string, string>>) => {
    const decision = decide(input({ container: { command: [], ...container }, maps }))
    return decision.inject ? `inject ${decision.plan.profile}` : decision.reason
  }
  const stellar = (image: string) =>
    reasonOf({ name: 'stellar-node', image, ports: [{ containerPort: 11625 }] }, { node: cfg })
  for (const image of [
    'stellar/stellar-horizon:22',
    'stellar/horizon',
    'stellar/soroban-rpc:22',
    'docker.io/stellar/stellar-rpc:23',
  ])
    t.equal(stellar(image), 'not-a-node', image)
  t.equal(stellar('stellar/stellar-core:22'), 'inject stellar-core')
  const seed = (name: string, image: string) =>
    reasonOf(
      { name, image, args: ['-seeds', `${ids[0]}@a:26656`, 'start'], ports: [{ containerPort: 26656 }] },
      { node: {} },
    )
  t.equal(seed('cosmoseed', 'x'), 'not-a-node')
  t.equal(seed('main', 'ghcr.io/voluzi/cosmoseed:1.4'), 'not-a-node')
  t.equal(seed('seed', 'example.com/tenderseed'), 'not-a-node')
  t.end()
})

t.test('gno.land: what its own config command is given is a list', t => {
  const id = 'g1sthz4jmxyve5wg7rejszu2em9cly027x904xmr'
  const script = `gnoland config set p2p.persistent_peers "${id}@a:26656,${id}@b:26656" && exec gnoland start`
  const decision = decide(input({ container: { image: 'x', command: ['sh', '-c', script] }, maps: {} }))
  t.match(decision, { inject: true, peers: 2, plan: { profile: 'gnoland' } })
  t.end()
})

t.test('GoQuorum reads static-nodes.json, which geth ignores', t => {
  const enode = `enode://${'a'.repeat(128)}@a:30303`
  const files = {
    'static-nodes.json': `["${enode}"]`,
    'permissioned-nodes.json': `["${enode}","${enode.replace('@a', '@b')}"]`,
  }
  const of = (container: Record<string, unknown>) => {
    const decision = decide(
      input({ container: { image: 'x', command: ['geth', '--datadir', '/d'], ...container }, maps: { node: files } }),
    )
    return decision.inject
      ? decision.plan.sources.map(source => source.kind !== 'Literal' && source.key)
      : decision.message
  }
  const rows: readonly [string, Record<string, unknown>][] = [
    ['image', { image: 'quorumengineering/quorum:21.4.0' }],
    ['image with a digest', { image: 'example.com:5000/goquorum@sha256:0' }],
    ['raft', { command: ['geth', '--raft', '--raftport=50400'] }],
    ['istanbul', { command: ['geth', '--istanbul.blockperiod', '5'] }],
    ['a variable', { env: [{ name: 'PRIVATE_CONFIG', value: 'ignore' }] }],
    ['another', { env: [{ name: 'QUORUM_CONSENSUS', value: 'istanbul' }] }],
  ]
  for (const [what, container] of rows) t.same(of(container), ['static-nodes.json'], what)
  t.match(of({}), /geth ignores static-nodes.json/)
  t.match(of({ image: 'example.com/quorumish' }), /geth ignores static-nodes.json/)
  t.end()
})

t.test('of several nodes, the one that lists peers', t => {
  const geth = { name: 'geth', image: 'ethereum/client-go', command: ['geth', '--bootnodes=enode://x'] }
  const beacon = (...flags: readonly string[]) => ({
    name: 'beacond',
    image: 'x',
    command: ['beacond', 'start', '--home', '/h', ...flags],
  })
  const of = (...containers: readonly object[]) => {
    const decision = decide(input({ pod: { containers } }))
    return decision.inject ? [decision.plan.container, decision.plan.notFollowed] : decision.reason
  }
  const listing = `--p2p.persistent_peers=${ids[0]}@a:26656`
  t.same(of(geth, beacon(listing)), ['beacond', [{ container: 'geth', program: 'geth' }]])
  t.same(of(beacon(listing), { ...beacon(listing), name: 'second' }), 'ambiguous-container')
  t.same(of(beacon(listing), { ...beacon(), name: 'second' }), [
    'beacond',
    [{ container: 'second', program: 'cometbft' }],
  ])
  const alone = decide(input({ pod: { containers: [geth, beacon(`--p2p.seeds=${ids[0]}@a:26656`)] } }))
  t.match(
    alone.inject ? alone.why.strategy : `${alone.reason} ${alone.message}`,
    /^(observe: it lists seeds|no-peers|ambiguous-container) /,
  )
  t.end()
})

t.test('a command that a ConfigMap gives is not quoted: what is no name of a program may be anything', async t => {
  const why = (value: string): string => {
    const env = [{ name: 'PP', valueFrom: { configMapKeyRef: { name: 'node', key: 'config.toml' } } }]
    const container = { command: ['$(PP)', 'start', '--home', '/h'], image: 'cosmos/gaia', env }
    const pod = viewPod({ spec: { containers: [{ name: 'main', ...container }] } }, () => ({ 'config.toml': value }))
    const [first] = pod.containers
    const recognised = first && recognise({ configMap: () => ({ 'config.toml': value }) }, pod, first)
    return JSON.stringify(recognised)
  }
  t.match(why('seid'), /it runs seid start --home/)
  t.match(why('NODE_SEED SBX4'), /it runs a program start --home/)
  t.notMatch(why('NODE_SEED SBX4'), /SBX4|NODE_SEED/)
})

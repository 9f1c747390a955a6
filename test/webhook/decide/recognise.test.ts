// How much evidence makes a container a node: what suffices by itself, and what does not.
import t from 'tap'
import { isNode, recognise } from '../../../webhook/find-profile.ts'
import { viewPod } from '../../../webhook/pod-view.ts'
import { toml } from '../fixtures/pods/build.ts'

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
]
for (const [what, profile, ...pod] of rows) t.equal(profileOf(...pod), profile, what)

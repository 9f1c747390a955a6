// Every deployer's pod, and the decision that was read and approved, beside it. write-golden.ts writes them anew after
// a change that is meant.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { injected } from '../fixtures/pods/build.ts'
import { inputOf } from '../fixtures/pods/load.ts'

const folder = new URL('../fixtures/pods/', import.meta.url)
const names = readdirSync(folder)
  .filter(name => name.endsWith('.yaml'))
  .map(name => name.replace('.yaml', ''))

t.ok(names.length >= 12, 'a fixture for each deployer')

for (const name of names) {
  t.test(name, t => {
    const input = inputOf(name)
    const before = structuredClone(input.pod)
    const decision = decide(input)
    t.same(decision, JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')))
    t.same(input.pod, before, 'the pod is not changed')
    t.same(decide(inputOf(name)), decision, 'the same again')
    t.end()
  })
}

// What matters most of each golden file, in words, so that a careless rewrite of the files is noticed.
const expected: readonly [
  name: string,
  container: string,
  profile: string,
  reach: string,
  sources: readonly string[],
][] = [
  ['cosmopilot', 'nibid', 'cometbft', 'wrap', ['nibiru-testnet-fullnode-0/config.toml subPath process']],
  ['cosmos-operator', 'node', 'cometbft', 'wrap', ['osmosis-0/config-overlay.toml init process']],
  ['cosmos-operator-sentry', 'node', 'cometbft', 'wrap', ['osmosis-0/config-overlay.toml init process']],
  [
    'stellar-k8s',
    'stellar-node',
    'stellar-core',
    'signal',
    ['tier1-validator-config/stellar-core.cfg directory container'],
  ],
  ['stellar-helm', 'core', 'stellar-core', 'signal', ['stellar-core/stellar-core.cfg directory container']],
  ['interchain-security', 'consumer-daemon', 'cometbft', 'wrap', ['env PERSISTENT_PEERS none']],
  ['kotal-geth', 'node', 'geth', 'signal', ['goerli-geth/config.toml directory container', 'args[8] --bootnodes none']],
  ['parity-node', 'polkadot', 'substrate', 'wrap', ['args[1] --reserved-nodes none', 'args[1] --bootnodes none']],
  ['cometbft-statefulset', 'cometbft', 'cometbft', 'wrap', ['node0/config.toml directory process']],
  ['besu', 'besu', 'besu', 'signal', ['besu-peers/nodes.json directory container']],
  ['nethermind', 'nethermind', 'nethermind', 'wrap', ['eth-peers/static env container']],
]

for (const [name, container, profile, reach, sources] of expected) {
  const { plan } = injected(decide(inputOf(name)))
  const told = plan.sources.map(source =>
    source.kind === 'Literal'
      ? `${source.name} ${source.level}`
      : `${source.name}/${source.key} ${source.via} ${source.level}`,
  )
  t.same([plan.container, plan.profile, plan.reach.by, told], [container, profile, reach, sources], name)
}

t.test('bootnodes alone are nothing to follow', t => {
  t.match(decide(inputOf('ethpandaops-besu')), {
    inject: true,
    plan: { reach: { by: 'observe', reason: 'seeds-only' } },
  })
  t.end()
})

t.test('no key beside the peers is a source', t => {
  for (const name of names) {
    const decision = decide(inputOf(name))
    for (const source of decision.inject ? decision.plan.sources : []) {
      if (source.kind !== 'Literal') t.notMatch(source.key, /key|genesis|app|seed$/i, `${name} ${source.key}`)
    }
  }
  t.end()
})

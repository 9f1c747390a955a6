// Pods that people start by scripts, wrappers and flags (fixtures/scripts), each with the decision that is right.
import { readdirSync } from 'node:fs'
import t from 'tap'
import { checkPlan } from '../../../peers/plan-check.ts'
import type { Decision } from '../../../webhook/decide/decision.ts'
import { decisionsOf } from '../fixtures/manifests.ts'

const folder = new URL('../fixtures/scripts/', import.meta.url)
const decisions = (name: string) => decisionsOf(new URL(`${name}.yaml`, folder))

/** "inject CONTAINER PROFILE REACH peers=N: SOURCE HOW LEVEL OVERRIDE", or "skip REASON". */
function brief(decision: Decision): string {
  if (!decision.inject) return `skip ${decision.reason}`
  const plan = checkPlan(decision.plan)
  const sources = plan.sources.map(source => {
    const place = source.kind === 'Literal' ? `${source.name} literal` : `${source.name}/${source.key} ${source.via}`
    const override = source.kind === 'Literal' ? undefined : source.override
    return [place, source.role === 'seed' && 'seed', source.level, override].filter(Boolean).join(' ')
  })
  return `inject ${plan.container} ${plan.profile} ${plan.reach.by} peers=${decision.peers ?? '?'}: ${sources.join(', ')}`
}

const starship = 'inject validator cometbft wrap peers=1: peers/persistent_peers env process'
const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // $CHAIN_BIN start, with a flag and without.
  '03-starship-chain-bin': { 'core-1-validator': starship },
  '03b-starship-no-flag': { 'core-1-validator': `${starship} WASMD_P2P_PERSISTENT_PEERS` },
  // enode URLs composed of public keys in a ConfigMap.
  '05-quorum-besu-member': {
    member1: 'inject member1-besu besu observe peers=0: args[0] --bootnodes literal seed none',
  },
  // Flags before `start`.
  '17-home-before-start': {
    pio: 'inject pio cometbft wrap peers=2: pio-config/config.toml directory process PROVENANCED_P2P_PERSISTENT_PEERS',
  },
  '17b-home-before-start-ports': {
    pio: 'inject pio cometbft wrap peers=2: pio-config/config.toml subPath process PROVENANCED_P2P_PERSISTENT_PEERS',
  },
  '17c-start-then-home': {
    pio: 'inject pio cometbft wrap peers=2: pio-config/config.toml subPath process PROVENANCED_P2P_PERSISTENT_PEERS',
  },
  // A list of hosts, to which the script adds what the others tell: no list of its own.
  '19-mintnet-legacy': { tm: 'skip no-peers' },
  '22-wrappers': {
    'a-nice': 'inject c cometbft wrap peers=1: command[7] --p2p.persistent_peers literal none',
    'b-dumb-init-rewrite': 'inject c geth observe peers=0: command[6] --bootnodes literal seed none',
    'c-taskset': 'skip no-peers',
    'd-su-c': 'inject c cometbft wrap peers=1: command[3] --p2p.persistent_peers literal none',
    'e-setpriv': 'inject c geth observe peers=0: command[5] --bootnodes literal seed none',
    'f-timeout-s': 'inject c geth observe peers=0: command[6] --bootnodes literal seed none',
    'g-s6': 'inject c geth observe peers=0: command[5] --bootnodes literal seed none',
    'h-gosu': 'inject c geth observe peers=0: command[7] --bootnodes literal seed none',
    'i-sudo': 'inject c cometbft wrap peers=1: command[8] --p2p.persistent_peers literal none',
  },
  '26-heredoc-config': { sei: 'inject seid cometbft wrap peers=2: args[0] /sei/config/config.toml literal none' },
  // The flag's variable is filled from one of the mounted files: that one is the list.
  '30-projected-optional': { kava: 'inject kava cometbft wrap peers=2: peers-only/persistent_peers directory process' },
  '31-kubelet-composed-env': { inj: 'inject injectived cometbft wrap peers=2: env PERSISTENT_PEERS literal none' },
  // Other steps before the node's say nothing against it.
  '40-init-then-start': {
    'i1-gaiad-init-start': 'inject i1-gaiad-init-start cometbft wrap peers=1: env PERSISTENT_PEERS literal none',
    'i2-gaiad-version-start': 'inject i2-gaiad-version-start cometbft wrap peers=1: env PERSISTENT_PEERS literal none',
    'i3-osmosisd-init-home': 'inject i3-osmosisd-init-home cometbft wrap peers=1: env PERSISTENT_PEERS literal none',
    'i4-geth-init': 'inject i4-geth-init geth observe peers=0: env BOOTNODES literal seed none',
    'i5-geth-init-private-image':
      'inject i5-geth-init-private-image geth observe peers=0: env BOOTNODES literal seed none',
    'i6-stellar-newdb-run': 'inject i6-stellar-newdb-run stellar-core wrap peers=2: env KNOWN_PEERS literal none',
    'i7-stellar-newdb-run-own-image':
      'inject i7-stellar-newdb-run-own-image stellar-core wrap peers=2: env KNOWN_PEERS literal none',
    'i8-polkadot-buildspec':
      'inject i8-polkadot-buildspec substrate wrap peers=1: args[0] --reserved-nodes literal none',
    'i9-seid-init-keys': 'inject i9-seid-init-keys cometbft wrap peers=1: env PERSISTENT_PEERS literal none',
    'i10-besu-version': 'inject i10-besu-version besu wrap peers=1: sn/static-nodes.json directory process',
  },
  // The script puts the list into the file only where it has none: the outranking variable brings the next one.
  '61-sed-only-when-empty': {
    sei: 'inject seid cometbft wrap peers=2: sei-peers/PEERS envFrom process SEID_P2P_PERSISTENT_PEERS',
  },
  '63-geth-init-same-container': { sealer: 'inject sealer geth wrap peers=2: gcfg/config.toml directory process' },
}

for (const [name, pods] of Object.entries(expected)) {
  const found = [...decisions(name)].map(([pod, decision]) => [pod, brief(decision)])
  t.same(Object.fromEntries(found), pods, name)
}

t.test('every file has its row', t => {
  const files = readdirSync(folder).map(file => file.replace('.yaml', ''))
  t.same(files.sort(), Object.keys(expected).sort())
  t.end()
})

t.test('what is said', t => {
  const text = (name: string, pod: string) => {
    const decision = decisions(name).get(pod)
    return decision?.inject ? decision.warnings.join('\n') : (decision?.message ?? '')
  }
  t.match(
    text('19-mintnet-legacy', 'tm'),
    /composed of what wget prints and what hostname prints; name its list with repeer.dev\/peers/,
  )
  t.match(text('19-mintnet-legacy', 'tm'), /tm-config\/seeds is no list of its own/)
  t.match(text('30-projected-optional', 'kava'), /base-config\/config.toml is not followed: a flag outranks it/)
  t.notMatch(text('31-kubelet-composed-env', 'inj'), /composed/, 'it can be read')
  t.end()
})

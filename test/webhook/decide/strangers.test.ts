// Strangers' manifests: the pods that the three seed operators' own code emits (fixtures/seeds), what people deploy
// (fixtures/reports), and shapes of public charts (fixtures/charts). Each row was read and approved; see manifests.ts
// for what it says.
import { readdirSync } from 'node:fs'
import t from 'tap'
import { brief, decisionsOf } from '../fixtures/manifests.ts'

const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'seeds/cosmopilot-1-fullnode-v3': {
    'mynode-fullnode-0':
      'inject nibid cometbft wrap+node-utils peers=2 26656/26657: mynode-fullnode-0/config.toml subPath process NIBID_P2P_PERSISTENT_PEERS',
  },
  'seeds/cosmopilot-10-temporary-pods': {
    'mynode-fullnode-0-config-generator': 'skip not-a-node',
    'mynode-fullnode-0-init-data': 'skip not-a-node',
    'mynode-seed': 'skip not-a-node',
  },
  'seeds/cosmopilot-11-integrity-job': {
    'mynode-fullnode-0-ichk': 'skip not-a-node',
  },
  'seeds/cosmopilot-2-fullnode-wrap': {
    'mynode-fullnode-0':
      'inject nibid cometbft wrap+node-utils peers=2 26656/26657: mynode-fullnode-0/config.toml subPath process NIBID_P2P_PERSISTENT_PEERS',
  },
  'seeds/cosmopilot-5-fullnode-v4-notrace': {
    'mynode-fullnode-0':
      'inject nibid cometbft wrap+node-utils peers=2 26656/26657: mynode-fullnode-0/config.toml subPath process NIBID_P2P_PERSISTENT_PEERS',
  },
  'seeds/cosmopilot-6-validator': {
    'mynode-validator':
      'inject nibid cometbft wrap+node-utils peers=2 26656/26657 validator: mynode-validator/config.toml subPath process NIBID_P2P_PERSISTENT_PEERS',
  },
  'seeds/ics-1-consumer-asis': {
    'consumer-0-1751686503-0':
      'inject consumer-daemon cometbft wrap peers=1 28766/28767 validator: env PERSISTENT_PEERS literal none',
  },
  'seeds/ics-2-consumer-hostnames': {
    'consumer-0-1751686503-0':
      'inject consumer-daemon cometbft wrap peers=1 28766/28767 validator: env PERSISTENT_PEERS literal none',
  },
  'seeds/ics-4-consumer-env-from-cm': {
    'consumer-0-1751686503-0':
      'inject consumer-daemon cometbft wrap peers=1 28766/28767 validator: consumer-peers/persistent_peers env process INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS',
  },
  'seeds/ics-5-consumer-outranking-env': {
    'consumer-0-1751686503-0':
      'inject consumer-daemon cometbft wrap peers=1 28766/28767 validator: consumer-peers/persistent_peers env process INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS',
  },
  'seeds/ics-7-provider-validator': {
    validator:
      'inject validator cometbft wrap peers=1 26656/26657 validator: init container init-validator args[0] PEERS literal none',
  },
  'seeds/stellar-1-asis': {
    'validator-1': 'skip no-peers',
  },
  'seeds/stellar-2-annotation': {
    'validator-1':
      'inject stellar-node stellar-core signal peers=2 11625/11626 validator: stellar-peers/KNOWN_PEERS init unseen none',
  },
  'seeds/stellar-3-env': {
    'validator-1':
      'inject stellar-node stellar-core signal peers=2 11625/11626 validator: stellar-peers/KNOWN_PEERS env unseen none',
  },
  'reports/06-goquorum-static-nodes': {
    validator1:
      'inject validator1-quorum geth wrap peers=2 30303/8545: quorum-static-nodes-configmap/static-nodes.json directory process',
  },
  'reports/08-geth-env-config': {
    geth: 'inject geth geth observe(seeds-only) peers=0 30303/8545: geth-config/GETH_BOOTNODES envFrom seed none',
  },
  'reports/13-stellar-chart': {
    'stellar-core':
      'inject core stellar-core signal peers=4 11625/11626 owner-rolls: stellar-core/stellar-core.cfg directory container',
  },
  'reports/15-gnoland': {
    'gno-val-1': 'inject gnoland gnoland wrap peers=1 26656/-: gno-val-config/config.toml directory process',
  },
  'reports/23-subpathexpr-podname': {
    gaia: 'inject gaia cometbft wrap peers=1 26656/26657: node-configs/gaia-0.toml subPath process GAIAD_P2P_PERSISTENT_PEERS',
  },
  'reports/23b-subpathexpr-pod': {
    'gaia-0':
      'inject gaia cometbft wrap peers=1 26656/26657: node-configs/gaia-0.toml subPath process GAIAD_P2P_PERSISTENT_PEERS',
  },
  'reports/24-besu-toml-bootnodes': {
    besu: 'inject besu besu observe(seeds-only) peers=0 30303/8545: besu-cfg/config.toml directory seed none',
  },
  'reports/27-op-stack': {
    op: 'inject op-geth geth observe(seeds-only) peers=0 30303/8545 not-followed=op-node:op-node: command[7] --bootnodes literal seed none',
  },
  'reports/33-seeds-only': {
    secretnode: 'inject secretd cometbft observe(seeds-only) peers=0 26656/26657: sec/config.toml directory none',
  },
  'reports/35-binarydata': {
    'gaia-0':
      'inject gaia cometbft wrap peers=1 26656/26657: bin/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
  },
  'reports/50-parser-cometbft-toml': {
    't01-bom':
      'inject node cometbft wrap peers=1 26656/26657: t01-bom/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't02-crlf':
      'inject node cometbft wrap peers=2 26656/26657: t02-crlf/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't03-trailing-comma':
      'inject node cometbft wrap peers=2 26656/26657: t03-trailing-comma/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't04-comma-space':
      'inject node cometbft wrap peers=2 26656/26657: t04-comma-space/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't05-multiline-string':
      'inject node cometbft wrap peers=? 26656/26657: t05-multiline-string/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't06-tcp-prefix':
      'inject node cometbft wrap peers=? 26656/26657: t06-tcp-prefix/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't07-upper-id':
      'inject node cometbft wrap peers=1 26656/26657: t07-upper-id/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't08-ipv6':
      'inject node cometbft wrap peers=2 26656/26657: t08-ipv6/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't09-single-quotes':
      'inject node cometbft wrap peers=1 26656/26657: t09-single-quotes/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't10-dashes':
      'inject node cometbft wrap peers=1 26656/26657: t10-dashes/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't11-both-underscore-empty':
      'inject node cometbft wrap peers=0 26656/26657: t11-both-underscore-empty/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't12-duplicate-key':
      'inject node cometbft wrap peers=? 26656/26657: t12-duplicate-key/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't13-dotted':
      'inject node cometbft wrap peers=1 26656/26657: t13-dotted/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't14-template': 'skip no-peers',
    't15-helm-tpl-left': 'skip no-peers',
    't16-no-port':
      'inject node cometbft wrap peers=? 26656/26657: t16-no-port/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't17-semicolon':
      'inject node cometbft wrap peers=? 26656/26657: t17-semicolon/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't18-double-comma':
      'inject node cometbft wrap peers=2 26656/26657: t18-double-comma/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't19-duplicate-peer':
      'inject node cometbft wrap peers=2 26656/26657: t19-duplicate-peer/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't20-idn':
      'inject node cometbft wrap peers=1 26656/26657: t20-idn/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't21-underscore-host':
      'inject node cometbft wrap peers=1 26656/26657: t21-underscore-host/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't22-unconditional':
      'inject node cometbft wrap peers=1 26656/26657: t22-unconditional/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't23-comment-inline':
      'inject node cometbft wrap peers=1 26656/26657: t23-comment-inline/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't24-array':
      'inject node cometbft wrap peers=? 26656/26657: t24-array/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't25-tab':
      'inject node cometbft wrap peers=? 26656/26657: t25-tab/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't26-table-twice':
      'inject node cometbft wrap peers=? 26656/26657: t26-table-twice/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't27-port-name':
      'inject node cometbft wrap peers=? 26656/26657: t27-port-name/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
    't28-weird-float':
      'inject node cometbft wrap peers=? 26656/26657: t28-weird-float/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
  },
  'reports/51-parser-cometbft-list': {
    'l01-newline-only':
      'inject node cometbft wrap peers=? 26656/26657: l01-newline-only/persistent_peers env container',
    'l02-comma-newline':
      'inject node cometbft wrap peers=2 26656/26657: l02-comma-newline/persistent_peers env container',
    'l03-crlf': 'inject node cometbft wrap peers=2 26656/26657: l03-crlf/persistent_peers env container',
    'l04-bom': 'inject node cometbft wrap peers=1 26656/26657: l04-bom/persistent_peers env container',
    'l05-quoted': 'inject node cometbft wrap peers=? 26656/26657: l05-quoted/persistent_peers env container',
    'l06-comments': 'inject node cometbft wrap peers=? 26656/26657: l06-comments/persistent_peers env container',
    'l07-space-separated':
      'inject node cometbft wrap peers=? 26656/26657: l07-space-separated/persistent_peers env container',
    'l08-json-array': 'inject node cometbft wrap peers=? 26656/26657: l08-json-array/persistent_peers env container',
    'l09-backslash-cont':
      'inject node cometbft wrap peers=? 26656/26657: l09-backslash-cont/persistent_peers env container',
    'l10-trailing-spaces':
      'inject node cometbft wrap peers=2 26656/26657: l10-trailing-spaces/persistent_peers env container',
    'l11-nbsp': 'inject node cometbft wrap peers=2 26656/26657: l11-nbsp/persistent_peers env container',
    'l12-zero-width': 'inject node cometbft wrap peers=? 26656/26657: l12-zero-width/persistent_peers env container',
    'l13-folded-yaml': 'inject node cometbft wrap peers=2 26656/26657: l13-folded-yaml/persistent_peers env container',
    'l14-env-assign': 'inject node cometbft wrap peers=? 26656/26657: l14-env-assign/persistent_peers env container',
  },
  'reports/52-parser-static-nodes': {
    's01-trailing-comma':
      'inject besu besu wrap peers=? 30303/8545: s01-trailing-comma/static-nodes.json directory process',
    's02-bom': 'inject besu besu wrap peers=? 30303/8545: s02-bom/static-nodes.json directory process',
    's03-raftport': 'inject besu besu wrap peers=1 30303/8545: s03-raftport/static-nodes.json directory process',
    's04-comments': 'inject besu besu wrap peers=? 30303/8545: s04-comments/static-nodes.json directory process',
    's05-upper': 'inject besu besu wrap peers=1 30303/8545: s05-upper/static-nodes.json directory process',
    's06-ipv6': 'inject besu besu wrap peers=1 30303/8545: s06-ipv6/static-nodes.json directory process',
    's07-empty': 'inject besu besu wrap peers=0 30303/8545: s07-empty/static-nodes.json directory process',
    's08-lines': 'inject besu besu wrap peers=? 30303/8545: s08-lines/static-nodes.json directory process',
    's09-whitespace-entry':
      'inject besu besu wrap peers=? 30303/8545: s09-whitespace-entry/static-nodes.json directory process',
    's10-0x': 'inject besu besu wrap peers=? 30303/8545: s10-0x/static-nodes.json directory process',
    's11-port0': 'inject besu besu wrap peers=? 30303/8545: s11-port0/static-nodes.json directory process',
    's12-placeholder': 'inject besu besu wrap peers=? 30303/8545: s12-placeholder/static-nodes.json directory process',
    's13-newline-inside':
      'inject besu besu wrap peers=? 30303/8545: s13-newline-inside/static-nodes.json directory process',
  },
  'reports/53-parser-stellar': {
    'c01-unquoted-multiline':
      'inject core stellar-core wrap peers=2 11625/11626: c01-unquoted-multiline/stellar-core.cfg directory process',
    'c02-space-suffix':
      'inject core stellar-core wrap peers=? 11625/11626: c02-space-suffix/stellar-core.cfg directory process',
    'c03-dup-after-table': 'skip no-peers',
    'c04-bom': 'inject core stellar-core wrap peers=1 11625/11626: c04-bom/stellar-core.cfg directory process',
    'c05-int64': 'inject core stellar-core wrap peers=1 11625/11626: c05-int64/stellar-core.cfg directory process',
    'c06-old-array-mixed':
      'inject core stellar-core wrap peers=2 11625/11626: c06-old-array-mixed/stellar-core.cfg directory process',
    'c07-sqlite': 'inject core stellar-core wrap peers=1 11625/11626: c07-sqlite/stellar-core.cfg directory process',
  },
  'charts/charts': {
    heimdall: 'inject heimdall cometbft wrap peers=1 36656/36657: command[2] --p2p.persistent_peers literal none',
    geth: 'inject geth geth wrap peers=1 30303/8545 owner-rolls: geth-config/geth.toml directory process',
    quorum: 'inject quorum-quorum geth wrap peers=1 30303/8545: quorum-peers/static-nodes.json directory process',
    besu: 'inject besu besu wrap peers=1 30404/8645: besu-config/config.toml directory seed process, besu-config/static-nodes.json directory process',
    core: 'inject core stellar-core signal peers=1 21625/11626: core-config/stellar-core.cfg directory container',
    polkadot: 'inject polkadot substrate wrap peers=1 30333/9933: args[1] --reserved-nodes literal none',
    bera: 'inject beacond cometbft wrap peers=2 26656/26657 not-followed=geth:geth: command[4] --p2p.persistent_peers literal none',
    staker:
      'inject geth geth wrap peers=1 30303/8545 not-followed=lighthouse:lighthouse: staker-config/config.toml directory process',
    gno: 'inject node gnoland wrap peers=2 26656/-: gno-config/config.toml directory process',
  },
}

const fixture = (name: string) => new URL(`../fixtures/${name}.yaml`, import.meta.url)

for (const [name, pods] of Object.entries(expected)) {
  t.test(name, t => {
    const found = [...decisionsOf(fixture(name))].map(([pod, decision]) => [pod, brief(decision)])
    t.same(Object.fromEntries(found), pods)
    t.end()
  })
}

t.test('every file has its row', t => {
  const files = ['seeds', 'reports', 'charts'].flatMap(folder =>
    readdirSync(new URL(`../fixtures/${folder}/`, import.meta.url))
      .filter(file => file.endsWith('.yaml'))
      .map(file => `${folder}/${file.replace('.yaml', '')}`),
  )
  t.same(files.filter(name => name !== 'charts/cousins').sort(), Object.keys(expected).sort())
  t.end()
})

/** What has to be said, and what must not be, to whoever reads the decision. */
const said: readonly [name: string, pod: string, says: RegExp, never?: RegExp][] = [
  ['seeds/stellar-3-env', 'validator-1', /stellar-core does not read variable KNOWN_PEERS/],
  ['reports/06-goquorum-static-nodes', 'validator1', /^/, /geth ignores/],
  ['reports/13-stellar-chart', 'stellar-core', /^/, /init-scripts/],
  ['reports/08-geth-env-config', 'geth', /seeds or bootnodes alone.*repeer.dev\/peers/],
  ['reports/24-besu-toml-bootnodes', 'besu', /seeds or bootnodes alone.*repeer.dev\/peers/],
  [
    'reports/27-op-stack',
    'op',
    /repeer.dev\/container: op-node, repeer.dev\/profile: generic, repeer.dev\/peers: "op-sequencer:9222"/,
  ],
  ['charts/charts', 'bera', /container geth runs a second node \(geth\), which is not followed/],
  ['charts/charts', 'staker', /container lighthouse runs a second node \(lighthouse\)/, /container validator/],
  ['reports/50-parser-cometbft-toml', 't14-template', /t14-template\/config.toml is a template/],
  ['reports/50-parser-cometbft-toml', 't15-helm-tpl-left', /t15-helm-tpl-left\/config.toml is a template/],
  ['reports/50-parser-cometbft-toml', 't16-no-port', /a port from 1 to 65535 after the host/],
  ['reports/52-parser-static-nodes', 's02-bom', /without one: JSON parsers refuse it/],
]
for (const [name, pod, says, never] of said) {
  const decision = decisionsOf(fixture(name)).get(pod)
  const text = decision?.inject ? decision.warnings.join('\n') : (decision?.message ?? '')
  t.match(text, says, `${name} ${pod}`)
  if (never) t.notMatch(text, never, `${name} ${pod}`)
}

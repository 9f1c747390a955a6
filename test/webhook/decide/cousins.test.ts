// Nodes for which repeer has no profile: named, with what to write; and what is written works.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments, stringify } from 'yaml'
import { profiles } from '../../../peers/plan.ts'
import { cousins } from '../../../webhook/chains/cousins.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import { brief, decisionsIn } from '../fixtures/manifests.ts'
import { settings } from '../fixtures/pods/load.ts'

const yaml = readFileSync(new URL('../fixtures/charts/cousins.yaml', import.meta.url), 'utf8')

/**
 * By workload: what it runs, and the list that is to be written; '' for a placeholder, undefined for what is no node.
 */
const expected: Readonly<Record<string, readonly [program: string, list: string] | undefined>> = {
  lighthouse: ['lighthouse', 'repeer.dev/peers: "beacon-1.eth:9000,192.0.2.7:9001"'],
  'lighthouse-vc': undefined,
  prysm: ['prysm', 'repeer.dev/peers: "beacon-1:13000,beacon-2:13000"'],
  'prysm-args': ['prysm', ''],
  teku: ['teku', 'repeer.dev/peers: "teku-1:9000"'],
  'teku-vc': undefined,
  nimbus: ['nimbus', 'repeer.dev/peers: "nimbus-1:9000"'],
  lodestar: ['lodestar', 'repeer.dev/peers: "lodestar-1:9000"'],
  'lodestar-vc': undefined,
  grandine: ['grandine', 'repeer.dev/peers: "grandine-1:9000"'],
  reth: ['reth', 'repeer.dev/peers: "reth-1:30303,reth-2:30304"'],
  erigon: ['erigon', 'repeer.dev/peers: "erigon-1:30303"'],
  'op-node': ['op-node', 'repeer.dev/peers: "op-1:9222"'],
  bitcoind: ['bitcoind', 'repeer.dev/peers: "btc-1.btc:8333,btc-2.btc:18444"'],
  'bitcoind-conf': ['bitcoind', 'repeer.dev/peers: "btc-1.btc:8333,192.0.2.9:8333"'],
  litecoind: ['litecoind', 'repeer.dev/peers: "ltc-1.ltc:9333"'],
  monerod: ['monerod', 'repeer.dev/peers: "xmr-1.xmr:18080"'],
  avalanche: ['avalanchego', 'repeer.dev/peers: "192.0.2.1:9651,192.0.2.2:9651"'],
  solana: ['solana', 'repeer.dev/peers: "entrypoint.sol:8001"'],
  'peers-file': ['monerod', 'repeer.dev/config: configmap/xmr/peers.txt'],
  'by-variable': ['lighthouse', 'repeer.dev/peers: "beacon-1:9000"'],
  // Flags with values before the subcommand; a cousin's own cousins.
  near: ['neard', 'repeer.dev/peers: "near-1:24567"'],
  'lighthouse-network': ['lighthouse', 'repeer.dev/peers: "beacon-1:9000"'],
  'lighthouse-network-vc': undefined,
  'bera-reth': ['reth', 'repeer.dev/peers: "reth-1:30303"'],
  'celestia-bridge': ['celestia', 'repeer.dev/peers: "bridge-1:2121"'],
  'reth-db': undefined,
  web: undefined,
}

const decisions = decisionsIn(yaml)
t.same([...decisions.keys()].sort(), Object.keys(expected).sort(), 'every workload has its row')

for (const [name, row] of Object.entries(expected)) {
  const decision = decisions.get(name)
  if (!decision || decision.inject) throw new Error(`${name} is injected`)
  t.equal(decision.reason, 'not-a-node', name)
  if (!row) t.notMatch(decision.message, /runs/, name)
  else {
    const [program, list] = row
    const start = `container ${name} runs ${program}, for which repeer has no profile; to have its peers followed, write repeer.dev/profile: generic, `
    t.ok(decision.message.includes(start), `${name}: ${decision.message}`)
    if (list) t.ok(decision.message.endsWith(`generic, ${list}`), `${name}: ${decision.message}`)
    else
      t.match(
        decision.message,
        /repeer.dev\/peers: "HOST:\d+,\.\.\." \(or repeer.dev\/config: configmap\/NAME\/KEY/,
        name,
      )
  }
  t.notMatch(decision.message, /secret|not\.this/, `${name}: nothing but peers is quoted`)
}

t.test('what is to be written works', t => {
  const documents = parseAllDocuments(yaml).map(document => document.toJS())
  for (const document of documents) {
    const list = document.kind === 'StatefulSet' ? (expected[document.metadata.name]?.[1] ?? '') : ''
    const [annotation = '', value = ''] = /^(\S+): "?([^"]*)"?$/.exec(list)?.slice(1) ?? []
    if (annotation)
      document.spec.template.metadata = { annotations: { 'repeer.dev/profile': 'generic', [annotation]: value } }
  }
  const written = decisionsIn(documents.map(document => stringify(document)).join('---\n'))
  for (const [name, row] of Object.entries(expected)) {
    if (!row?.[1]) continue
    const peers = row[1].includes('configmap') ? 2 : row[1].split(',').length
    t.match(brief(written.get(name)), new RegExp(`^inject ${name} generic (wrap|signal) peers=${peers} `), name)
  }
  t.end()
})

t.test('several containers: the right one is named', t => {
  const pod = (containers: readonly object[]) =>
    decisionsIn(stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } })).get('p')
  const beacon = {
    name: 'beacon',
    image: 'sigp/lighthouse',
    command: ['lighthouse', 'bn', '--libp2p-addresses=/dns4/a/tcp/9000'],
  }
  const reth = { name: 'el', image: 'ghcr.io/paradigmxyz/reth', command: ['reth', 'node'] }
  const decision = pod([beacon, reth])
  t.match(decision, { inject: false, reason: 'not-a-node' })
  t.match(
    decision && !decision.inject && decision.message,
    /container beacon runs lighthouse.*repeer.dev\/container: beacon.*; container el runs reth/,
  )
  t.end()
})

t.test('the table: names that a plan can carry, and flags without dashes', t => {
  for (const { name, peers, port, images, programs } of cousins) {
    t.notOk(
      profiles.some(profile => profile === name),
      `${name} has no profile`,
    )
    t.match(name, /^[a-z0-9][a-z0-9.-]{0,39}$/)
    t.ok(port > 0 && port < 65_536, name)
    for (const flag of peers) t.match(flag, /^[A-Za-z]/, `${name} ${flag}`)
    for (const other of cousins)
      if (other.name !== name)
        t.notOk(other.programs.test(name) || other.images.test(`x/${name}`), `${name} is not taken for ${other.name}`)
    t.ok(
      images.test(`x/${name}`) || programs.test(name) || name === 'prysm' || name === 'solana',
      `${name} is known by its name`,
    )
  }
  t.end()
})

t.test('an admission does not tell what stands in a ConfigMap', t => {
  const spec = {
    volumes: [{ name: 'c', configMap: { name: 'c' } }],
    containers: [
      {
        name: 'b',
        image: 'bitcoin/bitcoin',
        args: ['-addnode=own.example'],
        volumeMounts: [{ name: 'c', mountPath: '/c' }],
      },
    ],
  }
  const messageOf = (quote: boolean) => {
    const decision = decide({
      pod: { metadata: { name: 'p' }, spec },
      namespace: { name: 'ns', labels: { 'repeer.dev/inject': 'enabled' }, annotations: {} },
      configMap: () => ({ 'bitcoin.conf': 'addnode=hidden.example' }),
      settings,
      quote,
    })
    return decision.inject ? '' : decision.message
  }
  t.match(messageOf(false), /repeer.dev\/peers: "own.example:8333"$/)
  t.match(messageOf(true), /repeer.dev\/peers: "own.example:8333,hidden.example:8333"$/)
  t.end()
})

// Secrets beside peers. A list may be a key file that was named by mistake, a NODE_SEED whose `=` was forgotten, or
// have a seed phrase beside its peers. Whatever the source and however malformed, nothing of it appears where others
// than its owner read: status page, metrics, log, Event, admission warning, audit annotation, the pod's annotations.
//
// What does parse as a peer is shown, and so is what stands in the pod's own spec already; a canary is neither.

import t from 'tap'
import { podReport } from '../cli/check/pod-report.ts'
import { type Format, formats, parsePeers, writePeers } from '../peers/formats/index.ts'
import { parsePage } from '../peers/page-check.ts'
import type { Peer } from '../peers/peer.ts'
import type { KeySource, Source } from '../peers/plan.ts'
import { annotation, inputFile, sourceFile } from '../peers/pod.ts'
import { eventsBetween } from '../rollout/pages/page-events.ts'
import { afterRead } from '../rollout/pages/seen-page.ts'
import { blank, type Memory } from '../sidecar/decide/memory.ts'
import { startLoop } from '../sidecar/loop.ts'
import { readInput } from '../sidecar/observe/input.ts'
import { loadMemory } from '../sidecar/state.ts'
import { memoryLog } from './fixtures/log-lines.ts'
import { until } from './fixtures/until.ts'
import { malformed } from './peers/fixtures/malformed.ts'
import { writeVolume } from './sidecar/fixtures/kubelet-volume.ts'
import { plan } from './sidecar/fixtures/look.ts'
import { loopParts } from './sidecar/fixtures/loop-parts.ts'
import { nodePod, review } from './webhook/fixtures/reviews.ts'
import { testServer } from './webhook/fixtures/server.ts'

/** Each has this in it, in some case: three letters of it are already too many. */
const core = 'qzxjkv'
/** A strkey by its form: NODE_SEED. Its letters are base32's. */
const seed = `SQZXJKV${'A'.repeat(49)}`
/** None of these can be a host or an identity. */
const canaries = [
  `${core} ability able about`,
  `NODE_SEED "${seed}"`,
  `NODE_SEED ${seed} self`,
  `${core}!word`,
  `pass="${core}`,
  `"${core}`,
  `${core}@`,
  `@${core}`,
  `//${core}:x@${core}/`,
  `{"${core}": 1}`,
  `[${core}]`,
  `${core} = `,
  `= ${core}`,
  `${core}:${core}`,
  `0x${core}`,
  `${core}\u0000`,
  `${core}\\u00zz`,
]

const leaks = (text: string) => /qzx|zxj|xjk|jkv/i.test(text)

const peers: Peer[] = [1, 2].map(n => ({ host: `node${n}.chain`, port: 26656, role: 'peer' }))
const hex = (length: number) => (peer: Peer, index: number) => ({ ...peer, id: String(index + 1).repeat(length) })
const good: Readonly<Record<Format, string>> = {
  'cometbft-toml': writePeers('cometbft-toml', peers.map(hex(40))),
  'cometbft-list': writePeers('cometbft-list', peers.map(hex(40))),
  'tm2-toml': writePeers(
    'tm2-toml',
    peers.map(peer => ({ ...peer, id: `g1${'q'.repeat(38)}` })),
  ),
  'tm2-list': writePeers(
    'tm2-list',
    peers.map(peer => ({ ...peer, id: `g1${'q'.repeat(38)}` })),
  ),
  'stellar-cfg': writePeers('stellar-cfg', peers),
  'stellar-list': writePeers('stellar-list', peers),
  'geth-toml': writePeers('geth-toml', peers.map(hex(128))),
  'besu-toml': writePeers(
    'besu-toml',
    peers.map(peer => ({ ...hex(128)(peer, 0), role: 'seed' })),
  ),
  'static-nodes': writePeers('static-nodes', peers.map(hex(128))),
  'enode-list': writePeers('enode-list', peers.map(hex(128))),
  'multiaddr-list': '/dns/node1.chain/tcp/30333/p2p/12D3KooWSPTTGU3GyE2twr5yTZsjZYX4HhTQHam37695PLtFvE1y',
  'generic-list': writePeers('generic-list', peers.map(hex(40))),
}

/** The canary in each place of a text where a line, an entry or a value begins or ends; and in place of all of it. */
function places(text: string, canary: string): string[] {
  const cuts = [...text.matchAll(/[\n,=@"[\]:/]/g)].flatMap(({ index }) => [index, index + 1])
  const every = Math.max(1, Math.ceil(cuts.length / 12))
  const at = [0, ...cuts.filter((_, index) => index % every === 0), text.length]
  return [
    canary,
    `${text}\n${canary}\n${text}`,
    ...at.flatMap(place => [
      `${text.slice(0, place)}${canary}${text.slice(place)}`,
      `${text.slice(0, place)}\n${canary}\n${text.slice(place)}`,
    ]),
  ]
}

const lists = formats.flatMap(format => [
  ...canaries.flatMap(canary => places(good[format], canary)).map(text => ({ format, text })),
  ...malformed.filter(row => row.format === format).map(({ text }) => ({ format, text: `${text},${core}!x` })),
])

/** What is wrong with it; undefined where it parses. */
function faultOf({ format, text }: { format: Format; text: string }): Error | undefined {
  try {
    parsePeers(format, text, { source: 'list' })
    return undefined
  } catch (error) {
    return error as Error
  }
}

t.test('parsers: the error says where, and not what', async t => {
  const faults = lists.map(faultOf).filter(fault => fault !== undefined)
  t.ok(faults.length > 3000, `${faults.length} malformed lists`)
  const log = memoryLog()
  for (const fault of faults) log.error({ err: fault }, 'failed')
  t.same(
    faults
      .filter(fault => leaks(`${fault.message} ${fault.stack} ${JSON.stringify(fault)}`))
      .map(({ message }) => message),
    [],
  )
  t.notOk(leaks(JSON.stringify(log.lines)))
  t.ok(
    faults.some(fault => leaks((fault as { quoted?: () => string }).quoted?.() ?? '')),
    'the search finds one',
  )
})

t.test('no seed is taken for a host, which would be shown, and looked up', async t => {
  for (const format of ['stellar-list', 'stellar-cfg', 'generic-list'] as const) {
    const text =
      format === 'stellar-cfg' ? `KNOWN_PEERS=["${seed}"]` : format === 'generic-list' ? `${seed}:11625` : seed
    t.match(faultOf({ format, text })?.message, /no secret seed/)
  }
  t.equal(faultOf({ format: 'stellar-list', text: seed.toLowerCase() }), undefined, 'a name like any other')
  t.equal(faultOf({ format: 'stellar-list', text: seed.slice(0, -1) }), undefined)
})

type Case = { readonly what: string; readonly sources: readonly Source[]; readonly texts: readonly string[] }

/** Every way by which a list reaches the sidecar. */
function casesOf(format: Format, text: string): Case[] {
  const key = (over: Partial<KeySource>): KeySource => ({
    kind: 'ConfigMap',
    name: 'config',
    key: 'peers',
    via: 'directory',
    format,
    role: 'peer',
    level: 'process',
    ...over,
  })
  const env = { via: 'env', variable: 'PEERS' } as const
  return [
    { what: 'a file of a ConfigMap', sources: [key({})], texts: [text] },
    { what: 'a variable of a Secret', sources: [key({ ...env, kind: 'Secret' })], texts: [text] },
    {
      what: 'a literal',
      sources: [{ kind: 'Literal', name: 'env PEERS', format, role: 'peer', text, level: 'none' }],
      texts: [''],
    },
    {
      what: 'a Secret beside a good list',
      sources: [key({}), key({ kind: 'Secret', name: 'other' })],
      texts: [good[format], text],
    },
  ]
}

function inputOf(t: Pick<typeof import('tap').t, 'testdir'>, { sources, texts }: Case): string {
  const dir = t.testdir({})
  const files: Record<string, string> = { [inputFile.plan]: JSON.stringify(plan({ sources })) }
  sources.forEach((source, index) => {
    if (source.kind !== 'Literal') files[sourceFile(source)] = texts[index] ?? ''
  })
  writeVolume(dir, files)
  return dir
}

t.test('the sidecar: page, metrics and log; and what the controller and repeer check make of the page', async t => {
  let held = 0
  for (const format of formats) {
    const texts = lists.filter(list => list.format === format && faultOf(list))
    // One of each kind of place, by turns over all canaries.
    const sample = texts.filter((_, index) => index % Math.ceil(texts.length / 3) === 0)
    const rows = sample.flatMap(({ text }) => casesOf(format, text).map(row => ({ text, row })))
    await Promise.all(
      rows.map(async ({ text, row }) => {
        const input = await readInput(inputOf(t, row))
        const log = memoryLog('trace')
        const { made } = loopParts({ readInput: async () => input, log })
        const loop = startLoop(made, blank)
        await until('a page', () => loop.page() !== null)
        await loop.close()
        const page = parsePage(JSON.stringify(loop.page()))
        const before = afterRead({ ...page, phase: 'settled' }, 0).page
        const events = eventsBetween(before, afterRead(page, 1).page)
        const report = podReport(podObject, { page }, Date.now())
        const shown = JSON.stringify([loop.page(), log.lines, events, report])
        const said = `${shown} ${await made.metrics.registry.metrics()} ${loop.unwell()}`
        t.notOk(
          leaks(said),
          `${format}, ${row.what}: ${JSON.stringify(text)} in ${/.{60}(qzx|zxj).{20}/i.exec(said)?.[0]}`,
        )
        if (page.reason === 'list-malformed') held++
      }),
    )
  }
  t.ok(held > 80, `${held} pages say that a list is malformed`)
})

t.test("the sidecar: a state file that is torn, or anybody else's", async t => {
  for (const text of [
    core,
    `{"version": "${core}"}`,
    `{"version":1,"${core}`,
    `[${core}]`,
    `"${core}"`,
    `{"version":1,"hosts":"${core}"}`,
  ]) {
    const log = memoryLog('trace')
    const dir = t.testdir({ 'memory.json': text })
    const memory: Memory = await loadMemory(dir, log)
    t.ok(memory.lost)
    t.notOk(leaks(JSON.stringify(log.lines)), text)
  }
})

const podObject = { metadata: { namespace: 'chain', name: 'node-0' }, spec: { containers: [] } } as never

type Node = {
  readonly command: readonly string[]
  readonly file: string
  readonly format: Format
  readonly bare: Format
}

/** A node of each chain that has a file, and what its lists are in. */
const nodes: Readonly<Record<string, Node>> = {
  cometbft: {
    command: ['gaiad', 'start', '--home', '/home'],
    file: 'config.toml',
    format: 'cometbft-toml',
    bare: 'cometbft-list',
  },
  gnoland: { command: ['gnoland', 'start'], file: 'config.toml', format: 'tm2-toml', bare: 'tm2-list' },
  'stellar-core': {
    command: ['stellar-core', 'run', '--conf', '/home/config/stellar-core.cfg'],
    file: 'stellar-core.cfg',
    format: 'stellar-cfg',
    bare: 'stellar-list',
  },
  geth: {
    command: ['geth', '--config', '/home/config/config.toml'],
    file: 'config.toml',
    format: 'geth-toml',
    bare: 'enode-list',
  },
  besu: {
    command: ['besu', '--data-path=/home/config'],
    file: 'static-nodes.json',
    format: 'static-nodes',
    bare: 'enode-list',
  },
  substrate: {
    command: ['polkadot', '--base-path', '/home'],
    file: 'nodes',
    format: 'multiaddr-list',
    bare: 'multiaddr-list',
  },
}
const flags: Readonly<Record<string, string>> = {
  cometbft: '--p2p.persistent_peers',
  geth: '--bootnodes',
  besu: '--bootnodes',
  substrate: '--reserved-nodes',
}
const variables: Readonly<Record<string, string>> = {
  cometbft: 'GAIAD_P2P_PERSISTENT_PEERS',
  gnoland: 'PERSISTENT_PEERS',
  besu: 'BESU_BOOTNODES',
  geth: 'GETH_BOOTNODES',
}

type Place = {
  readonly what: string
  /** The text stands in the pod's spec, which the patch may repeat: a command that is wrapped, a literal list. */
  readonly inSpec: boolean
  readonly container?: object
  readonly pod?: object
  readonly data?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Every way by which a list stands in a pod. */
function placesIn(profile: string, { command, file }: Node, document: string, list: string): Place[] {
  const variable = variables[profile] ?? 'PERSISTENT_PEERS'
  const flag = flags[profile] ?? '--p2p.persistent_peers'
  const quoted = list.replaceAll("'", '')
  const script = `set -e\nPEERS='${quoted}'\nsed -i "s|^persistent_peers *=.*|persistent_peers = \\"$PEERS\\"|" /home/config/config.toml\nexec ${command.join(' ')} ${flag} "$PEERS"\n`
  const volumes = [
    { name: 'config', configMap: { name: 'node' } },
    { name: 'scripts', configMap: { name: 'node' } },
  ]
  const volumeMounts = [
    { name: 'config', mountPath: '/home/config' },
    { name: 'scripts', mountPath: '/scripts' },
  ]
  const key = { valueFrom: { configMapKeyRef: { name: 'node', key: 'peers' } } }
  return [
    { what: 'a file', inSpec: false, data: { [file]: document } },
    {
      what: 'a file by its subPath',
      inSpec: false,
      data: { [file]: document },
      container: { volumeMounts: [{ name: 'config', mountPath: `/home/config/${file}`, subPath: file }] },
    },
    {
      what: 'a key as variable',
      inSpec: false,
      data: { peers: list },
      container: { env: [{ name: variable, ...key }] },
    },
    {
      what: 'all keys as variables',
      inSpec: false,
      data: { [variable]: list },
      container: { env: [], envFrom: [{ configMapRef: { name: 'node' } }] },
    },
    {
      what: 'a key that the annotation names',
      inSpec: false,
      data: { other: list },
      annotations: { [annotation.config]: 'configmap/node/other' },
    },
    {
      what: 'a script in a ConfigMap',
      inSpec: false,
      data: { 'start.sh': script },
      container: { command: ['/bin/sh', '/scripts/start.sh'], volumeMounts },
      pod: { volumes },
    },
    {
      what: 'a file that a script reads into a flag',
      inSpec: false,
      data: { peers: list },
      container: { command: ['sh', '-c', `exec ${command.join(' ')} ${flag} "$(cat /scripts/peers)"`], volumeMounts },
      pod: { volumes },
    },
    {
      what: 'a Secret',
      inSpec: false,
      container: { env: [{ name: variable, valueFrom: { secretKeyRef: { name: 'node', key: 'peers' } } }] },
    },
    { what: 'a literal variable', inSpec: true, container: { env: [{ name: variable, value: list }] } },
    { what: 'a flag', inSpec: true, container: { args: [flag, list] } },
    { what: 'a script in the arguments', inSpec: true, container: { command: ['/bin/sh', '-c'], args: [script] } },
    {
      what: 'a script of an init container',
      inSpec: true,
      container: { volumeMounts },
      pod: { volumes, initContainers: [{ name: 'init', image: 'x', command: ['sh', '-c', script], volumeMounts }] },
    },
    { what: 'the annotation', inSpec: true, annotations: { [annotation.peers]: list } },
  ]
}

t.test('the webhook: warnings, audit annotations, log, and what it writes into the pod', async t => {
  const seen = new Set<string>()
  let data: Readonly<Record<string, string>> = {}
  const { app, lines } = testServer({ configMap: () => data })
  t.teardown(() => app.close())
  for (const [profile, node] of Object.entries(nodes)) {
    const documents = lists.filter(({ format }) => format === node.format)
    const bare = lists.filter(list => list.format === node.bare && faultOf(list))
    const count = 5
    for (let n = 0; n < count; n++) {
      const document = documents[Math.floor((n * documents.length) / count)]?.text ?? ''
      const list = bare[Math.floor((n * bare.length) / count)]?.text ?? ''
      for (const place of placesIn(profile, node, document, list)) {
        data = place.data ?? {}
        const before = lines.length
        const spec = {
          containers: [
            {
              name: 'node',
              image: 'x',
              command: node.command,
              ports: [{ containerPort: 26656, name: 'p2p' }],
              volumeMounts: [{ name: 'config', mountPath: '/home/config' }],
              ...place.container,
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'node' } }],
          ...place.pod,
        }
        const metadata = { ...nodePod.metadata, annotations: { ...place.annotations, [annotation.profile]: profile } }
        const payload = review({ request: { object: { ...nodePod, metadata, spec } } })
        const answer = await app.inject({ method: 'POST', url: '/mutate', payload })
        const { response } = answer.json()
        const patch = JSON.parse(Buffer.from(response.patch ?? 'W10=', 'base64').toString()) as { path: string }[]
        const ours = patch.filter(({ path }) => !place.inSpec || path.includes('repeer.dev~1status'))
        const said = JSON.stringify([{ ...response, patch: ours }, lines.slice(before)])
        const leak = /.{0,80}(qzx|zxj|xjk|jkv).{0,20}/i.exec(said)?.[0]
        t.equal(
          leak,
          undefined,
          `${profile}, ${place.what}: ${JSON.stringify(place.what.includes('file') ? document : list)}`,
        )
        if (response.patch) seen.add(`${profile} ${place.what}`)
      }
    }
  }
  t.notOk(leaks((await app.inject('/metrics')).body))
  t.ok(seen.size > 45, `${seen.size} of the places were followed: ${[...seen].join(', ')}`)
})

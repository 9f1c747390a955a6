// `repeer check`: over HTTP against a stand-in for the API server.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CheckReport, PodReport } from '../../../cli/check/report.ts'
import { pauseRows } from '../../peers/pauses.ts'
import { type StandIn, startStandIn } from '../fixtures/cluster.ts'
import { hash, injectedPod, olderPage, type PodOptions, pageOf } from '../fixtures/pods.ts'
import { nodeConfig, optedIn, plainNode, plainWeb, wholeScene } from '../fixtures/scene.ts'
import { repeer } from '../program.ts'

async function standIn(
  t: Test,
): Promise<{ cluster: StandIn; args: string[]; look: (...more: string[]) => Promise<CheckReport & { code: number }> }> {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  const args = ['--kubeconfig', join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')]
  const look = async (...more: string[]) => {
    const { code, out, err } = await repeer(['check', ...args, '-o', 'json', ...more])
    t.equal(err, '')
    return { code, ...(JSON.parse(out) as CheckReport) }
  }
  return { cluster, args, look }
}

/** Settled, and without one of two peers for so many seconds. */
const lacking = (seconds: number) => ({
  connected: 1,
  sentence: 'nothing is left to do, and the node is connected to 1 of 2 peers',
  detail: 'not connected to node2:26656: its address does not answer',
  lacking: { peers: 1, since: new Date(Date.now() - seconds * 1000).toISOString() },
})
const podOf = (report: CheckReport, name: string) => report.pods.find(pod => pod.pod === name) as PodReport

t.test('all settled is 0; older sidecars, seeds, turns that were used', async t => {
  const { cluster, look } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  for (const name of ['a', 'b', 'c']) cluster.putPod(injectedPod(name))
  for (const name of ['a', 'b']) cluster.pages.set(`chain/${name}`, { status: 200, body: pageOf() })
  cluster.pages.set('chain/c', { status: 200, body: olderPage() })
  cluster.putPod(injectedPod('done', { phase: 'Succeeded' }))
  cluster.putPod(
    injectedPod('b', {
      annotations: { 'repeer.dev/turn': `spent ${hash('b')}`, 'repeer.dev/turn-granted-at': '2026-11-21T08:00:00Z' },
    }),
  )
  const report = await look()
  t.equal(report.code, 0)
  t.match(report, { settled: true, notes: [], notInjected: [], namespaces: [{ name: 'chain', optedIn: true }] })
  t.strictSame(
    report.pods.map(pod => [pod.pod, pod.verdict]),
    [
      ['a', 'settled'],
      ['b', 'settled'],
      ['c', 'settled'],
      ['done', 'ended'],
    ],
  )
  t.strictSame(podOf(report, 'b').turn, { granted: null, grantedAt: null, seen: null, wait: null })
  t.match(podOf(report, 'a'), {
    connected: 2,
    peers: 2,
    list: { state: 'agrees' },
    strategy: 'wrap',
    group: 'chain/localnet',
  })
})

t.test('what is said of one pod', async t => {
  const { cluster, look } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const self = { plan: { turns: 'self' as const } }
  const other = { annotations: { 'repeer.dev/peer-hash': hash('f', 'p1') } }
  const cases: [name: string, options: PodOptions, page: unknown, expected: Partial<PodReport>][] = [
    [
      'time will tell',
      {},
      pageOf({ phase: 'waiting', reason: 'settling' }),
      { verdict: 'under-way', phase: 'waiting', reason: 'settling' },
    ],
    [
      'somebody has to',
      {},
      pageOf({ phase: 'waiting', reason: 'mass-removal', sentence: 'x', detail: 'y' }),
      { verdict: 'problem', why: 'x: y' },
    ],
    ['restarting', {}, pageOf({ phase: 'restarting' }), { verdict: 'under-way', phase: 'restarting' }],
    [
      'a list on its way',
      other,
      pageOf(),
      { verdict: 'under-way', list: { state: 'differs', found: hash('a', 'p1'), annotation: hash('f', 'p1') } },
    ],
    [
      'no controller',
      { ...self, ...other },
      pageOf(),
      { verdict: 'settled', list: { state: 'edited', found: hash('a', 'p1'), annotation: hash('f', 'p1') } },
    ],
    [
      'an empty list',
      {},
      pageOf({ list: null }),
      { verdict: 'settled', list: { state: 'none', found: null, annotation: hash('a', 'p1') } },
    ],
    [
      'no list',
      {},
      pageOf({ list: null, phase: 'waiting', reason: 'list-missing' }),
      { list: { state: 'unread', found: null, annotation: hash('a', 'p1') } },
    ],
    [
      'no api',
      {},
      pageOf({ node: { seenBy: 'sockets', noStatusApi: 'no status API has answered at port 26657' } }),
      { verdict: 'settled', notes: ['no status API has answered at port 26657'] },
    ],
    ['a blind sidecar', {}, pageOf({}, 600), { verdict: 'problem' }],
    [
      'a second node',
      { plan: { notFollowed: [{ container: 'beacon', program: 'lighthouse' }] } },
      pageOf(),
      { verdict: 'settled', notes: ['container beacon runs a second node (lighthouse), which is not followed'] },
    ],
    [
      'not yet',
      {},
      { phase: 'starting', sentence: 'the first comparison is not finished' },
      { verdict: 'under-way', phase: 'starting' },
    ],
    ['no page', {}, { hello: 'world' }, { verdict: 'unseen', phase: 'unseen' }],
    [
      'lacks one',
      {},
      pageOf(lacking(179)),
      {
        verdict: 'under-way',
        phase: 'settled',
        why: 'nothing is left to do, and the node is connected to 1 of 2 peers: not connected to node2:26656: its address does not answer',
      },
    ],
    ['lacks one for long', {}, pageOf(lacking(180)), { verdict: 'problem', phase: 'settled' }],
    [
      'lacks one in an older version',
      {},
      pageOf({ connected: 1, peers: [{ peer: 'node1:26656', addresses: [], standing: 'absent' }] }),
      { verdict: 'problem', why: 'nothing is left to do, and 1 of its peers are not connected' },
    ],
    [
      'has enough in an older version',
      { plan: { minPeers: 1 } },
      pageOf({ connected: 1, peers: [{ peer: 'node1:26656', addresses: [], standing: 'absent' }] }),
      { verdict: 'settled' },
    ],
    [
      'has enough',
      { plan: { minPeers: 1 } },
      pageOf({ connected: 1, sentence: 'nothing is left to do', detail: 'not connected to node2' }),
      { verdict: 'settled', why: 'nothing is left to do: not connected to node2' },
    ],
    ['pending', { phase: 'Pending' }, undefined, { verdict: 'under-way', phase: 'pending' }],
  ]
  for (const [name, options, body] of cases) {
    const pod = name.replaceAll(' ', '-')
    cluster.putPod(injectedPod(pod, options))
    cluster.pages.set(`chain/${pod}`, { status: name === 'not yet' ? 503 : 200, body })
  }
  const report = await look()
  t.equal(report.code, 1)
  for (const [name, , , expected] of cases) t.match(podOf(report, name.replaceAll(' ', '-')), expected, name)
  t.match(podOf(report, 'a-blind-sidecar').notes, [/its last comparison was 10 min ago/])
  t.match(podOf(report, 'no-page').why, /the status page cannot be used/)
})

t.test('without the page: what lacks, and what the annotations say', async t => {
  const { cluster, args, look } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  cluster.putPod(injectedPod('a'))
  cluster.putPod({ ...injectedPod('host'), spec: { ...injectedPod('host').spec, hostNetwork: true } })
  t.match(podOf(await look(), 'a').why, /503: error trying to reach service: .*9469 of the pod \(a NetworkPolicy/)
  t.match(podOf(await look(), 'host').why, /loopback only; see kubectl -n chain logs host -c repeer/)
  cluster.deny = (_, path) => (path.includes('/proxy/') ? 'User "alice" cannot get resource "pods/proxy"' : undefined)
  const report = await look()
  t.equal(report.code, 1)
  t.match(report.notes, [
    /namespace chain may not be read, .*expected the permission get on pods\/proxy .*User "alice"/,
  ])
  t.match(podOf(report, 'a'), {
    verdict: 'unseen',
    strategy: 'wrap',
    notes: [/injected, wrap/, /the sidecar is running/],
  })
  const { out } = await repeer(['check', ...args])
  t.match(out, /\nnote: the status pages of namespace chain/)
})

t.test("pods without the sidecar, by the webhook's decision", async t => {
  const { cluster, look } = await standIn(t)
  const { objects } = cluster
  objects.set('/api/v1/namespaces/chain', optedIn('chain', '2026-11-21T08:00:00Z'))
  objects.set('/api/v1/namespaces/chain/configmaps/node-config', nodeConfig)
  const pods = [
    plainNode('early', { createdAt: '2026-11-21T07:00:00Z' }),
    plainNode('late', { createdAt: '2026-11-21T09:00:00Z' }),
    plainNode('refused', { annotations: { 'repeer.dev/strategy': 'gentle' } }),
    plainNode('out', { annotations: { 'repeer.dev/inject': 'false' } }),
    plainWeb('web'),
  ]
  for (const pod of pods) objects.set(`/api/v1/namespaces/chain/pods/${pod.metadata.name}`, pod)
  const report = await look()
  t.equal(report.code, 1)
  t.match(report.notInjected, [
    {
      pod: 'early',
      kind: 'create-again',
      why: /before the namespace opted in .* it would be injected now \(node: cometbft, wrap\)/,
    },
    { pod: 'late', kind: 'create-again', why: /after the namespace opted in/ },
    { pod: 'out', kind: 'left-alone', reason: 'opted-out' },
    { pod: 'refused', kind: 'refused', reason: 'bad-annotation', why: /gentle/ },
    { pod: 'web', kind: 'left-alone', reason: 'not-a-node' },
  ])
  t.ok(
    cluster.requests.includes('GET /api/v1/namespaces/chain/configmaps/node-config'),
    'read because the decision asked for it',
  )
  cluster.deny = (_, path) => (path.includes('/configmaps/') ? 'no' : undefined)
  t.match((await look()).notes, [/ConfigMaps of namespace chain may not be read \(permission get on configmaps\)/])
  for (const name of ['early', 'late', 'refused']) objects.delete(`/api/v1/namespaces/chain/pods/${name}`)
  t.equal((await look()).code, 0, 'nothing is to be done about the others')
})

t.test('a decision that asks for more the more it knows', async t => {
  const { cluster, look } = await standIn(t)
  const { objects } = cluster
  objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  objects.set('/api/v1/namespaces/chain/configmaps/node-config', nodeConfig)
  objects.set('/api/v1/namespaces/chain/configmaps/more', { metadata: { name: 'more' }, data: { peers: '' } })
  const pod = plainNode('opaque')
  const env = [{ name: 'NODE_PEERS', valueFrom: { configMapKeyRef: { name: 'more', key: 'peers' } } }]
  const containers = pod.spec.containers.map(({ ports, volumeMounts }) => ({
    name: 'app',
    image: 'registry.example.com/app',
    ports,
    volumeMounts,
    env,
  }))
  objects.set('/api/v1/namespaces/chain/pods/opaque', { ...pod, spec: { ...pod.spec, containers } })
  t.match((await look()).notInjected, [{ pod: 'opaque', kind: 'create-again', why: /cometbft/ }])
  const asked = cluster.requests
    .filter(path => path.includes('/configmaps/'))
    .map(path => path.slice(path.lastIndexOf('/') + 1))
  // A script may be made of any variable, so those are asked for at once, too; each is asked for once.
  t.strictSame(
    asked.sort(),
    ['more', 'node-config'],
    'the content of one says that this is a node, the other lists its peers',
  )
})

t.test("namespaces: the context's, a named one, all, one that has not opted in, one that may not be read", async t => {
  const { cluster, args, look } = await standIn(t)
  const { objects } = cluster
  for (const name of ['chain', 'other', 'third']) objects.set(`/api/v1/namespaces/${name}`, optedIn(name))
  objects.set('/api/v1/namespaces/out', { metadata: { name: 'out', labels: { a: 'b' } } })
  for (const namespace of ['chain', 'other']) {
    cluster.putPod(injectedPod('node0-0', { namespace, plan: { group: 'both' } }))
    cluster.pages.set(`${namespace}/node0-0`, { status: 200, body: pageOf() })
  }
  const where = (report: CheckReport) => report.pods.map(pod => pod.namespace)
  t.strictSame(where(await look()), ['chain'])
  t.strictSame(where(await look('-n', 'other')), ['other'])
  const all = await look('--all-namespaces')
  t.strictSame(where(all), ['chain', 'other'])
  t.strictSame(
    all.namespaces.map(namespace => namespace.name),
    ['chain', 'other', 'third'],
  )
  t.match(
    (await repeer(['check', ...args, '-A'])).out,
    /\n {2}chain\/node0-0 .*\n {2}other\/node0-0 /,
    'a group across namespaces says whose pod it is',
  )
  const out = await look('-n', 'out')
  t.equal(out.code, 1)
  t.match(out.notes, [/namespace out has not opted in: .*kubectl label namespace out repeer\.dev\/inject=enabled/])
  t.match(await repeer(['check', ...args, '-n', 'none']), { code: 1, err: /found no namespace none/ })
  cluster.deny = (_, path) =>
    path.startsWith('/api/v1/namespaces/chain/') || path.includes('/pods') ? undefined : 'no'
  const blind = await look()
  t.equal(blind.code, 0)
  t.match(blind, { namespaces: [{ optedIn: null }], notes: [/permission get on namespaces/] })
  t.match(await repeer(['check', ...args, '-A']), {
    code: 3,
    err: /expected the permission list on namespaces, or --namespace NS/,
  })
  cluster.deny = (_, path) => (path.endsWith('/pods') ? 'no' : undefined)
  t.match(await repeer(['check', ...args]), { code: 3, err: /expected the permission list on pods/ })
})

t.test('no cluster, wrong usage', async t => {
  const { cluster, args } = await standIn(t)
  const home = t.testdir({
    kubeconfig: cluster.kubeconfig,
    '.kube': { config: cluster.kubeconfig },
    broken: 'clusters: 5',
  })
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  t.equal((await repeer(['check'], { env: { HOME: home } })).code, 0, '~/.kube/config')
  t.equal((await repeer(['check'], { env: { KUBECONFIG: join(home, '.kube/config') } })).code, 0, 'KUBECONFIG')
  t.match(await repeer(['check']), { code: 3, err: /found no kubeconfig; expected --kubeconfig FILE/ })
  t.match(await repeer(['check', '--kubeconfig', join(home, 'none')]), {
    code: 3,
    err: /the kubeconfig .*none cannot be used: /,
  })
  t.match(await repeer(['check', '--kubeconfig', join(home, 'broken')]), { code: 3 })
  t.match(await repeer(['check', ...args, '--context', 'x']), {
    code: 2,
    err: /found "x", expected one of the kubeconfig's: stand-in/,
  })
  t.match(await repeer(['check', ...args, '-n', 'a', '-A']), { code: 2, err: /expected one of them/ })
  t.match(await repeer(['check', ...args, '-w', '-o', 'json']), { code: 2 })
  await cluster.close()
  t.match(await repeer(['check', ...args]), {
    code: 3,
    err: /no answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
  })
})

t.test('text: fits the terminal, obeys nobody', async t => {
  const { cluster, args } = await standIn(t)
  wholeScene(cluster)
  const evil = '\u001b[2J\u001b]0;title\u0007\u202e'
  cluster.putPod(injectedPod('evil', { annotations: { 'repeer.dev/status': `injected ${evil}` } }))
  cluster.pages.set('chain/evil', { status: 404, body: { kind: 'Status', message: evil } })
  for (const columns of [60, 80, 100, 160]) {
    const { code, out } = await repeer(['check', ...args], { columns })
    t.equal(code, 1)
    t.strictSame(
      out.split('\n').filter(line => line.length > columns && line.includes(' ', columns / 2)),
      [],
      `${columns} columns`,
    )
    t.match(out, /validator-with/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there.
    t.notMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/)
  }
  const { out } = await repeer(['check', ...args])
  t.match(
    out,
    /\nchain\/localnet {2}cometbft, \d pods, restarts in turn, 1 at a time\n {2}POD +STATE +PEERS +SINCE +RESTARTED +REACH +LIST\n/,
  )
  t.match(
    out,
    /\n {2}node0-0 +settled +2\/2 +5 min ago +4 min ago +wrap +agrees\n {4}restarted 4 min ago \(process\), verified: node1 has/,
  )
  t.match(
    out,
    /\n {4}awaiting-turn: the node waits for its turn to restart\n {4}not connected to node2:26656 \(only at a former/,
  )
  t.match(out, /\n {2}web-0, .* and 3 more\n {4}not-a-node: /)
  t.match(out, /\n7 injected pods: 1 settled, .*1 to be looked at/)
  t.notMatch(out, /\\u001b\[3/)
  t.match((await repeer(['check', ...args], { colour: true })).out, '\u001b[32msettled')
})

t.test('whoever lacks a peer is not settled: the text says why, and the exit code', async t => {
  const { cluster, args } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  for (const name of ['a', 'b']) cluster.putPod(injectedPod(name))
  cluster.pages.set('chain/a', { status: 200, body: pageOf() })
  const peers = [
    {
      peer: 'node2:26656',
      addresses: ['10.0.0.8'],
      standing: 'absent',
      reachable: false,
      because: 'no-answer' as const,
    },
  ]
  cluster.pages.set('chain/b', { status: 200, body: pageOf({ ...lacking(600), peers }) })
  const { code, out } = await repeer(['check', ...args], { columns: 160 })
  t.equal(code, 1)
  t.match(
    out,
    /\n {4}nothing is left to do, .* 1 of 2 peers: not connected to node2:26656: its address does not answer\n/,
  )
  t.equal(out.split('not connected to node2').length, 2, 'once')
  t.notMatch(out, /Nothing to do/)
  t.match(out, /\n2 injected pods: 1 settled, 1 to be looked at\n$/)
})

t.test('why there is no turn: from the page, or from the annotation', async t => {
  const { cluster, args } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const waits = {
    phase: 'waiting',
    reason: 'awaiting-turn',
    sentence: 'the node waits for its turn to restart',
  } as const
  const annotations = { 'repeer.dev/turn-wait': 'node1-0 goes first' }
  const text = async (page: object | undefined, more: PodOptions = { annotations }) => {
    cluster.putPod(injectedPod('a', more))
    cluster.pages.set('chain/a', page && { status: 200, body: page })
    return (await repeer(['check', ...args], { columns: 160 })).out
  }
  t.match(await text(pageOf(waits)), /\n {4}no turn yet: node1-0 goes first\n/, 'its files do not have it yet')
  const shown = await text(pageOf({ ...waits, detail: 'node1-0 goes first' }))
  t.match(shown, /awaiting-turn: .*: node1-0 goes first\n/)
  t.notMatch(shown, /no turn/)
  t.match(await text(undefined), /\n {4}no turn yet: node1-0 goes first\n/)
  t.match(await text(pageOf(waits), {}), /\n {4}no turn granted yet\n/)
  t.notMatch(await text(pageOf()), /no turn/)
})

t.test('a wait that somebody has to end is a problem at once, one that may pass when it has lasted', async t => {
  const { cluster, look } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  for (const [reason, seconds, verdict] of [
    ['paused', 0, 'problem'],
    ['unreachable', 170, 'under-way'],
    ['unreachable', 181, 'problem'],
    ['budget', 20_000, 'under-way'],
    ['of-another-version', 20_000, 'under-way'],
  ] as const) {
    cluster.putPod(injectedPod('a'))
    const since = new Date(Date.now() - seconds * 1000).toISOString()
    cluster.pages.set('chain/a', { status: 200, body: pageOf({ phase: 'waiting', reason: reason as 'paused', since }) })
    t.equal(podOf(await look(), 'a').verdict, verdict, `${reason} for ${seconds} s`)
  }
})

t.test('a pause is a note on its pod, and an odd one says what it does', async t => {
  const { cluster, look } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  for (const { text, held, odd } of pauseRows) {
    cluster.putPod(injectedPod('a', { annotations: text === undefined ? {} : { 'repeer.dev/pause': text } }))
    cluster.pages.set('chain/a', { status: 200, body: pageOf() })
    const notes = podOf(await look(), 'a').notes.filter(note => note.includes('repeer.dev/pause'))
    t.equal(notes.length, held || odd ? 1 : 0, JSON.stringify(text))
    t.equal(notes[0]?.includes('expected "true" or "false"') ?? false, odd, JSON.stringify(text))
    t.equal(/holds its restarts|which holds restarts/.test(notes[0] ?? ''), held, JSON.stringify(text))
  }
})

t.test('how long a wait will take, where that is worth a word', async t => {
  const { cluster, args } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const waits = async (seconds: number) => {
    cluster.putPod(injectedPod('a'))
    const until = new Date(Date.now() + seconds * 1000).toISOString()
    cluster.pages.set('chain/a', {
      status: 200,
      body: pageOf({ phase: 'waiting', reason: 'min-interval', sentence: 'too soon', until }),
    })
    return (await repeer(['check', ...args], { columns: 160 })).out
  }
  t.match(await waits(90.5), /\n {4}min-interval: too soon \(for 1 min more\)\n/)
  for (const seconds of [0.5, -1]) t.match(await waits(seconds), /\n {4}min-interval: too soon\n/)
})

t.test('--watch looks again until interrupted', async t => {
  const { cluster, args } = await standIn(t)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  cluster.putPod(injectedPod('a'))
  cluster.pages.set('chain/a', { status: 200, body: pageOf() })
  const abort = new AbortController()
  const { code, out } = await repeer(['check', ...args, '--watch'], {
    signal: () => {
      setImmediate(() => abort.abort())
      return abort.signal
    },
  })
  t.equal(code, 0)
  t.match(out, /1 injected pod: 1 settled/)
})

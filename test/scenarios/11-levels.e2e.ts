// Restarts above the process: by signal the kubelet starts the container again, and makes it wait from the second time
// on; all containers together (Kubernetes 1.36) for a list that only an init container renders.
import { spawn } from 'node:child_process'
import t from 'tap'
import type { Page } from '../../peers/page.ts'
import { client } from '../testbed/client.ts'
import { install } from '../testbed/install.ts'
import { besideControl, control, impatient, namespaceFor, replacePod, settled } from '../testbed/scenario.ts'
import { addPeer, startShortOfOne } from '../testbed/short-list.ts'
import { containerStatus, getPod, netInfo, never, page, until } from '../testbed/watch.ts'

control('levels', 'a list that an init container renders is not rendered again', async (t, ns) => {
  const short = await startShortOfOne(ns, ['init'])
  await addPeer(short)
  t.ok(await never(30, () => short.hasAdded(0)), 'not within 30 s')
  t.equal((await netInfo(ns, 0))?.peers.length, 2, 'it goes on with the two peers that it had')
})

t.test(
  'signal: three changes within ten minutes take effect, the later ones after the back-off',
  besideControl(),
  async t => {
    install()
    const ns = await namespaceFor(t, 'levels-signal')
    const short = await startShortOfOne(ns, ['directory'], impatient({ 'repeer.dev/strategy': 'signal' }))
    await settled(ns)
    const before = await getPod(ns, 'node0-0')
    const seconds: number[] = []
    const changes = [
      async () => addPeer(short),
      async () => void (await replacePod(ns, 1)),
      async () => void (await replacePod(ns, 2)),
    ]
    for (const [index, change] of changes.entries()) {
      await change()
      const told: string[] = []
      // Asked for and not verified: a person who looks at the page meanwhile has to learn what is waited for.
      await until('restart asked for', 90, async () => ((await page(ns, 0))?.restarts.length ?? 0) > index)
      const effect = await until('restarted and connected', 180, async () => {
        const now = await page(ns, 0)
        if (now && told.at(-1) !== lineOf(now)) told.push(lineOf(now))
        return now?.restarts.at(-1)?.outcome === 'verified' && (await netInfo(ns, 0))?.peers.length === 3
      })
      // The kubelet may tell of it after the sidecar does.
      const { value: away } = await until('the kubelet tells of the restart', 30, async () => {
        const { state, lastState, restartCount = 0 } = containerStatus(await getPod(ns, 'node0-0'), 'node') ?? {}
        const [from, to] = [lastState?.terminated?.finishedAt, state?.running?.startedAt]
        return restartCount > index && from !== undefined && to !== undefined && (Number(to) - Number(from)) / 1000
      })
      seconds.push(away)
      if (index > 0) t.match(told.join(), /kubelet-back-off/, 'the page tells what is waited for')
      t.comment(
        `change ${index + 1}: the container was away for ${away} s, all was well after ${effect.seconds.toFixed(1)} s; the page said: ${told.join(' | ')}`,
      )
      await settled(ns)
    }
    const after = await getPod(ns, 'node0-0')
    t.equal(after.metadata.uid, before.metadata.uid, 'the same pod')
    t.equal(after.status.podIP, before.status.podIP, 'the same address')
    t.equal(containerStatus(after, 'node')?.restartCount, 3, 'one restart a change')
    t.match((await page(ns, 0))?.restarts, Array(3).fill({ level: 'container', outcome: 'verified' }))
    t.ok((seconds[1] ?? 0) > (seconds[0] ?? 99) + 5, 'the second waited for the kubelet')
  },
)

function lineOf({ phase, reason, detail, until: ends }: Page): string {
  return [phase, reason, detail, ends && `until ${ends}`].filter(Boolean).join(', ')
}

// No variable of the generic profile outranks the file: so under wrap, too, only the init container can bring the list.
for (const [strategy, way, annotations] of [
  [
    'wrap',
    'template',
    { 'repeer.dev/profile': 'generic', 'repeer.dev/config': 'node0-peers/CMT_P2P_PERSISTENT_PEERS' },
  ],
  ['signal', 'init', { 'repeer.dev/strategy': 'signal' }],
] as const) {
  t.test(
    `all containers under ${strategy}: the node stops first, the list is rendered again, nothing starts twice`,
    besideControl,
    async t => {
      install()
      const ns = await namespaceFor(t, `levels-all-${strategy}`)
      const short = await startShortOfOne(ns, [way], impatient(annotations))
      await settled(ns)
      const before = await getPod(ns, 'node0-0')
      const log = followLog(ns, 'node')
      t.teardown(log.stop)
      await until('the log is followed', 30, () => log.text().length > 0)
      await addPeer(short)
      const { seconds } = await until('node0 has the added peer', 90, () => short.hasAdded(0))
      t.comment(`all containers under ${strategy}: connected ${seconds.toFixed(1)} s after the edit`)
      await settled(ns)
      t.match((await page(ns, 0))?.restarts, [{ level: 'all-containers', outcome: 'verified' }])
      const after = await getPod(ns, 'node0-0')
      t.equal(after.metadata.uid, before.metadata.uid, 'the same pod')
      t.equal(after.status.podIP, before.status.podIP, 'the same address')
      for (const name of ['state', 'repeer'])
        t.equal(containerStatus(after, name)?.restartCount, 1, `${name} started again, once`)
      t.match(log.text(), /captured terminated/, 'the node was asked to stop')
      t.match(log.text(), /Closing evidencestore/, 'and did so to its last line')
      // By signal nobody holds the container: where the kubelet looks just between the node's end and the sidecar's, it
      // starts the node for a moment.
      const again = containerStatus(after, 'node')?.restartCount ?? 0
      t.ok(again === 1 || (strategy === 'signal' && again === 2), `node started again, once (${again})`)
      t.equal(await starts(ns, 'spec.containers{node}'), again + 1, 'and so its events say')
      t.equal(await starts(ns, 'spec.initContainers{state}'), 2, 'the list was rendered twice in all')
    },
  )
}

/**
 * The kubelet removes the containers that it restarts together, and their logs with them: this one has to be read while
 * it is written.
 */
function followLog(namespace: string, container: string): { text: () => string; stop: () => void } {
  const child = spawn('kubectl', ['-n', namespace, 'logs', '-f', 'node0-0', '-c', container], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString()
  })
  return { text: () => text, stop: () => child.kill() }
}

/** How often the kubelet started a container of node0. */
async function starts(namespace: string, fieldPath: string): Promise<number> {
  const { items } = await client().core.listNamespacedEvent({ namespace })
  return items
    .filter(
      ({ reason, involvedObject: of }) => reason === 'Started' && of.name === 'node0-0' && of.fieldPath === fieldPath,
    )
    .reduce((sum, { count = 1 }) => sum + count, 0)
}

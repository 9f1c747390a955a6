// An edited peer list, by every way in which a chain pod sees one: each ends with the node running the new list in
// place, at the level that the plan gives, under wrap and under signal.
import t, { type Test } from 'tap'
import { install } from '../testbed/install.ts'
import { besideControl, control, impatient, namespaceFor, settled } from '../testbed/scenario.ts'
import { addPeer, listWays, type ShortList, startShortOfOne } from '../testbed/short-list.ts'
import { containerStatus, getPod, netInfo, never, page, until } from '../testbed/watch.ts'

const levels = {
  wrap: { directory: 'process', subPath: 'process', env: 'process', envFrom: 'process', init: 'process' },
  signal: {
    directory: 'container',
    subPath: 'container',
    env: 'container',
    envFrom: 'container',
    init: 'all-containers',
  },
} as const

control('edited', 'the edited list does not reach the node', async (t, ns) => {
  const short = await startShortOfOne(ns, ['directory'])
  await addPeer(short)
  t.ok(await never(30, () => short.hasAdded(0)), 'not within 30 s')
  t.equal((await netInfo(ns, 0))?.peers.length, 2, 'it goes on with the two peers that it had')
})

for (const strategy of ['wrap', 'signal'] as const) {
  t.test(`under ${strategy}`, besideControl(), async t => {
    install()
    const ns = await namespaceFor(t, `edited-${strategy}`)
    const short = await startShortOfOne(ns, listWays, impatient({ 'repeer.dev/strategy': strategy }))
    await settled(ns, [...listWays.keys()])
    for (const [index, way] of listWays.entries()) {
      await t.test(`${way} under ${strategy}`, t => edited(t, short, index, { level: levels[strategy][way], strategy }))
    }
    for (const [index, way] of listWays.entries())
      t.equal(
        (await page(ns, index))?.restarts.length,
        1,
        `${way}: one restart in all, though the others' lists were edited, too`,
      )
  })
}

type Expected = { readonly level: string; readonly strategy: 'wrap' | 'signal' }

async function edited(t: Test, short: ShortList, index: number, { level, strategy }: Expected): Promise<void> {
  const { namespace: ns } = short
  const before = await getPod(ns, `node${index}-0`)
  const startsBefore = containerStatus(before, 'node')?.restartCount ?? 0
  t.equal((await page(ns, index))?.restarts.length, 0, 'no restart was needed before the edit')

  await addPeer(short, index)
  const reached = await until(`node${index} has the added peer`, 90, () => short.hasAdded(index))
  t.comment(`the added peer is connected ${reached.seconds.toFixed(1)} s after the edit`)
  await settled(ns, [index])

  const restarts = (await page(ns, index))?.restarts ?? []
  t.match(restarts, [{ level, outcome: 'verified' }], `one restart, at level ${level}`)
  t.equal(restarts.length, 1)
  // A peer that still held the connection of the process before refuses the first dial; CometBFT tries again after 5 to
  // 8 s.
  await until('the other peers are connected, too', 60, async () => (await netInfo(ns, index))?.peers.length === 3)
  const after = await getPod(ns, `node${index}-0`)
  t.equal(after.metadata.uid, before.metadata.uid, 'the same pod')
  t.equal(after.status.podIP, before.status.podIP, 'the same address')
  const again = (containerStatus(after, 'node')?.restartCount ?? 0) - startsBefore
  // By signal nobody holds the container until the sidecar has ended, too: see scenario 11.
  const isTwice = strategy === 'signal' && level === 'all-containers' && again === 2
  t.ok(again === (level === 'process' ? 0 : 1) || isTwice, `restarts of the container: ${again}`)
  t.equal(
    containerStatus(after, 'state')?.restartCount,
    level === 'all-containers' ? 1 : 0,
    'restarts of the init container',
  )
}

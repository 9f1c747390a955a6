// The controller: an edited list reaches all four validators, one after another; the chain goes on.
import t from 'tap'
import { install, kubectl } from '../install.ts'
import { editLists, hasPeer, newcomer, runningMesh, validators, watchMesh } from '../mesh.ts'
import { impatient, namespaceFor, settled } from '../scenario.ts'
import { getPod, height, page, until } from '../watch.ts'

t.test('an edited list reaches all four validators, never two down at once', async t => {
  install()
  const ns = namespaceFor(t, 'turns')
  const mesh = await runningMesh(ns, { annotations: impatient({ 'repeer.dev/strategy': 'wrap' }) })
  await settled(ns, [...validators])
  const before = validators.map(index => getPod(ns, `node${index}-0`).metadata.uid)
  const restartsBefore = await Promise.all(validators.map(async index => (await page(ns, index))?.restarts.length ?? 0))
  const from = await height(ns, 0)
  const watch = watchMesh(mesh)
  const began = Date.now()
  editLists(mesh, validators, [...validators, newcomer])
  for (const index of validators) {
    await until(`node${index} has the new peer`, 120, () => hasPeer(mesh, index, newcomer))
    t.comment(`node${index} has it ${((Date.now() - began) / 1000).toFixed(1)} s after the edit`)
  }
  await settled(ns, [...validators])
  await watch.stop()
  t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
  for (const index of validators) {
    const { restarts = [] } = (await page(ns, index)) ?? {}
    // The newcomer dials nobody: each had to be told by a restart of its own.
    t.equal(restarts.length - (restartsBefore[index] ?? 0), 1, `node${index} was restarted once`)
    t.match(restarts.at(-1), { level: 'process', outcome: 'verified' })
    t.equal(getPod(ns, `node${index}-0`).metadata.uid, before[index], 'the same pod')
  }
  await until('blocks go on', 60, async () => (await height(ns, 0)) > from + 5)
  const events = kubectl('-n', ns, 'get', 'events', '-o', 'jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}')
  t.match(events, /PeersChanged/)
  t.match(events, /NodeRestarted/)
  t.match(kubectl('-n', ns, 'describe', 'pod', 'node0-0'), /NodeRestarted/, 'kubectl describe pod tells')
})

// The controller paces a group: an edited list reaches all four validators, one after another; a pause holds; a hundred
// edits end in the last one; a node that does not come back stops its group.
import t from 'tap'
import { install, kubectl } from '../testbed/install.ts'
import {
  editLists,
  hasPeer,
  type Mesh,
  newcomer,
  runningMesh,
  validators,
  watchMesh,
  withoutNewcomer,
} from '../testbed/mesh.ts'
import { editConfigMap, impatient, namespaceFor, settled } from '../testbed/scenario.ts'
import { getPod, height, never, page, until } from '../testbed/watch.ts'

const restartsOf = async (mesh: Mesh, index: number) => (await page(mesh.namespace, index))?.restarts ?? []

t.test('the controller paces a group', async t => {
  install()
  const ns = await namespaceFor(t, 'turns')
  const mesh = await runningMesh(ns, { annotations: impatient({ 'repeer.dev/strategy': 'wrap' }) })
  await settled(ns, [...validators])
  const pods = await Promise.all(validators.map(index => getPod(ns, `node${index}-0`)))

  await t.test('an edited list reaches all four validators, never two down at once', async t => {
    const before = await Promise.all(validators.map(index => restartsOf(mesh, index)))
    const from = await height(ns, 0)
    const watch = await watchMesh(mesh)
    const began = Date.now()
    await editLists(mesh, validators, [...validators, newcomer])
    for (const index of validators) {
      await until(`node${index} has the new peer`, 120, () => hasPeer(mesh, index, newcomer))
      t.comment(`node${index} has it ${((Date.now() - began) / 1000).toFixed(1)} s after the edit`)
    }
    await settled(ns, [...validators])
    await watch.stop()
    t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
    for (const index of validators) {
      const restarts = await restartsOf(mesh, index)
      // The newcomer dials nobody: each had to be told by a restart of its own.
      t.equal(restarts.length - (before[index]?.length ?? 0), 1, `node${index} was restarted once`)
      t.match(restarts.at(-1), { level: 'process', outcome: 'verified' })
    }
    await until('blocks go on', 60, async () => (await height(ns, 0)) > from + 5)
    await until('kubectl describe pod tells', 30, () =>
      /NodeRestarted/.test(kubectl('-n', ns, 'describe', 'pod', 'node0-0')),
    )
  })

  await t.test('pause on the namespace holds restarts, not observation', async t => {
    kubectl('annotate', 'namespace', ns, 'repeer.dev/pause=true')
    const before = (await restartsOf(mesh, 0)).length
    await withoutNewcomer(mesh, validators)
    await editLists(mesh, [0], [...validators, newcomer])
    await until('node0 asks for its turn', 60, async () => (await page(ns, 0))?.reason === 'awaiting-turn').catch(
      async error => {
        t.comment(JSON.stringify(await page(ns, 0)))
        throw error
      },
    )
    t.ok(await never(10, async () => (await restartsOf(mesh, 0)).length > before), 'nothing is restarted')
    kubectl('annotate', 'namespace', ns, 'repeer.dev/pause-')
    await until('restarted when the pause is over', 60, async () => (await restartsOf(mesh, 0)).length === before + 1)
    await settled(ns, [0])
  })

  await t.test('a hundred edits within a minute end in the last one, with one restart at most', async t => {
    const before = (await restartsOf(mesh, 1)).length
    await withoutNewcomer(mesh, validators)
    const began = Date.now()
    for (let edit = 1; edit <= 100; edit++) {
      await editLists(mesh, [1], edit % 2 === 0 ? [...validators, newcomer] : validators)
      const next = began + edit * 500 - Date.now()
      if (next > 0) await new Promise(resolve => setTimeout(resolve, next))
    }
    t.comment(`100 edits in ${((Date.now() - began) / 1000).toFixed(0)} s`)
    await until('node1 has the new peer', 60, () => hasPeer(mesh, 1, newcomer))
    await settled(ns, [1])
    t.equal((await restartsOf(mesh, 1)).length - before, 1)
  })

  await t.test('a node that does not come back stops its group', async t => {
    const counts = await Promise.all(validators.map(async index => (await restartsOf(mesh, index)).length))
    await withoutNewcomer(mesh, validators)
    // With this the node does not start; the list itself is good.
    const config = mesh.chain
      .configOf(3, [0, 1, 2, newcomer])
      .replace(/^timeout_commit = .*$/m, 'timeout_commit = "no time"')
    await editConfigMap(ns, { name: 'node3-config', data: { 'config.toml': config } })
    await until('node3 is down', 90, async () =>
      (await getPod(ns, 'node3-0')).status.containerStatuses?.some(container => !container.ready),
    ).catch(async error => {
      t.comment(JSON.stringify(await page(ns, 3)))
      throw error
    })
    await editLists(mesh, [0, 1, 2], [...validators, newcomer])
    await until('node0 asks for its turn', 60, async () => (await page(ns, 0))?.reason === 'awaiting-turn').catch(
      async error => {
        t.comment(JSON.stringify(await page(ns, 0)))
        throw error
      },
    )
    const others = [0, 1, 2] as const
    const more = async () =>
      (
        await Promise.all(others.map(async index => (await restartsOf(mesh, index)).length > (counts[index] ?? 0)))
      ).includes(true)
    t.ok(await never(20, more), 'no other of the group is restarted')
    await editLists(mesh, [3], [...validators, newcomer])
    for (const index of validators)
      await until(`node${index} has the new peer`, 150, () => hasPeer(mesh, index, newcomer))
  })

  for (const [index, pod] of pods.entries())
    t.equal((await getPod(ns, `node${index}-0`)).metadata.uid, pod.metadata.uid, 'the same pod in the end')
})

// A peer that flaps and an editor who does not stop: the node stays within its budget. A node that does not answer is
// left alone.
import t from 'tap'
import { install } from '../testbed/install.ts'
import { editLists, hasPeer, newcomer, runningMesh, validators } from '../testbed/mesh.ts'
import { inNode } from '../testbed/plain-node.ts'
import { impatient, namespaceFor, replacePod, settled, untilPages } from '../testbed/scenario.ts'
import { never, page, until } from '../testbed/watch.ts'

t.test('a flapping peer and a restless editor', async t => {
  install()
  const ns = await namespaceFor(t, 'restless')
  const mesh = await runningMesh(ns, {
    annotations: impatient({ 'repeer.dev/strategy': 'wrap', 'repeer.dev/settle-seconds': '0' }),
  })
  await settled(ns, [...validators])

  await t.test('a node that does not answer is left alone until it does', async t => {
    await inNode(ns, 'node1-0', 'killall -STOP cometbft')
    const before = (await page(ns, 1))?.restarts.length ?? 0
    await editLists(mesh, [1], [...validators, newcomer])
    await untilPages('the page says so', ns, [1], now => now.reason === 'node-silent')
    t.ok(await never(15, async () => ((await page(ns, 1))?.restarts.length ?? 0) > before))
    await inNode(ns, 'node1-0', 'killall -CONT cometbft')
    await until('then it is restarted', 90, () => hasPeer(mesh, 1, newcomer))
    t.equal((await page(ns, 1))?.restarts.length, before + 1)
  })

  await t.test('a flapping peer: at most one restart for each of its addresses', async t => {
    const before = (await page(ns, 0))?.restarts.length ?? 0
    await editLists(mesh, [0], [...validators, newcomer])
    await until('followed', 60, () => hasPeer(mesh, 0, newcomer))
    for (let flap = 0; flap < 2; flap++) await replacePod(ns, newcomer)
    await until('followed again', 60, () => hasPeer(mesh, 0, newcomer))
    const count = ((await page(ns, 0))?.restarts.length ?? 0) - before
    t.comment(`${count} restarts for three addresses`)
    t.ok(count >= 2 && count <= 3, `${count} restarts`)
  })

  await t.test('four of six restarts are for one list, however often it is edited', async t => {
    const restarts = async () => (await page(ns, newcomer))?.restarts.length ?? 0
    t.equal(await restarts(), 0)
    // node2 and node3 do not list the newcomer, so each edit names one that it is not connected to: there is always
    // something to restart for.
    for (let edit = 1; edit <= 4; edit++) {
      const validator = 2 + (edit % 2)
      await editLists(mesh, [newcomer], [validator])
      await until(
        `edit ${edit} followed`,
        60,
        async () => (await restarts()) === edit && (await hasPeer(mesh, newcomer, validator)),
      )
    }
    await editLists(mesh, [newcomer], [3])
    await until(
      'the budget is used up, and the page says so',
      60,
      async () => (await page(ns, newcomer))?.reason === 'budget',
    )
    t.match(await page(ns, newcomer), { phase: 'waiting', reason: 'budget', until: /^20/ })
    t.ok(await never(10, async () => (await restarts()) > 4), 'and stays')
  })
})

// A peer that flaps and an editor who does not stop: the node stays within its budget. A node that does not answer is left alone.
import t from 'tap'
import { install, kubectl } from '../install.ts'
import { editLists, hasPeer, newcomer, runningMesh, validators } from '../mesh.ts'
import { inNode } from '../plain-node.ts'
import { impatient, namespaceFor, settled } from '../scenario.ts'
import { getPod, never, page, until } from '../watch.ts'

t.test('a flapping peer and a restless editor', async t => {
  install()
  const ns = namespaceFor(t, 'restless')
  const mesh = await runningMesh(ns, { annotations: impatient({ 'repeer.dev/strategy': 'wrap', 'repeer.dev/settle-seconds': '0' }) })
  await settled(ns, [...validators])

  await t.test('a node that does not answer is left alone until it does', async t => {
    inNode(ns, 'node1-0', 'killall -STOP cometbft')
    const before = (await page(ns, 1))?.restarts.length ?? 0
    editLists(mesh, [1], [...validators, newcomer])
    await until('the page says so', 60, async () => (await page(ns, 1))?.reason === 'node-silent')
    t.ok(await never(15, async () => ((await page(ns, 1))?.restarts.length ?? 0) > before))
    inNode(ns, 'node1-0', 'killall -CONT cometbft')
    await until('then it is restarted', 90, () => hasPeer(mesh, 1, newcomer))
    t.equal((await page(ns, 1))?.restarts.length, before + 1)
  })

  await t.test('six restarts in six hours, whatever happens', async t => {
    const before = (await page(ns, 0))?.restarts.length ?? 0
    const began = Date.now()
    // Listed, followed; removed, its pod replaced; listed again at another address: each time there is something to restart for.
    while (Date.now() - began < 180_000 && (await page(ns, 0))?.reason !== 'budget') {
      editLists(mesh, [0], [...validators, newcomer])
      await until(
        'followed, or held',
        25,
        async () => (await hasPeer(mesh, 0, newcomer)) || (await page(ns, 0))?.reason === 'budget',
      ).catch(() => {})
      editLists(mesh, [0], validators)
      kubectl('-n', ns, 'delete', 'pod', `node${newcomer}-0`, '--wait=true')
      await until('the newcomer runs', 60, async () => (await getPod(ns, `node${newcomer}-0`)).status.phase === 'Running')
    }
    const { restarts = [], reason } = (await page(ns, 0)) ?? {}
    t.comment(`${restarts.length - before} restarts in ${Math.round((Date.now() - began) / 1000)} s of flapping; the page says ${reason}`)
    t.ok(restarts.length <= 6, `${restarts.length} restarts, six are allowed`)
    t.ok(restarts.length > before, 'it did follow')
  })
})

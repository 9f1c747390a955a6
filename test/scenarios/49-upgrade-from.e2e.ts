// An older version is installed and runs a chain; then this tree, with the old sidecars first, then with new ones in
// place; and back. No node's container changes in all of it, and a peer that moves is followed with each mixture.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { runRepeer } from '../cli/process.ts'
import { importImage, packImage } from '../testbed/image.ts'
import { imageName, install, kubectl, repeerImage, uninstall } from '../testbed/install.ts'
import {
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  replacePod,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, height, listPods, page, until } from '../testbed/watch.ts'

const before = process.env.E2E_BEFORE
const oldImage = 'localhost/repeer:before'
const skip = before === undefined && 'the older version is built here, from a clone that has its commit'

async function loadOld(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'before-'))
  const image = repeerImage(join(before ?? '', 'dist', 'image'))
  importImage(dirname(process.env.KUBECONFIG ?? ''), await packImage(work, { ...image, name: oldImage }))
  rmSync(work, { recursive: true })
}

/**
 * And waits until the pods of before are gone: while they end, which a rollout does not wait for, they answer, and
 * inject their own image (seen).
 */
async function installAnd(overlay: string, image: string): Promise<void> {
  install(overlay, image)
  await until(`only ${image} runs in repeer-system`, 120, async () =>
    (await listPods('repeer-system')).every(({ spec }) =>
      spec.containers.every(container => container.image === image),
    ),
  )
}

const installOld = () => installAnd(join(before ?? '', 'manifests'), oldImage)

/** kubectl does not wait for what it deletes where one of the objects is gone already. */
async function away(): Promise<void> {
  uninstall()
  await until('repeer-system is gone', 120, async () => !kubectl('get', 'namespaces', '-o', 'name').includes('repeer-'))
}

t.test('from an older version, and back', { skip }, async t => {
  await away()
  await loadOld()
  await installOld()
  t.teardown(async () => {
    await away()
    install()
  })
  const ns = await namespaceFor(t, 'upgrade-from')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns, indexes)

  const imageOf = async (index: number) =>
    (await getPod(ns, `node${index}-0`)).spec.initContainers?.find(({ name }) => name === 'repeer')?.image
  const nodeOf = async (index: number) => containerStatus(await getPod(ns, `node${index}-0`), 'node')
  const restartsOf = async () => (await page(ns, 0))?.restarts.length ?? 0
  for (const index of indexes) t.equal(await imageOf(index), oldImage, `node${index} has the old sidecar`)
  const first = await nodeOf(0)

  /** What happens to the control plane or a sidecar is nothing to a node: neither container nor process is another. */
  const unmoved = async (t: Test, what: string, change: () => void | Promise<void>) => {
    const [nodes, restarts, low] = [await Promise.all(indexes.map(nodeOf)), await restartsOf(), await height(ns, 0)]
    await change()
    await settled(ns, indexes)
    t.strictSame(await Promise.all(indexes.map(nodeOf)), nodes, `${what}: the nodes' containers are the same`)
    t.equal(await restartsOf(), restarts, `${what}: no restart in place`)
    await until('blocks go on', 60, async () => (await height(ns, 0)) > low + 2)
  }
  /** node1's pod is created anew, by the webhook of now, and node0 follows. */
  const follows = async (t: Test, what: string) => {
    await replacePod(ns, 1)
    await until(`${what}: node0 has node1 again`, 150, () => isConnected(chain, ns, 0, 1, 'at its present address'))
    await settled(ns, indexes)
    t.match((await page(ns, 0))?.restarts.at(-1), { level: 'process', outcome: 'verified' }, what)
  }
  const sidecarsTo = async (t: Test, image: string) => {
    const { code, out, err } = await runRepeer('upgrade', '--namespace', ns)
    t.comment(out)
    t.equal(err, '')
    t.equal(code, 0)
    for (const index of indexes) t.equal(await imageOf(index), image, `node${index}`)
  }

  await t.test('this webhook and controller, old sidecars', async t => {
    await unmoved(t, 'applied', () => installAnd('manifests', imageName))
    const { code, out } = await runRepeer('check', '--namespace', ns)
    t.equal(code, 0, out)
    await follows(t, 'a new webhook, a new controller, an old sidecar')
    t.equal(await imageOf(0), oldImage)
    t.equal(await imageOf(1), imageName, 'a pod that is created now has the new sidecar')
  })

  await t.test('new sidecars in place', async t => {
    await unmoved(t, 'upgraded', () => sidecarsTo(t, imageName))
    await follows(t, 'all of it new, but the supervisors')
  })

  await t.test('back: the old webhook and controller, then the old sidecars', async t => {
    await unmoved(t, 'applied', installOld)
    await follows(t, 'an old webhook, an old controller, a new sidecar')
    await unmoved(t, 'put back', () => sidecarsTo(t, oldImage))
    await follows(t, 'as at first')
  })

  t.match(
    await nodeOf(0),
    { containerID: first?.containerID, restartCount: 0 },
    'node0 runs in the container of the start',
  )
})

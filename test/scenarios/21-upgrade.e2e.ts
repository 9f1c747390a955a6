// The sidecars of running pods are brought to another image in place: the nodes do not notice, and a bad image goes no
// further than one pod.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { runRepeer } from '../cli/process.ts'
import { importImage, packImage } from '../testbed/image.ts'
import { imageName, install, kubectl, repeerImage } from '../testbed/install.ts'
import { supervisorState } from '../testbed/plain-node.ts'
import {
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  replacePod,
  runningChain,
  settled,
  withoutCommand,
} from '../testbed/scenario.ts'
import { height, page, until } from '../testbed/watch.ts'

const nextImage = 'localhost/repeer:e2e-next'

type Live = {
  spec: { initContainers: { name: string; image: string }[] }
  status: Record<
    'containerStatuses' | 'initContainerStatuses',
    { name: string; image: string; imageID: string; containerID: string; restartCount: number; state: unknown }[]
  >
}

/** The same files as another image: its layer is there, its digest is another. */
async function loadNext(): Promise<void> {
  const dir = dirname(process.env.KUBECONFIG ?? '')
  const work = mkdtempSync(join(tmpdir(), 'next-'))
  const image = repeerImage(join(import.meta.dirname, '..', '..', 'dist', 'image'))
  importImage(dir, await packImage(work, { ...image, name: nextImage, env: ['NODE_ENV=production', 'NEXT=1'] }))
  rmSync(work, { recursive: true })
}

function look(namespace: string, index: number) {
  const { spec, status } = JSON.parse(kubectl('-n', namespace, 'get', 'pod', `node${index}-0`, '-o', 'json')) as Live
  return {
    node: status.containerStatuses.find(status => status.name === 'node'),
    sidecar: status.initContainerStatuses.find(status => status.name === 'repeer'),
    images: spec.initContainers
      .filter(container => container.name.startsWith('repeer'))
      .map(container => container.image),
  }
}

const skip = process.env.E2E_CLUSTER === 'kubeconfig' && 'another image has to be loaded'

t.test('upgrade in place', { skip }, async t => {
  install()
  await loadNext()
  const ns = await namespaceFor(t, 'upgrade')
  const chain = await runningChain(ns, {
    annotations: impatient(),
    pod: (spec, index) => (index === 3 ? withoutCommand(spec) : spec),
  })
  await settled(ns, indexes)
  const before = new Map(indexes.map(index => [index, look(ns, index)]))
  // A node may have been restarted while the chain came up.
  const restarts = new Map<number, number>()
  for (const index of indexes) restarts.set(index, (await page(ns, index))?.restarts.length ?? 0)
  const startsOf = async (index: number) => (await supervisorState(ns, `node${index}-0`)).starts
  const starts = await Promise.all([0, 1, 2].map(startsOf))
  const isSameNode = async (index: (typeof indexes)[number], t: Test) => {
    t.strictSame(
      look(ns, index).node,
      before.get(index)?.node,
      `node${index}: its container has not changed in anything`,
    )
    if (index !== 3) t.equal(await startsOf(index), starts[index], `node${index}: nor has its process`)
  }

  await t.test('a dry run does nothing', async t => {
    const { code, out } = await runRepeer('upgrade', '--namespace', ns, '--image', nextImage, '--dry-run')
    t.equal(code, 0)
    t.match(out, /4 pods would be upgraded\. Nothing was changed\./)
    for (const index of indexes) t.equal(look(ns, index).sidecar?.containerID, before.get(index)?.sidecar?.containerID)
  })

  await t.test('an image that does not exist: one pod, and back', async t => {
    const { code, out, err } = await runRepeer('upgrade', '--namespace', ns, '--image', 'localhost/repeer:absent')
    t.comment(`${out}${err}`)
    t.equal(code, 1)
    t.match(
      err,
      /stopped at pod node0-0: the sidecar does not run the image: Failed to pull image "localhost\/repeer:absent"/,
    )
    t.match(err, /the old image is back and its sidecar runs/)
    t.ok(look(ns, 0).images.every(image => image === imageName))
    await until('its page answers', 60, async () => (await page(ns, 0))?.phase === 'settled')
    for (const index of [1, 2, 3] as const)
      t.equal(look(ns, index).sidecar?.containerID, before.get(index)?.sidecar?.containerID, 'not touched')
    for (const index of indexes) await isSameNode(index, t)
  })

  await t.test('all pods, one after another', async t => {
    const low = await height(ns, 0)
    const { code, out, err } = await runRepeer('upgrade', '--namespace', ns, '--image', nextImage)
    t.comment(out)
    t.equal(err, '')
    t.equal(code, 0)
    for (const index of indexes) {
      const { sidecar, images } = look(ns, index)
      t.ok(
        images.every(image => image === nextImage),
        `node${index}: both images`,
      )
      t.not(sidecar?.imageID, before.get(index)?.sidecar?.imageID, `node${index}: another image runs`)
      await isSameNode(index, t)
      await until(`node${index} is settled`, 60, async () => (await page(ns, index))?.phase === 'settled')
      t.equal((await page(ns, index))?.restarts.length, restarts.get(index), `node${index}: no restart`)
    }
    await until('blocks go on', 30, async () => (await height(ns, 0)) > low + 2)
  })

  await t.test('again: nothing to do', async t => {
    const { code, out } = await runRepeer('upgrade', '--namespace', ns, '--image', nextImage)
    t.equal(code, 0)
    t.match(out, /Nothing to do/)
  })

  await t.test('the new sidecar works with the supervisor that was there', async t => {
    await replacePod(ns, 1)
    await until('node0 has node1 again', 150, () => isConnected(chain, ns, 0, 1, 'at its present address'))
    await settled(ns)
    t.match((await page(ns, 0))?.restarts.at(-1), { level: 'process', outcome: 'verified' })
  })

  await t.test("without --image, the webhook's: back again", async t => {
    const { code, out, err } = await runRepeer('upgrade', '--namespace', ns)
    t.comment(out)
    t.equal(err, '')
    t.equal(code, 0)
    t.match(out, `image ${imageName}, which the webhook injects now`)
    for (const index of indexes) t.ok(look(ns, index).images.every(image => image === imageName))
  })
})

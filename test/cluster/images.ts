// The images that the scenarios run, loaded into a cluster.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { busyboxImage, cometbftImage } from './chain.ts'
import type { Cluster } from './cluster.ts'
import { repeerImage } from './install.ts'

const root = join(import.meta.dirname, '..', '..')

/** Builds repeer's bundle and loads it, CometBFT from `programs`, and busybox. */
export async function loadImages(cluster: Cluster, programs: string): Promise<void> {
  execFileSync(process.execPath, [join(root, 'manifests', 'image', 'bundle.ts')], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const busybox = execFileSync('which', ['busybox']).toString().trim()
  const cometbft = { from: join(programs, 'cometbft'), to: '/bin/cometbft' }
  await cluster.loadImage({ name: cometbftImage, entrypoint: ['/bin/cometbft'], files: [cometbft] })
  await cluster.loadImage({
    name: busyboxImage,
    entrypoint: ['/bin/sh'],
    files: [{ from: busybox, to: '/bin/busybox' }],
    links: { '/bin/sh': 'busybox' },
  })
  await cluster.loadImage(repeerImage(join(root, 'dist', 'image')))
}

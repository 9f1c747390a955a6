// The images that the scenarios run.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { busyboxImage, cometbftImage } from './chain.ts'
import type { Cluster } from './cluster.ts'
import type { Image } from './image.ts'
import { repeerImage } from './install.ts'

const root = join(import.meta.dirname, '..', '..')

/** repeer from a bundle that is built now, CometBFT from the folder `programs`, and busybox. */
export function buildImages(programs: string): Image[] {
  execFileSync(process.execPath, [join(root, 'manifests', 'image', 'bundle.ts')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const busybox = execFileSync('which', ['busybox']).toString().trim()
  return [
    {
      name: cometbftImage,
      entrypoint: ['/bin/cometbft'],
      files: [{ from: join(programs, 'cometbft'), to: '/bin/cometbft' }],
    },
    {
      name: busyboxImage,
      entrypoint: ['/bin/sh'],
      files: [{ from: busybox, to: '/bin/busybox' }],
      links: { '/bin/sh': 'busybox' },
    },
    repeerImage(join(root, 'dist', 'image')),
  ]
}

export async function loadImages(cluster: Cluster, images: readonly Image[]): Promise<void> {
  for (const image of images) await cluster.loadImage(image)
}

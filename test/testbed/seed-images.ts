// The images of the seeds' pods, which few scenarios run: each is packed and loaded by the first scenario that wants
// it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Image, importImage, packImage, withLibraries } from './image.ts'
import { withLock } from './lock.ts'

/** On a cluster of the user's they may come from a registry. */
export const interchainImage = process.env.E2E_INTERCHAIN_IMAGE ?? 'localhost/interchain-security:1'
export const nodeUtilsImage = process.env.E2E_NODE_UTILS_IMAGE ?? 'localhost/node-utils-stand-in:1'
export const stellarImage = process.env.E2E_STELLAR_IMAGE ?? 'localhost/stellar-stand-in:1'

/** interchain-security-pd and -cd from the folder `programs`, with the shell and the tools that start scripts use. */
export function interchain(programs: string): Image {
  return {
    name: interchainImage,
    entrypoint: ['/bin/interchain-security-pd'],
    files: [
      ...['interchain-security-pd', 'interchain-security-cd'].map(name => ({
        from: join(programs, name),
        to: `/bin/${name}`,
      })),
      ...withLibraries('/bin/bash', '/bin/bash'),
      { from: busybox(), to: '/bin/busybox' },
    ],
    links: Object.fromEntries(['sh', 'sed', 'cp', 'cat', 'mkdir'].map(name => [`/bin/${name}`, 'busybox'])),
  }
}

/** cosmopilot's node-utils: a stand-in, see stand-ins/node-utils.ts. */
export function nodeUtils(): Image {
  return standIns(nodeUtilsImage, ['/bin/sh', '/opt/stand-ins/node-utils.sh'])
}

/** stellar-core and the operator's health sidecar: stand-ins, see stand-ins/stellar-core.ts. */
export function stellar(): Image {
  return standIns(stellarImage, ['/usr/local/bin/node', '/opt/stand-ins/stellar-core.ts'])
}

/** Node and the folder of stand-ins, one of which is what the image runs. */
function standIns(name: string, entrypoint: readonly string[]): Image {
  return {
    name,
    entrypoint,
    files: [
      ...withLibraries(process.execPath, '/usr/local/bin/node'),
      { from: join(import.meta.dirname, 'stand-ins'), to: '/opt/stand-ins' },
      { from: busybox(), to: '/bin/busybox' },
    ],
    links: {
      '/bin/mkfifo': 'busybox',
      '/bin/sh': 'busybox',
      '/stellar-health-sidecar': '/opt/stand-ins/stellar-health.ts',
    },
  }
}

function busybox(): string {
  return execFileSync('which', ['busybox']).toString().trim()
}

/** Loads what this machine's cluster lacks. A cluster of the user's has to have it, or to be able to pull it. */
export async function provide(...wanted: readonly Image[]): Promise<void> {
  if (process.env.E2E_CLUSTER === 'kubeconfig') return
  const dir = dirname(process.env.KUBECONFIG ?? '')
  for (const image of wanted) {
    await withLock(join(dir, `${image.name.replaceAll(/[/:]/g, '-')}.lock`), async () => {
      if (isLoaded(dir, image.name)) return
      const work = mkdtempSync(join(tmpdir(), 'image-'))
      importImage(dir, await packImage(work, image))
      rmSync(work, { recursive: true })
    })
  }
}

function isLoaded(dir: string, name: string): boolean {
  const args = ['-a', join(dir, 'containerd.sock'), '-n', 'k8s.io', 'images', 'list', '--quiet', `name==${name}`]
  return execFileSync('ctr', args).toString().trim() !== ''
}

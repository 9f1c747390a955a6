// What the images of the demo's containers hold: repeer's own, the node's, and a busybox for the pod's init container.

import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { V1Container } from '@kubernetes/client-node'
import { containerName, path as podPath, statusPort } from '../peers/pod.ts'
import { aroundWith, type ChosenNode, findProgram } from './choose-node.ts'
import type { Image } from './container.ts'

export type ImageOptions = {
  readonly directory: string
  readonly node: ChosenNode
  readonly hostsFile: string
  /** The machine's PATH. */
  readonly path: string
  /** Node, and repeer's entry file. */
  readonly execPath: string
  readonly entry: string
}

/**
 * Prepares the images' files; returns what a container finds in its image, and one sentence about the supervisor's
 * shell.
 */
export async function makeImages(
  options: ImageOptions,
): Promise<{ image: (container: V1Container) => Image; shell: string }> {
  const { directory, path } = options
  const wrap = join(directory, 'images/repeer/wrap')
  const bin = join(directory, 'images/node/bin')
  await mkdir(wrap, { recursive: true })
  await mkdir(bin, { recursive: true })
  const busybox = await findProgram('busybox', path)
  await copyFile(busybox ?? '/bin/sh', join(wrap, 'sh'))
  await copyFile(fileURLToPath(new URL('../sidecar/reach/supervise', import.meta.url)), join(wrap, 'supervise'))
  for (const file of ['sh', 'supervise']) await chmod(join(wrap, file), 0o755)
  const nsswitch = join(directory, 'images/node/nsswitch.conf')
  await writeFile(nsswitch, 'hosts: files\n')
  const nameServer = join(directory, 'images/resolv.conf')
  // No name server: what the hosts file lacks does not exist, and nobody outside is asked.
  await writeFile(nameServer, 'nameserver 127.255.255.253\n')
  if (options.node.kind === 'builtin') {
    const script = `#!/bin/sh\n[ "$1" = start ] && shift\nexec '${options.execPath}' '${options.entry}' demo-node --hosts-file '${options.hostsFile}' "$@"\n`
    await writeFile(join(bin, 'cometbft'), script, { mode: 0o755 })
  }
  const programs = options.node.program ? options.node.program.replace(/\/[^/]*$/, '') : bin
  const { unshare } = options.node
  const nodeImage: Image = {
    entrypoint: ['cometbft'],
    env: { PATH: [programs, path].join(delimiter), HOME: directory },
    files: {},
    ...(unshare ? { around: aroundWith(unshare, options.hostsFile, nsswitch) } : {}),
  }
  const own: Image = {
    entrypoint: [options.execPath, options.entry],
    env: { PATH: path, HOME: directory },
    files: { [podPath.imageWrap]: wrap },
  }
  const sidecar: Image = { ...own, extraArgs: ip => demoFlags(ip, options.hostsFile, nameServer) }
  const plain: Image = { entrypoint: [], env: { PATH: path }, files: {} }
  const image = ({ name }: V1Container) => {
    if (name === containerName.sidecar) return sidecar
    if (name === containerName.install) return own
    return name === 'cometbft' ? nodeImage : plain
  }
  return { image, shell: busybox ? `busybox (${busybox})` : '/bin/sh, since no busybox is on PATH' }
}

/**
 * The hosts file instead of cluster DNS, which caches nothing; and looks every second, where a cluster has the
 * webhook's defaults.
 */
function demoFlags(ip: string, hostsFile: string, resolvConf: string): string[] {
  return [
    `--listen=${ip}:${statusPort.number}`,
    `--hosts-file=${hostsFile}`,
    `--resolv-conf=${resolvConf}`,
    '--min-ttl-seconds=1',
    '--max-ttl-seconds=1',
    '--look-seconds=1',
    '--dns-cache-seconds=0',
    '--self-turn-seconds=0',
  ]
}

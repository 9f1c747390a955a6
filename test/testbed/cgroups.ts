// Cgroups of clusters, in both hierarchies: those of version 1 have a root for each controller.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

export function cgroupRoots(): string[] {
  const root = '/sys/fs/cgroup'
  return existsSync(join(root, 'cgroup.controllers')) ? [root] : readdirSync(root).map(name => join(root, name))
}

export function makeCgroup(cgroup: string): void {
  for (const root of cgroupRoots()) spawnSync('mkdir', ['-p', join(root, cgroup)])
}

export function removeCgroup(cgroup: string): void {
  for (const root of cgroupRoots()) removeTree(join(root, cgroup))
}

/** A cgroup folder can only be removed empty, children first. */
function removeTree(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  try {
    rmdirSync(folder)
  } catch {
    // A process that is still ending keeps its cgroup; the kernel lets it go with the process.
  }
}

// What the manifests give our programs: environment and memory. And a cgroup with that memory, as the kubelet makes it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { cgroupRoots, makeCgroup, removeCgroup } from '../testbed/cgroups.ts'

export type Deployed = {
  /** Those that are literal. */
  readonly env: Readonly<Record<string, string>>
  /** The limit, in bytes. */
  readonly memory: number
}

type Container = { env?: { name: string; value?: string }[]; resources?: { limits?: { memory?: string } } }
type Deployment = { spec: { template: { spec: { containers: Container[] } } } }

export function deployed(part: 'webhook' | 'controller'): Deployed {
  const file = part === 'webhook' ? 'deployment.yaml' : 'controller-deployment.yaml'
  const text = readFileSync(join(import.meta.dirname, '../../manifests/base', file), 'utf8')
  const deployment = parseAllDocuments(text)[0]?.toJS() as Deployment | undefined
  const container = deployment?.spec.template.spec.containers[0]
  const memory = container?.resources?.limits?.memory ?? ''
  const mebibytes = /^(\d+)Mi$/.exec(memory)?.[1]
  if (mebibytes === undefined) throw new Error(`found a memory limit ${memory} in ${file}, expected Mi`)
  const literal = (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))
  return { env: Object.fromEntries(literal), memory: Number(mebibytes) * 2 ** 20 }
}

export type Limited = {
  /** How often the kernel has ended a process here. */
  readonly ends: () => number
  readonly remove: () => void
}

/** Puts a process into a cgroup of its own, of either version. Undefined where that cannot be had: no root. */
export function limitMemory(pid: number, name: string, bytes: number): Limited | undefined {
  const cgroup = `/repeer-${process.pid}-${name}`
  const isFirstVersion = !cgroupRoots().some(root => existsSync(join(root, 'cgroup.controllers')))
  const folder = join(isFirstVersion ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', cgroup)
  makeCgroup(cgroup)
  try {
    writeFileSync(join(folder, isFirstVersion ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes))
    writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  } catch {
    removeCgroup(cgroup)
    return undefined
  }
  const counts = join(folder, isFirstVersion ? 'memory.oom_control' : 'memory.events')
  return {
    ends: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(counts, 'utf8'))?.[1] ?? 0),
    remove: () => removeCgroup(cgroup),
  }
}

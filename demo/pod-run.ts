// One pod of the stand-in kubelet: its volumes, its init containers in order (native sidecars among them), then its
// containers.

import { copyFile, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { V1Container, V1Pod, V1Volume, V1VolumeMount } from '@kubernetes/client-node'
import { type Image, type PathMap, type PodView, processOf } from './container.ts'
import { type BackOff, type ContainerStatus, type RunningContainer, runContainer } from './container-run.ts'
import { payloadOf, type VolumeSources, writeAtomically } from './volumes.ts'

export type PodOptions = {
  readonly pod: V1Pod
  readonly uid: string
  readonly ip: string
  readonly directory: string
  /** Where a persistentVolumeClaim's directory is; it outlives the pod. */
  readonly claim: (name: string) => string
  readonly objects: Omit<VolumeSources, 'metadata'>
  readonly image: (container: V1Container) => Image
  readonly backOff: BackOff
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  readonly on: (what: 'started' | 'exited', container: ContainerStatus) => void
}

export type RunningPod = {
  readonly name: string
  readonly uid: string
  readonly ip: string
  /** Settles when every container has been started once. */
  readonly started: Promise<void>
  readonly containers: () => readonly ContainerStatus[]
  /** The directory that stands for a volume. */
  readonly volume: (name: string) => string
  readonly logFile: (container: string) => string
  readonly annotate: (annotations: Readonly<Record<string, string>>) => Promise<void>
  /** Brings its volumes up to date with their objects and annotations. */
  readonly sync: () => Promise<void>
  readonly stop: (graceMs: number) => Promise<void>
}

type RestartRule = {
  readonly action?: string
  readonly exitCodes?: { readonly operator?: string; readonly values?: readonly number[] }
}
type WithRules = V1Container & { readonly restartPolicyRules?: readonly RestartRule[] }

/**
 * Begins to mount its volumes and to run its containers, init containers first, one after the other: see `started`.
 * Rejects for a pod without a spec.
 */
export async function runPod(options: PodOptions): Promise<RunningPod> {
  const spec = options.pod.spec
  if (!spec) throw new Error('found a pod without spec, expected one with containers')
  const name = options.pod.metadata?.name ?? ''
  let metadata = { ...options.pod.metadata, uid: options.uid }
  const volumes = new Map((spec.volumes ?? []).map(volume => [volume.name, volume]))
  const sources = (): VolumeSources => ({ metadata, ...options.objects })
  const view = (): PodView => ({ pod: options.pod, ip: options.ip, sources: sources() })
  const running = new Map<string, RunningContainer>()
  let generation = 0
  let stopping = false
  let syncing = Promise.resolve()

  const volumeDirectory = (volume: V1Volume) =>
    volume.persistentVolumeClaim
      ? options.claim(volume.persistentVolumeClaim.claimName)
      : join(options.directory, 'volumes', volume.name)
  const directoryOf = (volumeName: string) => {
    const volume = volumes.get(volumeName)
    if (!volume) throw new Error(`pod ${name}: found no volume ${volumeName}`)
    return volumeDirectory(volume)
  }
  const sync = async () => {
    for (const volume of volumes.values()) {
      const payload = payloadOf(volume, sources())
      if (payload) await writeAtomically(volumeDirectory(volume), payload)
      else await mkdir(volumeDirectory(volume), { recursive: true })
    }
  }
  const logFile = (container: string) => join(options.directory, 'logs', `${container}.log`)

  const mount = async (container: V1Container): Promise<PathMap> => {
    const paths: [string, string][] = []
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = volumes.get(mount.name)
      if (!volume) throw new Error(`container ${container.name}: found no volume ${mount.name}`)
      const copy = join(options.directory, 'subpaths', container.name, String(index))
      paths.push([mount.mountPath.replace(/\/+$/, ''), await mounted(mount, volume, volumeDirectory(volume), copy)])
    }
    await linkNested(paths)
    return paths
  }

  const run = (container: WithRules, startsAgain: (code: number) => boolean) => {
    const started = runContainer({
      name: container.name,
      mark: `${options.uid}/${container.name}`,
      directory: options.directory,
      logFile: logFile(container.name),
      backOff: options.backOff,
      prepare: async () => processOf(container, view(), options.image(container), await mount(container)),
      startsAgain: code => {
        if (stopping) return false
        if (!restartsAll(container, code)) return startsAgain(code)
        void restartAll()
        return false
      },
      kill: options.kill,
      on: options.on,
    })
    running.set(container.name, started)
    return started
  }

  const bringUp = async () => {
    const mine = ++generation
    for (const container of spec.initContainers ?? []) {
      if (stopping || mine !== generation) return
      if (container.restartPolicy === 'Always') await run(container, () => true).started
      else await run(container, code => code !== 0 && spec.restartPolicy !== 'Never').ended
    }
    if (stopping || mine !== generation) return
    const policy = spec.restartPolicy ?? 'Always'
    const main = spec.containers.map(container =>
      run(container, code => policy === 'Always' || (policy === 'OnFailure' && code !== 0)),
    )
    await Promise.all(main.map(container => container.started))
  }

  /** restartPolicyRules, action RestartAllContainers: no grace period, init containers again. */
  const restartAll = async () => {
    generation++
    await Promise.all([...running.values()].map(container => container.stop(0)))
    running.clear()
    if (!stopping) await bringUp()
  }

  await mkdir(join(options.directory, 'logs'), { recursive: true })
  await sync()
  const started = bringUp()
  const queueSync = () => {
    syncing = syncing.then(sync)
    return syncing
  }
  return {
    name,
    uid: options.uid,
    ip: options.ip,
    started,
    containers: () => [...running.values()].map(container => container.status()),
    volume: directoryOf,
    logFile,
    annotate: async annotations => {
      metadata = { ...metadata, annotations: { ...metadata.annotations, ...annotations } }
      await queueSync()
    },
    sync: queueSync,
    stop: async graceMs => {
      stopping = true
      // The containers first, then the native sidecars, the last first.
      const main = spec.containers.map(container => running.get(container.name))
      await Promise.all(main.map(container => container?.stop(graceMs)))
      for (const container of (spec.initContainers ?? []).toReversed()) await running.get(container.name)?.stop(graceMs)
    },
  }
}

function restartsAll(container: WithRules, code: number): boolean {
  return (container.restartPolicyRules ?? []).some(
    rule =>
      rule.action === 'RestartAllContainers' &&
      rule.exitCodes?.operator === 'In' &&
      (rule.exitCodes.values ?? []).includes(code),
  )
}

/** A subPath into a volume that is filled from the API is the file as it was when the container started. */
async function mounted(mount: V1VolumeMount, volume: V1Volume, directory: string, copy: string): Promise<string> {
  if (!mount.subPath) return directory
  const path = join(directory, mount.subPath)
  const filled = volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI
  if (!filled) {
    await mkdir(path, { recursive: true })
    return path
  }
  if (!(await stat(path)).isFile()) return path
  await mkdir(dirname(copy), { recursive: true })
  await copyFile(path, copy)
  return copy
}

/** A mount below another one is a link in the other's directory. */
async function linkNested(paths: readonly (readonly [string, string])[]): Promise<void> {
  const shortestFirst = [...paths].sort(([a], [b]) => a.length - b.length)
  for (const [path, host] of shortestFirst) {
    const parent = shortestFirst.filter(([other]) => path.startsWith(`${other}/`)).at(-1)
    if (!parent) continue
    const link = join(parent[1], relative(parent[0], path))
    await mkdir(dirname(link), { recursive: true })
    await rm(link, { recursive: true, force: true })
    await symlink(host, link)
  }
}

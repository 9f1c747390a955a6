// A stand-in for the kubelet, for the demo and for tests without a cluster: pods as directories, containers as real
// processes on this machine, ConfigMap volumes swapped as the kubelet swaps them, restarts with its back-off. What it
// lacks: namespaces, cgroups, images, probes.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Container, V1Pod } from '@kubernetes/client-node'
import type { Image } from './container.ts'
import { type BackOff, type ContainerStatus, kubeletBackOff } from './container-run.ts'
import { type RunningPod, runPod } from './pod-run.ts'

export type KubeletOptions = {
  readonly directory: string
  /** What a container's image holds. */
  readonly image: (container: V1Container, pod: string) => Image
  /** The next pod IP; each is used once. */
  readonly nextIp: () => string
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  readonly backOff?: BackOff
  readonly on?: (what: 'started' | 'exited', pod: string, container: ContainerStatus) => void
}

export type Kubelet = {
  /** Settles when every container of the pod runs. */
  readonly create: (pod: V1Pod) => Promise<RunningPod>
  /** As `kubectl delete pod`: its containers get their grace period, and its emptyDirs are gone. */
  readonly remove: (name: string) => Promise<void>
  readonly find: (name: string) => RunningPod | undefined
  /** Writes the object and brings every pod's volumes up to date at once (the real kubelet takes up to a minute). */
  readonly setConfigMap: (name: string, data: Readonly<Record<string, string>>) => Promise<void>
  readonly setSecret: (name: string, data: Readonly<Record<string, string>>) => Promise<void>
  /** Stops every pod, with this much grace. */
  readonly close: (graceMs?: number) => Promise<void>
}

const defaultGraceSeconds = 30

/** A kubelet without a pod. */
export function startKubelet(options: KubeletOptions): Kubelet {
  const pods = new Map<string, RunningPod>()
  const specs = new Map<string, V1Pod>()
  const configMaps = new Map<string, Readonly<Record<string, string>>>()
  const secrets = new Map<string, Readonly<Record<string, string>>>()
  const syncAll = async () => {
    await Promise.all([...pods.values()].map(pod => pod.sync()))
  }
  const stop = async (name: string, graceMs: number) => {
    const pod = pods.get(name)
    if (!pod) return
    await pod.stop(graceMs)
    pods.delete(name)
    await rm(join(options.directory, 'pods', pod.uid, 'volumes'), { recursive: true, force: true })
  }
  return {
    create: async pod => {
      const name = pod.metadata?.name ?? ''
      if (!name || pods.has(name))
        throw new Error(`pod "${name}": ${name ? 'exists already; remove it first' : 'expected a name'}`)
      const uid = randomUUID()
      const running = await runPod({
        pod,
        uid,
        ip: options.nextIp(),
        directory: await made(join(options.directory, 'pods', uid)),
        claim: claim => join(options.directory, 'claims', claim),
        objects: { configMap: name => configMaps.get(name), secret: name => secrets.get(name) },
        image: container => options.image(container, name),
        backOff: options.backOff ?? kubeletBackOff,
        kill: options.kill,
        on: (what, container) => options.on?.(what, name, container),
      })
      pods.set(name, running)
      specs.set(name, pod)
      await running.started
      return running
    },
    remove: name => stop(name, (specs.get(name)?.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000),
    find: name => pods.get(name),
    setConfigMap: async (name, data) => {
      configMaps.set(name, data)
      await syncAll()
    },
    setSecret: async (name, data) => {
      secrets.set(name, data)
      await syncAll()
    },
    close: async (graceMs = 2000) => {
      await Promise.all([...pods.keys()].map(name => stop(name, graceMs)))
    },
  }
}

async function made(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  return directory
}

// What every scenario starts with: a namespace of its own, and a chain that runs in it.
import type { Test } from 'tap'
import { type Chain, type ChainOptions, makeChain, type PodSpec } from './chain.ts'
import { apply, kubectl } from './install.ts'
import { getPod, height, netInfo, page, until } from './watch.ts'

/** Creates a namespace, opted in unless it is a control, and deletes it after the test. */
export function namespaceFor(t: Test, name: string, options: { control?: boolean; enforce?: string } = {}): string {
  kubectl('create', 'namespace', name)
  t.teardown(() => kubectl('delete', 'namespace', name, '--wait=false', '--ignore-not-found'))
  if (!options.control) kubectl('label', 'namespace', name, 'repeer.dev/inject=enabled')
  if (options.enforce) kubectl('label', 'namespace', name, `pod-security.kubernetes.io/enforce=${options.enforce}`)
  return name
}

/** The nodes' RPC has to be reachable for the scenarios to see it; plain CometBFT listens on loopback. */
export function openRpc(toml: string): string {
  return toml.replace('laddr = "tcp://127.0.0.1:26657"', 'laddr = "tcp://0.0.0.0:26657"')
}

export const indexes = [0, 1, 2, 3] as const

export function allRun(namespace: string, of: readonly number[] = indexes): boolean {
  return of.every(index => getPod(namespace, `node${index}-0`).status.phase === 'Running')
}

/** A chain of four that makes blocks, with node0 connected to the others. */
export async function runningChain(namespace: string, options: Omit<ChainOptions, 'namespace'> = {}): Promise<Chain> {
  const chain = makeChain({ namespace, ...options, config: (toml, index) => openRpc(options.config ? options.config(toml, index) : toml) })
  apply(chain.objects)
  await until('all pods run', 90, () => allRun(namespace))
  await until('node0 has three peers', 90, async () => (await netInfo(namespace, 0))?.peers.length === 3)
  await until('blocks', 60, async () => (await height(namespace, 0)) > 2)
  return chain
}

export async function settled(namespace: string, of: readonly number[] = [0]): Promise<void> {
  for (const index of of) await until(`node${index} is settled`, 120, async () => (await page(namespace, index))?.phase === 'settled')
}

/** Replaces the pod and waits for the new one; returns the old and the new address. */
export async function replacePod(namespace: string, index: number): Promise<{ from: string; to: string }> {
  const name = `node${index}-0`
  const from = getPod(namespace, name)
  kubectl('-n', namespace, 'delete', 'pod', name, '--wait=true')
  const { value } = await until('another pod runs', 90, () => {
    const pod = getPod(namespace, name)
    return pod.metadata.uid !== from.metadata.uid && pod.status.phase === 'Running' && pod.status.podIP ? pod.status.podIP : undefined
  })
  return { from: from.status.podIP ?? '', to: value }
}

/** Annotates the pods of every node: for tests that cannot wait for the defaults (two minutes between two restarts). */
export function impatient(annotations: Record<string, string> = {}): Record<string, string> {
  return { 'repeer.dev/min-interval': '1s', ...annotations }
}

/** Leaves out `command`, so that the image's entrypoint runs: then the sidecar can only signal. */
export function withoutCommand(spec: PodSpec): PodSpec {
  const [node, ...rest] = spec.containers
  if (!node) throw new Error('no container')
  const { command = [], ...bare } = node
  const user = { securityContext: { ...(spec.securityContext as object), runAsUser: 1000, fsGroup: 1000 } }
  return { ...spec, ...user, containers: [{ ...bare, args: command.slice(1) }, ...rest] }
}

export type Job = { status: { succeeded?: number; failed?: number } }

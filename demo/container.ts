// From a container of a pod spec to the process that stands in for it: its arguments and environment as the kubelet
// would make them, and every path of a mount rewritten to where the volume really is, since a process here has no file
// system of its own. Pure.
import type { V1Container, V1Pod } from '@kubernetes/client-node'
import { fieldOf, type VolumeSources } from './volumes.ts'

/** What a container image holds, as far as the stand-in needs it. */
export type Image = {
  /** Comes before `args` where the container gives no command. */
  readonly entrypoint: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Paths in the image that the container's arguments name, and where they really are. */
  readonly files: Readonly<Record<string, string>>
  /** Comes after the container's own arguments: what only the demo needs. */
  readonly extraArgs?: (podIp: string) => readonly string[]
  /** The arguments that really start the process (a mount namespace around it). */
  readonly around?: (argv: readonly string[]) => readonly string[]
}

export type PathMap = readonly (readonly [containerPath: string, hostPath: string])[]

export type ProcessSpec = { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> }

export type PodView = { readonly pod: V1Pod; readonly ip: string; readonly sources: VolumeSources }

/**
 * Throws where an environment variable names an object or key that does not exist (the kubelet's
 * CreateContainerConfigError).
 */
export function processOf(container: V1Container, view: PodView, image: Image, paths: PathMap): ProcessSpec {
  const declared = envOf(container, view)
  const real = [...paths, ...Object.entries(image.files)]
  const host = (text: string) => rewritePaths(ownAddress(text, view.ip), real)
  const command = (container.command ?? []).map(text => expand(text, declared))
  const args = (container.args ?? []).map(text => expand(text, declared))
  const argv = [...(command.length > 0 ? command : image.entrypoint), ...args].map(host)
  const full = [...argv, ...(image.extraArgs?.(view.ip) ?? [])]
  const env = {
    ...image.env,
    ...Object.fromEntries(Object.entries(declared).map(([name, value]) => [name, host(value)])),
  }
  return { argv: image.around?.(full) ?? full, env }
}

/**
 * Replaces each container path by its host path, the longest first, only where it is a whole path or the beginning of
 * one.
 */
export function rewritePaths(text: string, paths: PathMap): string {
  if (paths.length === 0) return text
  const byPath = new Map(paths)
  const longestFirst = [...byPath.keys()]
    .sort((a, b) => b.length - a.length)
    .map(path => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return text.replace(
    new RegExp(`(?<![\\w./-])(${longestFirst.join('|')})(?![\\w.-])`, 'g'),
    path => byPath.get(path) ?? path,
  )
}

/** Pods have no network of their own here: what listens on every address listens on the pod's. */
function ownAddress(text: string, ip: string): string {
  return text.replace(
    /^((?:--?[\w-]+=)?(?:tcp:\/\/)?)(?:0\.0\.0\.0|\[::\])?:(\d{1,5})$/,
    (_all, before: string, port: string) => `${before}${ip}:${port}`,
  )
}

/** Kubernetes' $(NAME): unknown names stay as they are, $$ is a dollar. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (all, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? all),
  )
}

function envOf(container: V1Container, view: PodView): Record<string, string> {
  const env: Record<string, string> = {}
  for (const from of container.envFrom ?? []) {
    const data = from.configMapRef
      ? view.sources.configMap(from.configMapRef.name ?? '')
      : view.sources.secret(from.secretRef?.name ?? '')
    if (!data && !(from.configMapRef ?? from.secretRef)?.optional)
      throw new Error(`envFrom: found no ${from.configMapRef?.name ?? from.secretRef?.name}`)
    for (const [key, value] of Object.entries(data ?? {})) env[`${from.prefix ?? ''}${key}`] = value
  }
  for (const entry of container.env ?? []) {
    const value = entry.valueFrom ? referenced(entry.name, entry.valueFrom, view) : expand(entry.value ?? '', env)
    if (value !== undefined) env[entry.name] = value
  }
  return env
}

function referenced(
  name: string,
  from: NonNullable<NonNullable<V1Container['env']>[number]['valueFrom']>,
  view: PodView,
): string | undefined {
  if (from.fieldRef)
    return from.fieldRef.fieldPath === 'status.podIP'
      ? view.ip
      : fieldOf(from.fieldRef.fieldPath, view.sources.metadata)
  const reference = from.configMapKeyRef ?? from.secretKeyRef
  if (!reference) return '0'
  const data = from.configMapKeyRef
    ? view.sources.configMap(reference.name ?? '')
    : view.sources.secret(reference.name ?? '')
  const value = data?.[reference.key]
  if (value === undefined && !reference.optional)
    throw new Error(`env ${name}: found no key ${reference.key} in ${reference.name}`)
  return value
}

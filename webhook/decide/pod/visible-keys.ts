// Which keys of which ConfigMaps and Secrets a container sees as files, and how: whole directory or frozen by subPath.
import { own } from '../../../peers/own.ts'
import type { ContainerView, EnvView, MountView, PodView, VolumeOrigin } from './pod-view.ts'

export type VisibleKey = {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  /** Undefined where the volume shows all keys, and which ones there are has to be asked of the ConfigMap. */
  readonly key: string | undefined
  /** The name of the file that the container sees; undefined with the key. */
  readonly file: string | undefined
  readonly via: 'directory' | 'subPath'
  readonly mountPath: string
}

/** Linux's PATH_MAX: nothing longer is a path. */
const longestPath = 4096

/**
 * The keys behind a container's volume mounts, in the order of its mounts. What is mounted twice at the same place
 * counts once.
 */
export function visibleKeys(pod: PodView, container: ContainerView): VisibleKey[] {
  const variables = new Map(container.env.map(env => [env.name, env]))
  const seen = new Set<string>()
  return container.mounts.flatMap(mount => {
    const origins = pod.volumes.get(mount.volume) ?? []
    const path = subPathOf(pod, variables, mount)
    const place = JSON.stringify([mount.volume, path, mount.mountPath])
    if (path === undefined || seen.has(place)) return []
    seen.add(place)
    return path === ''
      ? origins.flatMap(origin => whole(origin, mount))
      : origins.flatMap(origin => part(origin, mount, path))
  })
}

function whole(origin: VolumeOrigin, mount: MountView): VisibleKey[] {
  const seen = { kind: origin.kind, name: origin.name, via: 'directory', mountPath: mount.mountPath } as const
  if (!origin.items) return [{ ...seen, key: undefined, file: undefined }]
  return origin.items.map(item => ({ ...seen, key: item.key, file: lastPart(item.path) }))
}

/** subPath names a file, or a directory that items made; either is mounted once and never refreshed by the kubelet. */
function part(origin: VolumeOrigin, mount: MountView, path: string): VisibleKey[] {
  const seen = { kind: origin.kind, name: origin.name, via: 'subPath', mountPath: mount.mountPath } as const
  if (!origin.items) return [{ ...seen, key: path, file: lastPart(mount.mountPath) }]
  return origin.items
    .filter(item => item.path === path || item.path.startsWith(`${path}/`))
    .map(item => ({ ...seen, key: item.key, file: lastPart(item.path === path ? mount.mountPath : item.path) }))
}

/** '' for the whole volume; undefined for an expression that only the kubelet can expand. */
export function subPathOf(pod: PodView, variables: ReadonlyMap<string, EnvView>, mount: MountView): string | undefined {
  const path = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(pod, variables, mount.subPathExpr)
  if (path !== undefined && path.length > longestPath) return undefined
  return path?.replace(/^\.?\/+|\/+$/g, '')
}

function expand(pod: PodView, variables: ReadonlyMap<string, EnvView>, expression: string): string | undefined {
  if (expression.length > longestPath) return undefined
  let known = true
  let length = 0
  const expanded = expression.replace(/\$\(([\w.-]+)\)/g, (_, name: string) => {
    const variable = variables.get(name)
    const value = variable && literalOf(pod, variable)
    length += value?.length ?? 0
    if (!value || length > longestPath) known = false
    return known && value ? value : ''
  })
  return known ? expanded : undefined
}

function literalOf(pod: PodView, variable: EnvView): string | undefined {
  if (variable.field === undefined) return variable.value
  if (variable.field === 'metadata.name') return pod.name
  const [, list, key = ''] =
    variable.field.length < 400 ? (/^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(variable.field) ?? []) : []
  return list === 'labels' ? own(pod.labels, key) : list === 'annotations' ? own(pod.annotations, key) : undefined
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

// Which keys of which ConfigMaps and Secrets a container sees as files, and how: whole directory or frozen by subPath.
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

/** The keys behind a container's volume mounts, in the order of its mounts. */
export function visibleKeys(pod: PodView, container: ContainerView): VisibleKey[] {
  return container.mounts.flatMap(mount => {
    const origins = pod.volumes.get(mount.volume) ?? []
    const path = subPathOf(pod, container, mount)
    if (path === undefined) return []
    return path === '' ? origins.flatMap(origin => whole(origin, mount)) : origins.flatMap(origin => part(origin, mount, path))
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
function subPathOf(pod: PodView, container: ContainerView, mount: MountView): string | undefined {
  const path = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(pod, container, mount.subPathExpr)
  return path?.replace(/^\.?\/+|\/+$/g, '')
}

function expand(pod: PodView, container: ContainerView, expression: string): string | undefined {
  let known = true
  const expanded = expression.replace(/\$\(([\w.-]+)\)/g, (_, name: string) => {
    const variable = container.env.findLast(env => env.name === name)
    const value = variable && literalOf(pod, variable)
    if (!value) known = false
    return value ?? ''
  })
  return known ? expanded : undefined
}

function literalOf(pod: PodView, variable: EnvView): string | undefined {
  return variable.field === 'metadata.name' ? pod.name : variable.value
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

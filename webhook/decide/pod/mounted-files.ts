// From a path in a container to the key of a ConfigMap or Secret that stands there.

import type { ConfigMapView } from '../decision.ts'
import { dataOf, textOf } from './content.ts'
import type { ContainerView, MountView, PodView } from './pod-view.ts'
import { subPathOf } from './visible-keys.ts'

export type MountedKey = {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly key: string
  readonly via: 'directory' | 'subPath'
}

/** Finds the key at a path of the container; undefined where no ConfigMap or Secret can be there. */
export function mountedFiles(
  pod: PodView,
  container: ContainerView,
  configMap: (name: string) => ConfigMapView,
): (path: string) => MountedKey | undefined {
  const variables = new Map(container.env.map(env => [env.name, env]))
  // The mount that lies deepest hides those above it.
  const mounts = container.mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length)
  const known = new Map<string, MountedKey | undefined>()
  return path => {
    if (!known.has(path)) {
      const mount = mounts.find(
        ({ mountPath }) => path === mountPath || path.startsWith(mountPath.endsWith('/') ? mountPath : `${mountPath}/`),
      )
      const sub = mount && subPathOf(pod, variables, mount)
      known.set(path, mount && sub !== undefined ? keyIn(pod, configMap, mount, sub, path) : undefined)
    }
    return known.get(path)
  }
}

function keyIn(
  pod: PodView,
  configMap: (name: string) => ConfigMapView,
  mount: MountView,
  sub: string,
  path: string,
): MountedKey | undefined {
  const wanted = [sub, path.slice(mount.mountPath.length).replace(/^\/+/, '')].filter(Boolean).join('/')
  // Of several origins of a projected volume, the last that has the file.
  for (const { kind, name, items } of (pod.volumes.get(mount.volume) ?? []).toReversed()) {
    const seen = { kind, name, via: sub === '' ? 'directory' : 'subPath' } as const
    if (items) {
      const item = items.find(candidate => candidate.path === wanted)
      if (item) return { ...seen, key: item.key }
    } else if (
      wanted !== '' &&
      !wanted.includes('/') &&
      mayHave(kind, kind === 'ConfigMap' ? configMap(name) : 'unknown', wanted)
    )
      return { ...seen, key: wanted }
  }
  return undefined
}

/** What cannot be read may have any key. */
function mayHave(kind: MountedKey['kind'], view: ConfigMapView, key: string): boolean {
  const data = kind === 'ConfigMap' ? dataOf(view) : undefined
  return data ? textOf(data, key) !== undefined : view !== 'absent'
}

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
  const mountAt = deepestMount(container.mounts)
  const known = new Map<string, MountedKey | undefined>()
  return path => {
    if (!known.has(path)) {
      const mount = mountAt(path)
      const sub = mount && subPathOf(pod, variables, mount)
      known.set(path, mount && sub !== undefined ? keyIn(pod, configMap, mount, sub, path) : undefined)
    }
    return known.get(path)
  }
}

/** Linux's PATH_MAX: nothing longer is a path. */
const longestPath = 4096

/**
 * The mount at or above a path; the one that lies deepest hides those above it. A script may name any number of paths,
 * so that each is looked for by its own beginnings, and not among all mounts.
 */
function deepestMount(mounts: readonly MountView[]): (path: string) => MountView | undefined {
  const byPath = new Map(mounts.toReversed().map(mount => [mount.mountPath, mount]))
  return path => {
    if (path.length > longestPath) return undefined
    let found = byPath.get(path)
    for (let end = path.length; found === undefined && end > 0; ) {
      end = path.lastIndexOf('/', end - 1)
      if (end < 0) return undefined
      found = byPath.get(path.slice(0, end + 1)) ?? byPath.get(path.slice(0, end))
    }
    return found
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

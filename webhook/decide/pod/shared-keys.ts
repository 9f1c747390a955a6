// How many keys of ConfigMaps a pod takes, counted at each place that takes them. A place costs the pod 30 bytes, and
// the admission a look at each key, several times over: 300 envFrom of one ConfigMap of 7,000 keys took 10 s, and 300
// containers that mount it 4 s.
import { type Effort, lightPart, TooDear } from '../../shell/index.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf } from './content.ts'
import type { PodView } from './pod-view.ts'

/** Some 5 µs each. A node and its init containers that share a ConfigMap have some 100. */
const mostKeys = 20_000

type Places = { whole: number; single: number }

/**
 * What is wrong with the keys of ConfigMaps that are taken at several places; undefined where they are few enough. What
 * is taken once is bounded by how much is looked into (content-budget.ts). Throws TooDear where the effort is light and
 * they are more than its part.
 */
export function tooManyKeys(
  pod: Pick<PodView, 'containers' | 'initContainers' | 'volumes'>,
  { configMap }: Pick<DecideInput, 'configMap'>,
  effort: Effort,
): string | undefined {
  let keys = 0
  for (const [name, { whole, single }] of placesOf(pod)) {
    if (whole + single < 2) continue
    keys += single + (whole === 0 ? 0 : whole * Object.keys(dataOf(configMap(name)) ?? {}).length)
  }
  if (effort === 'light' && keys > mostKeys * lightPart) throw new TooDear()
  return keys > mostKeys
    ? `found ${keys} keys of ConfigMaps, each counted at every mount and envFrom, expected at most ${mostKeys}`
    : undefined
}

/** By ConfigMap: where all of it is taken, and how many of its keys are taken by name. */
function placesOf(pod: Pick<PodView, 'containers' | 'initContainers' | 'volumes'>): Map<string, Places> {
  const places = new Map<string, Places>()
  const add = (name: string, what: keyof Places, count: number) => {
    const its = places.get(name) ?? { whole: 0, single: 0 }
    its[what] += count
    places.set(name, its)
  }
  for (const { envFrom, mounts } of [...pod.initContainers, ...pod.containers]) {
    for (const { kind, name } of envFrom) if (kind === 'ConfigMap') add(name, 'whole', 1)
    for (const { volume, subPath } of mounts)
      for (const { kind, name, items } of pod.volumes.get(volume) ?? []) {
        if (kind !== 'ConfigMap') continue
        if (items || subPath) add(name, 'single', subPath ? 1 : (items?.length ?? 1))
        else add(name, 'whole', 1)
      }
  }
  return places
}

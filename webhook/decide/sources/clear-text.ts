// Where peers stand in clear text although nothing was found that hands them to the node: told with the reason
// `no-peers`, so that a list that somebody can see is never called absent. Only places are told, never what stands
// there.

import type { Profile } from '../../../peers/plan.ts'
import { chains } from '../../chains/index.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import { entriesIn } from './script-lists.ts'

/**
 * Characters that are looked through: a pod's ConfigMaps may hold any number of megabytes, and an admission has to be
 * over in time.
 */
const mostCharacters = 4 * 1024 * 1024
/** Places that a message names. */
const mostPlaces = 5

/**
 * The places in the pod's spec and its readable ConfigMaps where entries of the profile's list format stand, as one
 * sentence each. Formats whose entries have no identity (stellar-core, generic) look like any other host, and are not
 * looked for.
 */
export function clearText(input: Pick<DecideInput, 'configMap'>, pod: PodView, profile: Profile): string[] {
  const { lists } = chains[profile]
  const places = new Set<string>()
  let left = mostCharacters
  const look = (place: string, text: string) => {
    left -= text.length
    if (left >= 0 && entriesIn(lists, text).length > 0) places.add(place)
  }
  for (const container of [...pod.containers, ...pod.initContainers]) {
    for (const list of ['command', 'args'] as const)
      for (const [index, text] of container[list].entries()) look(`container ${container.name} ${list}[${index}]`, text)
    for (const { name, value } of container.env) if (value) look(`container ${container.name} env ${name}`, value)
  }
  for (const name of configMapsOf(pod))
    for (const [key, text] of Object.entries(dataOf(input.configMap(name)) ?? {}))
      if (typeof text === 'string') look(`ConfigMap ${name}/${key}`, text)
  const named = [...places].slice(0, mostPlaces)
  const more = places.size > named.length ? ` and ${places.size - named.length} more` : ''
  const told =
    named.length > 0
      ? [`peers stand in ${named.join(', ')}${more}, but nothing was found that hands them to the node`]
      : []
  return left < 0
    ? [...told, `only the first ${mostCharacters} characters of its spec and ConfigMaps were looked through`]
    : told
}

/** The ConfigMaps that any container of the pod sees. */
function configMapsOf(pod: PodView): Set<string> {
  const names = new Set<string>()
  const see = (from: { readonly kind: string; readonly name: string } | undefined) =>
    from?.kind === 'ConfigMap' && names.add(from.name)
  const ofContainer = (container: ContainerView) => {
    for (const key of visibleKeys(pod, container)) see(key)
    for (const { from } of container.env) see(from)
    for (const from of container.envFrom) see(from)
  }
  for (const container of [...pod.containers, ...pod.initContainers]) ofContainer(container)
  return names
}

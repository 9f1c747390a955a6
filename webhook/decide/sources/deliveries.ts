// What PeerSets that deliver say about a pod: the lists that are for it, and what its node is. An annotation of the pod
// outranks them; they outrank what the clues say.

import type { Format } from '../../../peers/formats/index.ts'
import { type Delivered, deliveriesTo } from '../../../peers/peer-set/delivering.ts'
import type { Overrides } from '../annotations.ts'
import type { DecideInput } from '../decision.ts'
import type { PodView } from '../pod/pod-view.ts'
import { configSources } from './config-sources.ts'
import type { FoundKey, Search } from './source-search.ts'

/** A key of a ConfigMap of the pod's namespace, which need not exist yet. */
export type DeliveredKey = {
  readonly set: string
  readonly name: string
  readonly key: string
  readonly format: Format
}

/** The pod's annotations, and what PeerSets say where these say nothing. */
export type Stated = Overrides & {
  readonly delivered: readonly DeliveredKey[]
  /** Who says container and profile. */
  readonly by: { readonly container: string; readonly profile: string }
}

export type Deliveries = { readonly stated: Stated; readonly warnings: readonly string[] }

export function withDeliveries(
  input: Pick<DecideInput, 'namespace' | 'peerSets'>,
  pod: PodView,
  overrides: Overrides,
): Deliveries {
  const address = { namespace: input.namespace, labels: pod.labels, containers: pod.containers.map(({ name }) => name) }
  const { delivered, warnings } = deliveriesTo(address, input.peerSets ?? [])
  const container = firstOf(delivered, ({ delivery }) => delivery.container)
  const profile = firstOf(delivered, ({ delivery }) => delivery.profile)
  const stated: Stated = {
    ...overrides,
    ...(overrides.container === undefined && container ? { container: container.value } : {}),
    ...(overrides.profile === undefined && profile ? { profile: profile.value } : {}),
    delivered: delivered.map(({ set, configMap, key, format }) => ({ set, name: configMap, key, format })),
    by: {
      container: overrides.container === undefined && container ? container.by : 'repeer.dev/container',
      profile: overrides.profile === undefined && profile ? profile.by : 'repeer.dev/profile',
    },
  }
  return { stated, warnings: [...warnings, ...contradictions(stated, delivered)] }
}

/**
 * A source for each delivered key that is none of those already found. Where the pod sees the key after all, it is the
 * source that the pod sees; else one that no container sees.
 */
export function deliveredSources(search: Search, delivered: readonly DeliveredKey[]): FoundKey[] {
  return delivered.flatMap(({ set, name, key, format }) =>
    // That no container sees it is what delivering is for.
    configSources({ ...search, warn: () => undefined }, [{ kind: 'ConfigMap', name, key }]).map(source =>
      source.unseen ? { ...source, format, role: 'peer', deliveredBy: set } : source,
    ),
  )
}

type Said<T> = { readonly value: T; readonly by: string }

function firstOf<T>(delivered: readonly Delivered[], say: (delivery: Delivered) => T | undefined): Said<T> | undefined {
  for (const delivery of delivered) {
    const value = say(delivery)
    if (value !== undefined) return { value, by: `PeerSet ${delivery.set}` }
  }
  return undefined
}

/** PeerSets that say something else than what counts; a pod's own annotation may do so without a word. */
function contradictions({ container, profile, by }: Stated, delivered: readonly Delivered[]): string[] {
  return delivered.flatMap(({ set, delivery }) => {
    const other = [
      ['container', delivery.container, container, by.container],
      ['profile', delivery.profile, profile, by.profile],
    ] as const
    return other.flatMap(([what, said, taken, who]) =>
      said !== undefined && said !== taken && who.startsWith('PeerSet ')
        ? [`PeerSet ${set} says ${what} ${said}, and ${who}, which is first by name, ${taken}`]
        : [],
    )
  })
}

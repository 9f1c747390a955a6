// Whether the owner of a pod replaces it when its list is edited. That is known of each operator, not of an
// annotation's looks: one whose hash leaves the peers out never replaces a pod for them, and waiting for it would leave
// an edited list for ever.

import { own } from '../../../peers/own.ts'
import type { Found } from '../sources/source-search.ts'
import type { PodView } from './pod-view.ts'

/** What of a pod's sources an owner watches: the reason in a few words, and the sources that it covers. */
type Watch = { readonly who: string; readonly covers: (source: Keyed) => boolean }
type Keyed = Exclude<Found, { kind: 'Literal' }>

type Owner = {
  /** Undefined where the owner has nothing to do with this pod, or does not replace it for its list. */
  readonly watches: (pod: PodView) => Watch | undefined
}

/** Kinds whose controllers replace pods when the template's annotations change. */
const workloads = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Rollout', 'CloneSet'])

/**
 * The owners that are known to replace a pod, each with where that was read. Known not to, and so without a row:
 * - cosmopilot: cosmopilot.voluzi.com/config-hash is taken before the peers are merged in (ensureConfigs in
 *   internal/controllers/chainnode/configmap.go: "Get hash before adding peer configuration"), and nothing else of an
 *   edited list reaches ensurePod.
 * - ics-operator: no annotation on its pods, and it makes no new Deployment for a list (internal/deployment).
 * - kotal: no annotation on its pods; its StatefulSets do not change with the static nodes in their ConfigMap
 *   (controllers/ethereum/node_controller.go).
 * - Stellar-K8s: neither checksum nor hash on the pods of its StatefulSets (src/controller/resources.rs).
 */
const owners: readonly Owner[] = [
  // cosmos-operator: the checksum is the revision of the ConfigMap that has the pod's name, peers included
  // (internal/fullnode/build_pods.go and configmap_control.go), and a pod whose checksum differs is deleted
  // (pod_control.go).
  {
    watches: pod =>
      pod.annotations['cosmos.strange.love/config-checksum'] !== undefined &&
      pod.labels['app.kubernetes.io/created-by'] === 'cosmos-operator'
        ? { who: 'cosmos-operator', covers: source => source.kind === 'ConfigMap' && source.name === pod.name }
        : undefined,
  },
  // Stakater Reloader: annotations of the workload or its template (README, "Getting started"; internal/pkg/options).
  // What it has rolled once has last-reloaded-from.
  { watches: pod => (isOfWorkload(pod) ? reloader(pod) : undefined) },
  // Wave: the hash on the template is Wave's own, written for every ConfigMap and Secret of the pod (README;
  // pkg/core/hash.go).
  {
    watches: pod =>
      isOfWorkload(pod) && pod.annotations['wave.pusher.com/config-hash'] !== undefined
        ? { who: 'Wave', covers: () => true }
        : undefined,
  },
  // Helm, "Automatically Roll Deployments" (chart tips and tricks): a checksum of a rendered file in the template of a
  // workload. Whose file it is, only its name tells. Charts write it with or without the prefix.
  {
    watches: pod => {
      const names = isOfWorkload(pod) ? Object.keys(pod.annotations).filter(isChecksum) : []
      const secretsOnly = names.every(name => /secret/i.test(name))
      if (names.length === 0) return undefined
      return { who: `Helm (annotation ${names[0]})`, covers: source => source.kind === 'Secret' || !secretsOnly }
    },
  },
]

/**
 * Who replaces the pod when one of its lists is edited; undefined where nobody is known to. Somebody who watches only
 * some of the lists does not count: then a restart in place for the others is right, and one more for these a small
 * cost.
 */
export function ownerThatRolls(pod: PodView, sources: readonly Found[]): string | undefined {
  const keyed = sources.filter((source): source is Keyed => source.kind !== 'Literal')
  if (keyed.length === 0) return undefined
  const watches = owners.flatMap(owner => owner.watches(pod) ?? [])
  return watches.find(({ covers }) => keyed.every(covers))?.who
}

function isOfWorkload(pod: PodView): boolean {
  return pod.ownerKinds.some(kind => workloads.has(kind))
}

/**
 * checksum/config, checksum.helm.io/x, config-checksum, configmap-hash; a domain of its own is some operator's, of
 * which nothing is known.
 */
function isChecksum(name: string): boolean {
  if (name.length > 320) return false
  const [prefix, own = ''] = name.includes('/') ? name.split('/', 2) : ['', name]
  if (/^checksums?$/i.test(prefix ?? '')) return true
  return (
    prefix === '' &&
    /^((config|configmap|cm|secrets?|peers|env)[-_.]?(checksum|hash|sha(256)?)|(checksum|hash|sha256)[-_.].+|checksum)$/i.test(
      own,
    )
  )
}

const stakater = 'reloader.stakater.com/'

function reloader(pod: PodView): Watch | undefined {
  const says = (name: string) => own(pod.annotations, name)?.trim().toLowerCase()
  const who = 'Stakater Reloader'
  if (says(`${stakater}ignore`) === 'true') return undefined
  if (says(`${stakater}auto`) === 'true' || says(`${stakater}last-reloaded-from`) !== undefined)
    return { who, covers: () => true }
  const named = (kind: 'configmap' | 'secret') => {
    const names = (pod.annotations[`${kind}.${stakater}reload`] ?? '').split(',').map(name => name.trim())
    return says(`${kind}.${stakater}auto`) === 'true'
      ? () => true
      : (name: string) => name !== '' && names.includes(name)
  }
  const [configMaps, secrets] = [named('configmap'), named('secret')]
  const any = Object.keys(pod.annotations).some(name =>
    /^(configmap|secret)\.reloader\.stakater\.com\/(reload|auto)$/.test(name),
  )
  return any ? { who, covers: ({ kind, name }) => (kind === 'ConfigMap' ? configMaps : secrets)(name) } : undefined
}

// What the webhook would do with each pod of some manifests: the rows of `repeer explain`, from the same `decide` and
// `patchOf`.

import { isRecord } from '../../peers/is-record.ts'
import { allowPeerSetsFrom } from '../../peers/peer-set/consent.ts'
import { readDelivering } from '../../peers/peer-set/delivering.ts'
import type { Source } from '../../peers/plan.ts'
import { optIn } from '../../peers/pod.ts'
import type { SkipReason } from '../../peers/reasons.ts'
import { configMapValues } from '../../webhook/cache/config-map-values.ts'
import type {
  ConfigMapView,
  DecideInput,
  Decision,
  NamespaceView,
  PatchOperation,
  Settings,
} from '../../webhook/decide/decision.ts'
import { sourceTexts } from '../../webhook/decide/node/node-facts.ts'
import { tellingOf } from '../../webhook/decide/node/telling.ts'
import type { FoundObject, FoundPod } from './workloads.ts'

export type ExplainedSource = {
  readonly kind: Source['kind']
  readonly name: string
  /** null for a literal list. */
  readonly key: string | null
  readonly via: string
  readonly level: string
  /** Nothing in the pod hands the list to the node: it is told, or given by a variable at its next start. */
  readonly unseen?: true
}

/** A row of `repeer explain -o json`. */
export type Explained = {
  readonly file: string
  readonly kind: string
  readonly name: string
  readonly inject: boolean
  /** Why it is skipped, or only observed; null where it is injected and can be restarted. */
  readonly reason: string | null
  readonly container: string | null
  readonly profile: string | null
  readonly sources: readonly ExplainedSource[]
  /** The number of distinct peers in the lists (seeds not counted); null where a list cannot be read here. */
  readonly peers: number | null
  readonly strategy: 'wrap' | 'signal' | 'observe' | null
  /** One sentence for each choice, by what was chosen; `warnings` and `namespace` where there is something to say. */
  readonly why: Readonly<Record<string, string>>
  readonly patch: readonly PatchOperation[]
}

/** decide and patchOf of the webhook, passed in. */
export type Admission = {
  readonly decide: (input: DecideInput) => Decision
  readonly patchOf: (pod: FoundPod['pod'], decision: Decision) => readonly PatchOperation[]
}

export type Explanation = {
  readonly found: FoundPod
  readonly decision: Decision
  readonly row: Explained
  /** The workload's pods differ in what they would get: no patch of its template fits them all. */
  readonly perPod: boolean
}

/**
 * Explains each pod with the ConfigMaps, Namespaces and PeerSets among `objects` as its surroundings. A namespace that
 * is not among them is taken as opted in, and to consent to these PeerSets; a ConfigMap that is not among them as not
 * readable here.
 */
export function explain(
  pods: readonly FoundPod[],
  objects: readonly FoundObject[],
  admission: Admission,
  settings: Settings,
): Explanation[] {
  const namespaces = new Map(objects.filter(object => object.kind === 'Namespace').map(object => [object.name, object]))
  const configMaps = new Map(
    objects.filter(object => object.kind === 'ConfigMap').map(object => [`${object.namespace}/${object.name}`, object]),
  )
  const peerSets = objects.flatMap(object =>
    object.kind === 'PeerSet' ? (readDelivering(namespaced(object)) ?? []) : [],
  )
  return pods.map(found => {
    const namespace = namespaces.get(found.namespace)
    const toCome = new Set<string>()
    const configMap = (name: string) => configMapView(configMaps.get(`${found.namespace}/${name}`), toCome.has(name))
    const decided = (pod: FoundPod['pod']) =>
      admission.decide({
        pod: structuredClone(pod),
        namespace: namespace ? namespaceView(namespace) : assumed(found.namespace),
        configMap,
        peerSets,
        settings,
        quote: true,
      })
    const decideOf = (pod: FoundPod['pod']): Decision => {
      const first = decided(pod)
      const before = toCome.size
      for (const name of deliveredIn(first)) toCome.add(name)
      return toCome.size > before ? decided(pod) : first
    }
    const decision = decideOf(found.pod)
    const patch = admission.patchOf(structuredClone(found.pod), decision)
    const missing = decision.inject
      ? missingOf(decision.plan.sources, name => configMaps.has(`${found.namespace}/${name}`))
      : []
    const telling = decision.inject ? tellingOf(decision.plan, sourceTexts({ configMap }, decision.plan.sources)) : ''
    const other = found.sibling && decideOf(found.sibling)
    const perPod = other !== undefined && planText(other) !== planText(decision)
    const pod = perPod ? (found.pod.metadata?.name ?? '') : undefined
    return {
      found,
      decision,
      perPod,
      row: rowOf(found, decision, patch, { assumed: !namespace, missing, telling, perPod: pod }),
    }
  })
}

/** What a pod gets, for comparison with another of the same workload. */
function planText(decision: Decision): string {
  return JSON.stringify(decision.inject ? decision.plan : decision.reason)
}

function assumed(name: string): NamespaceView {
  return { name, labels: { [optIn.label]: optIn.value }, annotations: { [allowPeerSetsFrom]: '*' } }
}

/** A manifest without a namespace is one of `default`. */
function namespaced({ value, namespace, name }: FoundObject): unknown {
  return { ...value, metadata: { ...(isRecord(value.metadata) ? value.metadata : {}), namespace, name } }
}

function namespaceView(object: FoundObject): NamespaceView {
  const metadata = isRecord(object.value.metadata) ? object.value.metadata : {}
  return { name: object.name, labels: texts(metadata.labels), annotations: texts(metadata.annotations) }
}

/**
 * Only the files are known here: a ConfigMap that is not in them may well be on the cluster, unless a PeerSet is still
 * to write it.
 */
function configMapView(object: FoundObject | undefined, isToCome: boolean): ConfigMapView {
  return object ? configMapValues(object.value) : isToCome ? 'absent' : 'unknown'
}

/** ConfigMaps that PeerSets write, and that no container of the pod sees. */
function deliveredIn(decision: Decision): string[] {
  if (!decision.inject) return []
  return decision.plan.sources.flatMap(source =>
    source.kind === 'Literal' || source.deliveredBy === undefined ? [] : [source.name],
  )
}

function texts(value: unknown): Record<string, string> {
  return isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {}
}

/** A ConfigMap that a PeerSet writes is rarely in a file. */
function missingOf(sources: readonly Source[], has: (name: string) => boolean): string[] {
  const read = sources.filter(
    source => source.kind === 'ConfigMap' && source.deliveredBy === undefined && !has(source.name),
  )
  return [...new Set(read.map(source => source.name))]
}

function rowOf(
  found: FoundPod,
  decision: Decision,
  patch: readonly PatchOperation[],
  files: { assumed: boolean; missing: readonly string[]; telling: string; perPod: string | undefined },
): Explained {
  const { kind, name } = found
  const file = found.document.file
  const namespace = files.assumed
    ? {
        namespace: `namespace ${found.namespace} is not in the files; taken as opted in (${optIn.label}: ${optIn.value})`,
      }
    : {}
  if (!decision.inject) {
    const nothing = { container: null, profile: null, sources: [], peers: null, strategy: null }
    return {
      file,
      kind,
      name,
      inject: false,
      reason: decision.reason,
      ...nothing,
      why: { inject: sentence(decision), ...namespace },
      patch,
    }
  }
  const { plan } = decision
  const warnings = [
    ...decision.warnings.filter(
      warning => !files.missing.some(missing => warning.startsWith(`ConfigMap ${missing} is not in the cache`)),
    ),
    ...(files.perPod === undefined
      ? []
      : [`the pods of this ${kind} differ; what is told here is for ${files.perPod}`]),
    ...files.missing.map(
      missing => `ConfigMap ${missing} is not in the files, so its list was not read; add its file with another -f`,
    ),
  ]
  return {
    file,
    kind,
    name,
    inject: true,
    reason: plan.reach.by === 'observe' ? plan.reach.reason : null,
    container: plan.container,
    profile: plan.profile,
    sources: plan.sources.map(source => ({
      kind: source.kind,
      name: source.name,
      key: source.kind === 'Literal' ? null : source.key,
      via: source.kind === 'Literal' ? 'literal' : source.via,
      level: source.level,
      ...(source.unseen ? { unseen: source.unseen } : {}),
    })),
    peers: decision.peers ?? null,
    strategy: plan.reach.by,
    why: {
      ...decision.why,
      telling: files.telling,
      ...(warnings.length > 0 ? { warnings: [...new Set(warnings)].join('\n') } : {}),
      ...namespace,
    },
    patch,
  }
}

function sentence(decision: { reason: SkipReason; message: string }): string {
  return decision.message
}

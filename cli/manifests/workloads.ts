// The pods in manifests: a Pod itself, or the template of a workload; and the pod that the API server would see for it.

import type { V1ObjectMeta, V1Pod } from '@kubernetes/client-node'
import { isRecord } from '../../peers/is-record.ts'
import { own } from '../../peers/own.ts'
import { type ManifestDocument, type ManifestProblem, place } from './manifest-files.ts'

/** A Kubernetes object in a document, or an item of a List in one. */
export type FoundObject = {
  readonly document: ManifestDocument
  /** Where in the document's value: [] or ['items', 3]. */
  readonly at: readonly (string | number)[]
  readonly kind: string
  readonly name: string
  /** Absent in the manifest: `default`. */
  readonly namespace: string
  readonly value: Readonly<Record<string, unknown>>
}

export type FoundPod = FoundObject & {
  /** Where the pod is in the object: [] for a Pod, else the path to its template. */
  readonly templateAt: readonly string[]
  /**
   * The pod as admission would see it: for a workload, with the metadata of its template, a generated name and its
   * owner.
   */
  readonly pod: V1Pod
  /** The second pod of a StatefulSet that has more than one. */
  readonly sibling?: V1Pod
}

const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  StatefulSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
}

/** Every object in the documents, Lists opened; what is no Kubernetes object is a problem. */
export function objectsOf(documents: readonly ManifestDocument[]): {
  objects: FoundObject[]
  problems: ManifestProblem[]
} {
  const objects: FoundObject[] = []
  const problems: ManifestProblem[] = []
  const visit = (document: ManifestDocument, value: unknown, at: readonly (string | number)[]) => {
    const where = `${place(document.file, document.index, document.line)}${at.length > 0 ? `, ${at.join('.')}` : ''}`
    if (!isRecord(value)) {
      problems.push({
        file: document.file,
        message: `${where}: found ${nameOf(value)}, expected a Kubernetes object (with apiVersion, kind and metadata)`,
      })
      return
    }
    const kind = value.kind
    if (typeof kind !== 'string' || typeof value.apiVersion !== 'string') {
      const missing = typeof kind === 'string' ? 'apiVersion' : 'kind'
      problems.push({
        file: document.file,
        message: `${where}: found an object without ${missing}, expected a Kubernetes object (with apiVersion, kind and metadata)`,
      })
      return
    }
    if (kind.endsWith('List') && Array.isArray(value.items)) {
      value.items.forEach((item, index) => {
        visit(document, item, [...at, 'items', index])
      })
      return
    }
    const metadata = isRecord(value.metadata) ? value.metadata : {}
    const name = textOr(metadata.name, textOr(metadata.generateName, ''))
    objects.push({ document, at, kind, name, namespace: textOr(metadata.namespace, 'default'), value })
  }
  for (const document of documents) visit(document, document.value, [])
  return { objects, problems }
}

/** The pods among the objects; one whose template cannot be a pod is a problem. */
export function podsOf(objects: readonly FoundObject[]): { pods: FoundPod[]; problems: ManifestProblem[] } {
  const pods: FoundPod[] = []
  const problems: ManifestProblem[] = []
  for (const object of objects) {
    const templateAt = own(templates, object.kind)
    if (!templateAt) continue
    const template = templateAt.reduce<unknown>(
      (value, key) => (isRecord(value) ? own(value, key) : undefined),
      object.value,
    )
    const wrong = faultOf(template, [...templateAt, 'spec', 'containers'].join('.'))
    if (wrong) {
      const { document } = object
      problems.push({
        file: document.file,
        message: `${place(document.file, document.index, document.line)}: ${object.kind} ${object.name}: ${wrong}`,
      })
      continue
    }
    const [pod, sibling] = podsIn(object, template as Record<string, unknown>)
    if (pod) pods.push({ ...object, templateAt, pod, ...(sibling ? { sibling } : {}) })
  }
  return { pods, problems }
}

function faultOf(template: unknown, path: string): string | undefined {
  const spec = isRecord(template) ? template.spec : undefined
  const containers = isRecord(spec) ? spec.containers : undefined
  if (!Array.isArray(containers) || containers.length === 0)
    return `found ${nameOf(containers)} at ${path}, expected a list with at least one container`
  const unnamed = containers.findIndex(container => !isRecord(container) || typeof container.name !== 'string')
  return unnamed < 0
    ? undefined
    : `found ${nameOf(containers[unnamed])} at ${path}[${unnamed}], expected a container with a name`
}

/**
 * The pod, and for a StatefulSet of several the next one as well: those have names, by which they may be given files of
 * their own.
 */
function podsIn(object: FoundObject, template: Record<string, unknown>): V1Pod[] {
  if (object.kind !== 'StatefulSet') return [podOf(object, template)]
  const spec = isRecord(object.value.spec) ? object.value.spec : {}
  const start = isRecord(spec.ordinals) && Number.isSafeInteger(spec.ordinals.start) ? Number(spec.ordinals.start) : 0
  const several = typeof spec.replicas === 'number' && spec.replicas > 1
  return (several ? [start, start + 1] : [start]).map(ordinal => podOf(object, template, ordinal))
}

function podOf(object: FoundObject, template: Record<string, unknown>, ordinal?: number): V1Pod {
  const own: V1ObjectMeta = isRecord(template.metadata) ? template.metadata : {}
  const metadata =
    object.kind === 'Pod'
      ? { ...own, namespace: object.namespace }
      : {
          ...own,
          namespace: object.namespace,
          generateName: `${object.name}-`,
          ...(ordinal === undefined ? {} : numbered(object.name, ordinal, own.labels)),
          ownerReferences: [ownerOf(object)],
        }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec as NonNullable<V1Pod['spec']> }
}

/** A Deployment's pods belong to a ReplicaSet, and a CronJob's to a Job. */
function ownerOf({ kind, name, value }: FoundObject): NonNullable<V1ObjectMeta['ownerReferences']>[number] {
  const between: Readonly<Record<string, string>> = { Deployment: 'ReplicaSet', CronJob: 'Job' }
  const owner = own(between, kind) ?? kind
  return { apiVersion: String(value.apiVersion), kind: owner, name, uid: '', controller: true }
}

/** As the StatefulSet controller names and labels its pods. */
function numbered(name: string, ordinal: number, labels: unknown): Pick<V1ObjectMeta, 'name' | 'labels'> {
  const pod = `${name}-${ordinal}`
  const own = isRecord(labels) ? (labels as Record<string, string>) : {}
  return {
    name: pod,
    labels: { ...own, 'apps.kubernetes.io/pod-index': String(ordinal), 'statefulset.kubernetes.io/pod-name': pod },
  }
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'object'
    ? 'an object without a name'
    : `${typeof value === 'string' ? 'the text' : `the ${typeof value}`} ${JSON.stringify(value)}`
}

// AdmissionReview v1 (admission.k8s.io): parsing what an API server sends, and the only constructors of what it is
// answered.
import type { V1Pod } from '@kubernetes/client-node'
import { shortened } from '../peers/shortened.ts'
import type { PatchOperation } from './decide/decision.ts'

/** The part of a request that repeer looks at. */
export type AdmissionRequest = {
  readonly uid: string
  readonly operation: string
  readonly namespace: string
  readonly dryRun: boolean
  /** The pod to be created; undefined for every other request, which is let in as it is. */
  readonly pod: V1Pod | undefined
}

/** What goes along with every answer. */
export type Remarks = {
  /** Shown to whoever creates the pod. Shortened and cleaned here. */
  readonly warnings?: readonly string[]
  /** For the API server's audit log; keys get the webhook's name as a prefix there. */
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

export type AdmissionAnswer = {
  readonly apiVersion: typeof apiVersion
  readonly kind: typeof kind
  readonly response: {
    readonly uid: string
    readonly allowed: true
    readonly patchType?: 'JSONPatch'
    readonly patch?: string
    readonly warnings?: readonly string[]
    readonly auditAnnotations?: Readonly<Record<string, string>>
  }
}

/** A request that is no AdmissionReview v1. The message says what was found, what was expected, and names the field. */
export class MalformedReview extends Error {}

const apiVersion = 'admission.k8s.io/v1'
const kind = 'AdmissionReview'
/**
 * Kubernetes' advice for each warning (dynamic admission control, "Response"); API servers drop more than 4096
 * characters in all.
 */
const warningLength = 256

/**
 * Throws MalformedReview for anything that is not an AdmissionReview v1 with a request, or whose pod lacks the shape of
 * one.
 */
export function parseReview(body: unknown): AdmissionRequest {
  const review = record(body, 'the body')
  if (review.apiVersion !== apiVersion) malformed('apiVersion', review.apiVersion, `"${apiVersion}"`)
  if (review.kind !== kind) malformed('kind', review.kind, `"${kind}"`)
  const request = record(review.request, 'request')
  const uid = text(request.uid, 'request.uid')
  if (uid === '' || uid.length > 256) malformed('request.uid', uid, 'a string of 1 to 256 characters')
  const operation = text(request.operation, 'request.operation')
  const resource = record(request.resource, 'request.resource')
  const named = `${text(resource.group ?? '', 'request.resource.group')}/${text(resource.resource, 'request.resource.resource')}`
  const subResource = text(request.subResource ?? '', 'request.subResource')
  const namespace = text(request.namespace ?? '', 'request.namespace')
  const dryRun = request.dryRun ?? false
  if (typeof dryRun !== 'boolean') malformed('request.dryRun', dryRun, 'true or false')
  const createsPod = operation === 'CREATE' && named === '/pods' && subResource === ''
  if (createsPod && namespace === '') malformed('request.namespace', namespace, 'the name of a namespace')
  return { uid, operation, namespace, dryRun, pod: createsPod ? pod(request.object) : undefined }
}

/** Let in as it is. */
export function allow(uid: string, remarks: Remarks = {}): AdmissionAnswer {
  return { apiVersion, kind, response: { uid, allowed: true, ...remarksPart(remarks) } }
}

/** Let in with changes; an empty patch is left out. */
export function allowPatched(uid: string, patch: readonly PatchOperation[], remarks: Remarks = {}): AdmissionAnswer {
  if (patch.length === 0) return allow(uid, remarks)
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64')
  return {
    apiVersion,
    kind,
    response: { uid, allowed: true, patchType: 'JSONPatch', patch: encoded, ...remarksPart(remarks) },
  }
}

function remarksPart({
  warnings = [],
  auditAnnotations = {},
}: Remarks): Pick<AdmissionAnswer['response'], 'warnings' | 'auditAnnotations'> {
  return {
    ...(warnings.length > 0 ? { warnings: warnings.map(warningText) } : {}),
    ...(Object.keys(auditAnnotations).length > 0 ? { auditAnnotations } : {}),
  }
}

/** A warning travels in an HTTP header: one line, no control characters. */
function warningText(warning: string): string {
  return shortened(warning.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim(), warningLength)
}

/** Checks what the rest of repeer relies on. An API server sends nothing else; whoever finds the port might. */
function pod(object: unknown): V1Pod {
  const at = 'request.object'
  const found = record(object, at)
  if (found.kind !== undefined && found.kind !== 'Pod') malformed(`${at}.kind`, found.kind, '"Pod"')
  const metadata = record(found.metadata ?? {}, `${at}.metadata`)
  texts(metadata.annotations, `${at}.metadata.annotations`)
  texts(metadata.labels, `${at}.metadata.labels`)
  const spec = record(found.spec, `${at}.spec`)
  if (!Array.isArray(spec.containers) || spec.containers.length === 0)
    malformed(`${at}.spec.containers`, spec.containers, 'a list with at least one container')
  containers(spec.containers, `${at}.spec.containers`)
  containers(spec.initContainers, `${at}.spec.initContainers`)
  for (const [index, volume] of list(spec.volumes, `${at}.spec.volumes`).entries()) {
    text(record(volume, `${at}.spec.volumes[${index}]`).name, `${at}.spec.volumes[${index}].name`)
  }
  return object as V1Pod
}

function containers(value: unknown, at: string): void {
  for (const [index, element] of list(value, at).entries()) {
    const here = `${at}[${index}]`
    const container = record(element, here)
    text(container.name, `${here}.name`)
    for (const field of ['command', 'args'] as const) {
      for (const [place, word] of list(container[field], `${here}.${field}`).entries())
        text(word, `${here}.${field}[${place}]`)
    }
    for (const field of ['env', 'envFrom', 'volumeMounts', 'ports'] as const) {
      for (const [place, item] of list(container[field], `${here}.${field}`).entries())
        record(item, `${here}.${field}[${place}]`)
    }
  }
}

function texts(value: unknown, at: string): void {
  for (const [key, entry] of Object.entries(record(value ?? {}, at))) text(entry, `${at}[${shown(key)}]`)
}

function list(value: unknown, at: string): unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : malformed(at, value, 'a list')
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(at, value, 'a JSON object')
  return value as Record<string, unknown>
}

function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : malformed(at, value, 'a string')
}

function malformed(at: string, found: unknown, expected: string): never {
  throw new MalformedReview(`${at}: found ${shown(found)}, expected ${expected}`)
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return shortened(JSON.stringify(value), 60)
}

// The objects of the stand-in for the API server: in memory, each write with a version of its own, and what happened
// since, for watches.
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Resource } from './api-resources.ts'

export type Stored = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: unknown
  }
  readonly [field: string]: unknown
}

/** What a client sends: `metadata` with a name at least, checked by `create` and `replace`. */
export type Given = {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string }
  readonly [field: string]: unknown
}

export type Change = {
  readonly version: number
  readonly resource: Resource
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: Stored
  /** What it was before; a selector may have matched that and not match the object any more. */
  readonly previous: Stored | undefined
}

/** An answer other than the object: what Kubernetes sends as a Status. */
export class StatusError extends Error {
  readonly code: number
  readonly reason: string
  constructor(code: number, reason: string, message: string) {
    super(message)
    this.code = code
    this.reason = reason
  }
}

/** Changes that are remembered; a watch from an older version gets 410. */
const historyLength = 10_000

export type Store = ReturnType<typeof createStore>

/** @param now milliseconds since 1970 */
export function createStore(now: () => number) {
  const objects = new Map<string, { resource: Resource; object: Stored }>()
  const listeners = new Set<(change: Change) => void>()
  let history: Change[] = []
  let version = 1
  let oldest = 1

  const keyOf = (resource: Resource, namespace: string, name: string) => `${resource.plural}/${namespace}/${name}`
  const missing = (resource: Resource, name: string) =>
    new StatusError(404, 'NotFound', `${resource.plural} "${name}" not found`)

  function record(resource: Resource, type: Change['type'], object: Stored, previous: Stored | undefined): void {
    const change = { version, resource, type, object, previous }
    history.push(change)
    if (history.length > historyLength) oldest = (history.shift()?.version ?? 0) + 1
    for (const listener of listeners) listener(change)
  }

  function write(
    resource: Resource,
    namespace: string,
    name: string,
    given: Given,
    previous: Stored | undefined,
  ): Stored {
    const metadata = {
      ...given.metadata,
      name,
      ...(resource.namespaced ? { namespace } : {}),
      uid: previous?.metadata.uid ?? randomUUID(),
      creationTimestamp: previous?.metadata.creationTimestamp ?? new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    }
    const { stringData, ...fields } = given
    const data =
      resource.kind === 'Secret' && stringData ? { data: { ...(given.data as object), ...encoded(stringData) } } : {}
    const written = { ...fields, ...data, apiVersion: resource.apiVersion, kind: resource.kind }
    if (previous) {
      const same = { ...written, metadata: { ...metadata, resourceVersion: previous.metadata.resourceVersion } }
      if (isDeepStrictEqual(same, previous)) return previous
    }
    version++
    const object = structuredClone({ ...written, metadata: { ...metadata, resourceVersion: String(version) } })
    objects.set(keyOf(resource, namespace, name), { resource, object })
    record(resource, previous ? 'MODIFIED' : 'ADDED', object, previous)
    return object
  }

  return {
    version: () => String(version),
    get(resource: Resource, namespace: string, name: string): Stored {
      const found = objects.get(keyOf(resource, namespace, name))
      if (!found) throw missing(resource, name)
      return found.object
    },
    /** Sorted by namespace and name. */
    list(resource: Resource, namespace: string): Stored[] {
      return [...objects]
        .filter(
          ([, stored]) =>
            stored.resource === resource && (namespace === '' || stored.object.metadata.namespace === namespace),
        )
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, stored]) => stored.object)
    },
    create(resource: Resource, namespace: string, given: Given): Stored {
      const name = given.metadata?.name
      if (!name) throw new StatusError(422, 'Invalid', 'metadata.name: found nothing, expected a name')
      if (objects.has(keyOf(resource, namespace, name)))
        throw new StatusError(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`)
      return write(resource, namespace, name, given, undefined)
    },
    /** Refused where `given` states another resourceVersion than the present one. */
    replace(resource: Resource, namespace: string, name: string, given: Given): Stored {
      const present = objects.get(keyOf(resource, namespace, name))?.object
      if (!present) throw missing(resource, name)
      const based = given.metadata?.resourceVersion
      if (based && based !== present.metadata.resourceVersion)
        throw new StatusError(
          409,
          'Conflict',
          `${resource.plural} "${name}": the object has been modified; please apply your changes to the latest version`,
        )
      return write(resource, namespace, name, given, present)
    },
    delete(resource: Resource, namespace: string, name: string): Stored {
      const present = objects.get(keyOf(resource, namespace, name))?.object
      if (!present) throw missing(resource, name)
      objects.delete(keyOf(resource, namespace, name))
      version++
      const last = { ...present, metadata: { ...present.metadata, resourceVersion: String(version) } }
      record(resource, 'DELETED', last, present)
      return last
    },
    /** What changed after this version; undefined where that is no longer known. */
    since(from: number): Change[] | undefined {
      return from + 1 < oldest ? undefined : history.filter(change => change.version > from)
    },
    /** Forgets what happened: no version that a client has seen is known any more. */
    forget(): void {
      version++
      oldest = version + 1
      history = []
    },
    listen(listener: (change: Change) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function encoded(stringData: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stringData as object).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]),
  )
}

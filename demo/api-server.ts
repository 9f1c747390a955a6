// A stand-in for the Kubernetes API server, for the demo and the tests: a few kinds of objects over plain HTTP on
// loopback, with list, watch, create, replace, patch and delete as Kubernetes has them. It validates nothing, knows no
// users, and calls no webhooks.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { KubernetesObject } from '@kubernetes/client-node'
import { patched } from './api-patch.ts'
import { type Resource, resources, selectorOf, type Target, targetOf } from './api-resources.ts'
import { createStore, type Given, StatusError, type Stored } from './api-store.ts'
import { createWatches } from './api-watch.ts'
import { withManager } from './managed-fields.ts'

export type ApiServer = {
  readonly url: string
  /** The text of a kubeconfig file for it. */
  readonly kubeconfig: string
  /** Creates or replaces, whatever the resourceVersion. */
  put(object: KubernetesObject): Promise<void>
  /** Undefined where there is none. `namespace` is for namespaced kinds. */
  get<T extends KubernetesObject>(kind: string, name: string, namespace?: string): Promise<T | undefined>
  delete(kind: string, name: string, namespace?: string): Promise<void>
  /** Cuts the connections of all watches. */
  dropWatches(): void
  /** Ends all watches with 410 and forgets what happened, so that clients have to list again. */
  expire(): void
  /** Answers every request with this status from now on; undefined: as usual again. */
  refuse(status: number | undefined): void
  close(): Promise<void>
}

export type ApiServerOptions = {
  readonly version?: string
  readonly bookmarkMs?: number
  readonly now?: () => number
  readonly onRequest?: (method: string, url: string) => void
}

/** Listens on a free port of 127.0.0.1. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { version = 'v1.36.0', bookmarkMs = 60_000, now = Date.now, onRequest } = options
  const store = createStore(now)
  const watches = createWatches(store, bookmarkMs)
  let refused: number | undefined

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    onRequest?.(method, url)
    if (refused) throw new StatusError(refused, 'Refused', 'refused, as asked for')
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname === '/version') {
      const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? []
      return send(response, 200, { major, minor, gitVersion: version })
    }
    const target = targetOf(pathname)
    if (!target)
      throw new StatusError(
        404,
        'NotFound',
        `found ${pathname}, expected one of ${resources.map(known => known.plural).join(', ')}`,
      )
    if (method === 'GET' && searchParams.get('watch') === 'true') return watches.start(target, searchParams, response)
    if (method === 'GET' && target.name === '') return send(response, 200, page(target, searchParams))
    if (method === 'GET') return send(response, 200, store.get(target.resource, target.namespace, target.name))
    if (method === 'DELETE' && target.name !== '')
      return send(response, 200, store.delete(target.resource, target.namespace, target.name))
    const [status, object] = change(
      method,
      target,
      request.headers['content-type'] ?? '',
      searchParams.get('fieldManager') ?? '',
      parsed(await text(request)),
    )
    send(response, status, object)
  }

  function change(
    method: string,
    target: Target,
    contentType: string,
    manager: string,
    body: unknown,
  ): [status: number, object: Stored] {
    const { resource, namespace, name } = target
    if (method === 'POST' && name === '') {
      if (resource.namespaced) store.get(kindOf('Namespace'), '', namespace)
      return [201, store.create(resource, namespace, body as Given)]
    }
    if (method === 'PUT' && name !== '') return [200, store.replace(resource, namespace, name, body as Given)]
    if (method === 'PATCH' && name !== '') {
      const kind = contentType.split(';')[0]?.trim() ?? ''
      if (kind === 'application/apply-patch+yaml') return applied(target, manager, body as Given)
      return [
        200,
        store.replace(resource, namespace, name, patched<Given>(store.get(resource, namespace, name), kind, body)),
      ]
    }
    throw new StatusError(405, 'MethodNotAllowed', `found ${method}, expected GET, POST, PUT, PATCH or DELETE`)
  }

  /**
   * Server-side apply: what is stated is set and its manager noted; nothing is taken away, nothing conflicts. The body
   * has to be JSON.
   */
  function applied(
    { resource, namespace, name }: Target,
    manager: string,
    body: Given,
  ): [status: number, object: Stored] {
    const present = store.list(resource, namespace).find(object => object.metadata.name === name)
    const stated = {
      ...body,
      metadata: { ...body.metadata, managedFields: withManager(present?.metadata.managedFields, manager, body) },
    }
    if (!present) return [201, store.create(resource, namespace, stated)]
    return [
      200,
      store.replace(resource, namespace, name, patched<Given>(present, 'application/merge-patch+json', stated)),
    ]
  }

  /**
   * `continue` is the place of the next object, and the version it was given at: after a change of the collection it
   * has expired.
   */
  function page({ resource, namespace }: Target, query: URLSearchParams): unknown {
    const [given, offset = '0'] = (query.get('continue') ?? '').split(':')
    if (given && given !== store.version()) throw new StatusError(410, 'Expired', 'the continue token has expired')
    const all = store.list(resource, namespace).filter(selectorOf(query))
    const start = Number(offset)
    const limit = Number(query.get('limit') || '0') || all.length
    const more = start + limit < all.length ? { continue: `${store.version()}:${start + limit}` } : {}
    return {
      kind: `${resource.kind}List`,
      apiVersion: resource.apiVersion,
      metadata: { resourceVersion: store.version(), ...more },
      items: all.slice(start, start + limit),
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const known = error instanceof StatusError ? error : new StatusError(500, 'InternalError', String(error))
      const { code, reason, message } = known
      send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    kubeconfig: kubeconfigFor(url),
    put: async object => {
      const resource = kindOf(object.kind ?? '')
      const namespace = resource.namespaced ? (object.metadata?.namespace ?? 'default') : ''
      const name = object.metadata?.name ?? ''
      const { resourceVersion: _, ...metadata } = object.metadata ?? {}
      const given: Given = { ...object, metadata }
      if (store.list(resource, namespace).some(object => object.metadata.name === name))
        store.replace(resource, namespace, name, given)
      else store.create(resource, namespace, given)
    },
    get: async <T extends KubernetesObject>(kind: string, name: string, namespace = '') => {
      const found = store.list(kindOf(kind), namespace).find(object => object.metadata.name === name)
      return structuredClone(found) as unknown as T | undefined
    },
    delete: async (kind, name, namespace = '') => {
      store.delete(kindOf(kind), namespace, name)
    },
    dropWatches: watches.drop,
    expire: () => {
      store.forget()
      watches.expire()
    },
    refuse: status => {
      refused = status
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function kindOf(kind: string): Resource {
  const resource = resources.find(candidate => candidate.kind === kind)
  if (!resource)
    throw new Error(`found kind "${kind}", expected one of ${resources.map(known => known.kind).join(', ')}`)
  return resource
}

function parsed(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Answered below, as anything else that is no object.
  }
  throw new StatusError(400, 'BadRequest', 'found a body that is no JSON object')
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** Plain HTTP: client-node wants that to be said. JSON is YAML. */
function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stand-in', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'stand-in', user: { token: 'stand-in' } }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'stand-in' } }],
    'current-context': 'stand-in',
  })
}

// The stores (store.ts) with the Kubernetes API. Permissions: Secret get, create, update; MutatingWebhookConfiguration get, patch.
import {
  AdmissionregistrationV1Api,
  ApiException,
  CoreV1Api,
  type KubeConfig,
  Observable,
  type ObservableMiddleware,
  PatchStrategy,
  setHeaderOptions,
  type V1MutatingWebhookConfiguration,
} from '@kubernetes/client-node'
import type { SecretData } from './secret.ts'
import type { BundleStore, SecretStore, StoredBundles } from './store.ts'

/** Longer than an API server under load takes to answer, short enough that a dead connection costs one look only. */
const requestTimeoutMs = 15_000

/** The Secret `name` in `namespace`. One that exists keeps its type, labels and annotations; a new one is of type kubernetes.io/tls. */
export function secretStore(config: KubeConfig, namespace: string, name: string): SecretStore {
  const api = config.makeApiClient(CoreV1Api)
  const read = () => unless([404], api.readNamespacedSecret({ namespace, name }, deadline()))
  return {
    async get() {
      const secret = await read()
      return secret && { version: secret.metadata?.resourceVersion ?? '', data: mapValues(secret.data ?? {}, decode) }
    },
    async createIfAbsent(data) {
      const metadata = { name, namespace, labels: { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'webhook' } }
      const body = { metadata, type: 'kubernetes.io/tls', data: mapValues(data, encode) }
      return (await unless([409], api.createNamespacedSecret({ namespace, body }, deadline()))) !== undefined
    },
    async update(version, data) {
      const secret = await read()
      if (!secret || secret.metadata?.resourceVersion !== version) return false
      // The API refuses (409) what is based on another resourceVersion than its own, so nothing is lost between the read and this write.
      const body = { ...secret, data: mapValues(data, encode) }
      return (await unless([404, 409], api.replaceNamespacedSecret({ namespace, name, body }, deadline()))) !== undefined
    },
  }
}

/** The caBundles of the MutatingWebhookConfiguration `name`. */
export function bundleStore(config: KubeConfig, name: string): BundleStore {
  const api = config.makeApiClient(AdmissionregistrationV1Api)
  const read = async () => {
    const configuration = await unless([404], api.readMutatingWebhookConfiguration({ name }, deadline()))
    return configuration && storedBundles(configuration)
  }
  return {
    read,
    async patch(seen, bundle) {
      const options = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch, deadline())
      const patched = api.patchMutatingWebhookConfiguration({ name, body: bundlePatch(seen, bundle) }, options)
      if ((await unless([404, 409, 422], patched)) !== undefined) return true
      // A `test` that fails is answered with 422, as is a patch that is refused for what it says; the version tells them apart.
      const present = await read()
      if (present?.version !== seen.version) return false
      throw new Error(`The API server refuses the caBundle for MutatingWebhookConfiguration ${name}, which has not changed meanwhile.`)
    },
  }
}

type Operation = { readonly op: 'test' | 'add'; readonly path: string; readonly value: string }

/** A JSON Patch that sets each webhook's caBundle, and fails as a whole if the configuration is not the one that was read. */
function bundlePatch(seen: StoredBundles, bundle: string): Operation[] {
  const value = encode(bundle)
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.version },
    ...seen.webhooks.flatMap(({ name }, index): Operation[] => [
      { op: 'test', path: `/webhooks/${index}/name`, value: name },
      // `add` replaces what is there (RFC 6902, 4.1).
      { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
    ]),
  ]
}

function storedBundles(configuration: V1MutatingWebhookConfiguration): StoredBundles {
  return {
    version: configuration.metadata?.resourceVersion ?? '',
    webhooks: (configuration.webhooks ?? []).map(({ name, clientConfig }) => ({ name, caBundle: decode(clientConfig.caBundle ?? '') })),
  }
}

/** The answer, or undefined for one of these HTTP status codes. Other errors say in one line what the API answered. */
async function unless<T>(codes: readonly number[], answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ApiException)) throw error
    if (codes.includes(error.code)) return undefined
    throw new Error(`The API server answers ${error.code}: ${reasonOf(error.body)}`, { cause: error })
  }
}

/** The message of a Status object, which the client passes on as text or parsed. */
function reasonOf(body: unknown): string {
  if (typeof body === 'string') {
    try {
      return reasonOf(JSON.parse(body))
    } catch {
      return body.slice(0, 500)
    }
  }
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined
  return typeof message === 'string' ? message : 'no reason given'
}

function deadline(): { middleware: ObservableMiddleware[]; middlewareMergeStrategy: 'append' } {
  const middleware: ObservableMiddleware = {
    pre: request => {
      request.setSignal(AbortSignal.timeout(requestTimeoutMs))
      return new Observable(Promise.resolve(request))
    },
    post: response => new Observable(Promise.resolve(response)),
  }
  return { middleware: [middleware], middlewareMergeStrategy: 'append' }
}

function mapValues(data: Readonly<Record<string, string>>, map: (value: string) => string): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, map(value)]))
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}

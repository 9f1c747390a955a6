// The stores (store.ts) with the Kubernetes API. Permissions: Secret get, create, update; MutatingWebhookConfiguration
// get, list, watch, patch.
import type { KubeConfig, V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node'
import { apiRequest } from '../kubernetes/api-request.ts'
import type { Log } from './certificates.ts'
import { followBundles } from './follow-bundles.ts'
import type { SecretData } from './secret.ts'
import type { BundleStore, SecretStore, StoredBundles } from './store.ts'

/**
 * The Secret `name` in `namespace`. One that exists keeps its type, labels and annotations; a new one is of type
 * kubernetes.io/tls.
 */
export function secretStore(config: KubeConfig, namespace: string, name: string): SecretStore {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  const path = `${collection}/${encodeURIComponent(name)}`
  const read = async () => (await apiRequest(config, { method: 'GET', path, expected: [404] })) as V1Secret | undefined
  return {
    async get() {
      const secret = await read()
      return secret && { version: secret.metadata?.resourceVersion ?? '', data: mapValues(secret.data ?? {}, decode) }
    },
    async createIfAbsent(data) {
      const metadata = {
        name,
        namespace,
        labels: { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'webhook' },
      }
      const body = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: 'kubernetes.io/tls',
        data: mapValues(data, encode),
      }
      return (await apiRequest(config, { method: 'POST', path: collection, body, expected: [409] })) !== undefined
    },
    async update(version, data) {
      const secret = await read()
      if (!secret || secret.metadata?.resourceVersion !== version) return false
      // The API refuses (409) what is based on another resourceVersion than its own, so nothing is lost between the
      // read and this write.
      const body = { ...secret, data: mapValues(data, encode) }
      return (await apiRequest(config, { method: 'PUT', path, body, expected: [404, 409] })) !== undefined
    },
  }
}

/** The caBundles of the MutatingWebhookConfiguration `name`. With a log their changes are followed. */
export function bundleStore(config: KubeConfig, name: string, log?: Pick<Log, 'warn'>): BundleStore {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`
  const read = async () => {
    const configuration = await apiRequest(config, { method: 'GET', path, expected: [404] })
    return configuration === undefined ? undefined : storedBundles(configuration as V1MutatingWebhookConfiguration)
  }
  return {
    read,
    ...(log
      ? { follow: (signal: AbortSignal, changed: () => void) => followBundles(config, { name, log, signal, changed }) }
      : {}),
    async patch(seen, bundle) {
      const contentType = 'application/json-patch+json'
      const body = bundlePatch(seen, bundle)
      if (
        (await apiRequest(config, { method: 'PATCH', path, body, contentType, expected: [404, 409, 422] })) !==
        undefined
      )
        return true
      // A `test` that fails is answered with 422, as is a patch that is refused for what it says; the version tells
      // them apart.
      const present = await read()
      if (present?.version !== seen.version) return false
      throw new Error(
        `The API server refuses the caBundle for MutatingWebhookConfiguration ${name}, which has not changed meanwhile.`,
      )
    },
  }
}

type Operation = { readonly op: 'test' | 'add'; readonly path: string; readonly value: string }

/**
 * A JSON Patch that sets each webhook's caBundle, and fails as a whole if the configuration is not the one that was
 * read.
 */
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
    webhooks: (configuration.webhooks ?? []).map(({ name, clientConfig }) => ({
      name,
      caBundle: decode(clientConfig.caBundle ?? ''),
    })),
  }
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

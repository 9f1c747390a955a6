// Which resources the stand-in for the API server has, and which of them a URL means.

export type Resource = {
  readonly plural: string
  readonly kind: string
  readonly apiVersion: string
  readonly namespaced: boolean
}

export const resources: readonly Resource[] = [
  { plural: 'namespaces', kind: 'Namespace', apiVersion: 'v1', namespaced: false },
  { plural: 'configmaps', kind: 'ConfigMap', apiVersion: 'v1', namespaced: true },
  { plural: 'secrets', kind: 'Secret', apiVersion: 'v1', namespaced: true },
  { plural: 'pods', kind: 'Pod', apiVersion: 'v1', namespaced: true },
  { plural: 'services', kind: 'Service', apiVersion: 'v1', namespaced: true },
  { plural: 'peersets', kind: 'PeerSet', apiVersion: 'repeer.dev/v1alpha1', namespaced: true },
  { plural: 'stellarnodes', kind: 'StellarNode', apiVersion: 'stellar.org/v1alpha1', namespaced: true },
  { plural: 'endpointslices', kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', namespaced: true },
  { plural: 'leases', kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', namespaced: true },
  {
    plural: 'mutatingwebhookconfigurations',
    kind: 'MutatingWebhookConfiguration',
    apiVersion: 'admissionregistration.k8s.io/v1',
    namespaced: false,
  },
]

export type Target = {
  readonly resource: Resource
  /** Empty for cluster-scoped resources, and for a namespaced one over all namespaces. */
  readonly namespace: string
  /** Empty for the collection. */
  readonly name: string
}

/**
 * /api/v1/... or /apis/GROUP/VERSION/..., with namespaces/NAMESPACE where it is namespaced; undefined for anything
 * else. The subresource status is taken for the object.
 */
export function targetOf(pathname: string): Target | undefined {
  const match =
    /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)(?:\/status)?)?$/.exec(
      pathname,
    )
  if (!match) return undefined
  const apiVersion = match[1] ?? match[2]
  const namespace = decodeURIComponent(match[3] ?? '')
  const name = decodeURIComponent(match[5] ?? '')
  const resource = resources.find(candidate => candidate.apiVersion === apiVersion && candidate.plural === match[4])
  if (
    !resource ||
    (namespace !== '' && !resource.namespaced) ||
    (name !== '' && resource.namespaced && namespace === '')
  )
    return undefined
  return { resource, namespace, name }
}

/**
 * A label selector (a=b, a==b, a!=b, a, !a, separated by commas) or a field selector on metadata.name and
 * metadata.namespace.
 */
export function selectorOf(query: URLSearchParams): (object: Selectable) => boolean {
  const labels = terms(query.get('labelSelector'))
  const fields = terms(query.get('fieldSelector'))
  return ({ metadata }) =>
    labels.every(term => term(name => metadata.labels?.[name])) &&
    fields.every(term =>
      term(name =>
        name === 'metadata.name' ? metadata.name : name === 'metadata.namespace' ? metadata.namespace : undefined,
      ),
    )
}

type Selectable = {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}
type Term = (lookUp: (name: string) => string | undefined) => boolean

function terms(selector: string | null): Term[] {
  return (selector ?? '')
    .split(',')
    .map(term => term.trim())
    .filter(term => term !== '')
    .map(term => {
      const match = /^(!?)([^=!]+?)(?:\s*(!=|==?)\s*(.*))?$/.exec(term)
      if (!match) return () => false
      const [, not, name = '', operator, value] = match
      if (!operator) return lookUp => (lookUp(name) !== undefined) === (not === '')
      return lookUp => (lookUp(name) === value) === (operator !== '!=')
    })
}

// The namespaces that `repeer check` looks at, and whether they have opted in.
import { optIn } from '../../peers/pod.ts'
import { type Cluster, isStatus } from './cluster-access.ts'
import { ClusterError, messageOf } from './cluster-error.ts'

/** The part of a Namespace that is read. */
export type NamespaceObject = {
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: readonly { readonly time?: string; readonly fieldsV1?: unknown }[]
  }
}

/** The API's path of a namespace. */
export function namespacePath(name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(name)}`
}

/** Null where that is not known, since the namespace may not be read. */
export function isOptedIn({ metadata }: NamespaceObject): boolean | null {
  return metadata.labels === undefined ? null : metadata.labels[optIn.label] === optIn.value
}

/** All namespaces that have opted in. Throws ClusterError that names the permission where they may not be listed. */
export async function optedInNamespaces(cluster: Cluster): Promise<NamespaceObject[]> {
  try {
    const all = await cluster.list<NamespaceObject>('/api/v1/namespaces')
    return all.filter(namespace => isOptedIn(namespace))
  } catch (error) {
    if (!isStatus(error, 403)) throw error
    throw new ClusterError(
      `namespaces may not be listed; expected the permission list on namespaces, or --namespace NS instead of --all-namespaces: ${messageOf(error)}`,
    )
  }
}

/**
 * The namespace of this name. Where it may not be read, its name alone, and a line in `notes` that says so. Throws an
 * Error where there is none.
 */
export async function namespaceNamed(cluster: Cluster, name: string, notes: string[]): Promise<NamespaceObject> {
  try {
    return (await cluster.get(namespacePath(name))) as NamespaceObject
  } catch (error) {
    if (isStatus(error, 404)) throw new Error(`found no namespace ${name}; see kubectl get namespaces`)
    if (!isStatus(error, 403)) throw error
    notes.push(
      `namespace ${name} may not be read (permission get on namespaces): pods without the sidecar are not looked at`,
    )
    return { metadata: { name } }
  }
}

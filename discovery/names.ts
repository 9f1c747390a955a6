// Names that discovery has in the cluster.

export const peerSets = {
  apiVersion: 'repeer.dev/v1alpha1',
  kind: 'PeerSet',
  path: '/apis/repeer.dev/v1alpha1',
} as const

/** An owner reference to a PeerSet: what it has goes with it, and nothing waits for that. */
export function ownerOf({ name, uid }: { readonly name: string; readonly uid: string }): object {
  return {
    apiVersion: peerSets.apiVersion,
    kind: peerSets.kind,
    name,
    uid,
    controller: false,
    blockOwnerDeletion: false,
  }
}

/** On a ConfigMap: the PeerSet that may take a key over which somebody else has written. */
export const handOverTo = 'repeer.dev/hand-over-to'
/** On every ConfigMap that a PeerSet writes: so all of them are followed with one watch. */
export const outputLabel = { name: 'repeer.dev/peer-list', value: 'discovered' } as const

/**
 * Shown by `kubectl get --show-managed-fields`; one for each PeerSet, so that two with one ConfigMap do not take each
 * other's keys away.
 */
export const fieldManager = 'repeer-discovery'

/** On every Service on which a PeerSet has ports: so all of them are followed with one watch. */
export const serviceLabel = { name: 'repeer.dev/exposes', value: 'chains' } as const
/** Of Kubernetes: who cares for an EndpointSlice. */
export const sliceManager = { name: 'endpointslice.kubernetes.io/managed-by', value: 'repeer.dev' } as const
/** On an EndpointSlice: the PeerSet, of the same namespace, that it is made for. */
export const peerSetLabel = 'repeer.dev/peer-set'

// The one place where a PeerSet's source is chosen.
import type { SourceSpec } from '../peer-set.ts'
import type { Source, SourceParts } from '../source.ts'
import { podsSource } from './pods.ts'
import { servicesSource } from './services.ts'
import { staticSource } from './static.ts'
import { stellarNodesSource } from './stellar-nodes.ts'

export type CreateSource = (spec: SourceSpec, parts: SourceParts) => Source

/** Throws an Error that says what is wrong with the spec. */
export const createSource: CreateSource = (spec, parts) => {
  switch (spec.kind) {
    case 'services':
      return servicesSource(spec.services, parts)
    case 'pods':
      return podsSource(spec.pods, parts)
    case 'stellarNodes':
      return stellarNodesSource(spec.stellarNodes, parts)
    case 'validators':
      throw new Error('source validators: this version does not have it')
    case 'static':
      return staticSource(spec.peers)
  }
}

// The one place where a PeerSet's source is chosen.
import type { SourceSpec } from '../peer-set.ts'
import type { Source, SourceParts } from '../source.ts'
import { podsSource } from './pods.ts'
import { servicesSource } from './services.ts'
import { staticSource } from './static.ts'
import { stellarNodesSource } from './stellar-nodes.ts'
import { createProviders, type Providers } from './validators/provider.ts'
import { validatorsSource } from './validators/source.ts'

export type CreateSource = (spec: SourceSpec, parts: SourceParts) => Source

/**
 * The result throws an Error that says what is wrong with the spec. PeerSets of one provider chain share its
 * connections.
 */
export function sources(): CreateSource {
  let providers: Providers | undefined
  return (spec, parts) => {
    switch (spec.kind) {
      case 'services':
        return servicesSource(spec.services, parts)
      case 'pods':
        return podsSource(spec.pods, parts)
      case 'stellarNodes':
        return stellarNodesSource(spec.stellarNodes, parts)
      case 'validators':
        providers ??= createProviders(parts)
        return validatorsSource(spec.validators, parts, providers)
      case 'static':
        return staticSource(spec.peers)
    }
  }
}

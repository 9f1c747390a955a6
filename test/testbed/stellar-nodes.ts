// StellarNode objects, without the operator that they are for.
import { apply, kubectl } from './install.ts'

/** On what belongs to all scenarios, so that none of them deletes it; who ran them on a cluster of the user's does. */
export const ofTests = 'repeer.dev/e2e'

/** As much of it as the seed document states. */
const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'stellarnodes.stellar.org', labels: { [ofTests]: 'true' } },
  spec: {
    group: 'stellar.org',
    scope: 'Namespaced',
    names: { kind: 'StellarNode', plural: 'stellarnodes', singular: 'stellarnode' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  nodeType: { type: 'string', enum: ['Validator', 'Horizon', 'SorobanRpc'] },
                  suspended: { type: 'boolean', default: false },
                  replicas: { type: 'integer', default: 1 },
                  validatorConfig: {
                    type: 'object',
                    properties: { seedSecretRef: { type: 'string' }, peerPort: { type: 'integer' } },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
}

/** Makes sure of the custom resource definition. */
export function installStellarNodes(): void {
  apply([crd])
  kubectl('wait', '--for=condition=Established', `crd/${crd.metadata.name}`, '--timeout=30s')
}

export function stellarNode(namespace: string, name: string, spec: object = {}) {
  const own = { nodeType: 'Validator', validatorConfig: { seedSecretRef: 'seed' }, ...spec }
  return { apiVersion: 'stellar.org/v1alpha1', kind: 'StellarNode', metadata: { name, namespace }, spec: own }
}

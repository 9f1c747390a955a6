// The facts of an installation in which nothing is wrong, for the tests of `repeer check --install`.

import { issueFresh } from '../../../certs/issue.ts'
import type { PodObject } from '../../../cli/cluster/pod-object.ts'
import type {
  AfterFacts,
  ChainFacts,
  CustomResource,
  Deployment,
  Policy,
  PolicyBinding,
  WebhookConfiguration,
} from '../../../cli/install/after/facts.ts'
import { baseManifests } from '../../../cli/install/base-manifests.ts'
import { baseObjects, type KubeObject } from '../../../cli/install/wanted.ts'

export const home = 'repeer-system'
export const image = 'registry.example.com/repeer@sha256:1'
export const now = Date.now()
const expected = baseObjects(baseManifests())

const ofKind = <T extends KubeObject>(kind: string) => expected.filter(object => object.kind === kind) as unknown as T[]

/** A Deployment of the manifests as it is once its rollout is over. */
export function deployment(name: string, more: Partial<Deployment['status']> = {}): Deployment {
  const text = JSON.stringify(ofKind<Deployment>('Deployment').find(({ metadata }) => metadata.name === name))
  const made = JSON.parse(
    text.replaceAll('--image=repeer', `--image=${image}`).replaceAll('"image":"repeer"', `"image":"${image}"`),
  ) as Deployment
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, ...more }
  return { ...made, metadata: { ...made.metadata, generation: 1 }, status }
}

/** A replica of one of repeer's programs. */
export function ownPod(name: string, component: 'webhook' | 'controller', more: Partial<PodObject> = {}): PodObject {
  const state = { running: { startedAt: '2026-11-21T08:00:00Z' } }
  return {
    metadata: {
      name,
      namespace: home,
      labels: { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': component },
    },
    spec: { containers: [{ name: component, image }] },
    status: { phase: 'Running', containerStatuses: [{ name: component, ready: true, state }] },
    ...more,
  }
}

export type Issued = { readonly cert: string; readonly ca: string }

/** For the webhook's Service, for 90 days from then. */
export function certificateFor(at = now): Promise<Issued> {
  return issueFresh({
    service: { name: 'repeer-webhook', namespace: home },
    now: at,
    lifetimeSeconds: 90 * 86_400,
    clockSkewSeconds: 3600,
  })
}

export function configuration(ca: string | undefined, place = home): WebhookConfiguration {
  const [made] = ofKind<WebhookConfiguration>('MutatingWebhookConfiguration')
  const webhooks = (made?.webhooks ?? []).map(webhook => ({
    ...webhook,
    clientConfig: {
      ...(ca === undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') }),
      service: { namespace: place, name: 'repeer-webhook', port: 443 },
    },
  }))
  return { ...(made as WebhookConfiguration), webhooks }
}

/** Freshly installed, and no namespace has opted in. */
export function installed({ cert, ca }: Issued): AfterFacts {
  const [resource] = ofKind<CustomResource>('CustomResourceDefinition')
  return {
    namespace: home,
    expected,
    configuration: { value: configuration(ca) },
    deployments: { value: [deployment('repeer-webhook'), deployment('repeer-controller')] },
    pods: { value: [ownPod('repeer-webhook-1-a', 'webhook'), ownPod('repeer-controller-1-a', 'controller')] },
    certificate: { value: { secret: 'repeer-webhook-tls', cert, ca } },
    readiness: { ready: true, missing: [], degraded: [] },
    leases: { value: [{ name: 'repeer-controller', holder: 'repeer-controller-1-a_12345678', isRenewed: true }] },
    customResource: {
      value: { ...(resource as CustomResource), status: { conditions: [{ type: 'Established', status: 'True' }] } },
    },
    policies: { value: ofKind<Policy>('ValidatingAdmissionPolicy') },
    bindings: { value: ofKind<PolicyBinding>('ValidatingAdmissionPolicyBinding') },
    namespaces: { value: [{ metadata: { name: home, labels: { 'kubernetes.io/metadata.name': home } } }] },
    chains: [],
    now,
  }
}

/** An opted-in namespace with these pods. */
export function chain(pods: readonly PodObject[], more: Partial<ChainFacts> = {}): ChainFacts {
  const made = {
    metadata: { annotations: { 'repeer.dev/plan': '{}' } },
    spec: { initContainers: [{ name: 'repeer' }] },
  }
  return {
    name: 'chain',
    pods: { value: pods },
    networkPolicies: { value: [] },
    trial: { as: 'taken', made },
    ...more,
  }
}

// What `repeer check --install` knows when it decides: read by read.ts, judged by the files beside it.
import type { NamespaceObject } from '../../cluster/namespaces.ts'
import type { PodObject } from '../../cluster/pod-object.ts'
import type { Known } from '../lines.ts'
import type { Trial } from '../read.ts'
import type { KubeObject, PodTemplate } from '../wanted.ts'

export type Deployment = KubeObject & {
  readonly metadata: { readonly generation?: number }
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
  }
}

export type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly {
    readonly name: string
    readonly failurePolicy?: string
    readonly clientConfig: {
      readonly url?: string
      readonly caBundle?: string
      readonly service?: { readonly namespace: string; readonly name: string; readonly port?: number }
    }
  }[]
}

/** Of the Secret with the webhook's certificate, what is public. PEM. */
export type CertificateFacts = { readonly secret: string; readonly cert: string; readonly ca: string }

/** What the webhook's /readyz answered through the API server; `unreachable` in the API server's words. */
export type Readiness =
  | { readonly ready: boolean; readonly missing: readonly string[]; readonly degraded: readonly string[] }
  | { readonly unreachable: string }
  | { readonly forbidden: string }

export type LeaseFacts = {
  readonly name: string
  /** Empty where it was given back. */
  readonly holder: string
  /** It was renewed while this looked, or just before. */
  readonly isRenewed: boolean
}

export type Policy = KubeObject & {
  readonly spec?: { readonly matchConditions?: readonly { readonly expression: string }[] }
  readonly status?: {
    readonly typeChecking?: { readonly expressionWarnings?: readonly { readonly warning: string }[] }
  }
}

export type PolicyBinding = KubeObject & {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] }
}

export type CustomResource = KubeObject & {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string
      readonly served?: boolean
      readonly schema?: { readonly openAPIV3Schema?: unknown }
    }[]
  }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** networking.k8s.io/v1, as far as incoming traffic is concerned. */
export type NetworkPolicy = {
  readonly metadata: { readonly name: string }
  readonly spec?: {
    readonly podSelector?: Selector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly {
      readonly from?: readonly {
        readonly podSelector?: Selector
        readonly namespaceSelector?: Selector
        readonly ipBlock?: unknown
      }[]
      readonly ports?: readonly {
        readonly port?: number | string
        readonly endPort?: number
        readonly protocol?: string
      }[]
    }[]
  }
}

export type Selector = {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** A namespace that has opted in. */
export type ChainFacts = {
  readonly name: string
  readonly pods: Known<readonly PodObject[]>
  readonly networkPolicies: Known<readonly NetworkPolicy[]>
  /** A node's pod, tried and not made: whether it comes back with the sidecar. Undefined where it was left out. */
  readonly trial: Trial | undefined
}

export type AfterFacts = {
  readonly namespace: string
  /** All objects of this release's manifests, in repeer's namespace. */
  readonly expected: readonly KubeObject[]
  readonly configuration: Known<WebhookConfiguration | undefined>
  readonly deployments: Known<readonly Deployment[]>
  /** repeer's own. */
  readonly pods: Known<readonly PodObject[]>
  readonly certificate: Known<CertificateFacts | undefined>
  /** Undefined where no replica of the webhook is ready: there is nobody to be asked. */
  readonly readiness: Readiness | undefined
  readonly leases: Known<readonly LeaseFacts[]>
  readonly customResource: Known<CustomResource | undefined>
  readonly policies: Known<readonly Policy[]>
  readonly bindings: Known<readonly PolicyBinding[]>
  readonly namespaces: Known<readonly NamespaceObject[]>
  readonly chains: readonly ChainFacts[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

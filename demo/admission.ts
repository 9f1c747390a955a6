// The API server's part of an admission: an AdmissionReview over TLS that is verified with the published caBundle, and
// the patch applied.

import { randomUUID } from 'node:crypto'
import { request } from 'node:https'
import type { V1Pod } from '@kubernetes/client-node'
import type { PatchOperation } from '../webhook/decide/decision.ts'
import { applyPatch } from '../webhook/patch/apply.ts'

export type WebhookAddress = {
  readonly host: string
  readonly port: number
  readonly path: string
  /** The name that the certificate has to be valid for: SERVICE.NAMESPACE.svc. */
  readonly servername: string
  /** PEM: the caBundle of the MutatingWebhookConfiguration, decoded. */
  readonly ca: string
}

export type Admitted = {
  readonly pod: V1Pod
  readonly operations: number
  readonly warnings: readonly string[]
  readonly ms: number
}

type Review = {
  readonly response?: {
    readonly uid?: string
    readonly allowed?: boolean
    readonly patchType?: string
    readonly patch?: string
    readonly warnings?: readonly string[]
  }
}

/** Throws where the webhook's certificate does not verify, the answer is none, or the pod is refused. */
export async function admit(pod: V1Pod, webhook: WebhookAddress): Promise<Admitted> {
  const uid = randomUUID()
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name: pod.metadata?.name,
      namespace: pod.metadata?.namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:statefulset-controller',
        groups: ['system:authenticated'],
      },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  }
  const started = performance.now()
  const { response } = JSON.parse(await post(webhook, JSON.stringify(review))) as Review
  const ms = performance.now() - started
  if (response?.uid !== uid || response.allowed !== true)
    throw new Error(`admission: found ${JSON.stringify(response)}, expected allowed: true for ${uid}`)
  const patch = response.patch ? (JSON.parse(Buffer.from(response.patch, 'base64').toString()) as PatchOperation[]) : []
  return { pod: applyPatch(pod, patch), operations: patch.length, warnings: response.warnings ?? [], ms }
}

function post(webhook: WebhookAddress, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { host, port, path, servername, ca } = webhook
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(
      { host, port, path, servername, ca, method: 'POST', headers, agent: false, timeout: 5000 },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`admission: found HTTP ${response.statusCode} (${text.slice(0, 200)}), expected 200`))
        })
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('admission: no answer within 5 s')))
    sent.on('error', reject)
    sent.end(body)
  })
}

// Reads what `repeer check --install` decides about. It creates nothing: what it posts are dry runs.
import { setTimeout as delay } from 'node:timers/promises'
import type { LeaseSpec } from '../../../kubernetes/lease-store.ts'
import { controller, ownNamespace, webhook } from '../../../peers/installed.ts'
import { optIn } from '../../../peers/pod.ts'
import { type Cluster, isStatus } from '../../cluster/cluster-access.ts'
import { ClusterError, messageOf } from '../../cluster/cluster-error.ts'
import { eachOf } from '../../cluster/each-of.ts'
import type { NamespaceObject } from '../../cluster/namespaces.ts'
import type { PodObject } from '../../cluster/pod-object.ts'
import { podsPath } from '../../cluster/pods.ts'
import type { Known } from '../lines.ts'
import { known, readIfThere, type Trial, tried } from '../read.ts'
import { isOurs, type KubeObject } from '../wanted.ts'
import type {
  AfterFacts,
  CertificateFacts,
  ChainFacts,
  CustomResource,
  Deployment,
  LeaseFacts,
  NetworkPolicy,
  Policy,
  PolicyBinding,
  Readiness,
  WebhookConfiguration,
} from './facts.ts'
import { deploymentOf, flagOf } from './programs.ts'
import { trialPod } from './trial-pod.ts'

const admission = '/apis/admissionregistration.k8s.io/v1'
/** Opted-in namespaces in which a pod is tried: what one shows the others show, too. */
const mostTrials = 5
/** An API server gives up on a pod that does not answer after 30 s; /readyz is answered within milliseconds. */
const reachTimeoutMs = 8000
/** A holder renews its Lease each 2 to 2.4 s (kubernetes/lease.ts). */
export const leaseTimes = { pollMs: 1000, patienceMs: 8000 }

export type AfterParts = {
  readonly cluster: Cluster
  /** The objects of this release's manifests in a namespace. */
  readonly expected: (namespace: string) => readonly KubeObject[]
  readonly now: () => number
  readonly times?: typeof leaseTimes
}

/** Where the installed webhook is; repeer-system where nothing tells. */
export async function installedNamespace(cluster: Cluster): Promise<string> {
  const found = await readConfiguration(cluster)
  const configuration = 'value' in found ? found.value : undefined
  return (
    configuration?.webhooks?.find(({ clientConfig }) => clientConfig.service)?.clientConfig.service?.namespace ??
    ownNamespace
  )
}

function readConfiguration(cluster: Cluster): Promise<Known<WebhookConfiguration | undefined>> {
  return readIfThere<WebhookConfiguration>(
    cluster,
    `${admission}/mutatingwebhookconfigurations/${webhook.configuration}`,
  )
}

/** Throws ClusterError where no API server answers or it does not know the caller. */
export async function readAfter(parts: AfterParts, namespace: string): Promise<AfterFacts> {
  const { cluster, now, times = leaseTimes } = parts
  const expected = parts.expected(namespace)
  const inNamespace = (group: string, plural: string) =>
    `${group}/namespaces/${encodeURIComponent(namespace)}/${plural}`
  const [configuration, deployments, pods, namespaces, policies, bindings, customResource] = await Promise.all([
    readConfiguration(cluster),
    known(() => cluster.list<Deployment>(inNamespace('/apis/apps/v1', 'deployments'))),
    known(() => cluster.list<PodObject>(podsPath(namespace))),
    known(() => cluster.list<NamespaceObject>('/api/v1/namespaces')),
    known(() => cluster.list<Policy>(`${admission}/validatingadmissionpolicies`)),
    known(() => cluster.list<PolicyBinding>(`${admission}/validatingadmissionpolicybindings`)),
    readCustomResource(cluster, expected),
  ])
  const deployment = deploymentOf('webhook', { deployments })
  const image = flagOf(deployment, 'image') ?? deployment?.spec.template.spec.containers[0]?.image ?? 'repeer'
  const isReady = deployment === undefined || (deployment.status?.readyReplicas ?? 0) > 0
  const chains = 'value' in namespaces ? optedIn(namespaces.value, namespace) : []
  return {
    namespace,
    expected,
    configuration,
    deployments,
    pods,
    certificate: await readCertificate(cluster, namespace, deployment),
    readiness: isReady ? await readReadiness(cluster, namespace, configuration) : undefined,
    leases: await known(() => readLeases(cluster, inNamespace('/apis/coordination.k8s.io/v1', 'leases'), times, now)),
    customResource,
    policies,
    bindings,
    namespaces,
    chains: await eachOf(
      chains.map((name, index) => ({ name, isTried: index < mostTrials })),
      ({ name, isTried }) => readChain(cluster, name, isTried ? image : undefined),
    ),
    now: now(),
  }
}

function optedIn(namespaces: readonly NamespaceObject[], home: string): string[] {
  return namespaces
    .filter(({ metadata }) => metadata.labels?.[optIn.label] === optIn.value)
    .map(({ metadata }) => metadata.name)
    .filter(name => name !== home && !name.startsWith('kube-'))
}

async function readCustomResource(
  cluster: Cluster,
  expected: readonly KubeObject[],
): Promise<Known<CustomResource | undefined>> {
  const name = expected.find(({ kind }) => kind === 'CustomResourceDefinition')?.metadata.name
  if (name === undefined) return { value: undefined }
  return readIfThere<CustomResource>(cluster, `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
}

/** The private key is in the same Secret, and is not looked at. */
async function readCertificate(
  cluster: Cluster,
  namespace: string,
  deployment: Deployment | undefined,
): Promise<Known<CertificateFacts | undefined>> {
  const mounted = deployment?.spec.template.spec.volumes?.find(volume => volume.secret?.secretName)?.secret?.secretName
  const secret = (flagOf(deployment, 'cert-dir') === undefined ? undefined : mounted) ?? webhook.secret
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(secret)}`
  const found = await readIfThere<{ readonly data?: Readonly<Record<string, string>> }>(cluster, path)
  if ('unknown' in found) return found
  if (found.value === undefined) return { value: undefined }
  const text = (key: string) => Buffer.from(found.value?.data?.[key] ?? '', 'base64').toString()
  return { value: { secret, cert: text('tls.crt'), ca: text('ca.crt') } }
}

/**
 * The webhook's /readyz through the API server's proxy to Services: the same way from the API server to the pod that
 * admission takes, without the check of the certificate.
 */
async function readReadiness(
  cluster: Cluster,
  namespace: string,
  configuration: Known<WebhookConfiguration | undefined>,
): Promise<Readiness> {
  const service = 'value' in configuration ? configuration.value?.webhooks?.[0]?.clientConfig.service : undefined
  const { name = webhook.name, port = 443 } = service ?? {}
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/https:${name}:${port}/proxy/readyz`
  try {
    return readinessIn(await cluster.get(path, { timeoutMs: reachTimeoutMs, maxBytes: 1 << 20 }))
  } catch (error) {
    if (isStatus(error, 403)) return { forbidden: messageOf(error) }
    const why = messageOf(error instanceof ClusterError && error.cause instanceof Error ? error.cause : error)
    // The webhook's own 503, which the proxy passes on.
    const missing = missingIn(why)
    return missing === undefined ? { unreachable: why } : { ready: false, missing, degraded: [] }
  }
}

/** Of an answer that is part of a message; undefined where there is none. */
function missingIn(message: string): string[] | undefined {
  const [, after] = message.split('"missing":[', 2)
  const end = after?.indexOf(']') ?? -1
  if (after === undefined || end < 0) return undefined
  return after
    .slice(0, end)
    .split(',')
    .map(text => text.replaceAll('"', ''))
}

function readinessIn(answer: unknown): Readiness {
  const { ready, missing, degraded } = (answer ?? {}) as Record<string, unknown>
  const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])
  return { ready: ready === true, missing: texts(missing), degraded: texts(degraded) }
}

type LeaseObject = { readonly metadata: { readonly name: string }; readonly spec?: LeaseSpec } & Pick<
  KubeObject,
  'metadata'
>

/** Clocks differ, so a Lease that looks old is watched for a renewal. */
async function readLeases(
  cluster: Cluster,
  path: string,
  { pollMs, patienceMs }: typeof leaseTimes,
  now: () => number,
): Promise<LeaseFacts[]> {
  const read = async () => {
    const all = await cluster.list<LeaseObject>(path)
    return all.filter(lease => lease.metadata.name === controller.name || isOurs(lease))
  }
  let leases = await read()
  const first = new Map(leases.map(({ metadata, spec }) => [metadata.name, spec?.renewTime]))
  const isRenewed = ({ metadata, spec }: LeaseObject) => {
    const seconds = Math.abs(now() - Date.parse(spec?.renewTime ?? '')) / 1000
    return seconds < (spec?.leaseDurationSeconds ?? 0) || spec?.renewTime !== first.get(metadata.name)
  }
  for (let waited = 0; waited < patienceMs && leases.some(isStale); waited += pollMs) {
    await delay(pollMs)
    leases = await read()
  }
  function isStale(lease: LeaseObject): boolean {
    return Boolean(lease.spec?.holderIdentity) && !isRenewed(lease)
  }
  return leases.map(lease => ({
    name: lease.metadata.name,
    holder: lease.spec?.holderIdentity ?? '',
    isRenewed: isRenewed(lease),
  }))
}

async function readChain(cluster: Cluster, name: string, image: string | undefined): Promise<ChainFacts> {
  const policies = `/apis/networking.k8s.io/v1/namespaces/${encodeURIComponent(name)}/networkpolicies`
  const trial: Promise<Trial> | undefined = image ? tried(cluster, podsPath(name), trialPod(name, image)) : undefined
  const [pods, networkPolicies, outcome] = await Promise.all([
    known(() => cluster.list<PodObject>(podsPath(name))),
    known(() => cluster.list<NetworkPolicy>(policies)),
    trial,
  ])
  return { name, pods, networkPolicies, trial: outcome }
}

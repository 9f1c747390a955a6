// Whether the API server reaches the webhook and trusts it, as `repeer check --install` judges it. Pure.
import { issuedBy, parseCertificates, salvageCertificates } from '../../../certs/pem.ts'
import { webhook } from '../../../peers/installed.ts'
import { isRecord } from '../../../peers/is-record.ts'
import { annotation, containerName } from '../../../peers/pod.ts'
import { someOf } from '../../text/shortened.ts'
import { failure, type Line, notYet, ok, unseen, warning } from '../lines.ts'
import type { Trial } from '../read.ts'
import type { AfterFacts, CertificateFacts, ChainFacts, WebhookConfiguration } from './facts.ts'

/** Names in a sentence. */
const mostNames = 4
const dayMs = 86_400_000

export function configurationLine({ configuration, namespace }: AfterFacts): Line {
  const check = 'registration'
  if ('unknown' in configuration) return unseen(check, configuration.unknown)
  const found = configuration.value
  if (found === undefined)
    return failure(
      check,
      `found no MutatingWebhookConfiguration ${webhook.configuration}: the API server asks nobody about pods`,
      'apply the manifests again (kubectl apply -k manifests/)',
    )
  const { webhooks = [] } = found
  const places = webhooks.map(({ clientConfig }) => clientConfig.service?.namespace ?? clientConfig.url ?? '')
  if (webhooks.length === 0)
    return failure(
      check,
      `MutatingWebhookConfiguration ${webhook.configuration} has no webhooks`,
      'apply the manifests again',
    )
  const elsewhere = places.find(place => place !== namespace)
  if (elsewhere !== undefined)
    return failure(
      check,
      `MutatingWebhookConfiguration ${webhook.configuration} sends pods to ${elsewhere}, and not to namespace ${namespace}`,
      'name the namespace of repeer with --namespace NS, or apply the manifests again',
    )
  const isClosed = webhooks.some(({ failurePolicy }) => failurePolicy === 'Fail')
  return ok(
    check,
    `MutatingWebhookConfiguration ${webhook.configuration}: while no webhook answers, pods of opted-in namespaces ${isClosed ? 'are not created (Fail)' : 'are created without the sidecar (Ignore)'}`,
  )
}

/** Whether each caBundle holds the CA by which the webhook's certificate verifies. */
export function certificateLine({ configuration, certificate, readiness, now }: AfterFacts): Line | undefined {
  const check = 'certificate'
  if (!('value' in configuration) || configuration.value === undefined) return undefined
  if ('unknown' in certificate) {
    // The webhook is ready once what it serves verifies against the CA that is published.
    if (readiness !== undefined && 'ready' in readiness && readiness.ready)
      return ok(
        check,
        'the webhook says that its certificate verifies against the published CA (its Secret may not be read by you)',
      )
    return unseen(check, certificate.unknown)
  }
  if (certificate.value === undefined)
    return notYet(
      check,
      'found no Secret with a certificate of the webhook',
      'the webhook creates it when it starts: see its log, and its permissions on Secrets; with cert-manager, kubectl describe certificates',
    )
  return bundleLine(configuration.value, certificate.value, now)
}

function bundleLine(
  { webhooks = [] }: WebhookConfiguration,
  { secret, cert, ca }: CertificateFacts,
  now: number,
): Line {
  const check = 'certificate'
  const [leaf] = salvageCertificates(cert)
  if (leaf === undefined || (parseCertificates(ca) ?? []).length === 0)
    return failure(
      check,
      `Secret ${secret} holds no certificate that can be read`,
      `delete it (kubectl delete secret ${secret}): it is made anew within a minute`,
    )
  const untrusting = webhooks.filter(({ clientConfig }) => {
    const published = salvageCertificates(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString())
    return !published.some(issuer => leaf.fingerprint256 === issuer.fingerprint256 || issuedBy(leaf, issuer))
  })
  if (untrusting.length > 0)
    return notYet(
      check,
      `the caBundle of ${untrusting.map(({ name }) => name).join(', ')} does not hold the CA of the webhook's certificate (Secret ${secret}): the API server will not speak with it`,
      'the webhook writes it within seconds: see its log; where it is taken away again, some tool applies the manifest with a caBundle of its own',
    )
  // Not validToDate, which older Nodes lack.
  const days = Math.floor((Date.parse(leaf.validTo) - now) / dayMs)
  if (days < 0)
    return failure(
      check,
      `the certificate of the webhook has expired (${leaf.validTo})`,
      'see the log of the webhook, and its metric repeer_webhook_certificate_failures; with cert-manager, kubectl describe certificates',
    )
  return ok(check, `caBundle holds the CA of the webhook's certificate, which is good for ${days} days more`)
}

/** Whether the API server gets through to port 8443. */
export function reachLine({ readiness, namespace }: AfterFacts): Line[] {
  const check = 'reach'
  if (readiness === undefined) return []
  if ('forbidden' in readiness) return [unseen(check, readiness.forbidden)]
  if ('unreachable' in readiness)
    return [
      failure(
        check,
        `the API server does not reach the webhook at TCP ${webhook.port}: ${readiness.unreachable}`,
        'open that port from the control plane to the nodes (private GKE: a firewall rule; EKS with another CNI: hostNetwork); see the NetworkPolicies of ' +
          namespace,
      ),
    ]
  if (!readiness.ready)
    return [
      notYet(
        check,
        `the webhook is not ready; it lacks ${readiness.missing.join(', ')}`,
        `see its log: kubectl -n ${namespace} logs deploy/${webhook.name}`,
      ),
    ]
  return [
    ok(check, `the API server reaches the webhook at TCP ${webhook.port}, and it is ready`),
    ...readiness.degraded.map(text =>
      warning(check, `the webhook says: ${text}`, `see its log: kubectl -n ${namespace} logs deploy/${webhook.name}`),
    ),
  ]
}

/** Whether a node's pod comes back with the sidecar, in each namespace where that could be tried. */
export function injectionLine({ chains }: Pick<AfterFacts, 'chains'>): Line | undefined {
  const check = 'injection'
  const tried = chains.filter(({ trial }) => trial?.as === 'taken')
  const without = tried.filter(({ trial }) => !hasSidecar(trial))
  if (without.length > 0)
    return failure(
      check,
      `a node's pod that was tried in ${namesOf(without)} came back without the sidecar`,
      'the API server does not reach the webhook, or does not trust it: see the lines above, and the log of the webhook for a line about repeer-check',
    )
  if (tried.length === 0) return undefined
  return ok(check, `a node's pod that was tried in ${namesOf(tried)} came back with the sidecar (dry run)`)
}

/** Why nothing is known of injection where there was something to try. */
export function injectionUnknowns({ chains }: Pick<AfterFacts, 'chains'>): string[] {
  return chains.flatMap(({ name, trial }) =>
    trial === undefined || trial.as === 'taken'
      ? []
      : [`whether pods of namespace ${name} are injected: one could not be tried: ${trial.why}`],
  )
}

function hasSidecar(trial: Trial | undefined): boolean {
  const made = trial?.as === 'taken' ? trial.made : undefined
  if (!isRecord(made) || !isRecord(made.metadata) || !isRecord(made.spec)) return false
  const { annotations } = made.metadata
  const { initContainers } = made.spec
  return (
    isRecord(annotations) &&
    annotations[annotation.plan] !== undefined &&
    Array.isArray(initContainers) &&
    initContainers.some(container => isRecord(container) && container.name === containerName.sidecar)
  )
}

function namesOf(chains: readonly ChainFacts[]): string {
  return someOf(
    chains.map(({ name }) => name),
    mostNames,
  )
}

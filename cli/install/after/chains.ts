// The namespaces that have opted in, whether repeer's image runs there, and which versions run. Pure.
import { webhook } from '../../../peers/installed.ts'
import { isRecord } from '../../../peers/is-record.ts'
import { containerName, optIn } from '../../../peers/pod.ts'
import { isInjected, type PodObject, stateText } from '../../cluster/pod-object.ts'
import { someOf } from '../../text/shortened.ts'
import { unsetImage } from '../before/decide.ts'
import { failure, type Line, ok, unseen, warning } from '../lines.ts'
import type { AfterFacts, ChainFacts, Deployment } from './facts.ts'
import { deploymentOf, flagOf } from './programs.ts'

/** Names in a sentence. */
const mostNames = 6
/** The webhook is never asked about their pods: see manifests/base/mutatingwebhookconfiguration.yaml. */
const neverAsked = ['kube-system', 'kube-public', 'kube-node-lease']

/** Somebody has said no on purpose. */
const refusals = ['disabled', 'false', 'no', 'off']

export function namespaceLines({ namespaces, namespace: home }: AfterFacts): Line[] {
  const check = 'namespaces'
  if ('unknown' in namespaces) return [unseen(check, namespaces.unknown)]
  const labelled = namespaces.value.flatMap(({ metadata: { name, labels } }) => {
    const value = labels?.[optIn.label]
    return value === undefined ? [] : [{ name, value }]
  })
  const odd = labelled.filter(({ value }) => value !== optIn.value && !refusals.includes(value))
  const inVain = labelled.filter(({ name, value }) => value === optIn.value && [...neverAsked, home].includes(name))
  const names = labelled
    .filter(({ name, value }) => value === optIn.value && ![...neverAsked, home].includes(name))
    .map(({ name }) => name)
  return [
    ok(
      check,
      names.length === 0
        ? `none has opted in yet: kubectl label namespace NS ${optIn.label}=${optIn.value}, then create its pods anew`
        : `opted in: ${names.join(', ')}`,
    ),
    ...odd.map(({ name, value }) =>
      warning(
        check,
        `namespace ${name} has the label ${optIn.label}: ${value}, which opts in nothing`,
        `expected ${optIn.value}: kubectl label --overwrite namespace ${name} ${optIn.label}=${optIn.value}, or take it away with ${optIn.label}-`,
      ),
    ),
    ...inVain.map(({ name }) =>
      warning(
        check,
        `namespace ${name} has opted in, and its pods are never injected`,
        `run nodes in a namespace of their own: kubectl label namespace ${name} ${optIn.label}-`,
      ),
    ),
  ]
}

/** The kubelet's reasons for an image that does not come (kubernetes/kubernetes, pkg/kubelet/images/types.go). */
const pullReason = /^(ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|RegistryUnavailable)$/

export function imageLines(facts: AfterFacts): Line[] {
  const check = 'image'
  if (facts.chains.length === 0) return []
  const hasOwnSecrets = 'value' in facts.pods && facts.pods.value.some(({ spec }) => secretsOf(spec).length > 0)
  const lines = facts.chains.flatMap((chain): Line[] => {
    if ('unknown' in chain.pods) return [unseen(check, chain.pods.unknown)]
    const pods = chain.pods.value.filter(isInjected)
    const stuck = pods.flatMap(pod => stuckImage(pod) ?? [])
    const [first] = stuck
    if (first !== undefined)
      return [
        failure(
          check,
          `namespace ${chain.name}: ${someOf(
            stuck.map(({ name }) => name),
            mostNames,
          )}: ${first.what}`,
          first.secrets.length === 0
            ? 'the pods name no pull secret: give one to them (imagePullSecrets, of the pod or of its service account), or make the image pullable without'
            : `the pods name ${first.secrets.join(', ')}: see that each is in namespace ${chain.name} and good for this registry`,
        ),
      ]
    return hasOwnSecrets && !isSeenRunning(pods) && secretsForNext(chain).length === 0 ? [unlikely(chain)] : []
  })
  return lines.length > 0 ? lines : [ok(check, 'no pod of an opted-in namespace waits for the image')]
}

function unlikely({ name }: ChainFacts): Line {
  return warning(
    'image',
    `namespace ${name}: repeer's own pods pull the image with a secret, and pods here have none`,
    `give its service account one before you create pods anew: kubectl -n ${name} patch serviceaccount default -p '{"imagePullSecrets": [{"name": ...}]}'`,
  )
}

function stuckImage(pod: PodObject): { name: string; what: string; secrets: readonly string[] } | undefined {
  const ours: readonly string[] = [containerName.install, containerName.sidecar]
  const status = (pod.status?.initContainerStatuses ?? []).find(
    ({ name, state }) => ours.includes(name) && pullReason.test(state?.waiting?.reason ?? ''),
  )
  if (status === undefined) return undefined
  const what = `container ${status.name} is ${stateText(status)}`
  return { name: pod.metadata.name, what, secrets: secretsOf(pod.spec) }
}

function isSeenRunning(pods: readonly PodObject[]): boolean {
  return pods.some(({ status }) =>
    status?.initContainerStatuses?.some(({ name, state }) => name === containerName.sidecar && state?.running),
  )
}

/** What the pods there have, and what a next one would be given by its service account. */
function secretsForNext({ pods, trial }: ChainFacts): readonly string[] {
  const there = 'value' in pods ? pods.value.flatMap(({ spec }) => secretsOf(spec)) : []
  const made = trial?.as === 'taken' && isRecord(trial.made) ? (trial.made as unknown as PodObject) : undefined
  // Nothing is known of a pod that could not be tried: then there is nothing to warn of.
  return made === undefined ? ['?'] : [...there, ...secretsOf(made.spec)]
}

function secretsOf(spec: PodObject['spec'] | undefined): readonly string[] {
  return (spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? [])
}

/** Whether webhook, controller and sidecars are of one version: by their images, which is all that a pod tells. */
export function versionLines(facts: AfterFacts): Line[] {
  const check = 'versions'
  const deployment = deploymentOf('webhook', facts)
  if (deployment === undefined) return []
  const own = imageOf(deployment, webhook.container)
  const injected = injectedBy(deployment) ?? own
  const paced = deploymentOf('controller', facts)
  const controlling = paced === undefined ? undefined : imageOf(paced, 'controller')
  if (injected.startsWith(unsetImage))
    return [
      failure(
        check,
        `the webhook injects the image ${unsetImage}, which does not exist`,
        'name yours under images: in manifests/base/kustomization.yaml; a kustomization on top of it repeats replacements: image-argument.yaml',
      ),
    ]
  const lines = [
    ...(controlling !== undefined && controlling !== own
      ? [
          warning(
            check,
            `the webhook runs ${own}, the controller ${controlling}`,
            'apply the manifests with one image for both',
          ),
        ]
      : []),
    ...(injected === own
      ? []
      : [
          warning(
            check,
            `the webhook runs ${own} and injects ${injected}`,
            'let both be one image: a kustomization on top of manifests/base repeats replacements: image-argument.yaml',
          ),
        ]),
    ...facts.chains.flatMap(chain => olderSidecars(chain, injected)),
  ]
  const also = controlling === undefined ? 'webhook and sidecars' : 'webhook, controller and sidecars'
  return lines.length > 0 ? lines : [ok(check, `${also} are all of ${injected}`)]
}

function olderSidecars({ name, pods }: ChainFacts, injected: string): Line[] {
  const running =
    'value' in pods ? pods.value.filter(isInjected).filter(({ status }) => status?.phase === 'Running') : []
  const images = running.map(
    ({ spec }) => spec.initContainers?.find(container => container.name === containerName.sidecar)?.image ?? '',
  )
  const others = images.filter(image => image !== injected)
  return others.length === 0
    ? []
    : [
        warning(
          'versions',
          `namespace ${name}: ${others.length} of ${images.length} sidecars run ${someOf([...new Set(others)], 2)}, and new pods get ${injected}`,
          `bring them up, nodes untouched: repeer upgrade --namespace ${name}`,
        ),
      ]
}

function imageOf({ spec }: Deployment, container: string): string {
  const { containers } = spec.template.spec
  return (containers.find(({ name }) => name === container) ?? containers[0])?.image ?? ''
}

function injectedBy(deployment: Deployment): string | undefined {
  const variables = deployment.spec.template.spec.containers.flatMap(({ env = [] }) => env)
  return flagOf(deployment, 'image') ?? variables.find(({ name }) => name === 'REPEER_IMAGE')?.value
}

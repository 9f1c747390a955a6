// Whether NetworkPolicies keep the controller from pods' status pages. Pure.
//
// Rules of networking.k8s.io/v1: a pod that no policy selects for ingress takes everything; one that some select takes
// what any of their rules admits. A rule without `from` or `ports` admits any; of an item with a namespaceSelector and a
// podSelector both have to fit, and a podSelector alone means the policy's own namespace.
import { controller } from '../../../peers/installed.ts'
import { own } from '../../../peers/own.ts'
import { statusPort } from '../../../peers/pod.ts'
import { isInjected, type PodObject } from '../../cluster/pod-object.ts'
import { someOf } from '../../text/shortened.ts'
import { type Line, ok, unseen, warning } from '../lines.ts'
import type { AfterFacts, ChainFacts, NetworkPolicy, Selector } from './facts.ts'

type Labels = Readonly<Record<string, string>>

/** Who wants to read the page: labels of the controller's pods, and of their namespace. */
export type Reader = { readonly pod: Labels; readonly namespace: Labels }

/** Names in a sentence. */
const mostNames = 4

export function networkLines(facts: AfterFacts, hasController: boolean): Line[] {
  const check = 'network'
  const { chains, namespace } = facts
  if (!hasController || chains.length === 0) return []
  const reader = readerOf(facts)
  const lines = chains.flatMap((chain): Line[] => {
    if ('unknown' in chain.networkPolicies) return [unseen(check, chain.networkPolicies.unknown)]
    const blocked = blockedIn(chain, chain.networkPolicies.value, reader)
    if (blocked === undefined) return []
    return [
      warning(
        check,
        `${blocked} of namespace ${chain.name}: its NetworkPolicies admit nobody from ${namespace} to TCP ${statusPort.number}, so that the controller ` +
          'cannot read status pages, and paces restarts more slowly',
        `admit it: docs/examples/status-page-networkpolicy.yaml, with namespace ${chain.name}`,
      ),
    ]
  })
  return lines.length > 0
    ? lines
    : [ok(check, `no NetworkPolicy of an opted-in namespace keeps the controller from status pages`)]
}

/** As its pods are, or, where none is seen, as the manifests make them. */
function readerOf({ namespace, pods, namespaces }: AfterFacts): Reader {
  const made = { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'controller' }
  const seen =
    'value' in pods ? pods.value.find(({ metadata }) => metadata.name.startsWith(`${controller.name}-`)) : undefined
  const home = 'value' in namespaces ? namespaces.value.find(({ metadata }) => metadata.name === namespace) : undefined
  return {
    pod: seen?.metadata.labels ?? made,
    namespace: home?.metadata.labels ?? { 'kubernetes.io/metadata.name': namespace },
  }
}

/** Which pods cannot be reached, as a sentence begins; undefined where all can. */
function blockedIn(chain: ChainFacts, policies: readonly NetworkPolicy[], reader: Reader): string | undefined {
  const pods = 'value' in chain.pods ? chain.pods.value.filter(isInjected) : []
  // Before there is any, it is known only of what is denied to all.
  if (pods.length === 0) return admits({}, policies, reader) ? undefined : 'the pods'
  const blocked = pods.filter(pod => !isOnHost(pod) && !admits(pod.metadata.labels ?? {}, policies, reader))
  return blocked.length === 0
    ? undefined
    : someOf(
        blocked.map(({ metadata }) => metadata.name),
        mostNames,
      )
}

function isOnHost({ spec }: PodObject): boolean {
  return spec.hostNetwork === true
}

/** Whether a pod with these labels takes connections of the reader at the port of its status page. */
export function admits(labels: Labels, policies: readonly NetworkPolicy[], reader: Reader): boolean {
  const concerning = policies.filter(
    ({ spec }) => (spec?.policyTypes ?? ['Ingress']).includes('Ingress') && selects(spec?.podSelector, labels),
  )
  if (concerning.length === 0) return true
  return concerning.some(({ spec }) =>
    (spec?.ingress ?? []).some(
      ({ from = [], ports = [] }) =>
        (from.length === 0 || from.some(peer => isFrom(peer, reader))) && (ports.length === 0 || ports.some(isOfPage)),
    ),
  )
}

type Rule = NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number]

function isFrom(peer: NonNullable<Rule['from']>[number], reader: Reader): boolean {
  // Whether the controller's address is in it is not known here; in doubt there is nothing to warn of.
  if (peer.ipBlock !== undefined) return true
  // Its own namespace, and the controller is in another.
  if (peer.namespaceSelector === undefined) return false
  return (
    selects(peer.namespaceSelector, reader.namespace) &&
    (peer.podSelector === undefined || selects(peer.podSelector, reader.pod))
  )
}

function isOfPage({ port, endPort, protocol = 'TCP' }: NonNullable<Rule['ports']>[number]): boolean {
  if (protocol !== 'TCP') return false
  if (port === undefined || port === statusPort.name) return true
  return typeof port === 'number' && port <= statusPort.number && statusPort.number <= (endPort ?? port)
}

/** An empty selector selects everything, and so does one that is not there. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector = {}, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => own(labels, key) === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = own(labels, key)
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      return (value !== undefined && values.includes(value)) === (operator === 'In')
    })
  )
}

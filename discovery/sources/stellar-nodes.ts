// Source `stellarNodes`: the validators among StellarNode objects (stellar.org/v1alpha1), at the addresses of their
// Ready pods. Suspended nodes and those with zero replicas are no peers. The pods are found as the Stellar operator
// labels them (Stellar-K8s: src/controller/resources.rs, standard_labels). Its own ConfigMap stellar-peers is of no use
// here: it looks for Services NAME-service, and makes Services NAME.
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import type { StellarNodesSpec } from '../peer-set.ts'
import { followScope, type Kind, type Scoped } from '../scope.ts'
import type { Problem, Source, SourceParts } from '../source.ts'
import { answering, type Candidate } from './answering.ts'
import { failIfNothingRead } from './endpoint.ts'
import { createKeep, type Keep } from './keep.ts'
import { type PodFacts, podKind, unfit } from './pod-facts.ts'
import { peerAt } from './pods.ts'

export type StellarNode = {
  readonly validator: boolean
  readonly suspended: boolean
  readonly replicas: number
  /** validatorConfig.peerPort, which the operator's CRD had once; undefined where it says none, as today. */
  readonly port: number | undefined
}

const podSelector = 'app.kubernetes.io/name=stellar-node'

const nodeKind: Kind<StellarNode> = {
  what: 'StellarNodes',
  group: '/apis/stellar.org/v1alpha1',
  plural: 'stellarnodes',
  reader: 'stellar-nodes',
  read: readStellarNode,
}

/** Never throws. A validator that says nothing of replicas has one. */
export function readStellarNode(object: ApiObject): StellarNode {
  const { nodeType, suspended, replicas, validatorConfig } = (object as RawNode).spec ?? {}
  const port = validatorConfig?.peerPort
  return {
    validator: typeof nodeType === 'string' && nodeType.toLowerCase() === 'validator',
    suspended: suspended === true,
    replicas: typeof replicas === 'number' ? replicas : 1,
    port: typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined,
  }
}

export function stellarNodesSource(spec: StellarNodesSpec, parts: SourceParts): Source {
  const nodes = followScope(parts, spec.namespaces, spec.selector, nodeKind)
  // By the operator's label alone: the PeerSet's selector is about StellarNodes.
  const pods = followScope(
    parts,
    spec.namespaces,
    podSelector,
    podKind({ port: spec.port, idFrom: { label: 'node-id' } }),
  )
  const keep = createKeep(spec.keepMs, parts.now)

  return {
    look: async signal => {
      await Promise.all([nodes.settled(signal), pods.settled(signal)])
      const [foundNodes, foundPods] = [nodes.look(), pods.look()]
      failIfNothingRead(foundNodes.unknown.map(withAdvice), foundNodes.items.length)
      const unknown = [...foundNodes.unknown, ...foundPods.unknown]
      const validators = foundNodes.items.filter(
        ({ name, value }) => value.validator && !parts.exclude.names.includes(name),
      )
      const { candidates, problems } = peersOf(validators, foundPods.items, keep, spec.port)
      const answers = await answering(candidates, spec.healthCheck, parts.probe, keep, signal)
      const unreadable = [...foundNodes.problems, ...foundPods.problems.filter(({ code }) => code !== 'no-consent')]
      return {
        peers: answers.peers,
        problems: [...unreadable, ...problems, ...answers.problems],
        considered: validators.length,
        ...(unknown.length > 0 ? { incomplete: true } : {}),
      }
    },
    close: async () => {
      nodes.close()
      pods.close()
    },
  }
}

export function peersOf(
  validators: readonly Scoped<StellarNode>[],
  pods: readonly Scoped<PodFacts>[],
  keep: Keep,
  defaultPort: number,
): { readonly candidates: readonly Candidate[]; readonly problems: readonly Problem[] } {
  const candidates: Candidate[] = []
  const problems: Problem[] = []
  const podsByNode = Map.groupBy(pods, ({ namespace, value }) => `${namespace}/${value.instance}`)
  for (const { namespace, name, value } of validators) {
    // Meant to be away: nothing to report.
    if (value.suspended || value.replicas === 0) continue
    const own = podsByNode.get(`${namespace}/${name}`) ?? []
    const reasons = own.map(pod => unfit(pod.value, `${namespace}/${pod.name}`, keep))
    const fit = own.filter((_, index) => reasons[index] === undefined)
    for (const pod of fit)
      candidates.push({
        subject: `StellarNode ${namespace}/${name}`,
        peer: peerAt(pod.value.ip ?? '', value.port ?? defaultPort, undefined),
      })
    if (fit.length > 0) continue
    const [first] = own
    const message = first ? `pod ${first.name}: ${reasons[0]}` : 'it has no pod'
    problems.push({ code: 'not-ready', subject: `StellarNode ${namespace}/${name}`, message })
  }
  return { candidates, problems }
}

function withAdvice(sentence: string): string {
  if (sentence.includes('found status 404'))
    return `${sentence}. Is the CRD stellarnodes.stellar.org (v1alpha1) installed?`
  return sentence.includes('found status 403')
    ? `${sentence}. The permission is in manifests/overlays/stellar`
    : sentence
}

type RawNode = {
  readonly spec?: {
    readonly nodeType?: unknown
    readonly suspended?: unknown
    readonly replicas?: unknown
    readonly validatorConfig?: { readonly peerPort?: unknown }
  }
}

// Which container of a pod is the node, and what it runs. What an annotation or a PeerSet that delivers says overrides
// what the clues say.
import type { Format } from '../../../peers/formats/index.ts'
import { type Profile, profiles } from '../../../peers/plan.ts'
import type { SkipReason } from '../../../peers/reasons.ts'
import { chains, fallback } from '../../chains/index.ts'
import { quote } from '../annotations.ts'
import type { DecideInput } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import type { Stated } from '../sources/deliveries.ts'
import { listsPeers } from '../sources/find-sources.ts'
import { nodeProgram } from './command-clues.ts'
import { cousinOf, genericAdvice } from './find-cousin.ts'
import { isHelper, isNode, type Recognised, recognise } from './find-profile.ts'
import { nativeSidecarNodes } from './native-sidecar-nodes.ts'

export type FoundContainer =
  | (FollowedNode & { readonly found: true; readonly why: { container: string; profile: string } })
  | { readonly found: false; readonly reason: SkipReason; readonly detail: string }

type Candidate = { readonly container: ContainerView; readonly recognised: Recognised | undefined }

/**
 * The node's container. The rows, first match first:
 *
 * | container says | profile says | taken                                                        | otherwise                          |
 * | -------------- | ------------ | ------------------------------------------------------------ | ---------------------------------- |
 * | a name         | a profile    | that container                                               | unknown-container                  |
 * | a name         | -            | that container, with the likeliest profile, generic with     | unknown-container, not-a-node      |
 * |                |              | repeer.dev/config or /peers, or a delivered list             |                                    |
 * | -              | a profile    | the likeliest of that profile, else the only one that is not | ambiguous-container                |
 * |                |              | a helper                                                     |                                    |
 * | -              | -            | the one with the most clues, if they are enough; of several  | ambiguous-container, not-a-node    |
 * |                |              | those that list peers                                        |                                    |
 */
export function findContainer(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  overrides: Stated,
): FoundContainer {
  const named = overrides.container
  if (named !== undefined) return byName(input, pod, overrides, named)
  const candidates = pod.containers
    .filter(container => !isHelper(container))
    .map(container => ({ container, recognised: recognise(input, pod, container) }))
  if (overrides.profile !== undefined) return byProfile(candidates, overrides.profile, overrides.by.profile)
  const node = byClues(input, pod, candidates)
  const [first] = overrides.delivered
  return node.found || !first
    ? node
    : { ...node, detail: [node.detail, adviceFor(first.set)].filter(Boolean).join('; ') }
}

function adviceFor(set: string): string {
  return `PeerSet ${set} delivers to the pod: say spec.deliver.container, and profile`
}

/** The profile whose nodes read a format, where there is only one. */
function profileOfFormat(format: Format): Profile | undefined {
  const readers = profiles.filter(profile => chains[profile].lists.formats.includes(format))
  return readers.length === 1 ? readers[0] : undefined
}

function byName(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  overrides: Stated,
  name: string,
): FoundContainer {
  const container = pod.containers.find(candidate => candidate.name === name)
  if (!container) {
    const names = pod.containers.map(candidate => candidate.name).join(', ')
    const isInit = pod.initContainers.some(candidate => candidate.name === name)
    const what = isInit ? 'is an init container, and those are not followed; it ' : ''
    return {
      found: false,
      reason: 'unknown-container',
      detail: `${quote(name)} ${what}is not one of ${names || 'none'}`,
    }
  }
  const chosen = `${overrides.by.container} names it`
  if (overrides.profile) return found(container, overrides.profile, chosen, `${overrides.by.profile} says so`)
  const recognised = recognise(input, pod, container)
  if (recognised) return found(container, recognised.profile, chosen, sentence(recognised))
  const [first] = overrides.delivered
  const listed = first && profileOfFormat(first.format)
  if (first && listed)
    return found(container, listed, chosen, `the list of PeerSet ${first.set} has format ${first.format}`)
  if (overrides.config || overrides.peers || first)
    return found(container, fallback, chosen, 'nothing tells what it runs, so host:port lists are expected')
  return {
    found: false,
    reason: 'not-a-node',
    detail: `nothing tells what container ${name} runs; say it with repeer.dev/profile`,
  }
}

function byClues(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  candidates: readonly Candidate[],
): FoundContainer {
  const nodes = candidates.flatMap(({ container, recognised }) =>
    isNode(recognised) ? [{ container, recognised }] : [],
  )
  // Of several nodes, those that list peers: the others have nothing to be followed.
  const listing =
    nodes.length > 1
      ? nodes.filter(({ container, recognised }) => listsPeers(input, pod, followed(container, recognised.profile)))
      : []
  const eligible = listing.length > 0 ? listing : nodes
  const most = Math.max(...eligible.map(node => node.recognised.score))
  const best = eligible.filter(node => node.recognised.score === most)
  if (best.length > 1) return ambiguous(best)
  const [only] = best
  if (!only) {
    const advice = candidates.flatMap(({ container }) => {
      const cousin = cousinOf(container)
      return cousin ? [genericAdvice(input, pod, container, cousin)] : []
    })
    return { found: false, reason: 'not-a-node', detail: [...nativeSidecarNodes(input, pod), ...advice].join('; ') }
  }
  return found(only.container, only.recognised.profile, sentence(only.recognised), sentence(only.recognised))
}

function byProfile(candidates: readonly Candidate[], profile: Profile, by: string): FoundContainer {
  const because = `${by} says so`
  const alike = candidates.filter(candidate => candidate.recognised?.profile === profile)
  const most = Math.max(...alike.map(candidate => candidate.recognised?.score ?? 0))
  const best = alike.filter(candidate => candidate.recognised?.score === most)
  const [first] = best.length > 0 ? best : candidates
  if (best.length > 1 || (best.length === 0 && candidates.length > 1))
    return ambiguous(best.length > 1 ? best : candidates)
  if (!first)
    return {
      found: false,
      reason: 'not-a-node',
      detail: 'every container of the pod is a known helper; name one with repeer.dev/container',
    }
  return found(
    first.container,
    profile,
    first.recognised ? sentence(first.recognised) : 'it is the only one that is not a known helper',
    because,
  )
}

function ambiguous(candidates: readonly Candidate[]): FoundContainer {
  const names = candidates.map(candidate => candidate.container.name).join(', ')
  return { found: false, reason: 'ambiguous-container', detail: `equally likely: ${names}` }
}

function found(container: ContainerView, profile: Profile, because: string, profileBecause: string): FoundContainer {
  return {
    found: true,
    ...followed(container, profile),
    why: { container: `${container.name}: ${because}`, profile: `${profile}: ${profileBecause}` },
  }
}

function followed(container: ContainerView, profile: Profile): FollowedNode {
  return { container, profile, program: nodeProgram(container) }
}

function sentence(recognised: Recognised): string {
  return recognised.clues.slice(0, 3).join(', ')
}

// Whether a pod is injected, and with what plan. Pure: pod, namespace, ConfigMaps and settings in; a decision with its reasons out.

import { overrideVariable } from '../peers/override-variable.ts'
import { uniquePeers } from '../peers/peer.ts'
import { levelOf, type Plan, type Source } from '../peers/plan.ts'
import { peerHash } from '../peers/snapshot.ts'
import { type Overrides, readAnnotations } from './annotations.ts'
import { dataOf, type Parsed, parse, peersIn } from './content.ts'
import type { DecideInput, Decision } from './decision.ts'
import { findContainer } from './find-container.ts'
import { nodeProgram } from './find-profile.ts'
import { findReach } from './find-reach.ts'
import { describeSources, findSources } from './find-sources.ts'
import { tellingWhy } from './find-telling.ts'
import { configTexts, groupOf, inMesh, isValidator, ownerRolls, portsOf, timesOf } from './node-facts.ts'
import { type ContainerView, type PodView, viewPod } from './pod-view.ts'
import { earlySkip, mountConflict, skip } from './skip-rules.ts'
import type { Found } from './source-search.ts'

/** Decides about one pod. Never throws, whatever the pod's shape; never mutates its input. */
export function decide(input: DecideInput): Decision {
  const pod = viewPod(input.pod, input.configMap)
  const early = earlySkip(pod, input)
  if (early) return early
  const { overrides, problems, warnings: unread } = readAnnotations(pod.annotations)
  if (problems.length > 0) return skip('bad-annotation', problems.join('; '))
  const node = findContainer(input, pod, overrides)
  if (!node.found) return skip(node.reason, node.detail)
  const { container, profile } = node
  const conflict = mountConflict(container)
  if (conflict) return skip('name-conflict', conflict)
  const reached = findReach(pod, container, profile, input.namespace, overrides.strategy)
  if ('problem' in reached) return skip('bad-annotation', reached.problem)
  const found = findSources(input, pod, container, profile, overrides)
  if (found.sources.length === 0) return skip('no-peers', noPeersDetail(container, profile, found.warnings))
  const portless = planOf(input, pod, node, found.sources, reached.reach, overrides)
  const list = readList(input, portless.sources)
  // A node that nothing is known of listens, as far as anybody can tell, where its peers do.
  const plan = { ...portless, p2pPort: portless.p2pPort || (list.port ?? 0) }
  if (plan.p2pPort === 0)
    return skip('bad-annotation', `nothing tells the P2P port of a ${profile} node; declare it in the container's ports`)
  const telling = tellingWhy(plan, configTexts(input, found.sources))
  return {
    inject: true,
    plan,
    why: { ...node.why, sources: describeSources(plan.sources), strategy: reached.why, ...(telling ? { telling } : {}) },
    warnings: [...unread, ...found.warnings, ...reached.warnings, ...rpcWarnings(plan), ...list.warnings],
    ...(list.peers === undefined ? {} : list.peers),
  }
}

function planOf(
  input: DecideInput,
  pod: PodView,
  { container, profile }: { container: ContainerView; profile: Plan['profile'] },
  found: readonly Found[],
  reach: Plan['reach'],
  overrides: Overrides,
): Plan {
  const restartPolicyAlways = (container.restartPolicy ?? pod.restartPolicy) === 'Always'
  const { canRestartAll, turns } = input.settings
  const texts = configTexts(input, found)
  return {
    version: 1,
    container: container.name,
    profile,
    sources: withLevels(container, profile, found, { by: reach.by, restartPolicyAlways, canRestartAll }),
    reach,
    strategy: overrides.strategy,
    turns,
    group: groupOf(pod, input.namespace.name, profile, overrides),
    validator: isValidator(pod, container, profile, texts),
    maxUnavailable: overrides.maxUnavailable,
    ...(overrides.minPeers === undefined ? {} : { minPeers: overrides.minPeers }),
    ...portsOf(container, profile, texts),
    times: timesOf(pod, container, overrides),
    restartPolicyAlways,
    ownerRolls: ownerRolls(pod, found),
    mesh: inMesh(pod),
    hostNetwork: pod.hostNetwork,
    canRestartAll,
  }
}

/**
 * Adds to each source its level, and under wrap the variable by which a frozen list still reaches a CometBFT node. One variable carries one
 * role: for a config.toml that is persistent_peers, since seeds matter only to a node that knows nobody yet, and one that runs does. Several
 * frozen lists share the variable: the sidecar hands over the union of all files, which is what the variable outranks.
 */
function withLevels(
  container: ContainerView,
  profile: Plan['profile'],
  found: readonly Found[],
  pod: Parameters<typeof levelOf>[1],
): Source[] {
  const program = profile === 'cometbft' && pod.by === 'wrap' ? nodeProgram(container)?.name : undefined
  return found.map(source => {
    if (source.kind === 'Literal') return source
    const { guess: _, frozen, once, override, ...key } = source
    const isFile = key.via === 'subPath' || key.via === 'init'
    // Where a finder knows the variable it is that one, whichever way the node sees the list.
    const variable = override ?? (program !== undefined && isFile ? overrideVariable(program, key.role) : undefined)
    if (variable !== undefined && pod.by === 'wrap' && !frozen) {
      return { ...key, override: variable, level: levelOf({ via: key.via, override: variable }, pod) }
    }
    if (key.unseen || once === 'volume') return { ...key, level: 'none' }
    if (frozen || once) return { ...key, level: levelOf({ via: 'subPath' }, pod) }
    return { ...key, level: levelOf({ via: key.via }, pod) }
  })
}

type List = {
  readonly peers?: { readonly peerHash: string; readonly peers: number }
  /** Of the first peer that can be read. */
  readonly port: number | undefined
  readonly warnings: readonly string[]
}

/** The hash and size of the whole list, where every source can be read; what cannot be read or parsed is a warning. */
function readList(input: DecideInput, sources: readonly Source[]): List {
  const warnings: string[] = []
  const lists = sources.map(source => {
    const parsed = peersOf(input, source, message => warnings.push(message))
    // A literal list is the pod creator's own text.
    const quote = input.quote || source.kind === 'Literal'
    if (parsed && 'error' in parsed)
      warnings.push(`the list does not parse, and the sidecar would not apply it: ${quote ? parsed.quoted : parsed.error}`)
    return parsed && 'peers' in parsed ? parsed.peers : undefined
  })
  const port = lists.flatMap(list => list ?? [])[0]?.port
  if (lists.some(list => list === undefined)) return { port, warnings }
  const peers = uniquePeers(lists.flatMap(list => list ?? []))
  return { peers: { peerHash: peerHash(peers), peers: peers.filter(peer => peer.role === 'peer').length }, port, warnings }
}

function peersOf(input: DecideInput, source: Source, warn: (message: string) => void): Parsed | undefined {
  if (source.kind === 'Literal') return parse(source.format, source.text, source.role, source.name)
  const place = `${source.kind} ${source.name}/${source.key}`
  if (source.kind === 'Secret') warn(`${place} is read by the sidecar only, not here`)
  else {
    const view = input.configMap(source.name)
    const data = dataOf(view)
    const parsed = data && peersIn(data, source.key, source.format, source.role, place)
    if (parsed) return parsed
    if (view === 'unknown') warn(`ConfigMap ${source.name} is not in the cache yet, so its content was not looked at`)
    else warn(data ? `${place} does not exist: the ConfigMap has no such key` : `ConfigMap ${source.name} does not exist`)
  }
  return undefined
}

function rpcWarnings({ profile, rpcPort }: Plan): string[] {
  if (profile !== 'cometbft' || rpcPort !== undefined) return []
  return ['[rpc] laddr gives no TCP port, so the sidecar cannot ask the node about itself and goes by its connections alone']
}

function noPeersDetail(container: ContainerView, profile: string, warnings: readonly string[]): string {
  const seen = `container ${container.name} runs ${profile}; name the list with repeer.dev/config or repeer.dev/peers`
  return [seen, ...warnings].join('; ')
}

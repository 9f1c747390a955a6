// Whether a pod is injected, and with what plan. Pure: pod, namespace, ConfigMaps and settings in; a decision with its
// reasons out.

import { uniquePeers } from '../../peers/peer.ts'
import { levelOf, type OtherNode, type Plan, type Source } from '../../peers/plan.ts'
import { peerHash } from '../../peers/snapshot.ts'
import { chains } from '../chains/index.ts'
import { readAnnotations } from './annotations.ts'
import type { DecideInput, Decision } from './decision.ts'
import { type FollowedNode, overrideOf } from './followed-node.ts'
import { findContainer } from './node/find-container.ts'
import { findReach } from './node/find-reach.ts'
import { configTexts, groupOf, inMesh, isValidator, timesOf } from './node/node-facts.ts'
import { otherNodes, otherNodesAdvice, otherNodesWarning } from './node/other-nodes.ts'
import { type FoundPorts, portsOf } from './node/ports.ts'
import { dataOf, type Parsed, parse, peersIn } from './pod/content.ts'
import { ownerThatRolls } from './pod/owners.ts'
import { type ContainerView, type PodView, viewPod } from './pod/pod-view.ts'
import { earlySkip, mountConflict, skip } from './skip-rules.ts'
import { pinningVariable, whyAddresses } from './sources/addresses.ts'
import { clearText } from './sources/clear-text.ts'
import { type Stated, withDeliveries } from './sources/deliveries.ts'
import { describeSources, findSources } from './sources/find-sources.ts'
import type { Found } from './sources/source-search.ts'

/** Decides about one pod. Never throws, whatever the pod's shape; never mutates its input. */
export function decide(input: DecideInput): Decision {
  const pod = viewPod(input.pod, input.configMap)
  const early = earlySkip(pod, input)
  if (early) return early
  const { overrides: annotated, problems, warnings: unread } = readAnnotations(pod.annotations)
  if (problems.length > 0) return skip('bad-annotation', problems.join('; '))
  const { stated: overrides, warnings: undelivered } = withDeliveries(input, pod, annotated)
  const node = findContainer(input, pod, overrides)
  if (!node.found) return skip(node.reason, node.detail)
  const { container, profile } = node
  const conflict = mountConflict(container)
  if (conflict) return skip('name-conflict', conflict)
  const reached = findReach(pod, node, input.namespace, overrides.strategy)
  if ('problem' in reached) return skip('bad-annotation', reached.problem)
  const found = findSources(input, pod, node, overrides)
  const others = otherNodes(input, pod, container)
  if (found.sources.length === 0) {
    const places = clearText(input, pod, profile)
    const details = [noPeersDetail(container, profile), ...places, ...undelivered, ...found.warnings, ...found.unread]
    return skip('no-peers', [...details, ...otherNodesAdvice(input, pod, others)].join('; '))
  }
  const texts = configTexts(input, pod, container, profile, found.sources)
  const ports = portsOf(input, pod, container, profile, texts, overrides)
  const owner = ownerThatRolls(pod, found.sources)
  const planWith = (reach: Plan['reach']) =>
    planOf(input, pod, node, { found: found.sources, reach, texts, ports, owner, others }, overrides)
  const asReached = planWith(reached.reach)
  const list = readList(input, asReached.sources)
  const seedsAlone = hasSeedsAlone(overrides, asReached.sources, list)
  const portless = seedsAlone ? planWith({ by: 'observe', reason: 'seeds-only' }) : asReached
  // A node that nothing is known of listens, as far as anybody can tell, where its peers do.
  const plan = { ...portless, p2pPort: portless.p2pPort || (list.port ?? 0) }
  if (plan.p2pPort === 0)
    return skip(
      'bad-annotation',
      `nothing tells the P2P port of a ${profile} node; state it with repeer.dev/p2p-port or in the container's ports`,
    )
  return {
    inject: true,
    plan,
    why: {
      ...node.why,
      sources: describeSources(plan.sources),
      strategy: seedsAlone ? seedsWhy : reached.why,
      ...whyAddresses(plan),
      ports: ports.p2pPort === 0 ? `P2P ${plan.p2pPort} (that of its peers)` : ports.why,
      ...(owner === undefined
        ? {}
        : { owner: `${owner} replaces the pod when a list is edited; only addresses are followed` }),
    },
    warnings: [
      ...unread,
      ...undelivered,
      ...found.warnings,
      ...(seedsAlone ? [seedsWhy, ...otherNodesAdvice(input, pod, others)] : reached.warnings),
      ...ports.warnings,
      ...rpcWarnings(plan, overrides),
      ...otherNodesWarning(others),
      ...list.warnings,
    ],
    ...(list.peers === undefined ? {} : list.peers),
  }
}

/** What was found out about a pod, and goes into its plan. */
type Findings = {
  readonly found: readonly Found[]
  readonly reach: Plan['reach']
  readonly texts: readonly string[]
  readonly ports: FoundPorts
  readonly owner: string | undefined
  readonly others: readonly OtherNode[]
}

function planOf(
  input: DecideInput,
  pod: PodView,
  node: FollowedNode,
  { found, reach, texts, ports, owner, others }: Findings,
  overrides: Stated,
): Plan {
  const { container, profile } = node
  const restartPolicyAlways = (container.restartPolicy ?? pod.restartPolicy) === 'Always'
  const { canRestartAll, turns } = input.settings
  return {
    version: 1,
    container: container.name,
    profile,
    sources: withLevels(node, found, {
      by: reach.by,
      restartPolicyAlways,
      canRestartAll,
      pins: overrides.pinAddresses,
    }),
    reach,
    strategy: overrides.strategy,
    turns,
    group: groupOf(pod, input.namespace.name, profile, overrides),
    validator: isValidator(pod, container, profile, texts),
    maxUnavailable: overrides.maxUnavailable,
    ...(overrides.minPeers === undefined ? {} : { minPeers: overrides.minPeers }),
    p2pPort: ports.p2pPort,
    ...(ports.rpcPort === undefined ? {} : { rpcPort: ports.rpcPort }),
    times: timesOf(pod, container, overrides),
    restartPolicyAlways,
    ownerRolls: owner !== undefined,
    mesh: inMesh(pod),
    hostNetwork: pod.hostNetwork,
    canRestartAll,
    ...(others.length === 0 ? {} : { notFollowed: others }),
    ...(overrides.pinAddresses ? {} : { pinAddresses: false }),
  }
}

/**
 * Adds to each source its level, and under wrap the variable by which a frozen list still reaches a CometBFT node. One
 * variable carries one role: for a config.toml that is persistent_peers, since seeds matter only to a node that knows
 * nobody yet, and one that runs does. Several frozen lists share the variable: the sidecar hands over the union of all
 * files, which is what the variable outranks. A list that would reach the node without it gets it as well, so that the
 * node is given addresses in place of names; where the program is not known, it looks names up as ever.
 */
function withLevels(
  node: FollowedNode,
  found: readonly Found[],
  pod: Parameters<typeof levelOf>[1] & { readonly pins: boolean },
): Source[] {
  const isOutranked = chains[node.profile].override !== undefined && pod.by === 'wrap'
  const program = isOutranked ? node.program : undefined
  // No variable of ours gets past env -i or sudo.
  const isOpen = !program?.command.cleared
  const given = isOpen && program !== undefined ? node : undefined
  // A script may make another list of what it finds: the variable must not outrank that with the files alone.
  const readsItself = program !== undefined && !program.command.words[0]?.script
  const onlyFiles = found.every(({ kind, role }) => role === 'seed' || kind !== 'Literal')
  return found.map(source => {
    if (source.kind === 'Literal') return source
    const { guess: _, frozen, once, override: own, outranked, ...key } = source
    const override = isOpen ? own : undefined
    const isFile = key.via === 'subPath' || key.via === 'init'
    // Where a finder knows the variable it is that one, whichever way the node sees the list.
    const variable = override ?? (given !== undefined && isFile && !outranked ? overrideOf(given, key.role) : undefined)
    if (variable !== undefined && pod.by === 'wrap' && !frozen) {
      return { ...key, override: variable, level: levelOf({ via: key.via, override: variable }, pod) }
    }
    // Under wrap the sidecar sees the program below the script, and gives it its variable: see
    // sidecar/decide/program.ts.
    const kept = pod.by === 'wrap' && isOpen ? undefined : once
    if (key.unseen || kept === 'volume') return { ...key, level: 'none' }
    if (frozen || kept) return { ...key, level: levelOf({ via: 'subPath' }, pod) }
    const mayPin = pod.pins && !outranked && (key.via !== 'directory' || (readsItself && onlyFiles))
    const pinning = given !== undefined && mayPin ? pinningVariable(given, key) : undefined
    return { ...key, ...(pinning === undefined ? {} : { override: pinning }), level: levelOf({ via: key.via }, pod) }
  })
}

/**
 * Whether the node lists seeds and nobody else: it asks them once for addresses and need not stay connected to them, so
 * that there is nothing to follow. What an annotation names is followed whatever it holds: it may be a list to come.
 */
function hasSeedsAlone(overrides: Stated, sources: readonly Source[], { peers, seeds }: List): boolean {
  if (overrides.config !== undefined || overrides.peers !== undefined) return false
  if (sources.every(({ role }) => role === 'seed')) return true
  // An empty list of its own (static-nodes.json, PERSISTENT_PEERS) is one to be filled; an empty setting in a document
  // is what programs write.
  const hasListOfItsOwn = sources.some(
    source =>
      source.role === 'peer' &&
      (!/-(toml|cfg)$/.test(source.format) || (source.kind !== 'Literal' && source.deliveredBy !== undefined)),
  )
  return !hasListOfItsOwn && peers?.peers === 0 && seeds > 0
}

/** Nothing of the pod's rights or command is changed for the sake of a list that nobody has to stay connected to. */
const seedsWhy =
  "observe: it lists seeds or bootnodes alone, so there is nothing to follow; give a list of peers in the node's configuration, or with repeer.dev/peers or repeer.dev/config"

type List = {
  readonly peers?: { readonly peerHash: string; readonly peers: number }
  /** Of the first peer that can be read. */
  readonly port: number | undefined
  /** The number of distinct seeds, where every source can be read. */
  readonly seeds: number
  readonly warnings: readonly string[]
}

/** The hash and size of the whole list, where every source can be read; what cannot be read or parsed is a warning. */
function readList(input: DecideInput, sources: readonly Source[]): List {
  const warnings: string[] = []
  const lists = sources.flatMap(source => {
    // Nobody is listed until its PeerSet writes it.
    if (isNotWrittenYet(input, source)) return []
    const parsed = peersOf(input, source, message => warnings.push(message))
    // A literal list is the pod creator's own text.
    const quote = input.quote || source.kind === 'Literal'
    if (parsed && 'error' in parsed)
      warnings.push(
        `the list does not parse, and the sidecar would not apply it: ${quote ? parsed.quoted : parsed.error}`,
      )
    return [parsed && 'peers' in parsed ? parsed.peers : undefined]
  })
  const port = lists.flatMap(list => list ?? [])[0]?.port
  if (lists.length === 0 || lists.some(list => list === undefined)) return { port, seeds: 0, warnings }
  const peers = uniquePeers(lists.flatMap(list => list ?? []))
  const count = peers.filter(peer => peer.role === 'peer').length
  return { peers: { peerHash: peerHash(peers), peers: count }, port, seeds: peers.length - count, warnings }
}

function isNotWrittenYet(input: DecideInput, source: Source): boolean {
  if (source.kind === 'Literal' || source.deliveredBy === undefined) return false
  const view = input.configMap(source.name)
  const data = dataOf(view)
  return view === 'absent' || (data !== undefined && !Object.hasOwn(data, source.key))
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
    else
      warn(data ? `${place} does not exist: the ConfigMap has no such key` : `ConfigMap ${source.name} does not exist`)
  }
  return undefined
}

function rpcWarnings({ profile, rpcPort }: Plan, overrides: Stated): string[] {
  const setting = chains[profile].rpc?.maybeOffBy
  if (setting === undefined || rpcPort !== undefined || overrides.rpcPort === 'none') return []
  return [
    `${setting} gives no TCP port, so the sidecar cannot ask the node about itself and goes by its connections alone`,
  ]
}

function noPeersDetail(container: ContainerView, profile: string): string {
  return `container ${container.name} runs ${profile}; name the list with repeer.dev/config or repeer.dev/peers`
}

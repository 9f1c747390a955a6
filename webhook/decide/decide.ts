// Whether a pod is injected, and with what plan. Pure: pod, namespace, ConfigMaps and settings in; a decision with its
// reasons out.

import type { OtherNode, Plan } from '../../peers/plan.ts'
import { present } from '../../peers/present.ts'
import { chains } from '../chains/index.ts'
import { type Effort, TooDear } from '../shell/index.ts'
import { readAnnotations } from './annotations.ts'
import type { DecideInput, Decision } from './decision.ts'
import { misfit } from './fits.ts'
import type { FollowedNode } from './followed-node.ts'
import { findContainer } from './node/find-container.ts'
import { findReach } from './node/find-reach.ts'
import { nativeSidecarNodes } from './node/native-sidecar-nodes.ts'
import { configTexts, groupOf, inMesh, isValidator, timesOf } from './node/node-facts.ts'
import { otherNodes, otherNodesAdvice, otherNodesWarning } from './node/other-nodes.ts'
import { type FoundPorts, portsOf } from './node/ports.ts'
import { budgetedContent } from './pod/content-budget.ts'
import { ownerThatRolls } from './pod/owners.ts'
import { type ContainerView, type PodView, viewPod } from './pod/pod-view.ts'
import { tooManyKeys } from './pod/shared-keys.ts'
import { earlySkip, mountConflict, skip } from './skip-rules.ts'
import { whyAddresses } from './sources/addresses.ts'
import { clearText } from './sources/clear-text.ts'
import { type Stated, withDeliveries } from './sources/deliveries.ts'
import { describeSources, findSources } from './sources/find-sources.ts'
import { withLevels } from './sources/levels.ts'
import type { Found } from './sources/source-search.ts'
import { hasSeedsAlone, readList } from './sources/whole-list.ts'

/**
 * Decides about one pod. Never throws, whatever the pod's shape; never mutates its input. What it costs is bounded: the
 * pod's size (skip-rules.ts), its scripts (shell/bounds.ts) and its ConfigMaps (pod/content-budget.ts).
 */
export function decide(input: DecideInput): Decision {
  return decideWith(input, 'full')
}

/**
 * The same decision, within a part of that cost: some 15 ms of a processor instead of 250. 'too-dear' for a pod that
 * costs more. It does not look at the pod's own size: whoever asks knows it.
 */
export function decideLightly(input: DecideInput): Decision | 'too-dear' {
  try {
    return decideWith(input, 'light')
  } catch (error) {
    if (error instanceof TooDear) return 'too-dear'
    throw error
  }
}

function decideWith(input: DecideInput, effort: Effort): Decision {
  const { configMap, notRead } = budgetedContent(input.configMap, effort)
  const decision = decideWithin({ ...input, configMap }, effort)
  const beyond = notRead()
  if (beyond === undefined) return decision
  return decision.inject
    ? { ...decision, warnings: [...decision.warnings, beyond] }
    : { ...decision, message: `${decision.message}; ${beyond}` }
}

function decideWithin(input: DecideInput, effort: Effort): Decision {
  const pod = viewPod(input.pod, input.configMap, effort)
  const early = earlySkip(pod, input)
  if (early) return early
  const keys = tooManyKeys(pod, input, effort)
  if (keys) return skip('too-large', keys)
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
  const texts = configTexts(input, pod, node, found.sources)
  const ports = portsOf(input, pod, node, texts, overrides)
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
  const injection = {
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
      ...nativeSidecarNodes(input, pod),
      ...list.warnings,
    ],
    ...list.peers,
  } as const
  const refused = misfit(pod, injection)
  return refused ? skip(refused.reason, refused.detail) : injection
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
    validator: isValidator(pod, node, texts),
    maxUnavailable: overrides.maxUnavailable,
    ...present('minPeers', overrides.minPeers),
    p2pPort: ports.p2pPort,
    ...present('rpcPort', ports.rpcPort),
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

/** Nothing of the pod's rights or command is changed for the sake of a list that nobody has to stay connected to. */
const seedsWhy =
  "observe: it lists seeds or bootnodes alone, so there is nothing to follow; give a list of peers in the node's configuration, or with repeer.dev/peers or repeer.dev/config"

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

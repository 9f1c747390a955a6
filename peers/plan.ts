// The plan: what the webhook's `decide` says about a pod and the sidecar follows. It names sources, not peers, and
// travels as the annotation repeer.dev/plan. Validation is in plan-check.ts.
import type { Format } from './formats/index.ts'
import type { Role } from './peer.ts'
import type { ObserveReason } from './reasons.ts'

export const profiles = [
  'cometbft',
  'gnoland',
  'stellar-core',
  'geth',
  'besu',
  'nethermind',
  'substrate',
  'generic',
] as const
export type Profile = (typeof profiles)[number]

/** What repeer.dev/strategy may say. `hot` never restarts. */
export const strategies = ['auto', 'wrap', 'signal', 'hot', 'observe'] as const
export type Strategy = (typeof strategies)[number]

/** How the node's container sees a list. `init`: only init containers mount it, and render it for the node. */
export const vias = ['directory', 'subPath', 'env', 'envFrom', 'init'] as const
export type Via = (typeof vias)[number]

/** How much has to start again for a change to take effect, from the gentlest on. */
export const levels = ['process', 'container', 'all-containers', 'none'] as const
export type Level = (typeof levels)[number]

/** A key of a ConfigMap or Secret that holds peers. */
export type KeySource = {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly key: string
  readonly via: Via
  readonly format: Format
  /** What the entries are for, where the format itself does not say. */
  readonly role: Role
  /** Via env and envFrom: the variable's name. */
  readonly variable?: string
  /**
   * An environment variable that outranks whatever the node reads the list from, by which it reaches a wrapped node
   * from the next start on, and in addresses (pinAddresses): CMT_P2P_PERSISTENT_PEERS. Beside `variable` where a script
   * copies that one into a file only once; `variable` itself where the node takes its list from it.
   */
  readonly override?: string
  /** Nothing in the pod hands the list to the node: it is not given at any start, but by telling or by `override`. */
  readonly unseen?: true
  /**
   * NAMESPACE/NAME of the PeerSet that delivers it to a pod which does not see it: an object or key that is absent is
   * then an empty list.
   */
  readonly deliveredBy?: string
  readonly level: Level
}

/** A list written into the pod spec or into repeer.dev/peers. It cannot change in place; its addresses can. */
export type LiteralSource = {
  readonly kind: 'Literal'
  /** Where it stands: "env PERSISTENT_PEERS", "args[3]", "annotation repeer.dev/peers". */
  readonly name: string
  readonly format: Format
  readonly role: Role
  readonly text: string
  /**
   * The node's program does not read what it stands in (a variable, for stellar-core): it is not given at any start,
   * but by telling.
   */
  readonly unseen?: true
  readonly level: 'none'
}

export type Source = KeySource | LiteralSource

/**
 * A container of the node's operator that remembers the node's process, and so starts anew with it: cosmopilot's
 * node-utils.
 */
export type Beside = {
  readonly container: string
  /** What its process may be called. */
  readonly names: readonly string[]
  /** Its UID, which the sidecar then has too, since nobody else may end it without a privilege. */
  readonly uid: number
  /** Of its HTTP server, in the pod's network: GET /must_upgrade. */
  readonly port: number
  /** The node writes to a FIFO that it reads: a node that starts while nobody does waits in open(). */
  readonly fifo: boolean
}

/** How the node's process can be stopped and started. */
export type Reach =
  | { readonly by: 'wrap'; readonly beside?: Beside }
  /**
   * `uid`: the node's, which the sidecar then has too; null where the sidecar is root with CAP_KILL. `names`: process
   * names to expect.
   */
  | { readonly by: 'signal'; readonly uid: number | null; readonly names: readonly string[] }
  | { readonly by: 'observe'; readonly reason: ObserveReason }

export type Plan = {
  readonly version: 1
  readonly container: string
  readonly profile: Profile
  readonly sources: readonly Source[]
  readonly reach: Reach
  /** As asked for by annotation; `hot` forbids restarts whatever the reach. */
  readonly strategy: Strategy
  readonly turns: 'self' | 'controller'
  /** Nodes of one group restart in turn: namespace/chain-id label, else namespace/profile. */
  readonly group: string
  readonly validator: boolean
  /** A number or a percentage, as text. */
  readonly maxUnavailable: string
  /** Restart only a node that is connected to fewer of its peers than this; absent: any missing peer counts. */
  readonly minPeers?: number
  /** TCP port of the node's P2P listener, to be seen again after a restart. */
  readonly p2pPort: number
  /** TCP port of the node's local status API (CometBFT RPC); absent where the profile has none that is known. */
  readonly rpcPort?: number
  readonly times: {
    /** How long a difference has to last before anything is done about it. */
    readonly settleSeconds: number
    /** From SIGTERM to SIGKILL. */
    readonly graceSeconds: number
    readonly minIntervalSeconds: number
    /** failureThreshold x periodSeconds of the target's liveness probe; absent without one. */
    readonly livenessSeconds?: number
  }
  /** Whether the kubelet starts the container again after any exit. */
  readonly restartPolicyAlways: boolean
  /** The owner replaces the pod itself when a list is edited. */
  readonly ownerRolls: boolean
  /** A mesh proxy is in the pod: every connect succeeds and sockets prove nothing. */
  readonly mesh: boolean
  readonly hostNetwork: boolean
  /** The sidecar's restartPolicyRules allow exit 88 (Kubernetes 1.36). */
  readonly canRestartAll: boolean
  /** Other containers of the pod that run nodes: one node of a pod is followed. Absent where there are none. */
  readonly notFollowed?: readonly OtherNode[]
  /**
   * False: what reaches the node by an `override` names its peers as the list does. Absent or true: by the addresses
   * that the sidecar has decided on.
   */
  readonly pinAddresses?: boolean
}

/** A node in the pod that is not followed. */
export type OtherNode = {
  readonly container: string
  /** What it runs: a profile, or a program that repeer has none for, such as "lighthouse". */
  readonly program: string
}

/** As many as a plan may name; a pod with more has its others counted nowhere. */
export const mostNotFollowed = 10

/**
 * The level that a change of a list needs, from how the node sees it and how it is reached: the design's two tables in
 * one place. `none` means that no restart in place brings the change to the node.
 */
export function levelOf(
  source: { via: Via | 'literal'; override?: string },
  pod: { by: Reach['by']; restartPolicyAlways: boolean; canRestartAll: boolean },
): Level {
  if (pod.by === 'observe' || source.via === 'literal') return 'none'
  const container = pod.restartPolicyAlways ? 'container' : 'none'
  const wrapped = pod.by === 'wrap'
  // Exported by the supervisor, it outranks file, variable and what a script made of either.
  if (wrapped && source.override) return 'process'
  switch (source.via) {
    case 'directory':
      return wrapped ? 'process' : container
    case 'env':
    case 'envFrom':
      return wrapped ? 'process' : container
    case 'subPath':
      return container
    case 'init':
      return pod.canRestartAll ? 'all-containers' : 'none'
  }
}

/** The level that a change of addresses needs. */
export function addressLevel(plan: Pick<Plan, 'reach' | 'restartPolicyAlways'>): Level {
  if (plan.reach.by === 'wrap') return 'process'
  return plan.reach.by === 'signal' && plan.restartPolicyAlways ? 'container' : 'none'
}

// One table from reason code to sentence: the same code in the log, the metric, the admission warning, the status page
// and `repeer explain`.

/**
 * How long a node may lack a peer, or wait for what should come by itself, before somebody should know, in ms: a peer
 * that restarts is back within seconds, and where one has moved, the dead connection is noticed after two to three
 * minutes, which is what a node takes at most to find it by itself.
 */
export const lastsMs = 180_000

/** Why a pod is not injected. */
export const skipReasons = {
  'not-a-node': 'no container of the pod looks like a blockchain node that repeer knows',
  'no-peers': 'the node container lists no peers in any ConfigMap, Secret, environment variable, command or argument',
  'ambiguous-container': 'more than one container looks like the node; name it with repeer.dev/container',
  'unknown-container': 'repeer.dev/container names a container that the pod does not have',
  'bad-annotation': 'a repeer.dev/ annotation has a value that cannot be used',
  'opted-out': 'the pod says repeer.dev/inject: "false"',
  'not-opted-in': 'the namespace does not have the label repeer.dev/inject: enabled',
  'os-windows': 'the pod runs on Windows, which the sidecar does not',
  'static-pod': 'a static or mirror pod is run by the kubelet from its own file, which admission cannot change',
  'already-injected': 'the pod has been injected before',
  'name-conflict': 'the pod has a container or volume of its own with a name that repeer needs',
  'port-conflict': 'another program of the pod listens where repeer shows its status page, TCP 9469',
  'annotations-too-large':
    "with repeer's annotations, those of the pod could grow beyond the 256 KiB that Kubernetes allows for all together",
  'plan-refused': "repeer's own sidecar would refuse the plan for this pod, and could not start",
  'too-large':
    "the pod has more or longer volumes, mounts, variables or arguments than a node's pod has; repeer does not look through it",
  'internal-error': 'repeer failed while looking at the pod, and let it in unchanged',
} as const
export type SkipReason = keyof typeof skipReasons

/** Why a pod is injected to observe only. */
export const observeReasons = {
  'asked-to-observe': 'repeer.dev/strategy says observe',
  'sharing-refused': 'the pod spec gives no command to wrap, and refuses a shared PID namespace',
  'host-pid':
    'the pod spec gives no command to wrap, and the pod uses the host PID namespace, where sharing is impossible',
  'uid-unknown':
    "the pod spec gives no command to wrap, and the node's UID is neither stated nor may the sidecar run as root here",
  'restart-policy': 'the pod spec gives no command to wrap, and its restartPolicy would not start the node again',
  'seeds-only':
    'the node lists seeds or bootnodes alone; it need not stay connected to them, so there is nothing to follow',
  'operator-tracks-pid':
    "a container of the node's operator remembers the node's process, and cannot start anew with it",
} as const
export type ObserveReason = keyof typeof observeReasons

/**
 * Who ends a wait. `time`: it passes, or a program does (the kubelet, the owner, the controller). `somebody`: nothing
 * changes before a person has changed something. `either`: as a rule it passes within `lastsMs`; where it does not,
 * somebody has to do something.
 */
export type Ends = 'time' | 'somebody' | 'either'

/** What is to be known of a reason to leave the node as it is: all readers of a page go by this. */
export type HoldFacts = {
  /** Follows a colon. */
  readonly sentence: string
  readonly ends: Ends
  /** The Event by which the controller tells of it; null where it is a matter of seconds, or nothing to worry about. */
  readonly event: 'RestartHeld' | 'RestartGivenUp' | 'AwaitingTurn' | null
  /** How long it has to last first, in ms; absent: not at all. Seconds of it belong to every start, or every edit. */
  readonly afterMs?: number
  /** It stands between a wish for a restart and the restart itself: telling the node would have saved one. */
  readonly wish?: true
}

const minuteMs = 60_000

const facts = {
  'list-missing': { sentence: 'no watched source could be read', ends: 'somebody', event: 'RestartHeld' },
  'list-malformed': { sentence: 'the new peer list cannot be parsed', ends: 'somebody', event: 'RestartHeld' },
  'list-empty': { sentence: 'the new peer list is empty', ends: 'somebody', event: 'RestartHeld' },
  'list-too-long': {
    sentence: 'the new peer list does not fit into the environment variable that would carry it to the node',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'list-fixed': {
    sentence:
      'a list that is literal in the pod spec names an address that is not connected; only names can be followed',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'mass-removal': {
    sentence:
      'more than half of the peers would be removed without others in their place; repeer.dev/allow-mass-removal: "true" permits it',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'needs-rollout': {
    sentence: 'no restart in place can bring this change to the node; it needs a rollout of its pod',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'owner-rolls': {
    sentence: 'the owner of the pod replaces it on an edited list; only addresses are followed here',
    ends: 'time',
    event: 'RestartHeld',
  },
  settling: { sentence: 'the change is younger than the settle time', ends: 'time', event: null },
  unreachable: { sentence: 'no changed address answers a TCP connection', ends: 'either', event: 'RestartHeld' },
  'lookups-fail': {
    sentence: 'names of peers do not resolve at the moment; a node that starts now would not find them',
    ends: 'either',
    event: 'RestartHeld',
    afterMs: lastsMs,
  },
  'lookups-disagree': {
    sentence: 'name servers do not agree about addresses of peers; a node that starts now might be told an old one',
    ends: 'time',
    event: null,
  },
  healing: {
    sentence: 'the node looks names up by itself, and has not yet had the time to',
    ends: 'time',
    event: null,
  },
  'node-silent': {
    sentence: 'the node does not answer its status endpoint: it may be replaying, starting or backing up',
    ends: 'time',
    event: null,
  },
  'state-syncing': { sentence: 'the node is state-syncing', ends: 'time', event: null },
  'catching-up': { sentence: 'the node is catching up and its height rises', ends: 'time', event: null },
  'double-sign-check': {
    sentence: 'a validator with double_sign_check_height > 0 refuses a quick restart',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'upgrade-pending': { sentence: 'a software upgrade is pending on the chain', ends: 'time', event: 'RestartHeld' },
  'operator-upgrade': {
    sentence: "the container of the node's operator beside it does not say that no upgrade or halt of the node is due",
    ends: 'time',
    event: 'RestartHeld',
  },
  'enough-peers': {
    sentence: 'the node is connected to at least repeer.dev/min-peers of its peers',
    ends: 'time',
    event: null,
  },
  'min-interval': {
    sentence: 'the last restart is more recent than repeer.dev/min-interval',
    ends: 'time',
    event: null,
    wish: true,
  },
  budget: {
    sentence: "the node's restart budget (6 in 6 hours) is used up, or the part of those that are missing",
    ends: 'time',
    event: 'RestartHeld',
    wish: true,
  },
  'back-off': {
    sentence: 'the last restart did not help; waiting before the next',
    ends: 'time',
    event: 'RestartGivenUp',
    wish: true,
  },
  'breaker-open': {
    sentence:
      'three restarts in a row for the same peers did not help; no other for them for 6 hours, or until the node was connected to all its peers',
    ends: 'somebody',
    event: 'RestartGivenUp',
  },
  paused: { sentence: 'repeer.dev/pause holds restarts', ends: 'somebody', event: 'RestartHeld', wish: true },
  'waiting-for-kubelet': {
    sentence:
      'the list in the files of the pod is not the one that repeer.dev/peer-hash names: one of them has not been refreshed yet',
    ends: 'either',
    event: 'RestartHeld',
    afterMs: minuteMs,
    wish: true,
  },
  'awaiting-turn': {
    sentence: 'the node waits for its turn to restart',
    ends: 'time',
    event: 'AwaitingTurn',
    wish: true,
  },
  'hot-only': {
    sentence: 'repeer.dev/strategy says hot: never restart',
    ends: 'somebody',
    event: 'RestartHeld',
    wish: true,
  },
  observe: { sentence: 'the plan gives no way to restart the node in place', ends: 'somebody', event: 'RestartHeld' },
  'already-restarted': {
    sentence: 'the node has been restarted for this snapshot; the same again would not help',
    ends: 'somebody',
    event: 'RestartGivenUp',
  },
  'process-ambiguous': { sentence: 'more than one process could be the node', ends: 'somebody', event: 'RestartHeld' },
  'process-not-found': {
    sentence: 'no process of the node container was found',
    ends: 'either',
    event: 'RestartHeld',
    afterMs: minuteMs,
  },
  'not-permitted': {
    sentence: "the sidecar may not signal the node's process",
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'not-taken': { sentence: 'the last request to restart the node was not carried out', ends: 'time', event: null },
  'kubelet-back-off': {
    sentence:
      'the node has stopped; the kubelet starts its container again, and makes it wait where it was restarted within the last 10 minutes',
    ends: 'time',
    event: null,
  },
  'state-unwritable': {
    sentence: 'the sidecar cannot write its state, without which nothing is restarted',
    ends: 'somebody',
    event: 'RestartHeld',
  },
  'supervisor-absent': {
    sentence: 'the supervisor does not answer; the container may be starting',
    ends: 'either',
    event: 'RestartHeld',
    afterMs: minuteMs,
  },
} as const satisfies Readonly<Record<string, HoldFacts>>
export type HoldReason = keyof typeof facts

/** Why the node is left as it is although something differs. */
export const holds: Readonly<Record<HoldReason, HoldFacts>> = facts

/** The sentence of each. */
export const holdReasons = Object.fromEntries(
  Object.entries(facts).map(([code, { sentence }]) => [code, sentence]),
) as Readonly<Record<HoldReason, string>>

/** Whether a text is the code of such a reason: a page may be of another version. */
export function isHoldReason(text: string): text is HoldReason {
  return Object.hasOwn(facts, text)
}

/** Whether a wait that has lasted so long needs a person. */
export function needsSomebody(reason: HoldReason, lastedMs: number): boolean {
  const { ends } = holds[reason]
  return ends === 'somebody' || (ends === 'either' && lastedMs >= lastsMs)
}

/** Why a node is not connected to a peer of its list although nothing is left to do. */
export const lackReasons = {
  'name-unresolved': 'its name does not resolve',
  'no-answer': 'its address does not answer: it is down, or cannot be reached from here',
  'not-followed': 'its name is answered with addresses that come and go, which are not followed',
  'former-address': 'only a connection to an address that it had before is left',
  'not-connected-again': 'the node knows its address, and has not connected to it again',
  'never-connected': 'the node knows its address, and has never been connected to it',
} as const
export type LackReason = keyof typeof lackReasons

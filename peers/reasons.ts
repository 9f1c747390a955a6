// One table from reason code to sentence: the same code in the log, the metric, the admission warning, the status page
// and `repeer explain`.

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
  'too-large':
    "the pod has more volumes, mounts, variables or arguments than a node's pod has; repeer does not look through it",
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

/** Why the node is left as it is although something differs. */
export const holdReasons = {
  'list-missing': 'no watched source could be read',
  'list-malformed': 'the new peer list cannot be parsed',
  'list-empty': 'the new peer list is empty',
  'list-too-long': 'the new peer list does not fit into the environment variable that would carry it to the node',
  'list-fixed':
    'a list that is literal in the pod spec names an address that is not connected; only names can be followed',
  'mass-removal':
    'more than half of the peers would be removed without others in their place; repeer.dev/allow-mass-removal: "true" permits it',
  'needs-rollout': 'no restart in place can bring this change to the node; it needs a rollout of its pod',
  'owner-rolls': 'the owner of the pod replaces it on an edited list; only addresses are followed here',
  settling: 'the change is younger than the settle time',
  unreachable: 'no changed address answers a TCP connection',
  'lookups-fail': 'names of peers do not resolve at the moment; a node that starts now would not find them',
  'lookups-disagree':
    'name servers do not agree about addresses of peers; a node that starts now might be told an old one',
  healing: 'the node looks names up by itself, and has not yet had the time to',
  'node-silent': 'the node does not answer its status endpoint: it may be replaying, starting or backing up',
  'state-syncing': 'the node is state-syncing',
  'catching-up': 'the node is catching up and its height rises',
  'double-sign-check': 'a validator with double_sign_check_height > 0 refuses a quick restart',
  'upgrade-pending': 'a software upgrade is pending on the chain',
  'operator-upgrade':
    "the container of the node's operator beside it does not say that no upgrade or halt of the node is due",
  'enough-peers': 'the node is connected to at least repeer.dev/min-peers of its peers',
  'min-interval': 'the last restart is more recent than repeer.dev/min-interval',
  budget: "the node's restart budget is used up (6 in 6 hours)",
  'back-off': 'the last restart did not help; waiting before the next',
  'breaker-open':
    'three restarts in a row did not help; no other for 6 hours, or until the node was connected to all its peers',
  paused: 'repeer.dev/pause holds restarts',
  'waiting-for-kubelet':
    'the list in the files of the pod is not the one that repeer.dev/peer-hash names: one of them has not been refreshed yet',
  'awaiting-turn': 'the node waits for its turn to restart',
  'hot-only': 'repeer.dev/strategy says hot: never restart',
  observe: 'the plan gives no way to restart the node in place',
  'already-restarted': 'the node has been restarted for this snapshot; the same again would not help',
  'process-ambiguous': 'more than one process could be the node',
  'process-not-found': 'no process of the node container was found',
  'not-permitted': "the sidecar may not signal the node's process",
  'not-taken': 'the last request to restart the node was not carried out',
  'kubelet-back-off':
    'the node has stopped; the kubelet starts its container again, and makes it wait where it was restarted within the last 10 minutes',
  'state-unwritable': 'the sidecar cannot write its state, without which nothing is restarted',
  'supervisor-absent': 'the supervisor does not answer; the container may be starting',
} as const
export type HoldReason = keyof typeof holdReasons

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

// Names and paths inside an injected pod: what the webhook writes and the sidecar and the supervisor find there.

export const annotation = {
  inject: 'repeer.dev/inject',
  container: 'repeer.dev/container',
  profile: 'repeer.dev/profile',
  config: 'repeer.dev/config',
  peers: 'repeer.dev/peers',
  strategy: 'repeer.dev/strategy',
  group: 'repeer.dev/group',
  maxUnavailable: 'repeer.dev/max-unavailable',
  minPeers: 'repeer.dev/min-peers',
  minInterval: 'repeer.dev/min-interval',
  settleSeconds: 'repeer.dev/settle-seconds',
  graceSeconds: 'repeer.dev/grace-seconds',
  p2pPort: 'repeer.dev/p2p-port',
  rpcPort: 'repeer.dev/rpc-port',
  allowMassRemoval: 'repeer.dev/allow-mass-removal',
  pause: 'repeer.dev/pause',
  pinAddresses: 'repeer.dev/pin-addresses',
  plan: 'repeer.dev/plan',
  status: 'repeer.dev/status',
  peerHash: 'repeer.dev/peer-hash',
  endpoints: 'repeer.dev/endpoints',
  turn: 'repeer.dev/turn',
  /** Why a pod that asks for a turn has none: words of the controller, for people. */
  turnWait: 'repeer.dev/turn-wait',
  /** When the turn was granted, ISO 8601. */
  turnGrantedAt: 'repeer.dev/turn-granted-at',
  /** Changed by the controller only to make the kubelet look at the pod again. */
  nudge: 'repeer.dev/nudge',
} as const

/** The namespace label that opts in, and its value. */
export const optIn = { label: 'repeer.dev/inject', value: 'enabled' } as const

export const containerName = { sidecar: 'repeer', install: 'repeer-install' } as const

export const volumeName = {
  /** Projected: the pod's annotations (downwardAPI) and the keys that hold peers. */
  input: 'repeer-input',
  /** emptyDir with the supervisor's programs; the node mounts it read-only. */
  wrap: 'repeer-wrap',
  /** emptyDir with the FIFO and the supervisor's state. */
  control: 'repeer-control',
  /** emptyDir with the sidecar's state; it survives the sidecar. */
  state: 'repeer-state',
  /** An empty emptyDir over the path where built-in admission would mount a service account token. */
  noToken: 'repeer-no-token',
} as const

export const path = {
  input: '/repeer/input',
  wrap: '/repeer/wrap',
  control: '/repeer/control',
  state: '/repeer/state',
  token: '/var/run/secrets/kubernetes.io/serviceaccount',
  /** In repeer's image: busybox as `sh`, and the supervisor. */
  imageWrap: '/opt/repeer/wrap',
} as const

/** Files under path.input that hold the pod's annotations; empty where the annotation is absent. */
export const inputFile = {
  plan: 'pod/plan',
  peerHash: 'pod/peer-hash',
  endpoints: 'pod/endpoints',
  turn: 'pod/turn',
  turnWait: 'pod/turn-wait',
  pause: 'pod/pause',
  allowMassRemoval: 'pod/allow-mass-removal',
} as const

/** Where under path.input a ConfigMap's or Secret's key is mounted. */
export function sourceFile(source: { kind: 'ConfigMap' | 'Secret'; name: string; key: string }): string {
  return `sources/${source.kind.toLowerCase()}/${source.name}/${source.key}`
}

/** The TCP port of the sidecar's status page, and its name in the pod spec. */
export const statusPort = { number: 9469, name: 'repeer' } as const
/**
 * The User-Agent with which the controller reads status pages, so that a page can say whether anybody does. It is a
 * word, no proof.
 */
export const controllerAgent = 'repeer-controller'
/** The sidecar exits with this code to have all containers restarted (restartPolicyRules, Kubernetes 1.36). */
export const restartAllExitCode = 88

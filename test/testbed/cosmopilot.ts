// What cosmopilot makes of a node (github.com/voluzi/cosmopilot, internal/controllers/chainnode: pod.go, configmap.go,
// service.go): a bare pod that is never restarted as a whole, its files by subPath, node-utils beside it, a Service.
// Two things differ, since a cluster for tests has no volumes to claim and no registry: the data lies on an emptyDir,
// and node-utils is a stand-in. The program is a real one of the Cosmos SDK.
import type { KubernetesObject } from './chain.ts'
import type { NodeKey } from './node-key.ts'
import { interchainImage, nodeUtilsImage } from './seed-images.ts'

export const chainId = 'nibiru-testnet-1'
export const program = 'interchain-security-pd'

export type ChainNode = {
  readonly namespace: string
  readonly name: string
  readonly key: NodeKey
  /** The line of cosmopilot: 3.x has the node write its trace into a FIFO that node-utils reads. */
  readonly line: '3.x' | '4.x'
  /** ID@HOST:PORT, each. */
  readonly peers: readonly string[]
  readonly genesis: string
  /** priv_validator_key.json of a node that validates. */
  readonly validatorKey?: string
  /** What its owner has stated for its pod (spec.config.podAnnotations). */
  readonly annotations?: Readonly<Record<string, string>>
}

/** How peers reach it: what cosmopilot writes into others' lists. */
export function internalName({ name }: Pick<ChainNode, 'name'>): string {
  return `${name}-internal`
}

export function entry(node: Pick<ChainNode, 'key'>, host: string): string {
  return `${node.key.id}@${host}:26656`
}

/** In the order in which the operator makes them: the pod comes last, milliseconds after the rest. */
export function objectsOf(node: ChainNode): KubernetesObject[] {
  return [
    configMap(node, '', files(node)),
    configMap(node, '-upgrades', noUpgrades),
    secret(node),
    ...services(node),
    podOf(node),
  ]
}

const noUpgrades = { 'upgrades.json': '{"upgrades":[]}' }

/** Peers that come and go change the file, and not the hash on the pod: that is taken before they are merged in. */
export function files(node: ChainNode): Record<string, string> {
  const app = ['minimum-gas-prices = "0stake"', 'pruning = "default"', '[api]', 'enable = true', '']
  return {
    'config.toml': configToml(node),
    'app.toml': app.join('\n'),
    'client.toml': `chain-id = "${chainId}"\n`,
    'genesis.json': node.genesis,
  }
}

/**
 * Blocks come every second, so that a scenario sees some; and nodes learn of no peer by each other, so that lists
 * count.
 */
function configToml({ name, peers }: ChainNode): string {
  return `log_format = "json"
moniker = "${name}"

[consensus]
timeout_commit = "1s"

[p2p]
addr_book_strict = false
allow_duplicate_ip = true
laddr = "tcp://0.0.0.0:26656"
persistent_peers = "${peers.join(',')}"
pex = false
seeds = ""

[rpc]
cors_allowed_origins = ["*"]
laddr = "tcp://0.0.0.0:26657"
`
}

function labels({ key, validatorKey }: ChainNode) {
  return {
    'node-id': key.id,
    'chain-id': chainId,
    validator: String(validatorKey !== undefined),
    upgrading: 'false',
    nodeset: 'mynode',
    group: 'fullnode',
  }
}

function configMap({ namespace, name }: ChainNode, suffix: string, data: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: `${name}${suffix}` }, data }
}

function secret({ namespace, name, key, validatorKey }: ChainNode): KubernetesObject {
  const stringData = {
    'node_key.json': key.file,
    ...(validatorKey === undefined ? {} : { 'priv_validator_key.json': validatorKey }),
  }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData }
}

const ports = [
  { name: 'p2p', containerPort: 26656 },
  { name: 'rpc', containerPort: 26657 },
  { name: 'lcd', containerPort: 1317 },
  { name: 'grpc', containerPort: 9090 },
  { name: 'privval', containerPort: 26659 },
  { name: 'prometheus', containerPort: 26660 },
]

/**
 * The operator's own, and a headless one of its user's beside it: behind that name is the pod's own address, which
 * changes.
 */
function services(node: ChainNode): KubernetesObject[] {
  const selector = { 'node-id': node.key.id, 'chain-id': chainId }
  const of = (name: string, spec: object): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: node.namespace, name, labels: { ...selector, peer: 'true' } },
    spec: {
      publishNotReadyAddresses: true,
      selector,
      ports: ports.map(({ name, containerPort }) => ({ name, port: containerPort })),
      ...spec,
    },
  })
  return [of(internalName(node), {}), of(headlessName(node), { clusterIP: 'None' })]
}

export function headlessName({ name }: Pick<ChainNode, 'name'>): string {
  return `${name}-headless`
}

const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
  capabilities: { drop: ['ALL'] },
}

const probe = (path: string, over: object) => ({ httpGet: { path, port: 8000, scheme: 'HTTP' }, ...over })

/** The operator makes it anew, the same, under the same name, when it is gone. */
export function podOf(node: ChainNode): KubernetesObject {
  const trace = node.line === '3.x' ? [{ name: 'trace', mountPath: '/trace' }] : []
  const file = (volume: string, name: string) => ({
    name: volume,
    mountPath: `/home/app/config/${name}`,
    subPath: name,
  })
  const isValidator = node.validatorKey !== undefined
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: node.namespace,
      name: node.name,
      annotations: {
        'cosmopilot.voluzi.com/config-hash': '1234567890',
        'cosmopilot.voluzi.com/pod-spec-hash': 'abc',
        'cosmopilot.voluzi.com/chainnode-generation': '1',
        ...node.annotations,
      },
      labels: labels(node),
    },
    spec: {
      shareProcessNamespace: true,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        ...['app-empty-dir', 'config-empty-dir', ...trace.map(({ name }) => name), 'data'].map(name => ({
          name,
          emptyDir: {},
        })),
        { name: 'config', configMap: { name: node.name } },
        { name: 'node-key', secret: { secretName: node.name } },
        { name: 'upgrades-config', configMap: { name: `${node.name}-upgrades` } },
      ],
      initContainers: [...(isValidator ? [initData()] : []), nodeUtils(trace)],
      containers: [
        {
          name: program,
          image: interchainImage,
          securityContext: restricted,
          command: [program],
          args: ['start', '--home', '/home/app', ...(trace.length === 0 ? [] : ['--trace-store', '/trace/trace.fifo'])],
          ports,
          volumeMounts: [
            { name: 'app-empty-dir', mountPath: '/home/app' },
            { name: 'data', mountPath: '/home/app/data' },
            { name: 'config-empty-dir', mountPath: '/home/app/config' },
            file('node-key', 'node_key.json'),
            ...trace,
            ...['config.toml', 'app.toml', 'client.toml', 'genesis.json'].map(name => file('config', name)),
            ...(isValidator ? [file('node-key', 'priv_validator_key.json')] : []),
          ],
          startupProbe: probe('/health', { periodSeconds: 5, failureThreshold: 720, timeoutSeconds: 5 }),
          livenessProbe: probe('/health', { failureThreshold: 2, periodSeconds: 30, timeoutSeconds: 5 }),
          readinessProbe: probe('/ready', { failureThreshold: 1, periodSeconds: 10, timeoutSeconds: 5 }),
        },
      ],
    },
  }
}

function nodeUtils(trace: readonly { name: string; mountPath: string }[]) {
  const env = {
    BLOCK_THRESHOLD: '0s',
    LOG_LEVEL: 'info',
    TMKMS_PROXY: 'false',
    ...(trace.length === 0 ? {} : { CREATE_FIFO: 'true', TRACE_STORE: '/trace/trace.fifo' }),
    NODE_BINARY_NAME: program,
    HALT_HEIGHT: '0',
  }
  return {
    name: 'node-utils',
    image: nodeUtilsImage,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    securityContext: restricted,
    ports: [{ name: 'node-utils', containerPort: 8000 }],
    volumeMounts: [
      { name: 'data', mountPath: '/home/app/data', readOnly: true },
      ...trace,
      { name: 'upgrades-config', mountPath: '/config' },
    ],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    readinessProbe: probe('/must_upgrade', { failureThreshold: 1, periodSeconds: 2 }),
  }
}

/** What the operator's pod NAME-init-data does to a new volume: a validator does not start without its state file. */
function initData() {
  return {
    name: 'init-data',
    image: interchainImage,
    securityContext: restricted,
    command: [program],
    args: ['init', 'none', '--home', '/home/app'],
    volumeMounts: [
      { name: 'app-empty-dir', mountPath: '/home/app' },
      { name: 'data', mountPath: '/home/app/data' },
    ],
  }
}

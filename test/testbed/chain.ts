// A chain of CometBFT validators as plain manifests: each a StatefulSet of one with a Service. node0 lists the others,
// the others list nobody, and pex is off, so that who is connected depends on node0's list alone. Nothing here knows of
// repeer.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** On a cluster of the user's they may come from a registry. */
export const cometbftImage = process.env.E2E_COMETBFT_IMAGE ?? 'localhost/cometbft:1'
export const busyboxImage = process.env.E2E_BUSYBOX_IMAGE ?? 'localhost/busybox:1'

export type KubernetesObject = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string } & Record<string, unknown>
  [field: string]: unknown
}

export type ChainOptions = {
  readonly namespace: string
  readonly validators?: number
  /** Headless Services have the pod's own address behind their name, ClusterIP ones a stable one. */
  readonly headless?: boolean
  /** Changes the pod spec of every node (to try other ways to mount, other policies). */
  readonly pod?: (spec: PodSpec, index: number) => PodSpec
  /** Annotations of every node's pods. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Changes config.toml of every node. */
  readonly config?: (toml: string, index: number) => string
  /** The validators' voting powers. Default: 1 each. */
  readonly power?: (index: number) => number
  /** Under pod security `restricted` the pods say what they have to. */
  readonly restricted?: boolean
}

export type Container = { name: string; image: string; command?: string[]; args?: string[]; [field: string]: unknown }
export type PodSpec = {
  containers: Container[]
  initContainers?: Container[]
  volumes?: unknown[]
  [field: string]: unknown
}

export type Chain = {
  readonly ids: readonly string[]
  readonly objects: readonly KubernetesObject[]
  /** A node's config.toml, with these members as its list. */
  readonly configOf: (index: number, peers: readonly number[]) => string
}

/** Makes keys and genesis with `cometbft testnet`, which has to be on PATH, and the manifests around them. */
export function makeChain(options: ChainOptions): Chain {
  const count = options.validators ?? 4
  const work = mkdtempSync(join(tmpdir(), 'chain-'))
  try {
    execFileSync('cometbft', ['testnet', '--v', String(count), '--o', work, '--populate-persistent-peers=false'], {
      stdio: 'ignore',
    })
    const indexes = Array.from({ length: count }, (_, index) => index)
    const home = (index: number) => join(work, `node${index}`)
    const file = (index: number, name: string) => readFileSync(join(home(index), 'config', name), 'utf8')
    const ids = indexes.map(index =>
      execFileSync('cometbft', ['show-node-id', '--home', home(index)])
        .toString()
        .trim(),
    )
    const base = indexes.map(index => file(index, 'config.toml'))
    const configOf = (index: number, peers: readonly number[]) => {
      const list = peers.map(peer => `${ids[peer]}@node${peer}:26656`).join(',')
      const toml = settings(base[index] ?? '', list)
      return options.config ? options.config(toml, index) : toml
    }
    const objects = indexes.flatMap(index => [
      configMap(options.namespace, index, {
        'config.toml': configOf(index, index === 0 ? indexes.slice(1) : []),
        'genesis.json': withPowers(file(index, 'genesis.json'), options.power ?? (() => 1)),
      }),
      secret(options.namespace, index, {
        'node_key.json': file(index, 'node_key.json'),
        'priv_validator_key.json': file(index, 'priv_validator_key.json'),
      }),
      service(options, index),
      statefulSet(options, index),
    ])
    return { ids, objects, configOf }
  } finally {
    rmSync(work, { recursive: true })
  }
}

/**
 * The index of the node that an object of a chain, or a validator of its genesis, belongs to, by its name; NaN for any
 * other.
 */
export function nodeOf(name: string): number {
  return Number(/^node(\d+)/.exec(name)?.[1])
}

function withPowers(genesis: string, power: (index: number) => number): string {
  const { validators, ...rest } = JSON.parse(genesis) as { validators: { name: string }[] }
  const powerful = validators.map(validator => ({ ...validator, power: String(power(nodeOf(validator.name))) }))
  return JSON.stringify({ ...rest, validators: powerful })
}

function settings(toml: string, peers: string): string {
  const values: Record<string, string> = {
    proxy_app: '"kvstore"',
    priv_validator_key_file: '"keys/priv_validator_key.json"',
    node_key_file: '"keys/node_key.json"',
    addr_book_file: '"data/addrbook.json"',
    pex: 'false',
    persistent_peers: `"${peers}"`,
  }
  return Object.entries(values).reduce(
    (text, [key, value]) => text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`),
    toml,
  )
}

function meta(namespace: string, name: string) {
  return { name, namespace, labels: { app: name } }
}

function configMap(namespace: string, index: number, data: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(namespace, `node${index}-config`), data }
}

function secret(namespace: string, index: number, stringData: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: meta(namespace, `node${index}-keys`), stringData }
}

function service({ namespace, headless = true }: ChainOptions, index: number): KubernetesObject {
  const name = `node${index}`
  const spec = {
    ...(headless ? { clusterIP: 'None' } : {}),
    publishNotReadyAddresses: true,
    selector: { app: name },
    ports: [{ name: 'p2p', port: 26656 }],
  }
  return { apiVersion: 'v1', kind: 'Service', metadata: meta(namespace, name), spec }
}

function statefulSet(options: ChainOptions, index: number): KubernetesObject {
  const name = `node${index}`
  const spec = (options.pod ?? (unchanged => unchanged))(podSpec(index, options.restricted ?? false), index)
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: meta(options.namespace, name),
    spec: {
      serviceName: name,
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, ...(options.annotations ? { annotations: options.annotations } : {}) },
        spec,
      },
    },
  }
}

function podSpec(index: number, restricted: boolean): PodSpec {
  const own = restricted
    ? { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
    : {}
  const mounts = [
    { name: 'config', mountPath: '/home/node/config' },
    { name: 'keys', mountPath: '/home/node/keys' },
    { name: 'data', mountPath: '/home/node/data' },
  ]
  const state = `[ -e data/priv_validator_state.json ] || echo '{"height":"0","round":0,"step":0}' >data/priv_validator_state.json`
  return {
    terminationGracePeriodSeconds: 5,
    ...(restricted
      ? {
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            fsGroup: 1000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        }
      : {}),
    initContainers: [
      {
        name: 'state',
        image: busyboxImage,
        command: ['sh', '-c', state],
        workingDir: '/home/node',
        volumeMounts: mounts,
        ...own,
      },
    ],
    containers: [
      {
        name: 'node',
        image: cometbftImage,
        command: ['cometbft', 'start', '--home', '/home/node'],
        // Its consensus looks around every 100 µs, also when idle (reactor.go, updateRoundStateRoutine); on one thread
        // that costs half as much.
        env: [{ name: 'GOMAXPROCS', value: '1' }],
        ports: [
          { name: 'p2p', containerPort: 26656 },
          { name: 'rpc', containerPort: 26657 },
        ],
        volumeMounts: mounts,
        ...own,
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: `node${index}-config` } },
      { name: 'keys', secret: { secretName: `node${index}-keys` } },
      { name: 'data', emptyDir: {} },
    ],
  }
}

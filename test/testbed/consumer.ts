// What the interchain security operator makes of a consumer chain's node (ics-operator, internal/deployment): a
// Deployment that runs a script, its data on an emptyDir, keys and script in one ConfigMap, the list in an environment
// variable, which the script copies into the node's file only while that is empty. The program is real; the script has
// the operator's shape, not its text.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KubernetesObject } from './chain.ts'
import type { NodeKey } from './node-key.ts'
import { interchainImage } from './seed-images.ts'

/**
 * Its ports are those that the source `validators` and the operator compute: 26756 + 10 * 201, the offset of the chain
 * ID.
 */
export const consumerChainId = 'consumer-0-1751686503-0'
export const p2pPort = 28766
export const rpcPort = 28767

export type Consumer = {
  readonly namespace: string
  /** Whose node it is: the label `validator`. */
  readonly owner: string
  readonly key: NodeKey
  readonly genesis: string
  /** priv_validator_key.json of the provider's validator; a node without it only follows. */
  readonly validatorKey?: string
  /** The variable PERSISTENT_PEERS, if the operator sets it. */
  readonly peers?: { readonly value: string } | { readonly valueFrom: object }
  readonly annotations?: Readonly<Record<string, string>>
}

export const appLabels = { app: 'consumer-chain', 'chain-id': consumerChainId }

const script = `#!/bin/bash
set -e
home=/data/.$CHAIN_ID
if [ ! -f "$home/config/config.toml" ]; then
  interchain-security-cd init consumer --chain-id "$CHAIN_ID" --home "$home"
  cp /scripts/genesis.json "$home/config/genesis.json"
fi
if [ -n "$PERSISTENT_PEERS" ]; then
  sed -i "s/^persistent_peers = \\"\\"/persistent_peers = \\"$PERSISTENT_PEERS\\"/" "$home/config/config.toml"
fi
sed -i "s#tcp://0.0.0.0:26656#tcp://0.0.0.0:${p2pPort}#; s#tcp://127.0.0.1:26657#tcp://0.0.0.0:${rpcPort}#" "$home/config/config.toml"
sed -i "s/^pex = true/pex = false/; s/^addr_book_strict = true/addr_book_strict = false/" "$home/config/config.toml"
sed -i "s/^timeout_commit = .*/timeout_commit = \\"1s\\"/" "$home/config/config.toml"
sed -i "s/^minimum-gas-prices = .*/minimum-gas-prices = \\"0stake\\"/" "$home/config/app.toml"
for key in node_key.json priv_validator_key.json; do
  [ ! -f "/scripts/$key" ] || cp "/scripts/$key" "$home/config/$key"
done
exec interchain-security-cd start --home "$home"
`

/**
 * The genesis of a consumer chain whose part from the provider is `ccvconsumer`. @param program interchain-security-cd
 */
export async function consumerGenesis(program: string, ccvconsumer: unknown): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'consumer-'))
  try {
    await promisify(execFile)(program, ['init', 'consumer', '--chain-id', consumerChainId, '--home', home])
    const genesis = JSON.parse(await readFile(join(home, 'config', 'genesis.json'), 'utf8'))
    return JSON.stringify({ ...genesis, app_state: { ...genesis.app_state, ccvconsumer } })
  } finally {
    await rm(home, { recursive: true })
  }
}

export function nameOf({ owner }: Pick<Consumer, 'owner'>): string {
  return `${consumerChainId}-${owner}`
}

/** A headless Service stands beside, for peers that go by name. */
export function consumerObjects(node: Consumer): KubernetesObject[] {
  const labels = { ...appLabels, validator: node.owner }
  const metadata = { namespace: node.namespace, name: nameOf(node), labels }
  const config = `${nameOf(node)}-config`
  const peers = node.peers ? [{ name: 'PERSISTENT_PEERS', ...node.peers }] : []
  const probe = { httpGet: { path: '/status', port: rpcPort } }
  const container = {
    name: 'consumer-daemon',
    image: interchainImage,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/bash', '/scripts/start-consumer.sh'],
    env: [
      { name: 'CHAIN_ID', value: consumerChainId },
      { name: 'CONSUMER_ID', value: '0' },
      { name: 'NAMESPACE', value: node.namespace },
      { name: 'PROVIDER_NAMESPACE', value: 'provider' },
      ...peers,
    ],
    ports: [
      { name: 'p2p', containerPort: p2pPort },
      { name: 'rpc', containerPort: rpcPort },
      { name: 'rest', containerPort: 29427 },
      { name: 'grpc', containerPort: 11200 },
    ],
    volumeMounts: [
      { name: 'consumer-data', mountPath: '/data' },
      { name: 'consumer-config', mountPath: '/scripts' },
    ],
    livenessProbe: { ...probe, initialDelaySeconds: 30, periodSeconds: 10 },
    readinessProbe: { ...probe, initialDelaySeconds: 10, periodSeconds: 5 },
  }
  const data = {
    'start-consumer.sh': script,
    'chain-id': consumerChainId,
    'consumer-id': '0',
    'genesis.json': node.genesis,
    'node_key.json': node.key.file,
    ...(node.validatorKey === undefined ? {} : { 'priv_validator_key.json': node.validatorKey }),
  }
  const volumes = [
    { name: 'consumer-data', emptyDir: {} },
    { name: 'consumer-config', configMap: { name: config, defaultMode: 0o755 } },
  ]
  const template = {
    metadata: { labels, ...(node.annotations ? { annotations: node.annotations } : {}) },
    spec: { terminationGracePeriodSeconds: 5, containers: [container], volumes },
  }
  const ports = [{ name: 'p2p', port: p2pPort }]
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: config }, data },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: labels, ports },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
  ]
}

/**
 * The load balancer at which other operators' nodes reach it; its address is given by hand, as a cloud would. Local, so
 * that the node sees who dials: CometBFT takes no second peer from one address.
 */
export function loadBalancer({ namespace, owner }: Consumer): KubernetesObject {
  const selector = { ...appLabels, validator: owner }
  const ports = [{ name: 'p2p', port: p2pPort }]
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector, publishNotReadyAddresses: true, ports }
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'p2p' }, spec }
}

// The demo's manifests: four CometBFT validators as somebody would write them, one Pod and one ConfigMap each. Pure.
import type { V1Pod } from '@kubernetes/client-node'
import { annotation } from '../peers/pod.ts'
import { configToml, emptyValidatorState, genesisJson, makeKeys, type NodeKeys } from './chain-files.ts'

export const nodeNames = ['node0', 'node1', 'node2', 'node3'] as const
export type NodeName = (typeof nodeNames)[number]
export const namespace = 'chain'
export const p2pPort = 26656

export type Lists = Readonly<Record<NodeName, readonly NodeName[]>>

/** A star: node0 dials everybody. Nobody else knows node1, and node2 and node3 know only node0. */
export const firstLists: Lists = {
  node0: ['node1', 'node2', 'node3'],
  node1: ['node2'],
  node2: ['node0'],
  node3: ['node0'],
}

export type Chain = {
  readonly id: (name: NodeName) => string
  /** The name of the node's headless Service. */
  readonly host: (name: NodeName) => string
  /** The value of persistent_peers. */
  readonly list: (names: readonly NodeName[]) => string
  /** The data of the node's ConfigMap, with this value of persistent_peers. */
  readonly config: (name: NodeName, persistentPeers: string) => Record<string, string>
  readonly keys: (name: NodeName) => Record<string, string>
  readonly pod: (name: NodeName) => V1Pod
}

/** `rpcPorts`: all pods share this machine's 127.0.0.1, so each node's RPC has a port of its own there. */
export function makeChain(genesisTime: Date, rpcPorts: Readonly<Record<NodeName, number>>): Chain {
  const keys = Object.fromEntries(nodeNames.map(name => [name, makeKeys()])) as Record<NodeName, NodeKeys>
  const genesis = genesisJson(
    'repeer-demo',
    genesisTime,
    nodeNames.map(name => ({ name, keys: keys[name] })),
  )
  const host = (name: NodeName) => `${name}.${namespace}.svc`
  const id = (name: NodeName) => keys[name].id
  return {
    id,
    host,
    list: names => names.map(name => `${id(name)}@${host(name)}:${p2pPort}`).join(','),
    config: (name, persistentPeers) => ({
      'config.toml': configToml({ moniker: name, rpcPort: rpcPorts[name], p2pPort, persistentPeers }),
      'genesis.json': genesis,
    }),
    keys: name => ({ 'node_key.json': keys[name].nodeKeyJson, 'priv_validator_key.json': keys[name].validatorKeyJson }),
    pod: name => podOf(name, rpcPorts[name]),
  }
}

/**
 * The demo's times, as annotations; node0 and node1 have the default settle time of 5 s. node2 and node3 are patient,
 * so that on a slow machine, too, they wait for node0 to dial them. The default interval between two restarts of a node
 * is 2 minutes.
 */
function annotations(name: NodeName): Record<string, string> {
  const patient = name === 'node2' || name === 'node3'
  return { ...(patient ? { [annotation.settleSeconds]: '30' } : {}), [annotation.minInterval]: '1s' }
}

const home = '/home/app'

function podOf(name: NodeName, rpcPort: number): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { app: 'cometbft', 'chain-id': 'repeer-demo' },
      annotations: annotations(name),
    },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 5,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      initContainers: [
        {
          name: 'init-data',
          image: 'busybox:1.37',
          command: [
            'sh',
            '-c',
            `mkdir -p ${home}/data; cd ${home}/data; [ -e priv_validator_state.json ] || echo '${emptyValidatorState}' > priv_validator_state.json`,
          ],
          volumeMounts: [{ name: 'home', mountPath: home }],
        },
      ],
      containers: [
        {
          name: 'cometbft',
          image: 'cometbft/cometbft:v0.38.19',
          command: ['cometbft'],
          args: ['start', '--home', home],
          env: [
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            // In a pod it would listen on every address; here the pods share this machine's.
            { name: 'CMT_P2P_LADDR', value: `tcp://$(POD_IP):${p2pPort}` },
          ],
          ports: [
            { name: 'p2p', containerPort: p2pPort },
            { name: 'rpc', containerPort: rpcPort },
          ],
          volumeMounts: [
            { name: 'home', mountPath: home },
            { name: 'config', mountPath: `${home}/config` },
            { name: 'keys', mountPath: `${home}/keys` },
          ],
        },
      ],
      volumes: [
        { name: 'home', persistentVolumeClaim: { claimName: `home-${name}` } },
        { name: 'config', configMap: { name: `${name}-config` } },
        { name: 'keys', secret: { secretName: `${name}-keys` } },
      ],
    },
  }
}

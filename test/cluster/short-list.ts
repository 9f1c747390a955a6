// A chain whose node0 lists two of its three peers, in one of the ways in which chain pods see their lists; and the edit that adds the third.
import type { Container, PodSpec } from './chain.ts'
import { makeChain } from './chain.ts'
import { apply, kubectl } from './install.ts'
import { editConfigMap, isConnected, nudge, openRpc, startInOrder } from './scenario.ts'
import { height, netInfo, until } from './watch.ts'

export const listWays = ['directory', 'subPath', 'env', 'envFrom', 'init'] as const
/** `template`: the init container puts a bare list into the file that it renders. */
export type ListWay = (typeof listWays)[number] | 'template'

export type ShortList = {
  readonly namespace: string
  /** Whether node0 is connected to the peer that the list lacks. */
  readonly hasAdded: () => Promise<boolean>
  /** The ConfigMap's data with a list of these members. */
  readonly listOf: (peers: readonly number[]) => { readonly name: string; readonly data: Record<string, string> }
}

const variable = 'CMT_P2P_PERSISTENT_PEERS'

/** Starts node1 to node3, then node0, which so finds the names of its peers and needs no restart before the edit. */
export async function startShortOfOne(
  namespace: string,
  way: ListWay,
  node0Annotations: Readonly<Record<string, string>> = {},
): Promise<ShortList> {
  const isBare = way === 'env' || way === 'envFrom' || way === 'template'
  const user = { securityContext: { runAsUser: 1000, fsGroup: 1000 } }
  const chain = makeChain({
    namespace,
    config: openRpc,
    pod: (spec, index) => (index === 0 ? { ...seenBy(way, spec), ...user } : spec),
  })
  const listOf = (peers: readonly number[]) =>
    isBare
      ? { name: 'node0-peers', data: { [variable]: peers.map(index => `${chain.ids[index]}@node${index}:26656`).join(',') } }
      : { name: 'node0-config', data: { 'config.toml': chain.configOf(0, peers) } }
  await startInOrder(namespace, chain.objects, [[1, 2, 3]])
  const objects = chain.objects.filter(({ metadata }) => metadata.name.startsWith('node0'))
  apply(objects.filter(({ kind }) => kind !== 'StatefulSet'))
  kubectl('-n', namespace, 'create', 'configmap', 'node0-peers')
  editConfigMap(namespace, { name: 'node0-config', data: { 'config.toml': chain.configOf(0, []) } })
  editConfigMap(namespace, listOf([1, 2]))
  apply(objects.filter(({ kind }) => kind === 'StatefulSet').map(one => annotated(one, node0Annotations)))
  await until('node0 has two peers', 90, async () => (await netInfo(namespace, 0))?.peers.length === 2)
  await until('blocks', 60, async () => (await height(namespace, 0)) > 1)
  return { namespace, hasAdded: () => isConnected(chain, namespace, 0, 3), listOf }
}

function annotated(set: object, annotations: Readonly<Record<string, string>>): object {
  const { spec } = set as { spec: { template: { metadata: object } } }
  return { ...set, spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, annotations } } } }
}

/** Edits the list (by default: adds the missing peer), and makes the kubelet look at once, which a controller would do. */
export function addPeer(short: ShortList, peers: readonly number[] = [1, 2, 3]): void {
  editConfigMap(short.namespace, short.listOf(peers))
  nudge(short.namespace, 'node0-0')
}

function seenBy(way: ListWay, spec: PodSpec): PodSpec {
  const [node, ...rest] = spec.containers
  if (!node) throw new Error('no container')
  const withNode = (changed: Partial<Container>) => ({ ...spec, containers: [{ ...node, ...changed }, ...rest] })
  const mounts = node.volumeMounts as { name: string; mountPath: string }[]
  const others = mounts.filter(mount => mount.name !== 'config')
  switch (way) {
    case 'directory':
      return spec
    case 'subPath': {
      const files = ['config.toml', 'genesis.json']
      const one = (file: string) => ({ name: 'config', mountPath: `/home/node/config/${file}`, subPath: file })
      return withNode({ volumeMounts: [...others, ...files.map(one)] })
    }
    case 'env':
      return withNode({ env: [{ name: variable, valueFrom: { configMapKeyRef: { name: 'node0-peers', key: variable } } }] })
    case 'envFrom':
      return withNode({ envFrom: [{ configMapRef: { name: 'node0-peers' } }] })
    case 'init':
      return rendered(spec, node, others, 'cp -L /source/* config/')
    case 'template':
      return rendered(spec, node, others, `cp -L /source/* config/; ${fillIn}`)
  }
}

const fillIn = `sed -i "s/^persistent_peers = .*/persistent_peers = \\"$(cat /peers/${variable})\\"/" config/config.toml`

/** Only the init container mounts the ConfigMap; the node reads the copy on an emptyDir. */
function rendered(spec: PodSpec, node: Container, others: { name: string; mountPath: string }[], render: string): PodSpec {
  const copy = { name: 'rendered', mountPath: '/home/node/config' }
  const [init] = spec.initContainers ?? []
  if (!init) throw new Error('no init container')
  const script = `${render}; ${init.command?.at(-1)}`
  const sources = [
    { name: 'config', mountPath: '/source' },
    { name: 'peers', mountPath: '/peers' },
  ]
  return {
    ...spec,
    initContainers: [{ ...init, command: ['sh', '-c', script], volumeMounts: [...others, copy, ...sources] }],
    containers: [{ ...node, volumeMounts: [...others, copy] }],
    volumes: [...(spec.volumes ?? []), { name: 'rendered', emptyDir: {} }, { name: 'peers', configMap: { name: 'node0-peers' } }],
  }
}

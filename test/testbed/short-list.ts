// A chain of which some nodes list two of their three peers, each in one of the ways in which chain pods see their
// lists; and the edit that adds the third.
import { type Container, type KubernetesObject, makeChain, nodeOf, type PodSpec } from './chain.ts'
import { apply } from './install.ts'
import { editConfigMap, isConnected, nudge, openRpc, startInOrder, withLists } from './scenario.ts'
import { height, netInfo, until } from './watch.ts'

export const listWays = ['directory', 'subPath', 'env', 'envFrom', 'init'] as const
/** `template`: the init container puts a bare list into the file that it renders. */
type ListWay = (typeof listWays)[number] | 'template'

export type ShortList = {
  readonly namespace: string
  /** Whether a node is connected to the peer that its list lacks. */
  readonly hasAdded: (index: number) => Promise<boolean>
  /** The name of the ConfigMap with a node's list, and its data with all three peers. */
  readonly wholeList: (index: number) => { readonly name: string; readonly data: Record<string, string> }
}

const variable = 'CMT_P2P_PERSISTENT_PEERS'

/**
 * Starts the three peers, then a node for each way: node0 sees its list in the first way, and so on, and the peers come
 * after them. So the nodes find the names of their peers, and need no restart before the edit.
 */
export async function startShortOfOne(
  namespace: string,
  ways: readonly ListWay[],
  annotations: Readonly<Record<string, string>> = {},
): Promise<ShortList> {
  const listed = [ways.length, ways.length + 1]
  const added = ways.length + 2
  const user = { securityContext: { runAsUser: 1000, fsGroup: 1000 } }
  const pod = (spec: PodSpec, index: number) => {
    const way = ways[index]
    return way ? { ...seenBy(way, spec, `node${index}-peers`), ...user } : spec
  }
  const chain = makeChain({ namespace, validators: ways.length + 3, config: openRpc, pod })
  const bareList = (peers: readonly number[]) => ({
    [variable]: peers.map(index => `${chain.ids[index]}@node${index}:26656`).join(','),
  })
  const wholeList = (index: number) =>
    isBare(ways[index])
      ? { name: `node${index}-peers`, data: bareList([...listed, added]) }
      : { name: `node${index}-config`, data: { 'config.toml': chain.configOf(index, [...listed, added]) } }

  await startInOrder(namespace, chain.objects, [[...listed, added]])
  const lists = Object.fromEntries(ways.map((way, index) => [index, isBare(way) ? [] : listed]))
  const objects = withLists(chain, lists).filter(({ metadata }) => ways[nodeOf(metadata.name)] !== undefined)
  const bareLists = ways.map((way, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `node${index}-peers`, namespace },
    data: isBare(way) ? bareList(listed) : {},
  }))
  apply([
    ...bareLists,
    ...objects.map(object => (object.kind === 'StatefulSet' ? annotated(object, annotations) : object)),
  ])
  for (const index of ways.keys())
    await until(`node${index} has two peers`, 90, async () => (await netInfo(namespace, index))?.peers.length === 2)
  await until('blocks', 60, async () => (await height(namespace, 0)) > 1)
  return { namespace, hasAdded: index => isConnected(chain, namespace, index, added), wholeList }
}

function isBare(way: ListWay | undefined): boolean {
  return way === 'env' || way === 'envFrom' || way === 'template'
}

function annotated(set: KubernetesObject, annotations: Readonly<Record<string, string>>): object {
  const { spec } = set as unknown as { spec: { template: { metadata: object } } }
  return {
    ...set,
    spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, annotations } } },
  }
}

/** Adds the missing peer to a node's list, and makes the kubelet look at once, which a controller would do. */
export async function addPeer(short: ShortList, index = 0): Promise<void> {
  await editConfigMap(short.namespace, short.wholeList(index))
  await nudge(short.namespace, `node${index}-0`)
}

/** @param peers the name of the ConfigMap with the bare list */
function seenBy(way: ListWay, spec: PodSpec, peers: string): PodSpec {
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
      const mountOf = (file: string) => ({ name: 'config', mountPath: `/home/node/config/${file}`, subPath: file })
      return withNode({ volumeMounts: [...others, ...files.map(mountOf)] })
    }
    case 'env':
      return withNode({
        env: [
          ...(node.env as object[]),
          { name: variable, valueFrom: { configMapKeyRef: { name: peers, key: variable } } },
        ],
      })
    case 'envFrom':
      return withNode({ envFrom: [{ configMapRef: { name: peers } }] })
    case 'init':
      return rendered(spec, node, { others, peers, render: 'cp -L /source/* config/' })
    case 'template':
      return rendered(spec, node, { others, peers, render: `cp -L /source/* config/; ${fillIn}` })
  }
}

const fillIn = `sed -i "s/^persistent_peers = .*/persistent_peers = \\"$(cat /peers/${variable})\\"/" config/config.toml`

/** Only the init container mounts the ConfigMap; the node reads the copy on an emptyDir. */
function rendered(
  spec: PodSpec,
  node: Container,
  { others, peers, render }: { others: readonly { name: string; mountPath: string }[]; peers: string; render: string },
): PodSpec {
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
    volumes: [
      ...(spec.volumes ?? []),
      { name: 'rendered', emptyDir: {} },
      { name: 'peers', configMap: { name: peers } },
    ],
  }
}

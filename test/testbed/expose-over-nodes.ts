// Two chains behind one load balancer, each with its pod on another node, and a client behind each node: what
// spec.expose and externalTrafficPolicy make of it. The pods say to whoever connects which address it came from.
import type { V1Service } from '@kubernetes/client-node'
import type { Test } from 'tap'
import { client } from './client.ts'
import { nodeAddress } from './configs.ts'
import { apply, imageName } from './install.ts'
import { type Outside, outside } from './outside.ts'
import { condition, peerSetObject } from './peer-sets.ts'
import { namespaceFor } from './scenario.ts'
import type { SecondNode } from './second-node.ts'
import { preferring } from './spread-chain.ts'
import { giveAddresses } from './two-clusters.ts'
import { getPod, until } from './watch.ts'

const namespace = 'two-nodes-exposed'
const address = '10.99.0.30'
/** Each chain's port, and the node that its pod prefers. */
const chains = [
  { id: 'near', port: 26701, node: 'node1' },
  { id: 'far', port: 26702, node: 'node2' },
] as const

const script = `require('node:net').createServer(peer => {
  peer.on('error', () => {})
  peer.end(peer.remoteAddress.replace('::ffff:', ''))
}).listen(26656)`

export type Exposed = { readonly client: Outside }

function peerSet(externalTrafficPolicy: 'Local' | 'Cluster') {
  return peerSetObject(namespace, 'exposed', {
    source: { static: { peers: ['a:1'] } },
    output: { configMap: 'exposed', key: 'list', format: 'generic-list' },
    expose: {
      service: 'p2p',
      selector: { matchLabels: { group: 'consumers' } },
      externalTrafficPolicy,
      ports: chains.map(({ id, port }) => ({ chainId: id, port })),
    },
  })
}

/** Creates them; they need no sidecar. */
export async function exposedPods(t: Test): Promise<Exposed> {
  await namespaceFor(t, namespace, { control: true })
  const sets = chains.map(({ id, node }) => {
    const labels = { group: 'consumers', 'chain-id': id }
    const container = {
      name: 'node',
      image: imageName,
      command: ['/usr/local/bin/node', '-e', script],
      ports: [{ name: 'p2p', containerPort: 26656 }],
      readinessProbe: { tcpSocket: { port: 'p2p' }, periodSeconds: 1 },
    }
    const template = {
      metadata: { labels },
      spec: { terminationGracePeriodSeconds: 1, containers: [container], ...preferring(node) },
    }
    const spec = { serviceName: id, replicas: 1, selector: { matchLabels: labels }, template }
    return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: id, namespace }, spec }
  })
  apply([peerSet('Local'), ...sets])
  return { client: outside(t) }
}

const service = (): Promise<V1Service> => client().core.readNamespacedService({ namespace, name: 'p2p' })

/** Of a chain, on which nodes what is behind its port counts as local. */
async function behind(id: string): Promise<string> {
  const labelSelector = 'kubernetes.io/service-name=p2p'
  const { items } = await client().discovery.listNamespacedEndpointSlice({ namespace, labelSelector })
  const pod = await getPod(namespace, `${id}-0`)
  return items
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ addresses, conditions }) => conditions?.ready && addresses.includes(pod.status.podIP ?? ''))
    .map(({ nodeName }) => nodeName)
    .join()
}

async function exposureSays(what: RegExp): Promise<void> {
  await until(`Exposed says ${what}`, 30, async () => {
    const { message = '' } = (await condition(namespace, 'exposed', 'Exposed')) ?? {}
    if (what.test(message)) return true
    throw new Error(message)
  })
}

export async function exposesOverNodes(t: Test, { client: nearClient }: Exposed, second: SecondNode): Promise<void> {
  const farClient = outside(t, second)
  const sides = [
    { client: nearClient, node: nodeAddress, own: chains[0], other: chains[1] },
    { client: farClient, node: second.address, own: chains[1], other: chains[0] },
  ]
  for (const { id, node } of chains)
    await until(`chain ${id} is exposed on ${node}`, 60, async () => (await behind(id)) === node)
  giveAddresses(namespace, 'p2p', address)
  await exposureSays(/the pods are on several nodes and externalTrafficPolicy is Local/)
  const { spec } = await service()
  const nodePort = (of: number) => spec?.ports?.find(({ port }) => port === of)?.nodePort ?? 0

  for (const { client, node, own, other } of sides) {
    await until(`${own.id} is reached through its own node`, 20, () => client.hears(address, own.port) !== undefined)
    t.equal(client.hears(address, own.port), client.address, `${own.id} sees who connects`)
    t.equal(client.hears(node, nodePort(own.port)), client.address, 'also at the port of its node')
    t.notOk(client.connects(address, other.port), `${other.id} is not reached through the node that has it not`)
    t.notOk(client.connects(node, nodePort(other.port)), 'nor at the port of that node')
    const { status } = await fetch(`http://${node}:${spec?.healthCheckNodePort}/healthz`)
    t.equal(status, 200, 'and yet that node is healthy: kube-proxy answers for the Service as a whole')
  }

  apply([peerSet('Cluster')])
  for (const { client, other } of sides)
    await until(`${other.id} is reached through either node`, 20, () => client.hears(address, other.port) !== undefined)
  await exposureSays(/^(?!.*several nodes)Service /)
}

/** Once the second node is lost: its chain is reached where its pod is now. */
export async function followsItsPod(t: Test, { client: nearClient }: Exposed): Promise<void> {
  const { id, port } = chains[1]
  await until(`chain ${id} is on the first node`, 60, async () => (await behind(id)) === 'node1')
  await until('and reached', 20, () => nearClient.hears(address, port) !== undefined)
  t.pass('what is exposed follows its pod')
}

// spec.expose: two consumer chains, each with a validator in either of two "clusters" (namespaces), which reach each
// other through load balancers' addresses only. A chain of two makes blocks only while both are connected, and CometBFT
// lets in nobody but the node ID that it dialled.
import { setTimeout as delay } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { portName } from '../../discovery/expose/ports.ts'
import { portsOf } from '../../discovery/sources/validators/ports.ts'
import { apiRequest } from '../../kubernetes/api-request.ts'
import { reachable } from '../../sidecar/observe/probe.ts'
import { client } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { outside } from '../testbed/outside.ts'
import { condition, peerSetObject } from '../testbed/peer-sets.ts'
import { namespaceFor, replacePod } from '../testbed/scenario.ts'
import { giveAddresses, splitChain } from '../testbed/two-clusters.ts'
import { getPod, height, netInfo, until } from '../testbed/watch.ts'

const chainIds = ['consumer-0-1751692096-0', 'consumer-1-1751692096-0'] as const
const ports = chainIds.map(id => portsOf(id).p2p)
const names = chainIds.map(portName)
const [a, b] = ['expose-a', 'expose-b'] as const
const addresses = { [a]: '10.99.0.11', [b]: '10.99.0.12' } as const

const service = (namespace: string) => client().core.readNamespacedService({ namespace, name: 'p2p' })
const servicePorts = async (namespace: string) =>
  ((await service(namespace)).spec?.ports ?? []).map(({ name, port }) => `${name} ${port}`).sort()
const slices = async (namespace: string) => {
  const labelSelector = 'endpointslice.kubernetes.io/managed-by=repeer.dev'
  return (await client().discovery.listNamespacedEndpointSlice({ namespace, labelSelector })).items
}
const behind = async (namespace: string, name: string | undefined) =>
  (await slices(namespace))
    .filter(slice => slice.ports?.[0]?.name === name)
    .flatMap(({ endpoints }) =>
      (endpoints ?? []).filter(({ conditions }) => conditions?.ready).flatMap(endpoint => endpoint.addresses),
    )

const list = (id: string | undefined, namespace: typeof a | typeof b, number: 0 | 1) => ({
  source: { static: { peers: [`${id}@${addresses[namespace]}:${ports[number]}`] } },
  output: { configMap: `peers-${number}`, key: 'persistent_peers', format: 'cometbft-list' },
  interval: '5s',
})
const consumers = { matchLabels: { group: 'consumers' } }
const exposes = { service: 'p2p', selector: consumers, keepSeconds: 0 }

t.test('two clusters', async t => {
  install('manifests/overlays/expose')
  for (const name of [a, b]) await namespaceFor(t, name)
  const [first, second] = [splitChain(0, chainIds[0], [a, b]), splitChain(1, chainIds[1], [a, b])]

  // A: a Service for each of two PeerSets to share, each with its own chain. B: one PeerSet, and a Service of somebody
  // else's.
  const ofB = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'p2p', namespace: b },
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ name: 'theirs', port: 9000 }] },
  }
  const only = (number: 0 | 1) => ({
    ...exposes,
    selector: { matchLabels: { group: 'consumers', 'chain-id': chainIds[number] } },
  })
  apply([
    ofB,
    peerSetObject(a, 'first', { ...list(first.ids[1], b, 0), expose: only(0) }),
    peerSetObject(a, 'second', { ...list(second.ids[1], b, 1), expose: only(1) }),
    peerSetObject(b, 'both', { ...list(first.ids[0], a, 0), expose: exposes }),
    peerSetObject(b, 'list', list(second.ids[0], a, 1)),
    ...first.objects,
    ...second.objects,
  ])
  const began = Date.now()
  const wanted = names.map((name, index) => `${name} ${ports[index]}`).sort()
  await until('ports in A', 60, async () => (await servicePorts(a)).join() === wanted.join())
  await until('ports in B', 60, async () => (await servicePorts(b)).join() === [...wanted, 'theirs 9000'].sort().join())
  t.comment(
    `ports of both chains on both Services ${((Date.now() - began) / 1000).toFixed(1)} s after pods were created`,
  )

  await t.test('a Service, its ports and their slices', async t => {
    await until('it is said that there is no address', 20, async () => {
      const { status, reason } = (await condition(a, 'first', 'Exposed')) ?? {}
      if (status === 'False' && reason === 'NoAddress') return true
      throw new Error(`Exposed is ${status}, ${reason}`)
    })
    const { metadata, spec } = await service(a)
    t.same(metadata?.ownerReferences?.map(({ name }) => name).sort(), ['first', 'second'], 'created for both')
    t.match(spec, { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: Number })
    t.equal(spec?.selector, undefined)
    t.equal((await service(b)).metadata?.ownerReferences, undefined, 'one of others is not owned')
    for (const [index, pods] of [
      [0, ['node0-0']],
      [1, ['node2-0']],
    ] as const) {
      await until(`behind ${names[index]}: ${pods}`, 60, async () => {
        const ips = await Promise.all(pods.map(async pod => (await getPod(a, pod)).status.podIP ?? 'none yet'))
        return (await behind(a, names[index])).join() === ips.join()
      })
    }
    const { value: all } = await until('a slice for each chain on both sides', 60, async () => {
      const found = [...(await slices(a)), ...(await slices(b))]
      return found.length === 4 && found
    })
    for (const slice of all) {
      t.match(slice.metadata?.labels, { 'kubernetes.io/service-name': 'p2p' })
      t.ok(names.includes(slice.ports?.[0]?.name ?? ''), 'its port has the name of the Service port')
      t.same([...new Set(slice.endpoints?.map(({ nodeName }) => nodeName))], ['node1'])
    }
  })

  await t.test('connected through the load balancers only', async t => {
    for (const namespace of [a, b] as const) giveAddresses(namespace, 'p2p', addresses[namespace])
    await until('it is said', 20, async () => (await condition(b, 'both', 'Exposed'))?.status === 'True')
    const message = (await condition(b, 'both', 'Exposed'))?.message ?? ''
    t.ok(message.startsWith(`Service ${b}/p2p at ${addresses[b]}: `), message)
    for (const [index, id] of chainIds.entries()) t.match(message, `${id} on ${ports[index]}`)
    for (const [number, chain] of [first, second].entries()) {
      const index = number * 2
      const { value, seconds } = await until(`node${index} is connected`, 60, async () =>
        (await netInfo(a, index))?.peers.find(peer => peer.node_info.id === chain.ids[1]),
      )
      await until('blocks', 60, async () => (await height(a, index)) > 2)
      t.comment(
        `chain ${number}: A has the node of B after ${seconds.toFixed(1)} s, at ${value.remote_ip}; B has A at ${(await netInfo(b, index + 1))?.peers[0]?.remote_ip}`,
      )
      const dialled = [
        value.remote_ip === addresses[b],
        (await netInfo(b, index + 1))?.peers[0]?.remote_ip === addresses[a],
      ]
      t.ok(dialled.includes(true), 'one of them has dialled the load balancer of the other')
      t.equal((await netInfo(a, index))?.peers.length, 1, 'and nobody of the other chain')
    }
    t.equal(await reachable(addresses[b], 9000, 1000), false, 'nothing of ours is behind the port of somebody else')
  })

  await t.test('a pod that moves is followed', async t => {
    const { from, to } = await replacePod(b, 1)
    t.not(from, to)
    const ready = await until('the slice has it', 20, async () => (await behind(b, names[0])).join() === to)
    const at = await height(a, 0)
    const again = await until('blocks go on', 60, async () => (await height(a, 0)) > at + 1)
    t.comment(
      `after the new pod ran: in the slice ${ready.seconds.toFixed(1)} s, blocks after ${(ready.seconds + again.seconds).toFixed(1)} s`,
    )
    t.ok(ready.seconds < 10)
    t.same(await servicePorts(b), [...wanted, 'theirs 9000'].sort(), 'the ports are the same')
  })

  await t.test('the owner of a Service applies it again, and the ports stay', async t => {
    apply([ofB])
    t.same(await servicePorts(b), [...wanted, 'theirs 9000'].sort())
  })

  await t.test('two chains on one port: the first keeps it, and it is said', async t => {
    const taken = { ...exposes, ports: [{ chainId: chainIds[1], port: ports[0] }] }
    apply([peerSetObject(b, 'both', { ...list(first.ids[0], a, 0), expose: taken })])
    await until('it is said', 20, async () => (await condition(b, 'both', 'Exposed'))?.reason === 'PortTaken')
    t.match(
      (await condition(b, 'both', 'Exposed'))?.message,
      new RegExp(`chain ${chainIds[1]}: port ${ports[0]} is that of chain ${chainIds[0]}`),
    )
    t.same(await servicePorts(b), [wanted[0], 'theirs 9000'].sort())
    await until('an event', 10, () => /PortTaken +peerset\/both/.test(kubectl('-n', b, 'get', 'events')))
    t.match(kubectl('-n', b, 'get', 'events'), /PortsChanged +peerset\/both/)
    apply([peerSetObject(b, 'both', { ...list(first.ids[0], a, 0), expose: { ...exposes, maxPorts: 2 } })])
    await until('full', 20, async () => (await condition(b, 'both', 'Exposed'))?.reason === 'ServiceFull')
    t.match((await condition(b, 'both', 'Exposed'))?.message, /has 2 ports, expected at most spec\.expose\.maxPorts 2/)
    apply([peerSetObject(b, 'both', { ...list(first.ids[0], a, 0), expose: exposes })])
    await until(
      'back',
      20,
      async () => (await servicePorts(b)).length === 3 && (await condition(b, 'both', 'Exposed'))?.status === 'True',
    )
  })

  await t.test('a chain whose pods go loses its port, and gets it back with them', async t => {
    kubectl('-n', b, 'scale', 'statefulset', 'node3', '--replicas=0')
    const gone = await until(
      'its port is gone',
      60,
      async () => (await servicePorts(b)).join() === [wanted[0], 'theirs 9000'].sort().join(),
    )
    t.comment(`${gone.seconds.toFixed(1)} s after the StatefulSet was scaled down`)
    await until('nothing is behind it', 10, async () => (await behind(b, names[1])).length === 0)
    kubectl('-n', b, 'scale', 'statefulset', 'node3', '--replicas=1')
    await until('its port is back', 60, async () => (await servicePorts(b)).length === 3)
    const at = await height(a, 2)
    // Usually 10 to 18 s. A node that still holds the connection of the pod before refuses the new one until its ping
    // is not answered: CometBFT asks every 60 s, and waits for 45.
    const healed = await until('blocks go on', 150, async () => {
      if ((await height(a, 2)) > at) return true
      const [peers, peersOfB] = [(await netInfo(a, 2))?.peers, (await netInfo(b, 3))?.peers]
      throw new Error(`A has ${peers?.map(peer => peer.remote_ip)}, B has ${peersOfB?.map(peer => peer.remote_ip)}`)
    })
    t.comment(`blocks ${healed.seconds.toFixed(1)} s after the port was back`)
  })

  await t.test('PeerSets that go leave nothing behind', async () => {
    kubectl('-n', a, 'delete', 'peerset', 'second', '--cascade=background')
    await until(
      'its port is gone, that of the other stays',
      30,
      async () => (await servicePorts(a)).join() === wanted[0],
    )
    await until('its slice is gone', 30, async () => (await slices(a)).length === 1)
    apply([peerSetObject(b, 'both', list(first.ids[0], a, 0))])
    await until('nothing of it on the Service', 30, async () => (await servicePorts(b)).join() === 'theirs 9000')
    await until('nor behind it', 30, async () => (await slices(b)).every(({ endpoints }) => !endpoints?.length))
    kubectl('-n', a, 'delete', 'peerset', 'first')
    await until(
      'the Service that was created goes with the last',
      60,
      () => kubectl('-n', a, 'get', 'services', '-o', 'name').includes('/p2p') === false,
    )
  })
})

t.test(
  'without repeer the slice of the seed leads nowhere: its port has another name than the port of the Service',
  async t => {
    const ns = await namespaceFor(t, 'expose-control', { control: true })
    const meta = (name: string) => ({ name, namespace: ns })
    const pod = {
      containers: [
        {
          name: 'node',
          image: process.env.E2E_BUSYBOX_IMAGE ?? 'localhost/busybox:1',
          command: ['/bin/busybox', 'nc', '-ll', '-p', '26656', '-e', '/bin/busybox', 'cat'],
        },
      ],
    }
    apply([
      { apiVersion: 'v1', kind: 'Pod', metadata: meta('node'), spec: pod },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta('p2p'),
        spec: {
          type: 'LoadBalancer',
          externalTrafficPolicy: 'Local',
          ports: [{ name: 'consumer-testchain1-0', port: 30143 }],
        },
      },
    ])
    const { value: ip } = await until('the pod runs', 60, async () => (await getPod(ns, 'node')).status.podIP)
    const slice = (name: string, port: string, node: object) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...meta(name), labels: { 'kubernetes.io/service-name': 'p2p' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true }, ...node }],
      ports: [{ name: port, port: 26656 }],
    })
    const address = '10.99.0.20'
    apply([slice('seed', 'p2p', {})])
    giveAddresses(ns, 'p2p', address)
    await until('the pod listens', 30, () => reachable(ip, 26656, 1000))
    for (const end = Date.now() + 3000; Date.now() < end; await delay(200))
      t.equal(await reachable(address, 30143, 1000), false)
    apply([slice('named', 'consumer-testchain1-0', {})])
    await until('with the right name it leads to the pod, from within', 20, () => reachable(address, 30143, 1000))
    if (process.env.E2E_CLUSTER) return
    const client = outside(t)
    t.ok(client.connects(ip, 26656), 'there is a way from outside')
    t.notOk(
      client.connects(address, 30143),
      'without nodeName it is local to no node, and externalTrafficPolicy is Local',
    )
    apply([slice('named', 'consumer-testchain1-0', { nodeName: 'node1' })])
    await until('with nodeName it leads to the pod, from outside, too', 20, () => client.connects(address, 30143))
  },
)

t.test('a policy holds the controller to that, and the schema says what is wrong', async t => {
  install('manifests/overlays/expose')
  const ns = await namespaceFor(t, 'expose-policy', { control: true })
  const controller = ['--as=system:serviceaccount:repeer-system:repeer-controller', '-n', ns]
  const meta = (name: string) => ({ name, namespace: ns })
  const port = { name: 'x', port: 1 }
  apply([
    { apiVersion: 'v1', kind: 'Service', metadata: meta('plain'), spec: { selector: { app: 'x' }, ports: [port] } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...meta('balanced'), labels: { 'repeer.dev/exposes': 'chains' } },
      spec: { type: 'LoadBalancer', ports: [port] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...meta('theirs'), labels: { 'kubernetes.io/service-name': 'plain' } },
      addressType: 'IPv4',
      endpoints: [],
      ports: [port],
    },
  ])
  // kubectl patch reads the object first, which the controller may not do.
  const config = new KubeConfig()
  config.loadFromDefault()
  const { clusters, contexts, currentContext } = config
  const users = config.users.map(user => ({
    ...user,
    impersonateUser: 'system:serviceaccount:repeer-system:repeer-controller',
  }))
  const own = new KubeConfig()
  own.loadFromOptions({ clusters, contexts, currentContext, users })
  const patch = (path: string, body: object) =>
    apiRequest(own, { method: 'PATCH', path, body, contentType: 'application/merge-patch+json', expected: [] })
  const [core, discovery] = [
    `/api/v1/namespaces/${ns}/services`,
    `/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices`,
  ]
  const refused: [path: string, body: object, message: RegExp][] = [
    [`${core}/plain`, { spec: { ports: [{ name: 'y', port: 2 }] } }, /found a Service of another type/],
    [`${core}/balanced`, { spec: { selector: { app: 'x' } } }, /found a new or another selector/],
    [`${core}/balanced`, { spec: { externalIPs: ['10.1.1.1'] } }, /found a change of externalIPs/],
    [`${core}/balanced`, { spec: { loadBalancerSourceRanges: ['0.0.0.0/0'] } }, /found a change of another field/],
    [`${core}/balanced`, { metadata: { labels: { x: 'y' } } }, /found a change of another label/],
    [`${discovery}/theirs`, { ports: [] }, /found an EndpointSlice of another manager/],
  ]
  for (const [path, body, message] of refused) await t.rejects(patch(path, body), { message }, JSON.stringify(body))
  t.throws(() => kubectl(...controller, 'create', 'service', 'clusterip', 'fresh', '--tcp=1'), {
    message: /found a Service of another type/,
  })
  for (const what of ['service/balanced', 'endpointslice/theirs'])
    t.throws(() => kubectl(...controller, 'delete', what), /forbidden/i)
  await patch(`${core}/balanced`, { spec: { ports: [port, { name: 'y', port: 2 }] } })
  t.pass('ports it may add')

  const good = { source: { static: { peers: ['a:1'] } }, output: { configMap: 'c', key: 'k', format: 'generic-list' } }
  const rows: [expose: object, message: RegExp][] = [
    [{ selector: consumers }, /missing required field "service"|spec\.expose\.service: Required value/],
    [{ service: 'p2p', selector: {} }, /a selector that selects everything/],
    [{ ...exposes, chainId: 'a', chainIdLabel: 'b' }, /found chainId and chainIdLabel, expected one of them/],
    [
      {
        ...exposes,
        ports: [
          { chainId: 'a', port: 1 },
          { chainId: 'b', port: 1 },
        ],
      },
      /found one port for two chains, expected each port once/,
    ],
    [{ ...exposes, targetPort: 'no port' }, /expected the name of a port, or a number from 1 to 65535/],
    [{ ...exposes, annotations: { 'repeer.dev/exposes': 'x' } }, /found an annotation of repeer's own/],
  ]
  for (const [expose, message] of rows)
    t.throws(() => apply([peerSetObject(ns, 'bad', { ...good, expose })]), { message }, String(message))
  t.match(kubectl('explain', 'peerset.spec.expose'), /service\t<string> -required-/)
})

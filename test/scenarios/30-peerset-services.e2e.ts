// PeerSets with the source `services`, from the labels that cosmopilot puts on its Services: the list, its hash, which
// node it is mapped to, a pod that is deleted and the other node that follows; and what the API server and the
// controller refuse.
import t from 'tap'
import { parsePeers } from '../../peers/formats/index.ts'
import { peerHash } from '../../peers/snapshot.ts'
import { type Chain, makeChain, type PodSpec } from '../testbed/chain.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { condition, configData, listBecomes, peerSetObject, peerSetStatus } from '../testbed/peer-sets.ts'
import { impatient, namespaceFor, openRpc, replacePod, settled } from '../testbed/scenario.ts'
import { getPod, height, netInfo, page, until } from '../testbed/watch.ts'

const chainId = 'demo-1'
const source = { services: { selector: { matchLabels: { peer: 'true', 'chain-id': chainId } } } }
const output = { configMap: 'chain-peers', key: 'persistent_peers', format: 'cometbft-list' }

/** Two validators; node0 takes its list from the ConfigMap that the PeerSet writes, node1 lists nobody. */
function chainOfTwo(namespace: string): Chain {
  const variable = {
    name: 'CMT_P2P_PERSISTENT_PEERS',
    valueFrom: { configMapKeyRef: { name: output.configMap, key: output.key } },
  }
  const pod = (spec: PodSpec, index: number): PodSpec => {
    const [node, ...rest] = spec.containers
    if (index !== 0 || !node) return spec
    return { ...spec, containers: [{ ...node, env: [variable] }, ...rest] }
  }
  const config = (toml: string) => openRpc(toml).replace(/^persistent_peers = .*$/m, 'persistent_peers = ""')
  return makeChain({ namespace, validators: 2, annotations: impatient(), pod, config })
}

/** As cosmopilot labels its Services. */
function labelled(chain: Chain): unknown[] {
  return chain.objects.map(object => {
    const index = Number(/\d+/.exec(object.metadata.name)?.[0])
    if (object.kind !== 'Service') return object
    const labels = {
      ...(object.metadata.labels as object),
      peer: 'true',
      'chain-id': chainId,
      'node-id': chain.ids[index],
    }
    return { ...object, metadata: { ...object.metadata, labels } }
  })
}

t.test('two nodes as peers; one pod is deleted, the other follows', async t => {
  install()
  const ns = await namespaceFor(t, 'peerset')
  const chain = chainOfTwo(ns)
  apply([...labelled(chain), peerSetObject(ns, 'chain', { source, output, minPeers: 2 })])
  const list = [0, 1]
    .map(index => `${chain.ids[index]}@node${index}:26656`)
    .sort()
    .join(',')

  await t.test('the list and its hash', async t => {
    t.comment(
      `the list is there ${(await listBecomes(ns, output.configMap, output.key, list)).toFixed(1)} s after the manifests were applied`,
    )
    await until('Ready', 20, async () => (await condition(ns, 'chain', 'Ready'))?.status === 'True')
    const hash = peerHash(parsePeers('cometbft-list', list, { source: 'test' }))
    t.match(await peerSetStatus(ns, 'chain'), { observedGeneration: 1, source: 'services', peers: 2, hash })
    t.match(
      (await configData(ns, output.configMap))?.discovery_metadata,
      /^discovered_at=.*,peer_count=2,candidates=2,source=services,peer_set=peerset\/chain,hash=p1:/,
    )
    t.match(
      kubectl('-n', ns, 'get', 'peersets'),
      /^NAME +SOURCE +PEERS +HASH +AGE +READY\nchain +services +2 +p1:[0-9a-f]{32} +\S+ +True/,
    )
    const annotations = async () => (await getPod(ns, 'node0-0')).metadata.annotations
    await until('the pod has the same hash', 30, async () => (await annotations())?.['repeer.dev/peer-hash'] === hash)
    t.match(
      kubectl('-n', ns, 'get', 'events', '--field-selector=involvedObject.kind=PeerSet'),
      /PeersChanged +peerset\/chain +2 peers, 2 new, 0 gone/,
    )
  })

  await t.test('the mapping from EndpointSlices over Services to the node', async () => {
    const address = async () => (await getPod(ns, 'node1-0')).status.podIP ?? 'none'
    await until('node0 is told the address behind node1', 60, async () =>
      (await getPod(ns, 'node0-0')).metadata.annotations?.['repeer.dev/endpoints']?.includes(await address()),
    )
    await until('node0 is connected', 90, async () => (await netInfo(ns, 0))?.peers.length === 1)
    await until('blocks', 60, async () => (await height(ns, 0)) > 2)
    await settled(ns)
  })

  await t.test('the other follows', async t => {
    const metadata = (await configData(ns, output.configMap))?.discovery_metadata
    const before = await getPod(ns, 'node0-0')
    const restarts = (await page(ns, 0))?.restarts.length ?? 0
    const { to } = await replacePod(ns, 1)
    const healed = await until('node0 is connected to the new address', 90, async () =>
      (await netInfo(ns, 0))?.peers.some(peer => peer.remote_ip === to),
    )
    t.comment(`connected ${healed.seconds.toFixed(1)} s after the new pod ran`)
    await settled(ns)
    t.equal((await page(ns, 0))?.restarts.length, restarts + 1, 'its process was restarted, once')
    t.equal((await getPod(ns, 'node0-0')).metadata.uid, before.metadata.uid, 'in the same pod')
    t.equal(
      (await configData(ns, output.configMap))?.discovery_metadata,
      metadata,
      'the list has not changed, so it was not written',
    )
    const at = await height(ns, 0)
    await until('blocks go on', 60, async () => (await height(ns, 0)) > at + 1)
  })

  await t.test('the list does not shrink below minPeers, and a new Service makes it grow', async t => {
    kubectl('-n', ns, 'label', 'service', 'node1', 'peer-')
    await until('it is said', 20, async () => (await condition(ns, 'chain', 'Ready'))?.reason === 'TooFewPeers')
    t.equal((await configData(ns, output.configMap))?.[output.key], list, 'the last good one stays')
    kubectl('-n', ns, 'label', 'service', 'node1', 'peer=true')
    await until('Ready again', 20, async () => (await condition(ns, 'chain', 'Ready'))?.status === 'True')
    const id = 'f'.repeat(40)
    apply([
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'late', namespace: ns, labels: { peer: 'true', 'chain-id': chainId, 'node-id': id } },
        spec: { clusterIP: 'None', selector: { app: 'late' }, ports: [{ name: 'p2p', port: 26656 }] },
      },
    ])
    const seconds = await listBecomes(
      ns,
      output.configMap,
      output.key,
      [...list.split(','), `${id}@late:26656`].sort().join(','),
    )
    t.comment(`the new Service is listed after ${seconds.toFixed(1)} s`)
    t.ok(seconds < 10, 'by a watch, not at the next look')
  })
})

t.test('ConfigMaps of others', async t => {
  install()
  const ns = await namespaceFor(t, 'peerset-output', { control: true })
  const other = await namespaceFor(t, 'peerset-other', { control: true })
  const fixed = (out: object) => ({
    source: { static: { peers: ['10.1.2.3:11625'] } },
    output: { configMap: 'shared', key: 'list', format: 'generic-list', ...out },
  })
  apply([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'shared', namespace: ns },
      data: { theirs: 'x', taken: 'y' },
    },
  ])

  await t.test('other keys are not touched, and it is not owned', async t => {
    apply([peerSetObject(ns, 'set', fixed({}))])
    await listBecomes(ns, 'shared', 'list', '10.1.2.3:11625\n')
    t.match(await configData(ns, 'shared'), { theirs: 'x', taken: 'y' })
    const { metadata } = JSON.parse(kubectl('-n', ns, 'get', 'configmap', 'shared', '-o', 'json')) as {
      metadata: { ownerReferences?: unknown }
    }
    t.equal(metadata.ownerReferences, undefined)
  })

  await t.test('a second PeerSet has a key of its own', async t => {
    apply([peerSetObject(ns, 'second', fixed({ key: 'list2', metadataKey: '' }))])
    await listBecomes(ns, 'shared', 'list2', '10.1.2.3:11625\n')
    t.match(await configData(ns, 'shared'), { theirs: 'x', list: '10.1.2.3:11625\n' })
  })

  await t.test('a key that somebody else writes is left, and taken over by consent', async t => {
    apply([peerSetObject(ns, 'third', fixed({ key: 'taken', metadataKey: '' }))])
    await until('the conflict', 20, async () => (await condition(ns, 'third', 'Written'))?.reason === 'Conflict')
    t.match(
      (await condition(ns, 'third', 'Written'))?.message,
      /conflict with "kubectl-client-side-apply".*\.data\.taken.*hand-over-to/,
    )
    t.equal((await configData(ns, 'shared'))?.taken, 'y')
    kubectl('-n', ns, 'annotate', 'configmap', 'shared', 'repeer.dev/hand-over-to=third')
    await listBecomes(ns, 'shared', 'taken', '10.1.2.3:11625\n')
  })

  await t.test('whoever takes a list away gets it back', async t => {
    kubectl('-n', ns, 'patch', 'configmap', 'shared', '--type=json', '-p', '[{"op":"remove","path":"/data/list"}]')
    t.comment(
      `it is there again after ${(await listBecomes(ns, 'shared', 'list', '10.1.2.3:11625\n', 10)).toFixed(1)} s`,
    )
  })

  await t.test('another namespace only by consent', async t => {
    apply([peerSetObject(ns, 'abroad', fixed({ namespace: other, configMap: 'from-abroad' }))])
    await until('no consent', 20, async () => (await condition(ns, 'abroad', 'Written'))?.reason === 'NoConsent')
    t.equal(await configData(other, 'from-abroad'), undefined)
    kubectl('annotate', 'namespace', other, `repeer.dev/allow-peersets-from=${ns}`)
    await listBecomes(other, 'from-abroad', 'list', '10.1.2.3:11625\n')
  })

  await t.test('one that was created for a PeerSet goes with it', async t => {
    apply([peerSetObject(ns, 'owner', fixed({ configMap: 'owned' }))])
    await listBecomes(ns, 'owned', 'list', '10.1.2.3:11625\n')
    kubectl('-n', ns, 'delete', 'peerset', 'owner', 'third')
    await until('it is gone', 60, async () => (await configData(ns, 'owned')) === undefined)
    t.equal((await configData(ns, 'shared'))?.taken, '10.1.2.3:11625\n', 'one that was there before stays as it is')
  })

  await t.test('a policy holds the controller to that', async t => {
    const controller = ['--as=system:serviceaccount:repeer-system:repeer-controller', '-n', ns]
    t.throws(
      () => kubectl(...controller, 'patch', 'configmap', 'shared', '-p', '{"metadata":{"labels":{"x":"y"}}}'),
      /change of another label/,
    )
    t.throws(
      () => kubectl(...controller, 'patch', 'configmap', 'shared', '-p', '{"data":{"a":"1","b":"2","c":"3"}}'),
      /change of more than two keys/,
    )
    t.throws(() => kubectl(...controller, 'create', 'configmap', 'fresh'), /without the label/)
    t.throws(() => kubectl(...controller, 'delete', 'configmap', 'shared'), /forbidden/i)
    t.throws(() => kubectl(...controller, 'get', 'secrets'), /forbidden/i)
  })
})

t.test('what the API server refuses, in words', async t => {
  install()
  const ns = await namespaceFor(t, 'peerset-schema', { control: true })
  const good = { source, output }
  const rows: [spec: object, message: RegExp][] = [
    [{ ...good, source: {} }, /at least 1 propert|expected exactly one of services/],
    [
      { ...good, source: { ...source, static: { peers: ['a:1'] } } },
      /expected exactly one of services, pods, stellarNodes, validators and static|at most 1/,
    ],
    [
      { ...good, source: { services: { selector: {} } } },
      /a selector that selects everything, expected matchLabels or matchExpressions/,
    ],
    [
      { ...good, source: { services: { ...source.services, port: 70000 } } },
      /expected the name of a port, or a number from 1 to 65535/,
    ],
    [
      { ...good, output: { ...output, format: 'yaml' } },
      /Unsupported value: "yaml": supported values: "cometbft-toml"/,
    ],
    [{ ...good, output: { ...output, metadataKey: output.key } }, /expected another metadataKey than key/],
    [{ ...good, interval: '1s' }, /expected a duration from 5s to 1h/],
    [{ ...good, minPeers: 10, limit: 5 }, /expected a minPeers that is not above limit/],
  ]
  for (const [spec, message] of rows)
    t.throws(() => apply([peerSetObject(ns, 'bad', spec)]), { message }, String(message))
  t.match(
    kubectl('explain', 'peerset.spec'),
    /source\t<Object> -required-\n +Where the peers come from: exactly one of/,
  )
  t.match(kubectl('explain', 'peerset.spec.output.format'), /ENUM:/)
  t.match(kubectl('explain', 'peerset.status.conditions'), /SourceHealthy: the source answers/)
})

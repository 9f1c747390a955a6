// Validators as the Stellar operator makes them. Their programs take peers from a file that holds none, so each is
// told, over its HTTP port: one of a list that a PeerSet delivers, one of an annotated ConfigMap, one of a variable
// that its program does not read. A peer is added, a peer moves, a node's container ends; nothing is restarted for a
// list. stellar-core is a stand-in (../stand-ins/stellar-core.ts); the operator's part is done by hand.
import t, { type Test } from 'tap'
import { exec } from '../testbed/client.ts'
import { apply, install } from '../testbed/install.ts'
import { condition, configData, peerSetObject } from '../testbed/peer-sets.ts'
import { deletePods, namespaceFor } from '../testbed/scenario.ts'
import { provide, stellar } from '../testbed/seed-images.ts'
import { type Validator, validatorLabels, validatorObjects } from '../testbed/stellar.ts'
import { installStellarNodes, stellarNode } from '../testbed/stellar-nodes.ts'
import { containerStatus, getPod, isInjected, pageAt, until } from '../testbed/watch.ts'

const namespace = 'stellar-nodes'
const output = { configMap: 'stellar-peers', key: 'KNOWN_PEERS', format: 'stellar-list' }
const known = {
  name: 'KNOWN_PEERS',
  valueFrom: { configMapKeyRef: { name: output.configMap, key: output.key, optional: true } },
}
const off = { 'repeer.dev/inject': 'false' }

const delivered: Validator = { namespace, name: 'validator-1' }
const annotated: Validator = {
  namespace,
  name: 'validator-2',
  annotations: { 'repeer.dev/config': `configmap/${output.configMap}/${output.key}` },
}
const byVariable: Validator = { namespace, name: 'validator-3', env: [known] }
const subjects = [delivered, annotated, byVariable]
/** It dials nobody, so that whoever is connected to it has dialled it. */
const added: Validator = { namespace, name: 'validator-4', annotations: off }
/** No StellarNode stands for it, so that nobody dials it. */
const alone: Validator = { namespace, name: 'alone', env: [known], annotations: off }

const podOf = ({ name }: Validator) => getPod(namespace, `${name}-0`)
const ipOf = async (node: Validator) => (await podOf(node)).status.podIP
const pageOf = async (node: Validator) => pageAt(await ipOf(node))

async function ask<T>(node: Validator, command: string): Promise<T> {
  const response = await fetch(`http://${await ipOf(node)}:11626/${command}`, { signal: AbortSignal.timeout(3000) })
  return (await response.json()) as T
}

type Peers = {
  readonly authenticated_peers: Readonly<Record<'inbound' | 'outbound', readonly { readonly address: string }[] | null>>
}

/** The addresses that a node is connected to, whoever dialled. */
async function peersOf(node: Validator): Promise<string[]> {
  const { inbound, outbound } = (await ask<Peers>(node, 'peers?fullkeys=true')).authenticated_peers
  return [...(inbound ?? []), ...(outbound ?? [])].map(({ address }) => address).sort()
}

async function isReady(...of: readonly Validator[]): Promise<void> {
  for (const node of of) {
    await until(`${node.name} is Ready`, 60, async () => {
      const { conditions = [] } = (await podOf(node)).status
      return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    })
  }
}

const addressesOf = async (nodes: readonly Validator[]) =>
  (await Promise.all(nodes.map(async node => `${await ipOf(node)}:11625`))).sort()

/**
 * Waits until each of `of` is connected to all of `all` but itself, and its page is content. Returns the seconds since
 * the list had them.
 */
async function allConnected(t: Test, of: readonly Validator[], all: readonly Validator[]): Promise<void> {
  const began = Date.now()
  const wanted = await addressesOf(all)
  await until(
    'the list',
    60,
    async () => (await configData(namespace, output.configMap))?.[output.key] === wanted.join('\n'),
  )
  t.comment(`in the list after ${((Date.now() - began) / 1000).toFixed(1)} s`)
  for (const node of of) {
    const own = `${await ipOf(node)}:11625`
    const others = wanted.filter(address => address !== own)
    await until(`${node.name} is connected to ${others}`, 90, async () => {
      const peers = await peersOf(node)
      if (others.every(address => peers.includes(address))) return true
      throw new Error(
        `it is connected to ${peers}; its page says ${JSON.stringify({ ...(await pageOf(node)), lookups: undefined })}`,
      )
    })
    await until(`${node.name} is settled`, 60, async () => (await pageOf(node))?.phase === 'settled')
    t.comment(`${node.name} is connected after ${((Date.now() - began) / 1000).toFixed(1)} s`)
  }
}

t.test('validators of the Stellar operator', async t => {
  install('manifests/overlays/stellar')
  await provide(stellar())
  await namespaceFor(t, namespace)
  installStellarNodes()
  apply([
    peerSetObject(namespace, 'stellar', {
      source: { stellarNodes: { keepUnreadySeconds: 0 } },
      output,
      deliver: { podSelector: { matchLabels: validatorLabels(delivered.name) } },
    }),
    ...subjects.flatMap(node => [stellarNode(namespace, node.name), ...validatorObjects(node)]),
    ...validatorObjects(alone),
  ])
  await isReady(...subjects, alone)
  const before = new Map(await Promise.all(subjects.map(async node => [node, await podOf(node)] as const)))

  await t.test('each is told of the others', async t => {
    for (const pod of before.values()) t.ok(isInjected(pod), `${pod.metadata.name} is injected`)
    await allConnected(t, subjects, subjects)
    await until('Delivered', 30, async () => (await condition(namespace, 'stellar', 'Delivered'))?.status === 'True')
  })

  await t.test('a peer is added', async t => {
    apply([stellarNode(namespace, added.name), ...validatorObjects(added)])
    await isReady(added)
    await allConnected(t, subjects, [...subjects, added])
  })

  await t.test('a peer moves', async t => {
    const from = await ipOf(added)
    await deletePods(namespace, `${added.name}-0`)
    await until('another pod', 60, async () => (await ipOf(added)) !== undefined)
    await isReady(added)
    t.not(await ipOf(added), from, 'it has another address')
    await allConnected(t, subjects, [...subjects, added])
  })

  await t.test('nothing was restarted, and no pod is another', async t => {
    for (const [node, pod] of before) {
      const now = await podOf(node)
      t.equal(now.metadata.uid, pod.metadata.uid, `${node.name} is the same pod`)
      t.equal(containerStatus(now, 'stellar-node')?.restartCount, 0)
      const page = await pageOf(node)
      t.same(page?.restarts, [], 'no restart by repeer')
      t.match(page?.told.at(-1), { outcome: 'connected' })
    }
  })

  await t.test('a node whose container ends by itself is told again', async t => {
    for (const node of subjects) {
      const kill = 'kill $(grep -lx stellar-core /proc/[0-9]*/comm | cut -d / -f 3)'
      await exec(namespace, `${node.name}-0`, 'stellar-node', ['/bin/busybox', 'sh', '-c', kill])
    }
    for (const node of subjects)
      await until(`${node.name} runs again`, 60, async () => {
        const status = containerStatus(await podOf(node), 'stellar-node')
        return status?.restartCount === 1 && status.ready
      })
    await allConnected(t, subjects, [...subjects, added])
    for (const node of subjects) {
      t.ok(
        (await ask<string[]>(node, 'asked')).includes(`connect?peer=${await ipOf(added)}&port=11625`),
        `${node.name} was told since it started`,
      )
      t.same((await pageOf(node))?.restarts, [])
    }
  })

  await t.test('without repeer nobody tells it: the variable is no list for stellar-core', async t => {
    t.notOk(isInjected(await podOf(alone)))
    t.same(await peersOf(alone), [])
  })
})

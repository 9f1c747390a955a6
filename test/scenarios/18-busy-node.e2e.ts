// Two cases that the controller cannot see into: a node that is catching up with its chain, and a list in a Secret,
// which only the sidecar can read.
import t, { type Test } from 'tap'
import { makeChain } from '../testbed/chain.ts'
import { install, kubectl } from '../testbed/install.ts'
import {
  besideControl,
  editConfigMap,
  impatient,
  isConnected,
  namespaceFor,
  nudge,
  openRpc,
  settled,
  startInOrder,
  withLists,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, height, netInfo, page, syncing, until } from '../testbed/watch.ts'

/**
 * More than CometBFT's block sync expects of a peer at least (7,680 bytes a second: blocksync, minRecvRate), and little
 * enough to take a while.
 */
const receivesPerSecond = 10_000
const blockBytes = 40_000
const blocks = 10

t.jobs = 2
t.test('a node that catches up is left alone until it has caught up', besideControl(), catchesUp)
t.test('a list in a Secret', besideControl(), listInSecret)

async function catchesUp(t: Test): Promise<void> {
  install()
  const ns = await namespaceFor(t, 'catches-up')
  const slow = (toml: string, index: number) => {
    const patient = openRpc(toml).replace(/^timeout_broadcast_tx_commit = .*$/m, 'timeout_broadcast_tx_commit = "60s"')
    return index === 3 ? patient.replace(/^recv_rate = .*$/m, `recv_rate = ${receivesPerSecond}`) : patient
  }
  // A validator with a third of the power does not catch up first (blocksync, localNodeBlocksTheChain), and of four
  // that have 1 every one counts as such.
  const chain = makeChain({ namespace: ns, config: slow, annotations: impatient(), power: () => 10 })
  const objects = withLists(chain, { 0: [1, 2], 3: [0] })
  await startInOrder(ns, objects, [[1, 2], [0]])
  await until('blocks', 60, async () => (await height(ns, 0)) > 1)
  const { podIP } = (await getPod(ns, 'node0-0')).status
  for (let index = 0; index < blocks; index++) await commit(podIP ?? '', `${index}=${'x'.repeat(blockBytes)}`)

  await startInOrder(ns, objects, [[3]])
  await until(
    'it has its peer and is behind',
    60,
    async () => (await syncing(ns, 3)) === true && (await netInfo(ns, 3))?.peers.length === 1,
  )
  await editConfigMap(ns, { name: 'node3-config', data: { 'config.toml': chain.configOf(3, [0, 1]) } })
  await until('its page says why it waits', 30, async () => (await page(ns, 3))?.reason === 'catching-up')
  const from = await height(ns, 3)
  const seen = new Set<number | undefined>()
  const { seconds } = await until('it has caught up', 240, async () => {
    const before = await page(ns, 3)
    const isSyncing = await syncing(ns, 3)
    // In this order: a restart after the last block is what is wanted.
    if (isSyncing) seen.add(before?.restarts.length)
    return isSyncing === false
  })
  t.same([...seen], [0], 'no restart while it catches up')
  t.comment(`it caught up from height ${from} within ${seconds.toFixed(1)} s of being asked about`)
  await until('it has the new peer', 90, () => isConnected(chain, ns, 3, 1))
  await settled(ns, [3])
  t.match((await page(ns, 3))?.restarts, [{ level: 'process', outcome: 'verified' }])
  t.ok((await height(ns, 3)) > from + 1)
}

/** Waits until the transaction is in a block. */
async function commit(ip: string, tx: string): Promise<void> {
  const params = { tx: Buffer.from(tx).toString('base64') }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'broadcast_tx_commit', params })
  const response = await fetch(`http://${ip}:26657`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const answer = (await response.json()) as { result?: { height: string } }
  if (!answer.result) throw new Error(`found ${JSON.stringify(answer)}, expected a transaction in a block`)
}

async function listInSecret(t: Test): Promise<void> {
  install()
  const ns = await namespaceFor(t, 'list-in-secret')
  const chain = makeChain({
    namespace: ns,
    config: openRpc,
    annotations: impatient(),
    pod: (spec, index) => ({
      ...spec,
      volumes: (spec.volumes ?? []).map(volume =>
        index === 0 && (volume as { name: string }).name === 'config'
          ? { name: 'config', secret: { secretName: 'node0-config' } }
          : volume,
      ),
    }),
  })
  const objects = withLists(chain, { 0: [1, 2] }).map(({ data, ...object }) =>
    object.kind === 'ConfigMap' && object.metadata.name === 'node0-config'
      ? { ...object, kind: 'Secret', stringData: data }
      : { ...object, data },
  )
  await startInOrder(ns, objects, [[1, 2, 3], [0]])
  await until('node0 has two peers', 90, async () => (await netInfo(ns, 0))?.peers.length === 2)
  await settled(ns)
  const before = await getPod(ns, 'node0-0')
  t.match(before.metadata.annotations?.['repeer.dev/plan'], /"kind":"Secret"/)

  const stringData = { 'config.toml': chain.configOf(0, [1, 2, 3]) }
  kubectl('-n', ns, 'patch', 'secret', 'node0-config', '--type=merge', '-p', JSON.stringify({ stringData }))
  // Nobody but the kubelet may look at a Secret; without an event of the pod it takes its minute.
  await nudge(ns, 'node0-0')
  const { seconds } = await until('node0 has the added peer', 90, () => isConnected(chain, ns, 0, 3))
  t.comment(`the added peer is connected ${seconds.toFixed(1)} s after the edit`)
  await settled(ns)
  t.match((await page(ns, 0))?.restarts, [{ level: 'process', outcome: 'verified' }])
  const after = await getPod(ns, 'node0-0')
  t.equal(after.metadata.uid, before.metadata.uid)
  t.equal(containerStatus(after, 'node')?.restartCount, 0)
  t.match(after.metadata.annotations?.['repeer.dev/turn'], /^(spent )?s1:/, 'a turn for the hash that its page told')
}

// DNS that disagrees: two name servers behind one address, of which one still gives a moved peer's old address, gives
// either, or fails. However they disagree, all are connected within 10 s of the last disagreement, node0 restarts once
// at most, and no group is stopped.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ChainOptions } from '../testbed/chain.ts'
import { client, exec } from '../testbed/client.ts'
import { install } from '../testbed/install.ts'
import { type MixedDns, mixedDns, type Second } from '../testbed/mixed-dns.ts'
import {
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  replacePod,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { getPod, page, until } from '../testbed/watch.ts'

/** The peers of a chain of its own, in which the nodes ask the two servers. */
async function chainThatAsks(t: Test, dns: MixedDns, name: string, options: Pick<ChainOptions, 'annotations'> = {}) {
  const ns = await namespaceFor(t, name)
  const chain = await runningChain(ns, { annotations: impatient(options.annotations), pod: spec => dns.asks(ns)(spec) })
  await settled(ns, indexes)
  return { ns, chain }
}

const restartsOf = async (ns: string) => (await page(ns, 0))?.restarts.length ?? 0

async function stoppedGroups(ns: string): Promise<string[]> {
  const { items } = await client().core.listNamespacedEvent({ namespace: ns })
  return items.filter(event => event.reason === 'GroupStopped').map(event => event.message ?? '')
}

/**
 * CometBFT's own next dial after one that failed, in s: two nodes that dial each other at once may both be refused as
 * duplicates, and each tries again after 5 to 8 s.
 */
const againSeconds = 8

/** The line in which the running node0 says that its dial of this peer has failed, and that it tries again. */
async function triesAgain(namespace: string, id: string): Promise<string | undefined> {
  const log = await client().core.readNamespacedPodLog({
    namespace,
    name: 'node0-0',
    container: 'node',
    tailLines: 2000,
  })
  const lines = log.split('\n')
  const started = lines.findLastIndex(line => line.includes('Starting Node service'))
  return lines
    .slice(Math.max(started, 0))
    .find(line => line.includes('Reconnecting to peer') && line.includes(`${id}@`))
}

/** The kubelet brings an annotation into a pod's files within 0.35 to 0.9 s, unless it misses it; in s. */
const kubeletSeconds = 1

/** What node0 is told and says, from now on. */
function watchPage(ns: string): {
  end(): void
  /** Whenever the page says something else, in s from a moment: for whoever wonders what took so long. */
  said(from: number): readonly string[]
  /** For how long, in s, a turn was in the pod's annotations and not in its files, beyond what a kubelet takes. */
  missed(): number
} {
  const lines: { readonly at: number; readonly text: string }[] = []
  const annotated = new Map<string, number>()
  const read = new Map<string, number>()
  let ended = false
  const look = async () => {
    while (!ended) {
      const { annotations = {} } = (await getPod(ns, 'node0-0').catch(() => undefined))?.metadata ?? {}
      const turn = annotations['repeer.dev/turn']
      if (turn !== undefined && !annotated.has(turn)) annotated.set(turn, Date.now())
      const its = await page(ns, 0).catch(() => undefined)
      if (its?.turn !== undefined && !read.has(its.turn)) read.set(its.turn, Date.now())
      const last = its?.restarts.at(-1)
      const words = its && [its.phase, its.reason, its.detail, `${its.connected} connected`, its.turn]
      const text = words
        ? [...words, last?.at, last?.outcome, `annotated ${turn}`].map(part => part ?? '-').join(', ')
        : 'no page'
      if (lines.at(-1)?.text !== text) lines.push({ at: Date.now(), text })
      await sleep(200)
    }
  }
  void look()
  return {
    end: () => {
      ended = true
    },
    said: from => lines.map(({ at, text }) => `${((at - from) / 1000).toFixed(1)} s: ${text}`),
    missed: () => {
      const took = [...annotated]
        .filter(([turn]) => turn.startsWith('s1:'))
        .map(([turn, at]) => ((read.get(turn) ?? Date.now()) - at) / 1000 - kubeletSeconds)
      return Math.max(0, ...took)
    },
  }
}

/**
 * Moves a node while the second server does what it does for `seconds`, and waits until node0 has it again. For each
 * peer's sake node0 is restarted three times at most, so two of them take turns.
 */
async function moveAmid(
  t: Test,
  dns: MixedDns,
  { ns, chain }: Awaited<ReturnType<typeof chainThatAsks>>,
  { moved, seconds }: { readonly moved: 1 | 2; readonly seconds: number },
  second: (addresses: ReadonlyMap<string, string>) => Second,
): Promise<void> {
  const before = await restartsOf(ns)
  const old = (await getPod(ns, `node${moved}-0`)).status.podIP ?? ''
  dns.second = second(new Map([[`node${moved}.${ns}.svc.cluster.local`, old]]))
  const asked = { ...dns.asked }
  const { to } = await replacePod(ns, moved)
  t.not(to, old, `node${moved} has another address`)
  const runs = Date.now()
  const seen = watchPage(ns)
  t.teardown(seen.end)
  const agreed = sleep(seconds * 1000).then(() => {
    dns.second = { does: 'agree' }
    return Date.now()
  })
  await until('reconnected', seconds + 30, () => isConnected(chain, ns, 0, moved, 'at its present address')).catch(
    async error => {
      const { metadata } = await getPod(ns, 'node0-0')
      t.comment(JSON.stringify({ page: await page(ns, 0), annotations: metadata.annotations }))
      throw error
    },
  )
  const connected = Date.now()
  seen.end()
  const last = await agreed
  const late = (connected - last) / 1000
  const restart = (await page(ns, 0))?.restarts.at(-1)
  const restarted = restart ? `${((Date.parse(restart.at) - last) / 1000).toFixed(1)} s` : 'not'
  t.comment(`reconnected ${((connected - runs) / 1000).toFixed(1)} s after the new pod ran`)
  const tries = await triesAgain(ns, chain.ids[moved] ?? '')
  // Ten seconds, and what is seen to have been the node's or the kubelet's own.
  const granted = (tries ? againSeconds : 0) + seen.missed()
  t.ok(
    late <= 10 + granted,
    `connected ${late.toFixed(1)} s after the last disagreement, restarted ${restarted} after it; granted ${granted.toFixed(1)} s`,
    { tries: tries ?? 'its first dial went through', page: seen.said(last) },
  )
  t.ok(dns.asked.second > asked.second, 'the second server was asked')
  // What disagreed is over, and so is what was done about it: nothing comes after.
  await settled(ns)
  await sleep(15_000)
  t.ok((await restartsOf(ns)) - before <= 1, `node0 was restarted ${(await restartsOf(ns)) - before} times`)
  t.same(await stoppedGroups(ns), [])
  t.ok(await isConnected(chain, ns, 0, moved, 'at its present address'))
}

t.test('a node that is given addresses', async t => {
  install()
  const dns = await mixedDns(t)
  const its = await chainThatAsks(t, dns, 'dns-addresses')
  const { ns } = its
  const peers = (await page(ns, 0))?.peers ?? []
  const addresses = await Promise.all([1, 2, 3].map(async n => (await getPod(ns, `node${n}-0`)).status.podIP))
  // The page names them by their IDs, which are made anew for each chain.
  t.same(peers.map(peer => peer.pinned).sort(), addresses.sort(), 'its page says which')
  await t.test('one server answers from its cache for 14 s', async t =>
    moveAmid(t, dns, its, { moved: 1, seconds: 14 }, addresses => ({ does: 'cache', addresses })),
  )
  await t.test('and again within ten minutes, for its TTL of 30 s', async t =>
    moveAmid(t, dns, its, { moved: 1, seconds: 30 }, addresses => ({ does: 'cache', addresses })),
  )
  await t.test('answers flap for 65 s', async t =>
    moveAmid(t, dns, its, { moved: 2, seconds: 65 }, addresses => ({ does: 'flap', addresses })),
  )
  await t.test('one server fails for 30 s', async t =>
    moveAmid(t, dns, its, { moved: 2, seconds: 30 }, () => ({ does: 'fail' })),
  )
  await t.test('a node that starts by itself has the present addresses, whatever DNS says', async t => {
    const old = new Map([[`node1.${ns}.svc.cluster.local`, '10.88.255.254']])
    dns.second = { does: 'cache', addresses: old }
    // Its process ends, the container with it, and the kubelet starts both again.
    await exec(ns, 'node0-0', 'node', ['/repeer/wrap/sh', '-c', 'kill 1']).catch(() => {})
    await sleep(2000)
    await until('connected to all', 60, async () => (await page(ns, 0))?.connected === 3)
    t.same(await stoppedGroups(ns), [])
    dns.second = { does: 'agree' }
  })
})

t.test('a node that looks names up', async t => {
  install()
  const dns = await mixedDns(t)
  const its = await chainThatAsks(t, dns, 'dns-names', { annotations: { 'repeer.dev/pin-addresses': 'false' } })
  t.notOk((await page(its.ns, 0))?.peers.some(peer => peer.pinned !== undefined))
  await t.test('one server answers from its cache for 14 s', async t =>
    moveAmid(t, dns, its, { moved: 1, seconds: 14 }, addresses => ({ does: 'cache', addresses })),
  )
  await t.test('answers flap for 65 s', async t =>
    moveAmid(t, dns, its, { moved: 2, seconds: 65 }, addresses => ({ does: 'flap', addresses })),
  )
  await t.test('one server fails for 30 s', async t =>
    moveAmid(t, dns, its, { moved: 2, seconds: 30 }, () => ({ does: 'fail' })),
  )
})

// The sidecar is killed at random 20 times while addresses change: the node ends up connected, and never restarts twice
// for one snapshot.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { makeChain } from '../testbed/chain.ts'
import { apply, install } from '../testbed/install.ts'
import { supervisorState } from '../testbed/plain-node.ts'
import {
  allRun,
  besideControl,
  control,
  impatient,
  isConnected,
  namespaceFor,
  openRpc,
  orderlyChain,
  replacePod,
  settled,
  staysUnconnected,
  withLists,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, height, page, until } from '../testbed/watch.ts'

// node1 moves, the others list it. The kubelet waits 10 s, 20 s, 40 s, ... before it starts a sidecar again: with four
// kills to each of five nodes the twenty do not take hours.
const moving = 1
const others = [0, 2, 3, 4, 5] as const
const killsEach = 4
const moves = 4
const busy = new Set(['restarting', 'verifying'])

/** What is known of a node that has not connected, for the report. */
async function whatIsKnown(namespace: string, index: number): Promise<string> {
  const pod = await getPod(namespace, `node${index}-0`)
  const { 'repeer.dev/plan': _, ...annotations } = pod.metadata.annotations ?? {}
  const sidecar = containerStatus(pod, 'repeer')
  return `node${index}: ${JSON.stringify({ page: await page(namespace, index), annotations, sidecar })}`
}

/**
 * The sidecar's process of a pod, by its command line and by the pod's UID in its cgroup; undefined while there is
 * none.
 */
function sidecarOf(uid: string): number | undefined {
  const uids = [uid, uid.replaceAll('-', '_')]
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .find(pid => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        const isSidecar = words.includes('sidecar') && words.some(word => word.endsWith('repeer.js'))
        return isSidecar && uids.some(uid => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(uid))
      } catch {
        return false
      }
    })
}

const skip = process.env.E2E_CLUSTER === 'kubeconfig' && "the cluster's processes have to be in sight"

control('killed', 'a peer that moves again and again is lost at its first move', async (t, ns) => {
  const chain = await orderlyChain(ns)
  for (let done = 0; done < 2; done++) await staysUnconnected(t, chain, ns, { seconds: 15 })
})

t.test('sidecars killed at random while a peer moves', { ...besideControl(), skip }, async t => {
  install()
  const ns = await namespaceFor(t, 'killed')
  const chain = makeChain({
    namespace: ns,
    validators: 6,
    annotations: impatient({ 'repeer.dev/settle-seconds': '1' }),
    config: openRpc,
  })
  const all = [moving, ...others]
  apply(withLists(chain, Object.fromEntries(others.slice(1).map(index => [index, [moving]]))))
  const hasMoving = (index: number) => isConnected(chain, ns, index, moving, 'at its present address')
  await until('all run', 120, () => allRun(ns, all))
  for (const index of others) await until(`node${index} has node${moving}`, 150, () => hasMoving(index))
  await until('blocks', 60, async () => (await height(ns, 0)) > 2)
  const uids = new Map<number, string>()
  for (const index of others) uids.set(index, (await getPod(ns, `node${index}-0`)).metadata.uid)

  const kill = async (index: (typeof others)[number]) => {
    for (let done = 0; done < killsEach; done++) {
      const { value: pid } = await until(`a sidecar in node${index}`, 120, () => sidecarOf(uids.get(index) ?? ''))
      // Anywhere in its life, and rather more often around a restart.
      const end = Date.now() + Math.random() * 20_000
      while (Date.now() < end && !busy.has((await page(ns, index))?.phase ?? '')) await sleep(100)
      await sleep(Math.random() * 1000)
      process.kill(pid, 'SIGKILL')
      await until('it is gone', 10, () => sidecarOf(uids.get(index) ?? '') !== pid)
    }
  }
  const move = async () => {
    for (let done = 0; done < moves; done++) {
      await replacePod(ns, moving)
      await sleep(15_000 + Math.random() * 10_000)
    }
  }
  const began = Date.now()
  await Promise.all([move(), ...others.map(kill)])
  t.comment(`${killsEach * others.length} kills and ${moves} moves in ${Math.round((Date.now() - began) / 1000)} s`)

  // Usually 60 to 100 s: the kubelet's wait for the last of the sidecars.
  const connected = await until('all are connected to where node1 is now', 240, async () => {
    const without: string[] = []
    for (const index of others) if (!(await hasMoving(index))) without.push(await whatIsKnown(ns, index))
    if (without.length > 0) throw new Error(without.join('\n'))
    return true
  })
  t.comment(`connected ${connected.seconds.toFixed(1)} s later`)
  for (const index of others) {
    await settled(ns, [index])
    const pod = await getPod(ns, `node${index}-0`)
    t.equal(pod.metadata.uid, uids.get(index), `node${index} is the same pod`)
    t.equal(containerStatus(pod, 'repeer')?.restartCount, killsEach, `node${index}: each kill hit`)
    t.equal(containerStatus(pod, 'node')?.restartCount, 0, `node${index}: its container went on`)
    const restarts = (await page(ns, index))?.restarts ?? []
    const snapshots = restarts.map(restart => restart.snapshot)
    t.comment(
      `node${index}: ${restarts.map(restart => `${restart.snapshot.slice(0, 8)} ${restart.outcome}`).join(', ')}`,
    )
    t.equal(new Set(snapshots).size, snapshots.length, `node${index} never restarted twice for one snapshot`)
    t.equal(
      (await supervisorState(ns, `node${index}-0`)).starts,
      restarts.length + 1,
      `node${index}: its supervisor counts the same`,
    )
  }
})

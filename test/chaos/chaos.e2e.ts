// One fault after the other on a real cluster, each amid an edit or a move, a chain for each, judged by one oracle.
// CHAOS_FAULTS names those that are wanted (comma-separated), CHAOS_HOLD how long each lasts, in s.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { busyboxImage } from '../testbed/chain.ts'
import { apply, install } from '../testbed/install.ts'
import { editLists, type Mesh, newcomer, runningMesh, validators } from '../testbed/mesh.ts'
import { mixedDns } from '../testbed/mixed-dns.ts'
import { deletePods, impatient, namespaceFor, settled } from '../testbed/scenario.ts'
import { getPod, until } from '../testbed/watch.ts'
import { type Fault, faults, type Place } from './faults.ts'
import { broken, restartsSeen, unhealed } from './oracle.ts'
import { foreignPods, look, presentAddresses, watch } from './sights.ts'

const { CHAOS_FAULTS, CHAOS_HOLD, E2E_CLUSTER } = process.env
const chosen = CHAOS_FAULTS ? CHAOS_FAULTS.split(',') : faults.map(({ name }) => name)
const unknown = chosen.filter(name => !faults.some(fault => fault.name === name))
if (unknown.length > 0)
  throw new Error(`found no fault ${unknown.join(', ')}, expected some of ${faults.map(({ name }) => name).join(', ')}`)
const hold = CHAOS_HOLD ? Number(CHAOS_HOLD) : undefined
if (hold !== undefined && !(hold > 0)) throw new Error(`found CHAOS_HOLD=${CHAOS_HOLD}, expected seconds`)

const all = [...validators, newcomer]
const skip = E2E_CLUSTER === 'kubeconfig' && "it breaks the cluster's own parts: on this machine's own cluster only"
const rows: string[] = []

/** Pods that have not opted in, in a namespace of their own. */
async function bystanders(namespace: string): Promise<void> {
  const container = { name: 'node', image: busyboxImage, command: ['/bin/busybox', 'sleep', '99999'] }
  apply([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bystander', namespace }, spec: { containers: [container] } },
  ])
  await until('it runs', 60, async () => (await getPod(namespace, 'bystander')).status.phase === 'Running')
}

/** The lists as they are after the fault's stir. */
function wantedLists({ chain }: Mesh, { stir }: Fault): Map<string, string[]> {
  const members = stir === 'edit' ? all : [...validators]
  const idsFor = (index: number) => members.filter(member => member !== index).map(member => chain.ids[member] ?? '')
  return new Map(validators.map(index => [`node${index}-0`, idsFor(index)]))
}

async function stir(mesh: Mesh, { stir: how }: Fault): Promise<void> {
  if (how === 'edit') await editLists(mesh, validators, all)
  else await deletePods(mesh.namespace, 'node1-0')
}

t.test('faults', { skip }, async t => {
  install()
  const dns = await mixedDns(t)
  const other = await namespaceFor(t, 'chaos-others', { control: true })
  await bystanders(other)
  t.teardown(() => {
    t.comment(
      [
        '| fault | amid | lasted | healed after | restarts | kept |',
        '| --- | --- | ---: | ---: | ---: | --- |',
        ...rows,
      ].join('\n'),
    )
  })

  for (const fault of chosen.flatMap(wanted => faults.find(({ name }) => name === wanted) ?? [])) {
    await t.test(fault.name, async t => {
      const ns = await namespaceFor(t, `chaos-${fault.name}`)
      const annotations = impatient({ 'repeer.dev/strategy': 'wrap' })
      const mesh = await runningMesh(ns, { annotations, pod: spec => dns.asks(ns)(spec) })
      await settled(ns, [...validators])
      const pods = await Promise.all(all.map(async index => getPod(ns, `node${index}-0`)))
      const place: Place = { mesh, dns, pods: pods.map(pod => ({ uid: pod.metadata.uid, ip: pod.status.podIP ?? '' })) }
      const before = await foreignPods(other)
      const seen = await watch(mesh, validators)
      const began = performance.now()
      if (fault.first === 'stir') await stir(mesh, fault)
      const mend = await fault.begin(place)
      // A test that ends badly must not leave the fault to those that follow.
      let mended = false
      t.teardown(async () => void (mended || (await mend().catch(() => {}))))
      const stirred = fault.first === 'stir' ? Promise.resolve() : sleep(1000).then(() => stir(mesh, fault))
      stirred.catch(() => {})
      await sleep((hold ?? fault.holdSeconds ?? 10) * 1000)
      await mend()
      mended = true
      const over = performance.now()
      await stirred
      const wanted = wantedLists(mesh, fault)
      let lacks: string[] = []
      const healed = await until('healed', fault.healSeconds ?? 90, async () => {
        lacks = unhealed(await look(mesh, validators), wanted, await presentAddresses(mesh))
        return lacks.length === 0
      }).catch(() => undefined)
      t.same(healed ? [] : lacks, [], `healed after ${healed?.seconds.toFixed(1)} s`)
      // Nothing comes after, and blocks are made.
      await sleep(8000)
      await seen.stop()
      const verdict = broken(
        seen.sights,
        seen.processes,
        { before, after: await foreignPods(other) },
        {
          restarts: 1 + (fault.moreRestarts ?? 0),
          victims: new Map(Object.entries(fault.victims ?? {})),
        },
      )
      t.same(verdict, [], 'all promises kept')
      const restarts = [...restartsSeen(seen.sights).values()].map(({ size }) => size).join(', ')
      const lasted = ((over - began) / 1000).toFixed(0)
      const kept = [...(healed ? [] : lacks), ...verdict].join('; ') || 'yes'
      const after = healed ? `${healed.seconds.toFixed(1)} s` : 'not'
      rows.push(`| ${fault.name} | ${fault.stir} | ${lasted} s | ${after} | ${restarts} | ${kept} |`)
      process.stderr.write(`${rows.at(-1)}\n`)
    })
  }
})

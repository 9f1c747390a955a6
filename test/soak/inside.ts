// Runs inside the cluster's namespaces: acts for as long as SOAK_MINUTES says, drawn from SOAK_SEED, each judged by the
// oracle of the faults; the figures as JSON on standard output, an act a line on standard error.
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { broken, unhealed } from '../chaos/oracle.ts'
import { ownProcesses } from '../chaos/processes.ts'
import { foreignPods, look, presentAddresses, watch } from '../chaos/sights.ts'
import { busyboxImage } from '../testbed/chain.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { editLists, type Mesh, runningMesh, validators } from '../testbed/mesh.ts'
import { deletePods, impatient, settled } from '../testbed/scenario.ts'
import { getPod, isInjected, until } from '../testbed/watch.ts'
import { type Act, acts, elder, inWords, listingAfter, needed, newcomer, type Stir } from './acts.ts'
import { allObjects, annotationsLeft, differences, filesOf, marks, strayFiles, strayProcesses } from './left.ts'
import { chooseElders, ownParts, ownPartsReady } from './own-parts.ts'
import type { Figures, Outcome } from './report.ts'
import { course, type Vitals, vitalsOf } from './vitals.ts'

const minutes = Number(process.env.SOAK_MINUTES)
const seed = Number(process.env.SOAK_SEED)
const say = (line: string) => process.stderr.write(`${line}\n`)

const namespace = 'soak'
const others = 'soak-others'
/** Until an act's traces are gone, and after that, in which nothing may come any more. */
const healSeconds = 150
const quietSeconds = 6
const vitalsEveryMs = 15_000
/** Not drawn from: what a process takes to become warm. */
const warmMs = Math.max(120_000, (minutes * 60_000) / 4)

const annotations = impatient({ 'repeer.dev/strategy': 'wrap' })
const nameOf = (index: number) => `node${index}-0`
const uidOf = async (index: number) => (await getPod(namespace, nameOf(index))).metadata.uid

/** A block each 3 s, to leave the machine to what is measured; the elder can be told. */
function config(toml: string, index: number): string {
  const slow = toml.replace(/^timeout_commit = .*$/m, 'timeout_commit = "3s"')
  return index === elder ? slow.replace(/^unsafe = false$/m, 'unsafe = true') : slow
}

function bystander(): void {
  kubectl('create', 'namespace', others)
  const containers = [{ name: 'node', image: busyboxImage, command: ['/bin/busybox', 'sleep', '99999'] }]
  apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bystander', namespace: others }, spec: { containers } }])
}

type Kept = { role: string; uid: string; samples: Vitals[] }
const lives = new Map<string, Kept>()

function takeVitals(): void {
  for (const role of ['webhook', 'controller', 'sidecar'] as const) {
    for (const found of ownProcesses(role)) {
      const vitals = vitalsOf(found)
      if (!vitals) continue
      const key = `${found.pid}:${found.start}`
      const life = lives.get(key) ?? { role, uid: found.podUid ?? '', samples: [] }
      life.samples.push(vitals)
      lives.set(key, life)
    }
  }
}

const parts = ownParts()

async function stir(mesh: Mesh, what: Stir): Promise<void> {
  if (what.kind === 'edit') return editLists(mesh, what.of, what.adds ? [...validators, newcomer] : validators)
  parts.note(await getPod(namespace, nameOf(what.node)))
  await deletePods(namespace, nameOf(what.node))
}

/** Starts of a node's process that were no pod's first, by the name of the node. */
function restartsOf(seen: Awaited<ReturnType<typeof watch>>, moved: string | undefined): string[] {
  const first = new Map(seen.processes.slice(0, 1).flatMap(({ byNode }) => [...byNode]))
  const starts = new Map<string, Set<string>>()
  for (const { byNode } of seen.processes) {
    for (const [name, pids] of byNode) {
      const known = starts.get(name) ?? new Set()
      for (const pid of pids) if (!first.get(name)?.includes(pid)) known.add(pid)
      starts.set(name, known)
    }
  }
  return [...starts].flatMap(([name, { size }]) => Array(Math.max(0, size - (name === moved ? 1 : 0))).fill(name))
}

async function perform(
  mesh: Mesh,
  act: Act,
  listing: ReadonlySet<number>,
  spare: ReadonlySet<string>,
): Promise<Outcome> {
  const id = mesh.chain.ids[newcomer] ?? ''
  const foreign = await foreignPods(others)
  const seen = await watch(mesh, validators)
  const has = (index: number) => seen.sights[0]?.nodes.get(nameOf(index))?.connected?.has(id) ?? false
  const wantedRestarts = needed(act, new Set(validators.filter(has))).map(nameOf)
  const began = performance.now()
  const { stir: what, own, ownAfterSeconds } = act
  const restartOwn = async () => {
    if (!own) return
    await sleep(Math.max(0, ownAfterSeconds) * 1000)
    await parts.restart(own, spare, own.part === 'sidecar' ? await uidOf(own.node) : '')
  }
  const stirred = async () => {
    if (!what) return
    await sleep(own ? Math.max(0, -ownAfterSeconds) * 1000 : 0)
    await stir(mesh, what)
  }
  await Promise.all([stirred(), restartOwn()])
  const wanted = new Map(
    validators.map(index => {
      const members = listing.has(index) ? [...validators, newcomer] : validators
      return [nameOf(index), members.filter(member => member !== index).map(member => mesh.chain.ids[member] ?? '')]
    }),
  )
  let lacks: string[] = []
  const isHealed = async () => {
    lacks = unhealed(await look(mesh, validators), wanted, await presentAddresses(mesh))
    return lacks.length === 0
  }
  const healed = await until('healed', healSeconds, isHealed).catch(() => undefined)
  const healedSeconds = (performance.now() - began) / 1000
  const unready = own ? await ownPartsReady(360).then(() => [], String) : []
  await sleep(quietSeconds * 1000)
  await seen.stop()
  const moved = what?.kind === 'move' ? nameOf(what.node) : undefined
  const verdict = broken(
    seen.sights,
    seen.processes,
    { before: foreign, after: await foreignPods(others) },
    { restarts: 1, victims: new Map(moved ? [[moved, 1]] : []) },
  )
  return {
    words: `${act.number}: ${inWords(act)}`,
    stir: what?.kind ?? 'nothing',
    ...(own ? { own: own.part } : {}),
    needed: wantedRestarts,
    restarted: restartsOf(seen, moved),
    ...(healed ? { healedSeconds } : {}),
    broken: [...(healed ? [] : lacks), ...unready, ...verdict],
  }
}

/** A soak goes on from a state that is known: whoever has not healed is made anew. */
async function recover(): Promise<void> {
  for (const index of [...validators, newcomer]) if (index !== elder) await deletePods(namespace, nameOf(index))
  await settled(namespace, [...validators])
}

async function leftIn(filesBefore: ReadonlySet<string>): Promise<string[]> {
  const pods = await Promise.all(validators.map(index => getPod(namespace, nameOf(index))))
  const first = pods.map(({ metadata }) => filesOf(metadata.uid))
  await sleep(2000)
  const second = pods.map(({ metadata }) => filesOf(metadata.uid))
  return [
    ...marks(namespace),
    ...pods.filter(pod => !isInjected(pod)).map(({ metadata }) => `pod ${metadata.name} has no sidecar`),
    ...pods.flatMap(pod => annotationsLeft(pod, Object.keys(annotations))),
    ...differences(filesBefore, second[elder] ?? new Set()).map(text => `${nameOf(elder)}: ${text}`),
    ...second.flatMap((files, index) =>
      strayFiles(first[index] ?? new Set(), files).map(file => `${nameOf(index)}: ${file}`),
    ),
  ]
}

install()
const before = allObjects()
bystander()
kubectl('create', 'namespace', namespace)
kubectl('label', 'namespace', namespace, 'repeer.dev/inject=enabled')
const mesh = await runningMesh(namespace, { annotations, config })
await settled(namespace, [...validators])
const elderUid = await uidOf(elder)
const filesBefore = filesOf(elderUid)
say(`soak: seed ${seed}, ${minutes} min`)

const began = performance.now()
takeVitals()
const timer = setInterval(takeVitals, vitalsEveryMs)
const outcomes: Outcome[] = []
let listing = new Set<number>()
let elders: Awaited<ReturnType<typeof chooseElders>> | undefined
for (const act of acts(seed)) {
  const since = performance.now() - began
  if (since > minutes * 60_000) break
  if (since > warmMs) elders ??= await chooseElders()
  await sleep(act.restSeconds * 1000)
  listing = listingAfter(listing, act)
  const outcome = await perform(mesh, act, listing, new Set(Object.values(elders ?? {})))
  outcomes.push(outcome)
  const healed = outcome.healedSeconds === undefined ? 'not healed' : `${outcome.healedSeconds.toFixed(1)} s`
  const counts = `restarts ${outcome.restarted.length} of ${outcome.needed.length}`
  say(`${outcome.words}: ${healed}, ${counts}${outcome.broken.map(text => `; ${text}`).join('')}`)
  if (outcome.healedSeconds !== undefined) continue
  const lost = await recover().then(() => undefined, String)
  if (lost === undefined) continue
  outcomes.push({
    ...outcome,
    words: `${outcome.words}, and nothing after it`,
    needed: [],
    restarted: [],
    broken: [lost],
  })
  break
}
clearInterval(timer)
takeVitals()
elders ??= await chooseElders()

const present = await Promise.all(validators.map(index => getPod(namespace, nameOf(index))))
const unasked = await parts.unasked(present)
const left = await leftIn(filesBefore)
kubectl('delete', 'namespace', namespace, others, '--wait')
left.push(...differences(before, allObjects()), ...(await strayProcesses()))

/** The last process of the pod: a container that was killed before has two. */
function courseOf(name: string, uid: string): Figures['courses'] {
  const life = [...lives.values()].filter(life => life.uid === uid).at(-1)
  const [rss, files] = (['rss', 'files'] as const).map(field =>
    course(life?.samples ?? [], began + warmMs, vitals => vitals[field]),
  )
  return rss && files ? [{ name, rss, files }] : []
}

const version = JSON.parse(kubectl('version', '-o', 'json')) as { serverVersion: { gitVersion: string } }
const figures: Figures = {
  kubernetes: version.serverVersion.gitVersion,
  seed,
  minutes,
  load: loadavg()[2] ?? Number.NaN,
  outcomes,
  courses: [
    ...courseOf('webhook', elders.webhook),
    ...courseOf('controller, the leader', elders.controller),
    ...courseOf(`sidecar of ${nameOf(elder)}`, elderUid),
  ],
  unasked,
  left,
}
process.stdout.write(`${JSON.stringify(figures)}\n`)

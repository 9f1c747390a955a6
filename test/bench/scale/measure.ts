// The measurements, one function each; figures only, no judgement.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { optIn } from '../../../peers/pod.ts'
import { cpuSecondsOf, until } from '../processes.ts'
import { percentile } from '../table.ts'
import { type Api, forAll } from './api.ts'
import { type Cohort, listing } from './cohort.ts'
import { type Controller, type Measured, startMeasured } from './controller.ts'
import type { Fleet, Node } from './fleet.ts'
import type { Relay } from './relay.ts'

/** What a phase cost. `load`: the machine's load average at its end. Bytes are those on the wire, both ways. */
export type Cost = {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly bytes: number
  readonly peakRss: number
  readonly load: number
}
export type Start = Cost & { readonly syncedSeconds: number; readonly rss: number; readonly writes: number }
export type Idle = Cost & { readonly rss: number }
export type Latency = { readonly tries: number; readonly p50: number; readonly p99: number; readonly load: number }
/** `last`: from the first edit to the last annotation. `edited`: to when the API server had taken the last edit. */
export type Mass = Cost & {
  readonly pods: number
  readonly edits: number
  readonly edited: number
  readonly last: number
  readonly writes: number
  readonly apiCpuSeconds: number
}
export type Stage = {
  readonly namespaces: number
  readonly pods: number
  readonly slices: number
  readonly start: Start
  readonly idle: Idle
  readonly shared: Mass
}
export type Cut = Cost & { readonly connections: number; readonly annotated: number }

export type Bench = {
  readonly api: Api
  readonly fleet: Fleet
  readonly cohort: Cohort
  readonly relay: Relay
  readonly say: (line: string) => void
}

export async function optInTo(api: Api, namespaces: readonly string[]): Promise<void> {
  await forAll(namespaces, namespace =>
    api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { [optIn.label]: optIn.value } } }),
  )
}

/** Starts counting. */
export function meter(measured: Measured, relay: Relay): () => Cost {
  const [at, cpu, bytes] = [performance.now(), measured.cpuSeconds(), relay.bytesIn() + relay.bytesOut()]
  measured.peakRss()
  return () => ({
    seconds: (performance.now() - at) / 1000,
    cpuSeconds: measured.cpuSeconds() - cpu,
    bytes: relay.bytesIn() + relay.bytesOut() - bytes,
    peakRss: measured.peakRss(),
    load: loadavg()[0] ?? Number.NaN,
  })
}

/** From the start of the process until every pod's annotations are those of its lists. */
export async function measureStart(
  { cohort, relay }: Bench,
  nodes: readonly Node[],
  start: () => Promise<Controller>,
): Promise<[Controller, Start]> {
  const bytes = relay.bytesIn() + relay.bytesOut()
  const controller = await start()
  const arrived = Promise.all(nodes.map(node => cohort.arrival(node, cohort.fits(node), controller.startedAt)))
  const [syncedSeconds, seconds] = await Promise.all([controller.synced, arrived.then(all => Math.max(...all))])
  const cost = {
    seconds,
    cpuSeconds: controller.cpuSeconds(),
    bytes: relay.bytesIn() + relay.bytesOut() - bytes,
    peakRss: controller.peakRss(),
  }
  return [
    controller,
    {
      ...cost,
      load: loadavg()[0] ?? Number.NaN,
      syncedSeconds,
      rss: controller.rss(),
      writes: await controller.writes(),
    },
  ]
}

export async function measureIdle({ relay }: Bench, measured: Measured, seconds: number): Promise<Idle> {
  const done = meter(measured, relay)
  await sleep(seconds * 1000)
  return { ...done(), rss: measured.rss() }
}

/** A node's own list is edited, one at a time: from the request until a watch tells of the annotation. */
export async function measureEdits({ cohort }: Bench, nodes: readonly Node[], tries: number): Promise<Latency> {
  const samples: number[] = []
  for (let attempt = 0; attempt < tries; attempt++) {
    const node = nodes[(attempt * 37) % nodes.length]
    if (!node) throw new Error('found no node')
    const since = performance.now()
    await cohort.editOwn(node)
    samples.push(await cohort.arrival(node, cohort.fits(node), since))
  }
  return latency(samples)
}

/** A peer's EndpointSlice gets another address: the time of every pod that lists it, and of the last one. */
export async function measureMoves(
  { cohort }: Bench,
  nodes: readonly Node[],
  tries: number,
): Promise<{ each: Latency; last: Latency }> {
  const namespaces = [...new Set(nodes.map(node => node.namespace))]
  const [each, last]: [number[], number[]] = [[], []]
  for (let attempt = 0; attempt < tries; attempt++) {
    const namespace = namespaces[attempt % namespaces.length] ?? ''
    const since = performance.now()
    const address = await cohort.move(namespace)
    const seconds = await Promise.all(
      listing(nodes, namespace).map(node =>
        cohort.arrival(node, pod => pod.endpoints?.includes(`"${address}"`) ?? false, since),
      ),
    )
    each.push(...seconds)
    last.push(Math.max(...seconds))
  }
  return { each: latency(each), last: latency(last) }
}

/** All lists at once: the one that each namespace shares, or each node's own. */
export async function measureMass(
  { cohort, relay }: Bench,
  controller: Controller,
  nodes: readonly Node[],
  which: 'shared' | 'own',
): Promise<Mass> {
  const namespaces = [...new Set(nodes.map(node => node.namespace))]
  const writes = await controller.writes()
  const done = meter(controller, relay)
  const apiServer = pidOf('kube-apiserver')
  const apiBefore = cpuSecondsOf(apiServer)
  const since = performance.now()
  if (which === 'own') await forAll(nodes, node => cohort.editOwn(node))
  else await forAll(namespaces, namespace => cohort.editShared(namespace))
  const edited = (performance.now() - since) / 1000
  const seconds = await Promise.all(nodes.map(node => cohort.arrival(node, cohort.fits(node), since)))
  const cost = { ...done(), apiCpuSeconds: cpuSecondsOf(apiServer) - apiBefore }
  const edits = which === 'own' ? nodes.length : namespaces.length
  return {
    ...cost,
    pods: nodes.length,
    edits,
    edited,
    last: Math.max(...seconds),
    writes: (await controller.writes()) - writes,
  }
}

/**
 * Every connection is cut, and a list is edited at that moment: until its annotation is there, and until all
 * connections are.
 */
export async function measureCut({ cohort, relay }: Bench, controller: Controller, node: Node): Promise<Cut> {
  const connections = relay.open()
  const done = meter(controller, relay)
  const since = performance.now()
  relay.cut()
  await cohort.editOwn(node)
  const [annotated] = await Promise.all([
    cohort.arrival(node, cohort.fits(node), since),
    // One more or less: those that were used for writes.
    until('the connections are open again', () => relay.open() >= connections - 12 || undefined, 120, 20),
  ])
  return { ...done(), connections, annotated }
}

/** client-node's informers on the same collections, which do nothing with them. */
export async function measureInformers(
  bench: Bench,
  file: string,
  kubeconfig: string,
  log: string,
  idleSeconds: number,
) {
  const namespaces = [...new Set(bench.cohort.nodes.map(node => node.namespace))]
  const bytes = bench.relay.bytesIn() + bench.relay.bytesOut()
  writeFileSync(log, '')
  const informers = startMeasured([process.execPath, file, ...namespaces], { KUBECONFIG: kubeconfig }, log)
  const isSynced = () =>
    readFileSync(log, 'utf8').includes('synced') ? (performance.now() - informers.startedAt) / 1000 : undefined
  const syncedSeconds = await until('the informers have read everything', isSynced, 120, 50)
  const load = loadavg()[0] ?? Number.NaN
  const cost = {
    seconds: syncedSeconds,
    cpuSeconds: informers.cpuSeconds(),
    bytes: bench.relay.bytesIn() + bench.relay.bytesOut() - bytes,
  }
  const start: Start = { ...cost, peakRss: informers.peakRss(), load, syncedSeconds, rss: informers.rss(), writes: 0 }
  const idle = await measureIdle(bench, informers, idleSeconds)
  await informers.stop()
  return { start, idle }
}

/** Of the one process with that name in this PID namespace. */
function pidOf(name: string): number {
  const isIt = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name
    } catch {
      return false
    }
  }
  return Number(readdirSync('/proc').find(entry => /^\d+$/.test(entry) && isIt(entry)))
}

function latency(samples: readonly number[]): Latency {
  return {
    tries: samples.length,
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    load: loadavg()[0] ?? Number.NaN,
  }
}

// The measured cluster of `npm run bench -- hostile`: the stand-in for the API server, an honest namespace of four
// nodes and a hostile one, and the pages of both, on addresses of loopback. A process of its own, so that what it costs
// is not taken for what the programs cost. Speaks with its parent over IPC.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesObject } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { type ApiServer, startApiServer } from '../../../demo/api-server.ts'
import { annotation, statusPort } from '../../../peers/pod.ts'
import { blindTurn } from '../../../peers/turn.ts'
import { examplePage } from '../../peers/fixtures/page.ts'
import { list, pod, source } from '../../rollout/fixtures/objects.ts'
import { attacks } from '../../webhook/fixtures/attacks.ts'
import { benchConfigMap } from '../pod.ts'

export type Order = 'edit' | 'attack' | 'gaps'
export type News =
  | { readonly is: 'ready'; readonly kubeconfig: string }
  /** From an edit of the honest list to the annotations of all four pods, in ms. */
  | { readonly is: 'edited'; readonly ms: number }
  | { readonly is: 'attacked' }
  /**
   * The longest time between two reads of an honest page that says that it waits, and the longest time for which this
   * process itself did nothing else, since it was last asked, in ms.
   */
  | { readonly is: 'gaps'; readonly ms: number; readonly ownMs: number }

/** Pods of the hostile namespace, and ConfigMaps of 1 MiB. */
const hostile = 200
/** Just before the controller gives up. */
const lateMs = 1_900
/** Lists of the hostile namespace that change, each second. */
const editsPerSecond = 5

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

const honest = [1, 2, 3, 4].map(n => ({ name: `node-${n}`, ip: `127.0.1.${n}` }))
const reads = new Map<string, number>()
let longestGap = 0

function serve(ip: string, answer: () => Promise<string>): Promise<Server> {
  const server = createServer((_, response) => {
    void answer().then(text => response.writeHead(200, { 'content-type': 'application/json' }).end(text))
  })
  return new Promise(resolve => server.listen(statusPort.number, ip, () => resolve(server)))
}

/** A page that says that its node waits is read each second. */
async function honestPage(api: ApiServer, name: string): Promise<string> {
  const at = performance.now()
  const before = reads.get(name)
  reads.set(name, at)
  if (before !== undefined) longestGap = Math.max(longestGap, at - before)
  const annotations = (await api.get<KubernetesObject>('Pod', name, 'chain'))?.metadata?.annotations ?? {}
  const hash = annotations[annotation.peerHash]
  return JSON.stringify({
    ...examplePage,
    phase: 'waiting',
    reason: 'settling',
    list: hash ?? null,
    notes: blindTurn(hash, annotations[annotation.endpoints]),
    turn: undefined,
  })
}

const namespace = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'repeer.dev/inject': 'enabled' } },
})
const configMap = (namespace: string, name: string, data: Record<string, string>) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }) as KubernetesObject

const api = await startApiServer({ version: 'v1.36.3' })
const base = new URL('../../../manifests/base/', import.meta.url)
await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system' } })
await api.put(parse(readFileSync(new URL('mutatingwebhookconfiguration.yaml', base), 'utf8')) as KubernetesObject)
for (const name of ['chain', 'loud', 'mounts']) await api.put(namespace(name))
await api.put(configMap('chain', 'node0-config', benchConfigMap()))
await api.put(configMap('chain', 'peers', { peers: list('a', 'b', 'c') }))
for (const { name, ip } of honest) {
  await serve(ip, () => honestPage(api, name))
  await api.put(pod('chain', name, [source('peers')], { status: { podIP: ip } }))
}

let edits = 0

async function edit(): Promise<number> {
  const hashes = async () =>
    Promise.all(
      honest.map(
        async ({ name }) =>
          (await api.get<KubernetesObject>('Pod', name, 'chain'))?.metadata?.annotations?.[annotation.peerHash],
      ),
    )
  const before = await hashes()
  const began = performance.now()
  await api.put(configMap('chain', 'peers', { peers: list('a', 'b', 'c', `new-${edits++}`) }))
  for (;;) {
    const after = await hashes()
    if (after.every((hash, index) => hash !== before[index])) return performance.now() - began
    if (performance.now() - began > 120_000) return Number.POSITIVE_INFINITY
    await sleep(5)
  }
}

/** 1 MiB: lists with as many peers as may be, or of what is none. */
function megabyte(index: number): Record<string, string> {
  const peers = (key: number) =>
    Array.from({ length: 2_000 }, (_, n) => `${'x'.repeat(60)}-${index}-${key}-${n}.loud:26656`).join('\n')
  return { peers: peers(0), more: peers(1), still: peers(2), odd: 'a:1\n'.repeat(130_000) }
}

/** Of another namespace of theirs, within what the webhook keeps of each: what their pods mount, ten by ten. */
async function mounts(): Promise<void> {
  const [, make] = attacks.find(([what]) => what === 'ten ConfigMaps of TOML with peers') ?? []
  const found = make?.()
  for (let index = 0; index < 10; index++) {
    const data = found?.configMap(`m${index}`)
    if (typeof data !== 'object') throw new Error(`found no ConfigMap m${index} among the attacks`)
    await api.put(configMap('mounts', `m${index}`, { ...data }))
  }
}

async function attack(): Promise<void> {
  await mounts()
  const late = JSON.stringify(examplePage)
  for (let index = 0; index < hostile; index++) {
    const ip = `127.0.${2 + (index >> 7)}.${1 + (index & 127)}`
    await serve(ip, async () => {
      await sleep(lateMs)
      return late
    })
    const sources = ['peers', 'more', 'still', 'odd'].map(key => source(`lists-${index}`, { key }))
    await api.put(configMap('loud', `lists-${index}`, megabyte(index)))
    await api.put(pod('loud', `loud-${index}`, sources, { status: { podIP: ip } }))
  }
  let turn = 0
  setInterval(() => {
    const index = turn++ % hostile
    void api.put(configMap('loud', `lists-${index}`, megabyte(index + turn)))
  }, 1000 / editsPerSecond)
}

const say = (news: News) => process.send?.(news)
process.on('message', (order: Order) => {
  if (order === 'edit') void edit().then(ms => say({ is: 'edited', ms }))
  if (order === 'attack') void attack().then(() => say({ is: 'attacked' }))
  if (order === 'gaps') {
    say({ is: 'gaps', ms: longestGap, ownMs: delay.max / 1e6 })
    longestGap = 0
    // Not from before: the attack is made in this process.
    reads.clear()
    delay.reset()
  }
})
process.on('disconnect', () => process.exit(0))
say({ is: 'ready', kubeconfig: api.kubeconfig })

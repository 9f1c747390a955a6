// The sidecar beside a settled node: memory, idle CPU, start, and from a changed file to the decision. Reference: a
// Node process that does nothing.

import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { leanNode } from '../../webhook/patch/containers.ts'
import { freePort } from '../fixtures/free-port.ts'
import { p2pPort, podFiles, supervise } from './pod-files.ts'
import { cpuSecondsOf, end, memoryOf, start, until } from './processes.ts'
import { mebibytes, milliseconds, percentile, ratio, table } from './table.ts'

const root = join(import.meta.dirname, '../..')
const bundle = join(root, 'dist/image/repeer.js')
const idleSeconds = 30
const tries = 10

type Page = {
  readonly phase: string
  readonly reason?: string
  readonly list: string | null
  readonly wanted: string | null
}

export async function sidecar(): Promise<string> {
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing; run npm run build first`)
  const bare = await measureBare()
  const files = podFiles()
  const peers = ['127.0.0.31:29757', '127.0.0.32:29757', '127.0.0.33:29757']
  const servers = await Promise.all(peers.map(listenAt))
  files.writeList(peers.join('\n'))
  const shell = existsSync('/bin/busybox') ? ['/bin/busybox', 'sh'] : ['sh']
  const tiny = [process.execPath, join(import.meta.dirname, 'tiny-node.ts'), String(p2pPort), ...peers]
  const node = start([...shell, supervise, files.control, '10', '--', ...tiny], { cpu: 1 })
  const port = await freePort()
  const page = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined)
    return response?.status === 200 ? ((await response.json()) as Page) : undefined
  }
  const begin = performance.now()
  const listen = ['--listen', `127.0.0.1:${port}`]
  const places = ['--input', files.input, '--state', files.state, '--control', files.control]
  const child = start([process.execPath, bundle, 'sidecar', ...places, ...listen], {
    cpu: 0,
    env: { [leanNode.name]: leanNode.value },
  })
  try {
    child.stdout?.resume()
    const first = await until('the status page', page)
    const ready = performance.now() - begin
    const settled =
      first.phase === 'settled' ? first : await until('a settled node', async () => settledOnly(await page()), 60, 50)
    await sleep(2000)
    const before = cpuSecondsOf(child.pid ?? 0)
    await sleep(idleSeconds * 1000)
    const idle = (cpuSecondsOf(child.pid ?? 0) - before) / idleSeconds
    const memory = memoryOf(child.pid ?? 0)
    const latencies: number[] = []
    for (let index = 0, list = settled.list; index < tries; index++) {
      const changed = performance.now()
      // One more peer that does not answer: a difference, and nothing that a restart would be made for.
      files.writeList([...peers, `127.0.0.34:${40_000 + index}`].join('\n'))
      const next = await until('the new list on the page', async () => otherList(await page(), list))
      latencies.push(performance.now() - changed)
      list = next.list
      await sleep(300)
    }
    const rows = [
      ['resident', mebibytes(memory.rss), mebibytes(bare.rss), ratio(memory.rss, bare.rss), '<= 64 MiB'],
      ['proportional (Pss)', mebibytes(memory.pss), mebibytes(bare.pss), ratio(memory.pss, bare.pss), ''],
      [`idle CPU of a core, over ${idleSeconds} s`, percent(idle), percent(bare.idle), '-', '<= 0.20 %'],
      ['spawned to ready', milliseconds(ready), milliseconds(bare.ready), ratio(ready, bare.ready), '<= 500 ms'],
      [`file changed to decision, p50 of ${tries}`, milliseconds(percentile(latencies, 0.5)), '-', '-', '<= 300 ms'],
      ['file changed to decision, worst', milliseconds(Math.max(...latencies)), '-', '-', ''],
    ]
    const where = `(the bundle, 3 peers, after ${Math.round((performance.now() - begin) / 1000)} s)`
    return table([`sidecar ${where}`, 'repeer', 'bare Node', 'ratio', 'goal'], rows)
  } finally {
    await end(child)
    await end(node)
    for (const server of servers) server.close()
    files.remove()
  }
}

/** An idle Node process that answers on a port once it is up. */
async function measureBare() {
  const port = await freePort()
  const begin = performance.now()
  const child = start(
    [process.execPath, '-e', `require('node:http').createServer((_, r) => r.end()).listen(${port}, '127.0.0.1')`],
    {
      cpu: 0,
    },
  )
  try {
    await until('bare Node', async () =>
      (await fetch(`http://127.0.0.1:${port}`).catch(() => undefined)) ? true : undefined,
    )
    const ready = performance.now() - begin
    await sleep(2000)
    const before = cpuSecondsOf(child.pid ?? 0)
    await sleep(5000)
    return { ...memoryOf(child.pid ?? 0), ready, idle: (cpuSecondsOf(child.pid ?? 0) - before) / 5 }
  } finally {
    await end(child)
  }
}

function listenAt(peer: string): Promise<Server> {
  const [host, port] = peer.split(':')
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.resume().on('error', () => {}))
    server.once('error', reject)
    server.listen(Number(port), host, () => resolve(server.unref()))
  })
}

function settledOnly(page: Page | undefined): Page | undefined {
  return page?.phase === 'settled' ? page : undefined
}

function otherList(page: Page | undefined, list: string | null): Page | undefined {
  return page && page.list !== list ? page : undefined
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

// From the request to stop until the new process listens: under the supervisor, by shell; reference: SIGTERM and a
// start by the parent, which is what a kubelet does for reach signal, without its own delay (0.85 s measured on
// Kubernetes 1.36) and its back-off.

import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../fixtures/free-port.ts'
import { supervise } from './pod-files.ts'
import { answers, end, start, until, versionOf } from './processes.ts'
import { milliseconds, percentile, ratio, table } from './table.ts'

type Node = {
  readonly name: string
  readonly command: readonly string[]
  readonly port: number
  readonly remove: () => void
}

const tries = 5

export async function restart(): Promise<string> {
  const nodes = [await tinyNode(), ...(await cometbft())]
  const rows: string[][] = []
  for (const node of nodes) {
    const reference = await byParent(node)
    rows.push(row(node.name, 'SIGTERM, started by the parent', reference, reference))
    for (const [name, shell] of shells())
      rows.push(row(node.name, `wrap, ${name}`, await wrapped(node, shell), reference))
    node.remove()
  }
  return table([`stop requested to listening again, ${tries} tries`, 'reach', 'p50', 'worst', 'ratio'], rows, 2)
}

function row(node: string, reach: string, times: readonly number[], reference: readonly number[]): string[] {
  const p50 = percentile(times, 0.5)
  return [node, reach, milliseconds(p50), milliseconds(Math.max(...times)), ratio(p50, percentile(reference, 0.5))]
}

function shells(): [string, string[]][] {
  const found: [string, string[]][] = []
  if (existsSync('/bin/busybox')) found.push(['busybox', ['/bin/busybox', 'sh']])
  if (existsSync('/bin/dash')) found.push(['dash', ['/bin/dash']])
  return found
}

async function byParent(node: Node): Promise<number[]> {
  let child = start(node.command)
  child.stdout?.resume()
  try {
    const times: number[] = []
    for (let index = 0; index < tries; index++) {
      await ready(node)
      const begin = performance.now()
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      child = start(node.command)
      child.stdout?.resume()
      await until(`${node.name} again`, () => answers(node.port))
      times.push(performance.now() - begin)
    }
    return times
  } finally {
    await end(child)
  }
}

async function wrapped(node: Node, shell: readonly string[]): Promise<number[]> {
  const control = mkdtempSync(join(tmpdir(), 'repeer-bench-'))
  mkdirSync(join(control, 'env'))
  const child: ChildProcess = start([...shell, supervise, control, '10', '--', ...node.command], { quiet: true })
  child.stdout?.resume()
  const starts = () => Number(/^starts (\d+)$/m.exec(readFileSync(join(control, 'state'), 'utf8'))?.[1])
  try {
    const times: number[] = []
    for (let index = 0; index < tries; index++) {
      await ready(node)
      const count = starts()
      const begin = performance.now()
      writeFileSync(join(control, 'requests'), `restart bench-${index}\n`)
      await until(`${node.name} under ${shell[0]}`, async () => (starts() > count ? answers(node.port) : undefined))
      times.push(performance.now() - begin)
    }
    return times
  } finally {
    await end(child)
    rmSync(control, { recursive: true, force: true })
  }
}

/** Up, and past the moment at which programs install their signal handlers. */
async function ready(node: Node): Promise<void> {
  await until(node.name, () => answers(node.port))
  await sleep(500)
}

async function tinyNode(): Promise<Node> {
  const port = await freePort()
  const command = [process.execPath, join(import.meta.dirname, 'tiny-node.ts'), String(port)]
  return { name: 'a small Node program', command, port, remove: () => {} }
}

/** A chain of one validator, where a cometbft program is on PATH. */
async function cometbft(): Promise<Node[]> {
  const version = versionOf('cometbft', 'version')
  if (version === undefined) return []
  const home = mkdtempSync(join(tmpdir(), 'repeer-bench-'))
  const { status, stderr } = spawnSync('cometbft', ['init', '--home', home], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`cometbft init: ${stderr}`)
  const [p2p, rpc] = [await freePort(), await freePort()]
  const command = ['cometbft', 'start', '--home', home, '--proxy_app', 'kvstore', '--log_level', 'error']
  const addresses = ['--p2p.laddr', `tcp://127.0.0.1:${p2p}`, '--rpc.laddr', `tcp://127.0.0.1:${rpc}`]
  const remove = () => rmSync(home, { recursive: true, force: true })
  return [{ name: `cometbft ${version}, RPC`, command: [...command, ...addresses], port: rpc, remove }]
}

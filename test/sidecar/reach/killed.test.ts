// A real sidecar process beside a real supervisor and a real node, killed with SIGKILL again and again while the list
// changes: the node ends up with the last list, and was restarted once for each list that it was given.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Page } from '../../../peers/page.ts'
import type { Memory } from '../../../sidecar/decide/memory.ts'
import { readState, type SupervisorState } from '../../../sidecar/reach/supervisor.ts'
import { p2pPort, podFiles, supervise } from '../../bench/pod-files.ts'
import { end, until } from '../../bench/processes.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { listenAt } from '../fixtures/listen-at.ts'

const root = join(import.meta.dirname, '../../..')

/**
 * A node of the generic profile that connects to the peers of its list, as it finds it at its start, and writes down
 * each start.
 */
const node = `
const { connect, createServer } = require('node:net'), fs = require('node:fs')
const [list, starts] = process.argv.slice(1)
const peers = fs.readFileSync(list, 'utf8').trim().split('\\n')
fs.appendFileSync(starts, peers.length + '\\n')
createServer().listen(${p2pPort}, '127.0.0.1')
for (const peer of peers) { const [host, port] = peer.split(':'); connect(port, host).on('error', () => {}) }
// Long enough that whoever looks sees it stop, also on a busy machine.
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 300))
`

/** Kills the sidecar at each of these moments, one after the other; each is a restart for a list with one peer more. */
async function killAt(t: Test, moments: readonly Moment[]): Promise<void> {
  const peers = await Promise.all([41, 42, 43, 44, 45].map(n => listenAt(t, `127.0.0.${n}`)))
  const files = podFiles({ settleSeconds: 0, minIntervalSeconds: 0 })
  t.teardown(() => files.remove())
  const starts = join(files.root, 'starts')
  const list = join(files.input, 'sources/configmap/peers/list')
  files.writeList(peers.slice(0, 2).join('\n'))
  const supervisor = spawn('sh', [supervise, files.control, '5', '--', process.execPath, '-e', node, list, starts], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.teardown(() => end(supervisor))
  const port = await freePort()
  const places = [
    '--input',
    files.input,
    '--state',
    files.state,
    '--control',
    files.control,
    '--listen',
    `127.0.0.1:${port}`,
  ]
  const quick = ['--self-turn-seconds', '0', '--verify-seconds', '10', '--look-seconds', '1', '--log-level', 'error']
  let sidecar: ChildProcess | undefined
  t.teardown(async () => sidecar && (await end(sidecar)))
  const revive = () => {
    sidecar = spawn(process.execPath, [join(root, 'cli/repeer.ts'), 'sidecar', ...places, ...quick], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  const kill = async () => {
    if (!sidecar) return
    const gone = once(sidecar, 'exit')
    sidecar.kill('SIGKILL')
    await gone
  }
  const page = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined)
    return response?.ok ? ((await response.json()) as Page) : undefined
  }
  const memory = (): Memory | undefined => {
    try {
      return JSON.parse(readFileSync(join(files.state, 'memory.json'), 'utf8')) as Memory
    } catch {
      return undefined
    }
  }
  const settledWith = (count: number) => async () => {
    const now = await page()
    return now?.phase === 'settled' && now.connected === count ? now : undefined
  }
  revive()
  await until('settled with two', settledWith(2), 20, 100)

  /** As if it had been killed between its two renames: the newest memory is not in its place yet. */
  const tear = () => renameSync(join(files.state, 'memory.json'), join(files.state, 'memory.json.next'))
  for (const [index, [what, reached, torn]] of moments.entries()) {
    const before = memory()?.restarts.length ?? 0
    files.writeList(peers.slice(0, 3 + index).join('\n'))
    await until(
      what,
      async () => {
        const now = memory()
        const found = await readState(files.control)
        if (!now || !('state' in found)) return undefined
        return (now.restarts.length > before || now.need) && reached(now, found.state) ? true : undefined
      },
      20,
      1,
    )
    await kill()
    if (torn === 'torn') tear()
    revive()
    await until(`settled after: ${what}`, settledWith(3 + index), 20, 100)
    await kill()
    revive()
    await until('settled again', settledWith(3 + index), 20, 100)
    t.strictSame(
      startsOf(starts).slice(1),
      [3, 4, 5].slice(0, index + 1),
      `killed when ${what}: one restart for one list`,
    )
  }
  t.ok(memory()?.restarts.every(({ outcome }) => outcome === 'verified'))
}

const isBack = (memory: Memory) => memory.intent?.backAt !== undefined || memory.restarts.at(-1)?.outcome === 'verified'
const isTaken = (memory: Memory, state: SupervisorState) =>
  state.phase === 'stopping' && state.request === memory.intent?.id

/**
 * Each is a step of a restart as memory and supervisor show it; as soon as it is reached, the sidecar is killed. `torn`:
 * while the memory of that was being written.
 */
type Moment = readonly [what: string, reached: (memory: Memory, state: SupervisorState) => boolean, torn?: 'torn']

// Three for each pod: one list has four restarts of the budget.
t.test('killed before it asks, and when it has been done', { timeout: 110_000 }, t =>
  killAt(t, [
    ['the need is seen', memory => memory.need !== null || memory.intent !== null],
    ['the intent is written', memory => memory.intent !== null],
    ['the new process is seen', isBack],
  ]),
)

t.test('killed while it is done, and while it writes', { timeout: 110_000 }, t =>
  killAt(t, [
    ['the request is taken', isTaken],
    ['the request is taken, and its memory was being written', isTaken, 'torn'],
    ['the new process is seen, and its memory was being written', isBack, 'torn'],
  ]),
)

/** The length of the list at each start of the node. */
function startsOf(file: string): number[] {
  return readFileSync(file, 'utf8').trim().split('\n').map(Number)
}

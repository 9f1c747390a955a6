// A real sidecar beside a real supervisor, a node and a stand-in for node-utils, killed with SIGKILL at each step of a
// restart with the container beside the node: the node runs, with the new list, after one restart; and node-utils is
// one that has started after the node was stopped.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Page } from '../../../peers/page.ts'
import { readState, type SupervisorState } from '../../../sidecar/reach/supervisor.ts'
import { podFiles, supervise } from '../../bench/pod-files.ts'
import { end, until } from '../../bench/processes.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { type NodeUtils, startNodeUtils } from '../fixtures/beside.ts'
import { listenAt } from '../fixtures/listen-at.ts'

const root = join(import.meta.dirname, '../../..')

/**
 * A node of the generic profile: opens its trace FIFO first where it has one, then listens and connects to its list.
 * Takes a moment to stop.
 */
const node = `
const { connect, createServer } = require('node:net'), fs = require('node:fs')
const [list, starts, port, fifo] = process.argv.slice(1)
if (fifo) fs.openSync(fifo, 'w')
const peers = fs.readFileSync(list, 'utf8').trim().split('\\n')
fs.appendFileSync(starts, peers.length + '\\n')
createServer().listen(Number(port), '127.0.0.1')
for (const peer of peers) { const [host, port] = peer.split(':'); connect(port, host).on('error', () => {}) }
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 400))
`

/** The steps of such a restart, as they are seen from outside. */
const steps: readonly [string, (state: SupervisorState, utils: NodeUtils) => boolean][] = [
  ['the node stops', state => state.phase === 'stopping'],
  ['the node is held', state => state.phase === 'held'],
  ['node-utils has ended', (_, utils) => utils.codes.length === 1],
  ['node-utils has started again', (_, utils) => utils.starts() === 2],
  ['the node has started again', state => state.starts === 2],
]

/** Below the ports that outgoing connections take; each pod of this file has its own. */
let nextPort = 29_700

async function pod(t: Test, trace: boolean, parkSeconds: number) {
  const port = await freePort()
  const p2pPort = nextPort++
  const beside = { container: 'node-utils', names: ['nodeutils'], uid: 0, port, fifo: trace }
  const files = podFiles({ settleSeconds: 0, minIntervalSeconds: 0 }, { p2pPort, reach: { by: 'wrap', beside } })
  t.teardown(() => files.remove())
  const dir = join(files.root, 'node')
  mkdirSync(dir)
  const fifo = join(dir, 'trace.fifo')
  if (trace) execFileSync('mkfifo', [fifo])
  symlinkSync(process.execPath, join(dir, 'nibid'))
  // At once would be as fast as the sidecar; so each step can be seen.
  const utils = startNodeUtils(t, { dir, port, nodeName: 'nibid', waits: () => 300, ...(trace ? { fifo } : {}) })
  const peers = await Promise.all([51, 52, 53].map(n => listenAt(t, `127.0.0.${n}`)))
  files.writeList(peers.slice(0, 2).join('\n'))
  const [list, starts] = [join(files.input, 'sources/configmap/peers/list'), join(files.root, 'starts')]
  const command = [join(dir, 'nibid'), '-e', node, list, starts, String(p2pPort), ...(trace ? [fifo] : [])]
  const supervisor = spawn('sh', [supervise, files.control, '5', '--', ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, REPEER_TEST: dir },
  })
  t.teardown(() => end(supervisor))
  const pagePort = await freePort()
  let sidecar: ChildProcess | undefined
  t.teardown(async () => sidecar && (await end(sidecar)))
  const revive = () => {
    const places = [
      '--input',
      files.input,
      '--state',
      files.state,
      '--control',
      files.control,
      '--listen',
      `127.0.0.1:${pagePort}`,
    ]
    const quick = [
      '--self-turn-seconds',
      '0',
      '--verify-seconds',
      '20',
      '--look-seconds',
      '1',
      '--beside-seconds',
      String(parkSeconds),
      '--log-level',
      'error',
    ]
    sidecar = spawn(
      process.execPath,
      [join(root, 'cli/repeer.ts'), 'sidecar', ...places, '--proc', utils.procDir, ...quick],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
  }
  revive()
  const page = async () => {
    const response = await fetch(`http://127.0.0.1:${pagePort}/status`).catch(() => undefined)
    return response?.ok ? ((await response.json()) as Page) : undefined
  }
  return {
    utils,
    revive,
    page,
    async kill() {
      const gone = once(sidecar as ChildProcess, 'exit')
      sidecar?.kill('SIGKILL')
      await gone
    },
    state: async () => {
      const found = await readState(files.control)
      return 'state' in found ? found.state : undefined
    },
    add: () => files.writeList(peers.join('\n')),
    starts: () => readFileSync(starts, 'utf8').trim().split('\n').map(Number),
    settledWith: (count: number) =>
      until(
        `settled with ${count}`,
        async () => {
          const now = await page()
          return now?.phase === 'settled' && now.connected === count ? now : undefined
        },
        60,
        100,
      ),
  }
}

t.jobs = 3
t.setTimeout(110_000)

for (const trace of [true, false]) {
  const line = trace ? 'with a trace FIFO' : 'without one'
  // What a FIFO adds is that the order matters; without one two steps tell as much.
  for (const [step, reached] of trace ? steps : steps.slice(1, 3)) {
    t.test(`${line}, killed when ${step}, and back at once`, { buffered: true }, async t => {
      // Long enough for a sidecar to start on a busy machine.
      const wrapped = await pod(t, trace, 20)
      await wrapped.settledWith(2)
      wrapped.add()
      await until(
        step,
        async () => {
          const state = await wrapped.state()
          return state?.request !== undefined && reached(state, wrapped.utils) ? true : undefined
        },
        60,
        5,
      )
      await wrapped.kill()
      wrapped.revive()
      const page = await wrapped.settledWith(3)
      t.strictSame(wrapped.starts(), [2, 3], 'one restart, and it has the new list')
      t.strictSame(wrapped.utils.codes, [0], 'node-utils ended once, with 0')
      t.match(page.restarts, [{ outcome: 'verified' }])
      t.notOk(page.detail)
    })
  }

  t.test(`${line}, killed when the node is held, and away until the hold is over`, { buffered: true }, async t => {
    const wrapped = await pod(t, trace, 2)
    await wrapped.settledWith(2)
    wrapped.add()
    await until('held', async () => ((await wrapped.state())?.phase === 'held' ? true : undefined), 60, 5)
    await wrapped.kill()
    await until(
      'the supervisor has started the node',
      async () => ((await wrapped.state())?.starts === 2 ? true : undefined),
      60,
    )
    if (wrapped.utils.codes.length > 0) return t.comment('the sidecar was quicker: node-utils has ended')
    if (!trace) {
      await until('the node is up', () => (wrapped.starts().length === 2 ? true : undefined))
      wrapped.revive()
      const page = await wrapped.settledWith(3)
      t.match(
        page.detail,
        /older than the last stop of the node, and remembers a process that is gone/,
        'which is said',
      )
      return t.strictSame(
        [wrapped.starts(), wrapped.utils.codes],
        [[2, 3], []],
        'and is no reason to stop a node that runs',
      )
    }
    t.strictSame(wrapped.starts(), [2], 'it waits for a reader')
    wrapped.revive()
    const page = await wrapped.settledWith(3)
    t.strictSame([wrapped.starts(), wrapped.utils.codes], [[2, 3], [0]], 'both start anew')
    t.match(page.restarts, [{ outcome: 'verified' }])
    t.notOk(page.detail)
  })
}

// A real program behind a real script that copies its list's variable into a file only once, below the real supervisor:
// an edited list arrives once the sidecar knows the program, and never where it does not.

import { spawn } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import t, { type Test } from 'tap'
import type { Plan } from '../../../peers/plan.ts'
import { inputFile, sourceFile } from '../../../peers/pod.ts'
import { timing } from '../../../sidecar/decide/timing.ts'
import { startLoop } from '../../../sidecar/loop.ts'
import { createMetrics } from '../../../sidecar/metrics.ts'
import { readInput } from '../../../sidecar/observe/input.ts'
import { lookAtNode } from '../../../sidecar/observe/observe.ts'
import { reachable } from '../../../sidecar/observe/probe.ts'
import { createReach } from '../../../sidecar/reach/reach.ts'
import { createSaver, loadMemory } from '../../../sidecar/state.ts'
import { end, until } from '../../bench/processes.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { writeVolume } from '../fixtures/kubelet-volume.ts'
import { listenAt } from '../fixtures/listen-at.ts'
import { nodeId, plan, source } from '../fixtures/look.ts'
import { script as supervise } from '../fixtures/supervised.ts'

/** Dials the peers of its own variable, else those of its file, and writes down where it had them from. */
const program = `
const { connect, createServer } = require('node:net'), fs = require('node:fs')
const own = process.env.INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS
const peers = (own ?? fs.readFileSync(process.env.FILE, 'utf8')).trim().split(',')
fs.appendFileSync(process.env.STARTS, (own ? 'variable ' : 'file ') + peers.length + '\\n')
createServer().listen(Number(process.env.PORT), '127.0.0.1')
for (const peer of peers) { const [host, port] = peer.split('@')[1].split(':'); connect(port, host).on('error', () => {}) }
process.on('SIGTERM', () => process.exit(0))
`

async function run(t: Test, start: string, askProgramSeconds: number) {
  const root = mkdtempSync(join(tmpdir(), 'repeer-script-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const [input, state, control] = ['input', 'state', 'control'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const folder of [input, state, join(control, 'env')]) mkdirSync(folder, { recursive: true })
  const node = join(root, 'interchain-security-cd')
  try {
    linkSync(process.execPath, node)
  } catch {
    await copyFile(process.execPath, node)
  }
  const port = await freePort()
  const list = source({ name: 'peers', key: 'list', via: 'env', variable: 'PERSISTENT_PEERS', format: 'cometbft-list' })
  const { rpcPort: _, ...quiet } = plan({
    sources: [list],
    p2pPort: port,
    times: { settleSeconds: 0, minIntervalSeconds: 0, graceSeconds: 10 },
  })
  const thePlan: Plan = quiet
  const peers = await Promise.all([51, 52, 53].map(n => listenAt(t, `127.0.0.${n}`)))
  const text = (count: number) =>
    peers
      .slice(0, count)
      .map((at, n) => `${nodeId(n + 1)}@${at}`)
      .join(',')
  const annotations = Object.fromEntries(Object.values(inputFile).map(file => [file, '']))
  const edit = (count: number) =>
    writeVolume(input, { ...annotations, [inputFile.plan]: JSON.stringify(thePlan), [sourceFile(list)]: text(count) })
  edit(1)
  writeFileSync(join(root, 'start.sh'), `test -s "$FILE" || printf %s "$PERSISTENT_PEERS" >"$FILE"\n${start}\n`)
  const env = {
    PATH: process.env.PATH ?? '',
    PERSISTENT_PEERS: text(1),
    FILE: join(root, 'file'),
    STARTS: join(root, 'starts'),
    PORT: String(port),
    NODE: node,
    PROGRAM: program,
  }
  const supervisor = spawn('sh', [supervise, control, '5', '--', '/bin/bash', join(root, 'start.sh')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.teardown(() => end(supervisor))
  const log = pino({ level: 'silent' })
  const start1 = async () =>
    startLoop(
      {
        readInput: learned => readInput(input, learned),
        lookUp: async () => ({}),
        nextLookUp: () => undefined,
        lookAtNode: current => lookAtNode(current),
        reachable,
        reach: createReach(thePlan, { controlDir: control, procDir: '/proc', log, exit: () => undefined }),
        ownAddresses: () => [],
        save: createSaver(state),
        metrics: createMetrics(),
        log,
        now: Date.now,
        random: () => 0,
        timing: { ...timing, selfTurnSeconds: 0, verifySeconds: 2, askProgramSeconds },
        lookSeconds: 0.5,
        busySeconds: 0.05,
      },
      await loadMemory(state, log),
    )
  let loop = await start1()
  t.teardown(() => loop.close())
  return {
    edit: (count: number) => {
      edit(count)
      loop.hint()
    },
    revive: async () => {
      await loop.close()
      loop = await start1()
    },
    settled: (count: number) =>
      until(
        `settled with ${count}`,
        () => (loop.page()?.phase === 'settled' && loop.page()?.connected === count) || undefined,
        20,
        20,
      ),
    page: () => loop.page(),
    learned: async () => (await loadMemory(state, log)).learned,
    starts: () => (existsSync(env.STARTS) ? readFileSync(env.STARTS, 'utf8').trim().split('\n') : []),
  }
}

for (const [how, start] of [
  ['exec', 'exec "$NODE" -e "$PROGRAM" start'],
  ['a child of the script', '"$NODE" -e "$PROGRAM" start; true'],
] as const) {
  t.test(`${how}: an edited list arrives`, { timeout: 55_000 }, async t => {
    const wrapped = await run(t, start, 0.2)
    await wrapped.settled(1)
    await until('learned', async () => (await wrapped.learned())?.variable, 20, 20)
    t.match(await wrapped.learned(), {
      program: 'interchain-security-cd',
      variable: 'INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS',
    })
    await wrapped.revive()
    wrapped.edit(2)
    await wrapped.settled(2)
    wrapped.edit(3)
    await wrapped.settled(3)
    t.strictSame(wrapped.starts(), ['file 1', 'variable 2', 'variable 3'], 'one restart for each edit')
  })
}

t.test('control: without the program, the restart is in vain', { timeout: 55_000 }, async t => {
  const wrapped = await run(t, 'exec "$NODE" -e "$PROGRAM" start', Number.POSITIVE_INFINITY)
  await wrapped.settled(1)
  wrapped.edit(2)
  await until('given up', () => wrapped.page()?.reason === 'already-restarted' || undefined, 20, 20)
  t.strictSame(wrapped.starts(), ['file 1', 'file 1'])
})

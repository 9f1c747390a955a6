import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createReach } from '../../../sidecar/reach/reach.ts'
import type { ReachParts } from '../../../sidecar/reach/types.ts'
import { addProcess, type FakeProcess, fakeProc, removeProcess } from '../fixtures/proc.ts'
import { eventually } from '../fixtures/supervised.ts'

const [node, proxy] = ['a', 'b'].map(letter => `0::/../${letter.repeat(64)}\n`) as [string, string]
const gaiad: FakeProcess = { pid: 10, comm: 'gaiad', start: 3000, cgroup: node }
const times = { settleSeconds: 0, graceSeconds: 10, minIntervalSeconds: 0 }
const quiet = { info() {}, warn() {}, error() {} }

/** A pod of fake files in which `kill` is recorded; what a signal does is up to the test. */
function pod(
  t: Test,
  processes: FakeProcess[],
  onKill: (procDir: string, pid: number, signal: string | number) => void = () => {},
  names = ['gaiad'],
) {
  const procDir = fakeProc(t.testdir({}), '0::/\n', [
    { pid: 1, comm: 'pause', cgroup: '0::/../p\n' },
    { pid: 50, comm: 'node', cgroup: '0::/\n' },
    ...processes,
  ])
  const killed: string[] = []
  const exits: number[] = []
  const clock = { now: 1_000_000 }
  const parts: ReachParts = {
    controlDir: '/nonexistent',
    procDir,
    log: quiet,
    exit: code => exits.push(code),
    now: () => clock.now,
    pollMs: 2,
    kill: (pid, signal) => {
      killed.push(`${signal} ${pid}`)
      onKill(procDir, pid, signal)
    },
  }
  return {
    procDir,
    killed,
    exits,
    clock,
    parts,
    reach: createReach({ reach: { by: 'signal', uid: 1000, names }, times }, parts),
  }
}

t.test('find: one process as long as it is the same', async t => {
  const { reach, procDir } = pod(t, [gaiad])
  t.strictSame(await reach.find(), { process: { identity: '10/3000', startedAt: 1_000_000 - 20_000 } })
  addProcess(procDir, { ...gaiad, start: 4000 })
  t.match(await reach.find(), { process: { identity: '10/4000' } })
  await reach.prepare({ A: '1' }, 'token')
})

t.test('find: a neighbour alone is not taken for the node once the node was seen', async t => {
  const { reach, procDir } = pod(t, [gaiad, { pid: 20, comm: 'envoy', cgroup: proxy }])
  t.match(await reach.find(), { process: { identity: '10/3000' } })
  removeProcess(procDir, 10)
  t.match(await reach.find(), { hold: 'process-not-found', detail: /found envoy.*as before/ })
})

t.test('restart: a process that has been started since is left alone', async t => {
  const { reach, killed } = pod(t, [gaiad])
  t.strictSame(await reach.restart({ id: 'r', level: 'container', identity: '9/2000' }), { ok: true })
  t.strictSame(killed, [])
})

t.test('restart: TERM to all of the node and to nothing else; asked again it is the same request', async t => {
  const pids = [10, 11]
  const { reach, killed, procDir } = pod(t, [
    gaiad,
    { ...gaiad, pid: 11, ppid: 10, start: 3001 },
    { pid: 20, comm: 'envoy', cgroup: proxy },
  ])
  t.strictSame(await reach.restart({ id: 'r', level: 'container' }), { ok: true })
  t.strictSame(await reach.restart({ id: 'r', level: 'container' }), { ok: true })
  t.strictSame(
    killed,
    pids.map(pid => `SIGTERM ${pid}`),
  )
  for (const pid of pids) removeProcess(procDir, pid)
})

t.test('restart: what outlives the grace period is killed, with what it started meanwhile', async t => {
  const { reach, killed, procDir, clock } = pod(t, [gaiad], (procDir, pid, signal) => {
    if (signal === 'SIGKILL') removeProcess(procDir, pid)
  })
  await reach.restart({ id: 'r', level: 'container' })
  addProcess(procDir, { ...gaiad, pid: 12, ppid: 10, start: 3100 })
  clock.now += 9_999
  await new Promise(resolve => setTimeout(resolve, 20))
  t.strictSame(killed, ['SIGTERM 10'])
  clock.now += 1
  await eventually('killed', () => killed.length === 3)
  t.strictSame(killed.slice(1).sort(), ['SIGKILL 10', 'SIGKILL 12'])
})

t.test('restart: a PID that became another process is left alone', async t => {
  const { reach, killed, procDir, clock } = pod(t, [gaiad, { ...gaiad, pid: 11, ppid: 10 }], (procDir, pid) => {
    if (pid === 10) addProcess(procDir, { pid: 11, comm: 'other', start: 9999, cgroup: proxy })
  })
  await reach.restart({ id: 'r', level: 'container' })
  t.strictSame(killed, ['SIGTERM 10'])
  addProcess(procDir, { ...gaiad, start: 5000 }) // the next node, by chance with the same PID
  clock.now += 60_000
  await new Promise(resolve => setTimeout(resolve, 20))
  t.strictSame(killed, ['SIGTERM 10'], 'nor is the new node killed for the old one')
})

t.test('restart: refusals', async t => {
  t.match(await pod(t, []).reach.restart({ id: 'r', level: 'container' }), { ok: false, hold: 'process-not-found' })
  const two = pod(t, [gaiad, { ...gaiad, pid: 20, cgroup: proxy }])
  t.match(await two.reach.restart({ id: 'r', level: 'container' }), {
    ok: false,
    hold: 'process-ambiguous',
    detail: /PID 10.*PID 20/,
  })
  t.strictSame(two.killed, [])
  const foreign = pod(t, [gaiad], () => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
  })
  t.match(await foreign.reach.restart({ id: 'r', level: 'container' }), {
    ok: false,
    hold: 'not-permitted',
    detail: /gaiad \(PID 10\): kill EPERM/,
  })
  const gone = pod(t, [gaiad], (procDir, pid) => {
    removeProcess(procDir, pid)
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' })
  })
  t.strictSame(await gone.reach.restart({ id: 'r', level: 'container' }), { ok: true })
})

t.test('all containers: the sidecar exits 88 once the node has ended, not before', async t => {
  const { reach, exits, procDir } = pod(t, [gaiad])
  t.strictSame(await reach.restart({ id: 'r', level: 'all-containers' }), { ok: true })
  await new Promise(resolve => setTimeout(resolve, 20))
  t.strictSame(exits, [])
  removeProcess(procDir, 10)
  await eventually('exit', () => exits.length === 1)
  t.strictSame(exits, [88])
})

t.test('all containers: the kubelet has no time to start the node again before the sidecar exits', async t => {
  const { parts, exits, procDir } = pod(t, [gaiad])
  const reach = createReach(
    { reach: { by: 'signal', uid: 1000, names: ['gaiad'] }, times },
    { ...parts, pollMs: 60_000 },
  )
  t.strictSame(await reach.restart({ id: 'r', level: 'all-containers' }), { ok: true })
  removeProcess(procDir, 10)
  await eventually('exit', () => exits.length === 1)
  t.strictSame(exits, [88])
})

t.test('a real process is told to end', async t => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  const start = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19])
  const { parts, procDir } = pod(t, [{ ...gaiad, pid, start }])
  const { kill: _, ...real } = parts
  const ended = new Promise(resolve => child.once('exit', (_, signal) => resolve(signal)))
  t.strictSame(
    await createReach({ reach: { by: 'signal', uid: null, names: [] }, times }, real).restart({
      id: 'r',
      level: 'container',
    }),
    {
      ok: true,
    },
  )
  t.equal(await ended, 'SIGTERM')
  removeProcess(procDir, pid)
})

t.test('observe: sees the node where the namespace is shared, and has no hands', async t => {
  const { parts, procDir, killed } = pod(t, [gaiad])
  const observe = createReach({ reach: { by: 'observe', reason: 'asked-to-observe' }, times }, parts)
  t.match(await observe.find(), { process: { identity: '10/3000' } })
  t.match(await observe.restart({ id: 'r', level: 'process' }), { ok: false, hold: 'observe' })
  await observe.prepare({}, 'x')
  removeProcess(procDir, 10)
  t.match(await observe.find(), { hold: 'observe', detail: /asks?|says.*; no process outside/ })
  t.match(await createReach({ reach: { by: 'observe', reason: 'host-pid' }, times }, parts).find(), { hold: 'observe' })
  t.match(
    await createReach(
      { reach: { by: 'observe', reason: 'uid-unknown' }, times },
      { ...parts, procDir: join(procDir, '1') },
    )
      .find()
      .catch(error => error),
    Error,
  )
  t.strictSame(killed, [])
})

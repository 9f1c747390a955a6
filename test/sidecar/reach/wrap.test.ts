// Reach wrap against the real supervisor, and against a control directory without one.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createReach } from '../../../sidecar/reach/reach.ts'
import type { ReachParts } from '../../../sidecar/reach/types.ts'
import { eventually, type Supervised, shells, supervise } from '../fixtures/supervised.ts'

const times = { settleSeconds: 0, graceSeconds: 30, minIntervalSeconds: 0 }
const shell = shells(t).find(({ path }) => path)?.path
const node = 'echo "list $LIST" >>$DIR/lists; exec sleep 1000'

function reachOf(controlDir: string, more: Partial<ReachParts> = {}) {
  const exits: number[] = []
  const warnings: string[] = []
  const log = {
    info() {},
    warn: (_: unknown, text?: string) => warnings.push(text ?? ''),
    error: (_: unknown, text?: string) => warnings.push(text ?? ''),
  }
  const parts = {
    controlDir,
    procDir: '/proc',
    log,
    exit: (code: number) => exits.push(code),
    pollMs: 3,
    ...more,
  } as ReachParts
  return { exits, warnings, reach: createReach({ reach: { by: 'wrap' }, times }, parts) }
}

t.test('with the real supervisor', { skip: shell ? false : 'no shell for it is installed' }, async t => {
  const start = async (command = node) => {
    const wrapped: Supervised = supervise(t, shell ?? '', command)
    await wrapped.until('running', state => state.phase === 'running')
    return { wrapped, ...reachOf(wrapped.control) }
  }

  await t.test('find, prepare, restart: a new process with what was prepared', async t => {
    const { wrapped, reach } = await start()
    // A child that is ended before it has written its line leaves none.
    const hasWritten = (starts: number) =>
      eventually(`${starts} lines`, () => wrapped.read('lists').split('\n').length === starts + 1)
    await hasWritten(1)
    const first = await reach.find()
    t.match(first, { process: { phase: 'running', identity: /^\d+\.\d\d\/1$/ } })
    t.ok('process' in first && Math.abs(first.process.startedAt - Date.now()) < 5000)
    const second = await reach.find()
    t.equal(
      'process' in second && second.process.identity,
      'process' in first && first.process.identity,
      'the same as long as it runs',
    )
    await reach.prepare({ LIST: 'a,b' }, 's1:token')
    t.strictSame(await reach.restart({ id: 'r1', level: 'process' }), { ok: true })
    await wrapped.until('started', state => state.starts === 2 && state.phase === 'running')
    t.match(await reach.find(), {
      process: { identity: /\/2$/, snapshotToken: 's1:token', request: 'r1', phase: 'running' },
    })
    t.strictSame(await reach.restart({ id: 'r1', level: 'process' }), { ok: true }, 'the same request again')
    t.equal((await wrapped.state())?.starts, 2)
    await hasWritten(2)
    await reach.prepare({}, 's1:next')
    await reach.restart({ id: 'r2', level: 'process' })
    await hasWritten(3)
    t.equal(wrapped.read('lists'), 'list \nlist a,b\nlist \n')

    t.strictSame(await reach.restart({ id: 'r3', level: 'container' }), { ok: true })
    t.equal(await wrapped.ended, 143)
    t.match(await reach.find(), { hold: 'supervisor-absent' })
    t.match(await reach.restart({ id: 'r4', level: 'process' }), {
      ok: false,
      hold: 'supervisor-absent',
      detail: /no supervisor reads/,
    })
  })

  await t.test('all containers: held, then exit 88, once', async t => {
    const { wrapped, reach, exits } = await start()
    t.strictSame(await Promise.all([1, 2].map(() => reach.restart({ id: 'r', level: 'all-containers' }))), [
      { ok: true },
      { ok: true },
    ])
    await eventually('exit', () => exits.length > 0)
    t.match(await wrapped.state(), { phase: 'held', request: 'r' })
    t.strictSame(exits, [88])
    t.match(await reach.find(), { process: { phase: 'held' } })
    // A sidecar that died in between asks again.
    const next = reachOf(wrapped.control)
    t.strictSame(await next.reach.restart({ id: 'r', level: 'all-containers' }), { ok: true })
    await eventually('exit', () => next.exits.length > 0)
    wrapped.process.kill('SIGTERM')
    await wrapped.ended
  })

  await t.test('all containers: not when something else came in between', async t => {
    const { wrapped, reach, exits, warnings } = await start(
      "trap 'while [ ! -e $DIR/go ]; do sleep 0.02; done; exit 0' TERM; echo up >$DIR/up; while :; do sleep 0.02; done",
    )
    await eventually('up', () => wrapped.read('up') !== '')
    await reach.restart({ id: 'r', level: 'all-containers' })
    wrapped.request('restart other\n')
    await eventually('taken', () => wrapped.stderr().includes('restart other'))
    writeFileSync(join(wrapped.dir, 'go'), '')
    await eventually('a warning', () => warnings.length > 0)
    await wrapped.until('running', state => state.phase === 'running' && state.starts === 2)
    t.strictSame(exits, [])
    wrapped.process.kill('SIGTERM')
    await wrapped.ended
  })

  await t.test('a supervisor that was killed leaves a state behind, which is not believed', async t => {
    const { wrapped, reach } = await start()
    wrapped.kill()
    await wrapped.ended
    t.match(await wrapped.state(), { phase: 'running' })
    await eventually('absent', async () => 'hold' in (await reach.find()))
    t.match(await reach.find(), { hold: 'supervisor-absent', detail: /no supervisor reads/ })
  })

  await t.test('a request that is not taken', async t => {
    const { wrapped } = await start()
    const supervisor = Number(wrapped.process.pid)
    process.kill(supervisor, 'SIGSTOP')
    const { reach } = reachOf(wrapped.control, { takenMs: 50 })
    t.match(await reach.restart({ id: 'r', level: 'process' }), {
      ok: false,
      hold: 'supervisor-absent',
      detail: /did not take request r within 0.05 s/,
    })
    process.kill(supervisor, 'SIGCONT')
    await wrapped.until('taken late', state => state.request === 'r')
    rmSync(join(wrapped.control, 'state'))
    t.match(await reach.find(), { hold: 'supervisor-absent', detail: /ENOENT/ })
    wrapped.process.kill('SIGTERM')
    await wrapped.ended
  })
})

t.test('without a supervisor', async t => {
  const { reach } = reachOf(t.testdir({}))
  t.match(await reach.find(), { hold: 'supervisor-absent' })
  t.match(await reach.restart({ id: 'r', level: 'process' }), { ok: false, hold: 'supervisor-absent' })
  await reach.prepare({ A: '1' }, 't')
})

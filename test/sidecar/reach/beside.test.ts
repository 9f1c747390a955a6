// Reach wrap with a container beside the node: the real supervisor, a stand-in for node-utils and one for the kubelet
// that starts it again.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Beside } from '../../../peers/plan.ts'
import { createReach } from '../../../sidecar/reach/reach.ts'
import type { ReachParts } from '../../../sidecar/reach/types.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { type NodeUtils, type NodeUtilsOptions, startNodeUtils } from '../fixtures/beside.ts'
import { eventually, type Supervised, shells, supervise } from '../fixtures/supervised.ts'

const shell = shells(t).find(({ path }) => path)?.path
const times = { settleSeconds: 0, graceSeconds: 10, minIntervalSeconds: 0 }

/**
 * The node: opens its trace FIFO where it has one, then tells that it is up; ends when told, where $DIR/slow is only
 * once $DIR/go is there.
 */
const node = `#!/bin/sh
[ -z "$FIFO" ] || exec 3>"$FIFO"
trap 'read -r at x </proc/uptime; echo "down $at" >>$DIR/log; while [ -e $DIR/slow ] && [ ! -e $DIR/go ]; do sleep 0.02; done; exit 0' TERM
read -r at x </proc/uptime; echo "up $at" >>$DIR/log
while :; do sleep 0.02; done
`

type Setup = {
  trace?: boolean
  retryUnit?: string
  waits?: NodeUtilsOptions['waits']
  besideSeconds?: number
  kill?: ReachParts['kill']
}

async function pod(t: Test, { trace = true, waits, besideSeconds, kill, retryUnit }: Setup = {}) {
  const port = await freePort()
  let fifo: string | undefined
  let utils: NodeUtils | undefined
  const env: Record<string, string> = retryUnit === undefined ? {} : { REPEER_RETRY_UNIT: retryUnit }
  const wrapped = supervise(t, shell ?? '', ['./nibid'], {
    env,
    prepare(_, dir) {
      writeFileSync(join(dir, 'nibid'), node, { mode: 0o755 })
      fifo = trace ? join(dir, 'trace.fifo') : undefined
      // In a pod node-utils starts first, and makes it.
      if (fifo) execFileSync('mkfifo', [fifo])
      if (fifo) env.FIFO = fifo
      utils = startNodeUtils(t, {
        dir,
        port,
        nodeName: 'nibid',
        ...(fifo ? { fifo } : {}),
        ...(waits ? { waits } : {}),
      })
    },
  })
  if (!utils) throw new Error('node-utils was not started')
  const beside: Beside = { container: 'node-utils', names: ['nodeutils', 'node-utils'], uid: 0, port, fifo: trace }
  const { procDir } = utils
  utils.addContainer(wrapped.process.pid ?? 0, 'a')
  const said: string[] = []
  const log = {
    info: (_: unknown, text?: string) => said.push(`info ${text}`),
    warn: (fields: unknown, text?: string) => said.push(`warn ${text} ${JSON.stringify(fields)}`),
    error: (_: unknown, text?: string) => said.push(`error ${text}`),
  }
  const exit = () => {
    throw new Error('the sidecar was to exit')
  }
  const parts = {
    controlDir: wrapped.control,
    procDir,
    log,
    exit,
    pollMs: 5,
    // On a machine that is busy with other things.
    takenMs: 60_000,
    answerMs: 20_000,
    ...(besideSeconds ? { besideSeconds } : {}),
    ...(kill ? { kill } : {}),
  }
  t.teardown(() => wrapped.process.kill('SIGKILL'))
  const make = () => createReach({ reach: { by: 'wrap', beside }, times }, parts as ReachParts)
  const up = (count: number) => eventually(`${count} starts that came up`, () => logOf(wrapped, 'up').length === count)
  await up(1)
  await eventually('node-utils answers', async () => (await make().permit?.())?.hold !== 'operator-upgrade')
  return { wrapped, utils, beside, said, make, reach: make(), up, parts }
}

function logOf(wrapped: Supervised, word: string): number[] {
  return wrapped
    .read('log')
    .split('\n')
    .filter(line => line.startsWith(`${word} `))
    .map(line => Number(line.split(' ')[1]))
}

async function end(wrapped: Supervised, utils: NodeUtils): Promise<void> {
  await utils.stop()
  wrapped.process.kill('SIGTERM')
  for (const name of ['go']) writeFileSync(join(wrapped.dir, name), '')
  await wrapped.ended
}

t.test(
  'with real processes',
  { skip: shell ? false : 'no shell for the supervisor is installed', timeout: 110_000, jobs: 4 },
  async t => {
    const test = (what: string, body: (t: Test) => Promise<void>) => t.test(what, { buffered: true }, body)

    for (const trace of [true, false]) {
      test(`a restart, ${trace ? 'with a trace FIFO' : 'without one'}: node, node-utils and node again, in this order`, async t => {
        const { wrapped, utils, reach, up, said } = await pod(t, { trace })
        t.equal(await reach.permit?.(), null)
        const first = utils.pid()
        t.strictSame(await reach.restart({ id: 'r1', level: 'process' }), { ok: true })
        t.strictSame(
          await reach.restart({ id: 'r1', level: 'process' }),
          { ok: true },
          'asked for again while it is under way',
        )
        await up(2)
        t.not(utils.pid(), first, 'a new node-utils')
        t.strictSame(utils.codes, [0], 'which ended with 0, so that no operator recreates the pod')
        t.equal(utils.starts(), 2)
        // The node may be up before its supervisor has written so.
        await eventually('the state says so', async () => (await wrapped.state())?.starts === 2)
        t.match(await wrapped.state(), { phase: 'running', request: 'r1.go', starts: 2 })
        const found = await reach.find()
        t.match(found, { process: { identity: /\/2$/ } })
        t.notOk('process' in found && found.process.beside, 'and nothing to say about it')
        t.equal(await reach.permit?.(), null)
        t.strictSame(
          await reach.restart({ id: 'r1', level: 'process' }),
          { ok: true },
          'asked for once more when all is done',
        )
        t.equal((await wrapped.state())?.starts, 2)
        t.notOk(
          said.some(line => /^(warn|error)/.test(line)),
          said.join('\n'),
        )
        const [down = 0] = logOf(wrapped, 'down')
        t.comment(`down for ${((logOf(wrapped, 'up')[1] ?? 0) - down).toFixed(2)} s`)
        await end(wrapped, utils)
      })
    }

    test('the control: restarted alone, a node with a trace FIFO waits in open(), until node-utils is another', async t => {
      const { wrapped, utils, parts, up, make } = await pod(t)
      const alone = createReach({ reach: { by: 'wrap' }, times }, parts as ReachParts)
      wrapped.request('hold h 600\n')
      await eventually('the reader has seen the end', () => !reads(wrapped))
      t.strictSame(await alone.restart({ id: 'r', level: 'process' }), { ok: true })
      const { pid } = await wrapped.until('running again', state => state.starts === 2 && state.phase === 'running')
      await eventually('it waits in open()', () => isWaiting(wrapped, pid))
      t.equal(logOf(wrapped, 'up').length, 1)
      const note = /older than the last stop.*waits in open\(\)/
      t.match(await make().find(), { process: { beside: { stuck: true, note } } }, 'which is seen')
      process.kill(utils.pid() ?? 0, 'SIGKILL')
      await up(2)
      await end(wrapped, utils)
    })

    test('an upgrade is due, or node-utils does not answer: the node is left as it is', async t => {
      const { wrapped, utils, reach } = await pod(t, { waits: () => 500 })
      writeFileSync(utils.upgradeFile, '')
      const due = { hold: 'operator-upgrade', detail: /must_upgrade answers 426 \("true"\), expected 200/ }
      t.match(await reach.permit?.(), due)
      t.match(await reach.restart({ id: 'r', level: 'process' }), { ok: false, ...due })
      rmSync(utils.upgradeFile)
      const gone = utils.pid() ?? 0
      process.kill(gone, 'SIGKILL')
      await eventually('it is gone', () => utils.pid() !== gone)
      const silent = { hold: 'operator-upgrade', detail: /cannot be asked: ECONNREFUSED/ }
      t.match(await reach.permit?.(), silent)
      t.match(await reach.restart({ id: 'r', level: 'process' }), { ok: false, ...silent })
      t.match(await wrapped.state(), { starts: 1, phase: 'running' })
      t.notOk((await wrapped.state())?.request, 'nothing was asked of the supervisor')
      await end(wrapped, utils)
    })

    test('an upgrade becomes due while the node stops: node-utils is not ended, and the node is started at once', async t => {
      const { wrapped, utils, reach, said } = await pod(t, { trace: false })
      writeFileSync(join(wrapped.dir, 'slow'), '')
      t.strictSame(await reach.restart({ id: 'r', level: 'process' }), { ok: true })
      await wrapped.until('stopping', state => state.phase === 'stopping')
      writeFileSync(utils.upgradeFile, '')
      writeFileSync(join(wrapped.dir, 'go'), '')
      await wrapped.until('running', state => state.starts === 2 && state.phase === 'running')
      t.equal(utils.starts(), 1)
      t.match(
        said.find(line => line.startsWith('warn')),
        /started although container node-utils has not started anew.*426/,
      )
      await end(wrapped, utils)
    })

    test('which process it is has to be clear, and it has to be one that may be signalled', async t => {
      const refused = () => {
        throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
      }
      const { wrapped, utils, reach, make, parts, beside } = await pod(t, { trace: false })
      const foreign = createReach({ reach: { by: 'wrap', beside }, times }, { ...parts, kill: refused } as ReachParts)
      const denied = { hold: 'not-permitted', detail: /PID \d+\) of container node-utils: kill EPERM/ }
      t.match(await foreign.permit?.(), denied)
      t.match(await foreign.restart({ id: 'r', level: 'process' }), { ok: false, ...denied })

      const other = createReach(
        { reach: { by: 'wrap', beside: { ...beside, names: ['else'] } }, times },
        parts as ReachParts,
      )
      t.match(await other.permit?.(), {
        hold: 'process-not-found',
        detail: /node-utils: found no container that begins with .*else/,
      })

      // Another container with a process of that name.
      const twin = startNodeUtils(t, { dir: join(wrapped.dir, 'twin'), port: await freePort(), nodeName: 'none' })
      utils.addContainer(twin.pid() ?? 0, 'c')
      t.match(await make().permit?.(), {
        hold: 'process-ambiguous',
        detail: /PID \d+\); .*PID \d+\); expected one container/,
      })
      t.match(await reach.restart({ id: 'r', level: 'process' }), { ok: false, hold: 'process-ambiguous' })
      t.match(await wrapped.state(), { starts: 1, phase: 'running' })
      t.strictSame([utils.starts(), utils.codes.length, twin.starts()], [1, 0, 1], 'nobody was signalled')
      await twin.stop()
      await end(wrapped, utils)
    })

    test('node-utils stays away for longer than the node is held: the node starts all the same, waits, and goes on when it is back', async t => {
      const { wrapped, utils, reach, up, said } = await pod(t, { besideSeconds: 1, waits: () => 600_000 })
      t.strictSame(await reach.restart({ id: 'r', level: 'process' }), { ok: true })
      await wrapped.until('started by the supervisor', state => state.starts === 2 && state.phase === 'running')
      await eventually('a warning', () =>
        said.some(line => /did not answer within 1 s; the supervisor has started the node/.test(line)),
      )
      t.match(await reach.find(), {
        process: { beside: { stuck: false, note: /not running; the kubelet starts it again.*waits in open/ } },
      })
      await eventually('the node waits', async () => isWaiting(wrapped, (await wrapped.state())?.pid))
      t.equal(logOf(wrapped, 'up').length, 1)
      utils.startNow()
      await up(2)
      const found = await reach.find()
      t.notOk('process' in found && found.process.beside)
      t.equal((await wrapped.state())?.starts, 2, 'not started once more')
      await end(wrapped, utils)
    })

    test('a start that fails is tried again by the supervisor, and finds nobody who reads: both start anew, once', async t => {
      const { wrapped, utils, reach, up, said } = await pod(t, { waits: () => 0, retryUnit: '100' })
      // A remote signer that comes late: the next start fails, those after it do not.
      writeFileSync(
        join(wrapped.dir, 'nibid'),
        node.replace('trap ', '[ -e $DIR/failed ] || { echo >$DIR/failed; exit 9; }\ntrap '),
      )
      t.strictSame(await reach.restart({ id: 'r', level: 'process' }), { ok: true })
      await wrapped.until('the first has failed', state => state.starts === 2 && state.phase === 'retrying')
      await eventually('the reader has seen the end', () => !reads(wrapped))
      const { pid } = await wrapped.until('a second try', state => state.starts === 3 && state.phase === 'running')
      await eventually('it waits', () => isWaiting(wrapped, pid))
      await eventually('it is seen', async () => {
        const found = await reach.find()
        return 'process' in found && found.process.beside?.stuck === true
      })
      t.strictSame(await reach.restart({ id: 'r', level: 'process' }), { ok: true })
      await up(2)
      await eventually('the state says so', async () => (await wrapped.state())?.starts === 4)
      t.match(await wrapped.state(), { starts: 4, request: 'r.b.go' })
      t.strictSame(utils.codes, [0, 0])
      t.ok(said.some(line => /waits for container node-utils, which reads no more/.test(line)))
      t.strictSame(await reach.restart({ id: 'r', level: 'process' }), { ok: true })
      t.equal((await wrapped.state())?.starts, 4, 'and no third time')
      await end(wrapped, utils)
    })

    test('a container that has to start again: ended only when node-utils is back', async t => {
      const { wrapped, utils, reach } = await pod(t, { waits: () => 300 })
      t.strictSame(await reach.restart({ id: 'r', level: 'container' }), { ok: true })
      t.equal(await wrapped.ended, 0)
      t.equal(utils.starts(), 2)
      await utils.stop()
    })
  },
)

/** Node-utils' reader lives: it dies as soon as it is scheduled after the last writer is gone. */
function reads(wrapped: Supervised): boolean {
  return wrapped.alive().some(line => line.includes('cat '))
}

/** The script sleeps without a child of its own: beyond its first line it would have one. */
function isWaiting(wrapped: Supervised, pid: number | undefined): boolean {
  const stat = `/proc/${pid}/stat`
  const mine = wrapped.alive().filter(line => /nibid|sleep 0.02/.test(line) && !line.includes('supervise'))
  return existsSync(stat) && readFileSync(stat, 'utf8').includes('(nibid) S ') && mine.length === 1
}

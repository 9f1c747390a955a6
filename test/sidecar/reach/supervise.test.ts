// The supervisor under busybox's and dash's sh, with real processes. What is asked of it: requests, one after another and in heaps; and what it costs while nobody asks.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually, inEachShell, plainNode, type Supervised } from '../fixtures/supervised.ts'

t.jobs = 6
t.setTimeout(60_000)

inEachShell(t, (test, shell) => {
  test('restart, duplicates, garbage, bursts, exit', async (t, run) => {
    const wrapped = run(plainNode)
    const first = await wrapped.until('running', state => state.phase === 'running')
    t.match(first, { starts: 1, pid: Number, started: Number })
    t.notOk('request' in first || 'code' in first || 'snapshotToken' in first)
    writeFileSync(join(wrapped.control, 'env.snapshot'), 'second')
    wrapped.request('restart a\n')
    const second = await wrapped.until('a', state => state.starts === 2 && state.phase === 'running')
    t.match(second, { request: 'a', code: 143, snapshotToken: 'second', supervisor: first.supervisor })
    t.not(second.pid, first.pid)

    wrapped.request(
      'restart a\n\nrestart\nrestart b c\nhold x\nhold x 0\npark x\npark x 0\npark x 100000\nhold x 1 2\nhold x -1\nexit ../x\nrestart $(touch$IFS$DIR/x)\nnonsense x\n\0\xff\n',
    )
    wrapped.request(`restart ${'x'.repeat(65)}\n`)
    wrapped.request('restart b\n')
    await wrapped.until('b', state => state.request === 'b' && state.phase === 'running')
    t.equal((await wrapped.state())?.starts, 3, 'only b counted')
    t.equal(wrapped.stderr().match(/malformed/g)?.length, 15)

    wrapped.request('restart b\n')
    wrapped.request('the reader is past it\n')
    await eventually('that line', () => wrapped.stderr().match(/malformed/g)?.length === 16)
    wrapped.request('restart c\n')
    await wrapped.until('c', state => state.request === 'c' && state.phase === 'running')
    t.equal((await wrapped.state())?.starts, 4, 'the second b did not count')
    t.equal(wrapped.stderr().match(/restart b$/gm)?.length, 1, 'nor was it taken')

    wrapped.request(Array.from({ length: 100 }, (_, index) => `restart burst-${index}\n`).join(''))
    await wrapped.until('the newest of the burst', state => state.request === 'burst-99' && state.phase === 'running')
    wrapped.request('restart burst-99\nrestart burst-99\n')
    wrapped.request('exit e\n')
    t.equal(await wrapped.ended, 143)
    t.match(await wrapped.state(), { phase: 'ended', request: 'e', code: 143 })
    t.strictSame(wrapped.alive(), [])

    const again = run(plainNode, { control: wrapped.control })
    const carried = await again.until('the next container', state => state.phase === 'running')
    t.match(carried, { request: 'e', starts: 1 }, 'the last request is known to the next supervisor')
    again.request('exit e\n')
    again.request('restart f\n')
    await again.until('f', state => state.request === 'f' && state.phase === 'running' && state.starts === 2)
    again.process.kill('SIGTERM')
    t.equal(await again.ended, 143)
  })

  test('park, also by its former word hold: nothing runs; restart, exit, TERM or the time end it', async (t, run) => {
    const parked = async (verb: 'park' | 'hold', seconds: number) => {
      const wrapped = run(plainNode)
      await wrapped.until('running', state => state.phase === 'running')
      wrapped.request(`${verb} h ${seconds}\n`)
      const state = await wrapped.until('held', state => state.phase === 'held')
      t.match(state, { request: 'h', code: 143, starts: 1 })
      t.notOk('pid' in state)
      return wrapped
    }
    const [timed, former, restarted, ended, terminated] = await Promise.all([
      parked('park', 3),
      parked('hold', 3),
      parked('park', 600),
      parked('hold', 600),
      parked('park', 600),
    ])
    restarted.request('restart r\n')
    await restarted.until('r', state => state.phase === 'running' && state.starts === 2 && state.request === 'r')
    ended.request('exit e\n')
    t.equal(await ended.ended, 143)
    terminated.process.kill('SIGTERM')
    t.equal(await terminated.ended, 143)
    t.equal((await terminated.state())?.starts, 1)
    for (const parked of [timed, former]) {
      const state = await parked.until('the time is over', state => state.phase === 'running')
      t.match(state, { starts: 2, request: 'h' })
    }
    t.strictSame([...ended.alive(), ...terminated.alive()], [])
  })

  /** Fails at each start but the first until the file `works` exists. */
  const flaky = 'echo >>$DIR/starts; [ $(wc -l <$DIR/starts) -eq 1 ] || [ -e $DIR/works ] || exit 9; exec sleep 1000'
  const started = async (wrapped: Supervised) => {
    await eventually('the node runs', () => wrapped.alive().some(line => line.includes('sleep 1000')))
    return wrapped
  }

  test('after a requested restart a failing start is tried again five times; no other is', async (t, run) => {
    const hopeless = await started(run(flaky))
    hopeless.request('restart a\n')
    t.equal(await hopeless.ended, 9)
    t.match(await hopeless.state(), { starts: 7, code: 9, phase: 'ended' })
    t.strictSame(
      hopeless.stderr().match(/next try in \d+ s/g),
      [1, 2, 4, 8, 16].map(n => `next try in ${n} s`),
    )

    const slow = { env: { REPEER_RETRY_UNIT: '9999' } }
    const [working, replaced, terminated, asked] = await Promise.all([
      started(run(flaky, { env: { REPEER_RETRY_UNIT: '20' } })),
      started(run(flaky, slow)),
      started(run(flaky, slow)),
      started(run(flaky, slow)),
    ])
    working.request('restart a\n')
    await working.until('a second try', state => state.starts >= 4)
    writeFileSync(join(working.dir, 'works'), '')
    const works = await working.until(
      'it works',
      state => state.phase === 'running' && working.alive().some(line => line.includes('sleep 1000')),
    )
    t.ok(works.starts <= 8, `${works.starts} starts`)
    for (const wrapped of [replaced, terminated, asked]) {
      wrapped.request('restart a\n')
      await wrapped.until('retrying', state => state.phase === 'retrying')
    }
    writeFileSync(join(replaced.dir, 'works'), '')
    replaced.request('restart b\n')
    await replaced.until(
      'started at once',
      state => state.starts === 3 && state.phase === 'running' && state.request === 'b',
    )
    terminated.process.kill('SIGTERM')
    t.equal(await terminated.ended, 9, 'TERM cancels the next try')
    asked.request('exit c\n')
    t.equal(await asked.ended, 9)
    t.strictSame([...terminated.alive(), ...asked.alive(), ...hopeless.alive()], [])

    const done = await started(run('[ -e $DIR/once ] && exit 0; touch $DIR/once; exec sleep 1000'))
    done.request('restart a\n')
    t.equal(await done.ended, 0, 'exit 0 ends at once')
    t.equal((await done.state())?.starts, 2)

    const lasting = await started(
      run('[ -e $DIR/once ] && { sleep 0.5; exit 4; }; touch $DIR/once; exec sleep 1000', {
        env: { REPEER_RETRY_UNIT: '1' },
      }),
    )
    lasting.request('restart a\n')
    t.equal(await lasting.ended, 4, 'what has lasted 30 s was a success: its exit is its own')
    t.equal((await lasting.state())?.starts, 2)
  })

  test('50 restarts in a row: never two at once, none lost', async (t, run) => {
    const wrapped = run(`
      mkdir $DIR/lock 2>/dev/null || echo overlap >>$DIR/log
      trap 'rmdir $DIR/lock; echo end >>$DIR/log; exit 0' TERM
      echo start >>$DIR/log; while :; do sleep 0.01; done`)
    await eventually('the first start', () => wrapped.read('log') !== '')
    for (let index = 1; index <= 50; index++) {
      wrapped.request(`restart r${index}\n`)
      await eventually(
        `start ${index}`,
        () =>
          wrapped
            .read('log')
            .split('\n')
            .filter(line => line === 'start').length ===
          index + 1,
      )
    }
    wrapped.request('exit end\n')
    t.equal(await wrapped.ended, 0)
    t.equal(wrapped.read('log'), 'start\nend\n'.repeat(51))
    t.equal((await wrapped.state())?.starts, 51)
    t.strictSame(wrapped.alive(), [])
  })

  test('idle it uses no CPU, and no process but itself and its reader', async (t, run) => {
    const wrapped = run(['sleep', '1000'])
    await wrapped.until('running', state => state.phase === 'running')
    // Beside supervisor, reader and node, dash needs two: its read knows no time, so something rings every 5 s.
    await eventually('no others', () => wrapped.alive().length === (shell === 'dash' ? 5 : 3))
    const work = () =>
      wrapped.alive().map(line => {
        const status = readFileSync(`/proc/${Number.parseInt(line, 10)}/status`, 'utf8')
        return status.match(/_ctxt_switches:\t\d+/g)?.join()
      })
    await eventually('it is quiet', async () => {
      const before = work()
      await new Promise(resolve => setTimeout(resolve, 300))
      return before.join() === work().join()
    })
    wrapped.process.kill('SIGTERM')
    await wrapped.ended
    t.strictSame(wrapped.alive(), [])
  })
})

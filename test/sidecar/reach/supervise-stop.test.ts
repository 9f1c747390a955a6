// The supervisor under busybox's and dash's sh, with real processes. How the node is stopped, by a request or by a signal, and that nothing of it is left.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually, inEachShell, plainNode, type Supervised } from '../fixtures/supervised.ts'

t.jobs = 6
t.setTimeout(60_000)

inEachShell(t, (test, shell) => {
  test('a node that ignores TERM is killed after the grace period, and only then', async (t, run) => {
    const wrapped = run("trap '' TERM; echo up >>$DIR/starts; while :; do sleep 0.05; done", { grace: 1 })
    await eventually('up', () => wrapped.read('starts') === 'up\n')
    const asked = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    wrapped.request('restart a\n')
    await wrapped.until('stopping', state => state.phase === 'stopping' && state.request === 'a')
    const state = await wrapped.until('started again', state => state.starts === 2)
    t.ok((state.started ?? 0) - asked >= 0.98, `${state.started} after ${asked}`)
    t.equal(state.code, 137)
    t.match(wrapped.stderr(), /not gone after 1 s/)
  })

  test('nothing of the old node outlives a stop: forks, other sessions, a script before the node', async (t, run) => {
    const forks = run(
      'echo $$ >>$DIR/starts; setsid sh -c "sleep 1001; :" & sh -c "sleep 1002 & sleep 1003" & (setsid sh -c "sleep 1004 & wait" & wait) & wait',
    )
    await eventually('all forks', () =>
      [1001, 1002, 1003, 1004].every(n => forks.alive().some(line => line.includes(`sleep ${n}`))),
    )
    forks.request('exit a\n')
    await forks.ended
    t.strictSame(forks.alive(), [])

    const late = run('echo before >>$DIR/log; sleep 1000; echo started >>$DIR/log; exec sleep 1001')
    await eventually('sleeping', () => late.alive().some(line => line.includes('sleep 1000')))
    late.request('restart a\n')
    await late.until('a', state => state.starts === 2)
    await eventually('sleeping again', () => late.alive().filter(line => line.includes('sleep 1000')).length === 1)
    t.equal(late.read('log'), 'before\nbefore\n', 'the node behind the script was never started')
    // And what rings under dash.
    await eventually('supervisor, reader, script and sleep', () => late.alive().length === (shell === 'dash' ? 6 : 4))
  })

  test('a node that stops by a program of its own is let to, and a fork in the middle of the stop is not forgotten', async (t, run) => {
    const wrapped = run(`
      trap 'sleep 0.2 && echo stopped by itself >>$DIR/log; exit 3' TERM
      echo up >>$DIR/log; while :; do sleep 0.02; done`)
    await eventually('up', () => wrapped.read('log') !== '')
    wrapped.request('exit a\n')
    t.equal(await wrapped.ended, 3)
    t.equal(wrapped.read('log'), 'up\nstopped by itself\n')

    const forking = run('echo up >>$DIR/log; for i in $(seq 300); do sleep 1000 & sleep 0.001; done; wait', {
      grace: 60,
    })
    await eventually('up', () => forking.read('log') !== '' && forking.alive().length > 10)
    const at = Date.now()
    forking.request('exit a\n')
    t.equal(await forking.ended, 143)
    t.ok(Date.now() - at < 30_000, `without waiting for the grace period: ${Date.now() - at} ms`)
    t.strictSame(forking.alive(), [])
  })

  test('TERM and the like reach all of the node; it ends with the node, whose parts have time to end', async (t, run) => {
    const wrapped = run(`
      for s in HUP QUIT USR1 USR2; do trap "echo $s >>$DIR/got" $s; done
      sh -c 'trap "" HUP USR1 USR2; trap "sleep 0.3 && echo part >>$DIR/got; exit" TERM; echo >$DIR/part; while :; do sleep 0.02; done' &
      trap 'echo TERM >>$DIR/got; exit 7' TERM
      echo >$DIR/ready; while :; do sleep 0.02; done`)
    await eventually('ready', () => wrapped.read('ready') !== '' && wrapped.read('part') !== '')
    for (const name of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
      wrapped.process.kill(name)
      await eventually(name, () => wrapped.read('got').includes(name.slice(3)))
    }
    wrapped.process.kill('SIGTERM')
    t.equal(await wrapped.ended, 7)
    t.match(wrapped.read('got'), /TERM\npart/)
    t.strictSame(wrapped.alive(), [])
  })

  test('a node that outlives a TERM passed on is not started again', async (t, run) => {
    const wrapped = run('trap : TERM; echo up >>$DIR/starts; while :; do sleep 0.02; done', { grace: 1 })
    await eventually('up', () => wrapped.read('starts') !== '')
    wrapped.process.kill('SIGTERM')
    wrapped.request('restart a\n')
    t.equal(await wrapped.ended, 137)
    t.equal(wrapped.read('starts'), 'up\n')
  })

  test('INT reaches a program that handles it, and is TERM for one that does not', async (t, run) => {
    const handles = run([
      process.execPath,
      '-e',
      'process.on("SIGINT", () => process.exit(8)); setInterval(() => {}, 1e6); console.log("up")',
    ])
    const plain = run(plainNode)
    await eventually('up', () => handles.stdout() === 'up\n' && plain.read('starts') !== '')
    handles.process.kill('SIGINT')
    t.equal(await handles.ended, 8)
    plain.process.kill('SIGINT')
    t.equal(await plain.ended, 143)
  })

  test('TERM during a stop cancels the start; what a later request wants replaces what an earlier one wanted', async (t, run) => {
    const stubborn =
      "trap 'while [ ! -e $DIR/go ]; do sleep 0.02; done; exit 6' TERM; echo up >>$DIR/starts; while :; do sleep 0.02; done"
    const [terminated, replaced] = [run(stubborn, { grace: 60 }), run(stubborn, { grace: 60 })]
    for (const wrapped of [terminated, replaced]) {
      await eventually('up', () => wrapped.read('starts') === 'up\n')
      wrapped.request('restart a\n')
      await wrapped.until('stopping', state => state.phase === 'stopping')
    }
    terminated.process.kill('SIGTERM')
    replaced.request('exit b\n')
    await replaced.until('b is taken', state => state.request === 'b' || replaced.stderr().includes('exit b'))
    for (const wrapped of [terminated, replaced]) writeFileSync(join(wrapped.dir, 'go'), '')
    t.strictSame(await Promise.all([terminated.ended, replaced.ended]), [6, 6])
    t.equal(terminated.read('starts') + replaced.read('starts'), 'up\nup\n')
    t.equal((await replaced.state())?.request, 'b')
  })

  test('a child that signals and requests find in the middle of its start', async (t, run) => {
    for (const [index, delay] of [0, 1, 2, 3, 4, 6, 8, 12].entries()) {
      const wrapped = run(plainNode)
      const requested = index % 2 === 0
      if (requested) await eventually('the reader', () => tryRequest(wrapped, 'restart a\n'))
      else await new Promise(resolve => setTimeout(resolve, delay))
      if (!requested && wrapped.process.kill('SIGTERM')) await wrapped.ended
      else {
        await wrapped.until('a', state => state.request === 'a' && state.phase === 'running')
        wrapped.request('exit b\n')
        await wrapped.ended
      }
      t.strictSame(wrapped.alive(), [])
    }
  })

  test('`stopped`: when the last child and all of its had ended', async (t, run) => {
    const wrapped = run("trap 'sleep 0.2; exit 0' TERM; echo >>$DIR/up; while :; do sleep 0.02; done")
    t.notOk('stopped' in (await wrapped.until('running', state => state.phase === 'running')), 'not before one has')
    await eventually('up', () => wrapped.read('up') !== '')
    const asked = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    wrapped.request('park a 600\n')
    const { stopped = 0, started = 0 } = await wrapped.until('held', state => state.phase === 'held')
    t.ok(stopped >= asked + 0.2 && stopped > started, `${stopped}, asked at ${asked}`)
    wrapped.request('restart b\n')
    const next = await wrapped.until('b', state => state.phase === 'running' && state.request === 'b')
    t.equal(next.stopped, stopped, 'it is kept')
    t.ok((next.started ?? 0) >= stopped)
    wrapped.request('exit c\n')
    await wrapped.ended
  })
})

function tryRequest(wrapped: Supervised, text: string): boolean {
  try {
    wrapped.request(text)
    return true
  } catch {
    return false
  }
}

// The supervisor under busybox's and dash's sh, with real processes. Each test is one promise of
// sidecar/reach/supervisor.md.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually, type Options, type Supervised, shells, supervise } from '../fixtures/supervised.ts'

t.jobs = 6
t.setTimeout(60_000)

/** Ends when it gets TERM; tells each start with its PID. */
const node = 'echo $$ >>$DIR/starts; exec sleep 1000'

for (const { name, path } of shells(t)) {
  if (!path) {
    t.test(`${name}: not on this machine`, { skip: `${name} is not installed` }, async () => {})
    continue
  }
  const test = (
    what: string,
    body: (t: Test, run: (command: string | string[], options?: Options) => Supervised) => Promise<void>,
  ) =>
    t.test(`${name}: ${what}`, { buffered: true }, async t => {
      await body(t, (command, options) => supervise(t, path, command, options))
    })

  test('the node gets its environment byte by byte, exports, stdin, stdout, umask and directory, and nothing of the supervisor', async (t, run) => {
    const odd = {
      'with.dot': '1',
      'with-dash': '2',
      LINES: 'one\n two=2\n\n',
      EMPTY: '',
      phase: 'mine',
      child: '1',
      IFS: 'x',
      'a b': '$(x) `y` "',
    }
    const one = run('cat /proc/self/environ >$DIR/environ; umask; pwd; cat', {
      env: { ...odd, REPLACED: 'old' },
      stdin: 'from stdin\n',
      umask: '027',
      prepare(control) {
        writeFileSync(join(control, 'env', 'REPLACED'), 'new\nwith=two lines\n\n')
        writeFileSync(join(control, 'env', 'P2P.odd-NAME'), '')
        writeFileSync(join(control, 'env', '.hidden.new'), 'no export')
        writeFileSync(join(control, 'env.snapshot'), 'token-1\n')
      },
    })
    t.equal(await one.ended, 0)
    const environ = Object.fromEntries(
      one
        .read('environ')
        .split('\0')
        .filter(Boolean)
        .map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    )
    // The script's own shell sets PWD and drops what it cannot name; so the exact environment is compared without a
    // shell below.
    t.match(environ, {
      LINES: 'one\n two=2\n\n',
      EMPTY: '',
      phase: 'mine',
      child: '1',
      REPLACED: 'new\nwith=two lines\n\n',
    })
    t.match(one.stdout(), /^0027\n.*\/supervise-\w+\nfrom stdin\n$/)
    t.equal((await one.state())?.given, 'token-1')

    const descriptors = run(['ls', '/proc/self/fd'], { stdin: '' })
    t.equal(await descriptors.ended, 0)
    t.equal(
      descriptors.stdout(),
      execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }),
      'no descriptor but what any child gets',
    )

    const exact = run(['cat', '/proc/self/environ'], {
      env: odd,
      prepare: control => writeFileSync(join(control, 'env', 'P2P.odd-NAME'), 'x\n'),
    })
    t.equal(await exact.ended, 0)
    const got = exact
      .stdout()
      .split('\0')
      .filter(entry => entry !== '' && !/^(NODE_OPTIONS|_TAPJS_)/.test(entry))
      .sort() // tap adds its own to every child
    const expected = {
      PATH: process.env.PATH,
      DIR: exact.dir,
      REPEER_TEST: exact.dir,
      REPEER_RETRY_UNIT: '3',
      ...odd,
      'P2P.odd-NAME': 'x\n',
    }
    t.strictSame(
      got,
      Object.entries(expected)
        .map(([key, value]) => `${key}=${value}`)
        .sort(),
      'no SHLVL, no PWD, odd names kept',
    )
  })

  test('an unrequested exit ends it with the same code, and with what the node left running', async (t, run) => {
    const codes: [string | string[], number][] = [
      ['exit 0', 0],
      ['exit 3', 3],
      ['exit 200', 200],
      ['exit 127', 127],
      ['kill -KILL $$', 137],
      ['kill -SEGV $$', 139],
      ['kill -TERM $$', 143],
      ['sleep 1000 & exit 5', 5],
      [['no-such-program'], 127],
      [['/no/such/program'], 127],
      [['/etc/passwd'], 126],
      [['./plain'], 126],
      [['plain'], 126],
    ]
    await Promise.all(
      codes.map(async ([command, code]) => {
        const prepare = (_: string, dir: string) => writeFileSync(join(dir, 'plain'), 'not executable')
        const one = run(
          command,
          command[0] === 'plain' ? { prepare, env: { PATH: `.:${process.env.PATH}` } } : { prepare },
        )
        t.equal(await one.ended, code, `${command}`)
        t.match(await one.state(), { phase: 'ended', code, starts: 1 })
        t.strictSame(one.alive(), [])
      }),
    )
  })

  test('usage', async (t, run) => {
    const one = run(['x'], { grace: -1 })
    t.equal(await one.ended, 64)
    t.match(one.stderr(), /usage/)
  })

  test('restart, duplicates, garbage, bursts, exit', async (t, run) => {
    const one = run(node)
    const first = await one.until('running', state => state.phase === 'running')
    t.match(first, { starts: 1, pid: Number, started: Number })
    t.notOk('request' in first || 'code' in first || 'given' in first)
    writeFileSync(join(one.control, 'env.snapshot'), 'second')
    one.request('restart a\n')
    const second = await one.until('a', state => state.starts === 2 && state.phase === 'running')
    t.match(second, { request: 'a', code: 143, given: 'second', supervisor: first.supervisor })
    t.not(second.pid, first.pid)

    one.request(
      'restart a\n\nrestart\nrestart b c\nhold x\nhold x 0\nhold x 1 2\nhold x -1\nexit ../x\nrestart $(touch$IFS$DIR/x)\nnonsense x\n\0\xff\n',
    )
    one.request(`restart ${'x'.repeat(65)}\n`)
    one.request('restart b\n')
    await one.until('b', state => state.request === 'b' && state.phase === 'running')
    t.equal((await one.state())?.starts, 3, 'only b counted')
    t.equal(one.stderr().match(/malformed/g)?.length, 12)

    one.request('restart b\n')
    one.request('the reader is past it\n')
    await eventually('that line', () => one.stderr().match(/malformed/g)?.length === 13)
    one.request('restart c\n')
    await one.until('c', state => state.request === 'c' && state.phase === 'running')
    t.equal((await one.state())?.starts, 4, 'the second b did not count')
    t.equal(one.stderr().match(/restart b$/gm)?.length, 1, 'nor was it taken')

    one.request(Array.from({ length: 100 }, (_, index) => `restart burst-${index}\n`).join(''))
    await one.until('the newest of the burst', state => state.request === 'burst-99' && state.phase === 'running')
    one.request('restart burst-99\nrestart burst-99\n')
    one.request('exit e\n')
    t.equal(await one.ended, 143)
    t.match(await one.state(), { phase: 'ended', request: 'e', code: 143 })
    t.strictSame(one.alive(), [])

    const again = run(node, { control: one.control })
    const carried = await again.until('the next container', state => state.phase === 'running')
    t.match(carried, { request: 'e', starts: 1 }, 'the last request is known to the next supervisor')
    again.request('exit e\n')
    again.request('restart f\n')
    await again.until('f', state => state.request === 'f' && state.phase === 'running' && state.starts === 2)
    again.process.kill('SIGTERM')
    t.equal(await again.ended, 143)
  })

  test('a node that ignores TERM is killed after the grace period, and only then', async (t, run) => {
    const one = run("trap '' TERM; echo up >>$DIR/starts; while :; do sleep 0.05; done", { grace: 1 })
    await eventually('up', () => one.read('starts') === 'up\n')
    const asked = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    one.request('restart a\n')
    await one.until('stopping', state => state.phase === 'stopping' && state.request === 'a')
    const state = await one.until('started again', state => state.starts === 2)
    t.ok((state.started ?? 0) - asked >= 0.98, `${state.started} after ${asked}`)
    t.equal(state.code, 137)
    t.match(one.stderr(), /not gone after 1 s/)
  })

  test('nothing of the old node outlives a stop: forks, other sessions, a script before the node', async (t, run) => {
    const forks = run(
      'echo $$ >>$DIR/starts; setsid sh -c "sleep 1001; :" & sh -c "sleep 1002 & sleep 1003" & (setsid sh -c "sleep 1004 & wait" & wait) & wait',
    )
    await eventually('all forks', () =>
      [1001, 1002, 1003, 1004].every(n => forks.alive().some(one => one.includes(`sleep ${n}`))),
    )
    forks.request('exit a\n')
    await forks.ended
    t.strictSame(forks.alive(), [])

    const late = run('echo before >>$DIR/log; sleep 1000; echo started >>$DIR/log; exec sleep 1001')
    await eventually('sleeping', () => late.alive().some(one => one.includes('sleep 1000')))
    late.request('restart a\n')
    await late.until('a', state => state.starts === 2)
    await eventually('sleeping again', () => late.alive().filter(one => one.includes('sleep 1000')).length === 1)
    t.equal(late.read('log'), 'before\nbefore\n', 'the node behind the script was never started')
    // And what rings under dash.
    await eventually('supervisor, reader, script and sleep', () => late.alive().length === (name === 'dash' ? 6 : 4))
  })

  test('a node that stops by a program of its own is let to, and a fork in the middle of the stop is not forgotten', async (t, run) => {
    const one = run(`
      trap 'sleep 0.2 && echo stopped by itself >>$DIR/log; exit 3' TERM
      echo up >>$DIR/log; while :; do sleep 0.02; done`)
    await eventually('up', () => one.read('log') !== '')
    one.request('exit a\n')
    t.equal(await one.ended, 3)
    t.equal(one.read('log'), 'up\nstopped by itself\n')

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

  test('hold: nothing runs; restart, exit, TERM or the time end it', async (t, run) => {
    const held = async (seconds: number) => {
      const one = run(node)
      await one.until('running', state => state.phase === 'running')
      one.request(`hold h ${seconds}\n`)
      const state = await one.until('held', state => state.phase === 'held')
      t.match(state, { request: 'h', code: 143, starts: 1 })
      t.notOk('pid' in state)
      return one
    }
    const [timed, restarted, ended, terminated] = await Promise.all([held(1), held(600), held(600), held(600)])
    restarted.request('restart r\n')
    await restarted.until('r', state => state.phase === 'running' && state.starts === 2 && state.request === 'r')
    ended.request('exit e\n')
    t.equal(await ended.ended, 143)
    terminated.process.kill('SIGTERM')
    t.equal(await terminated.ended, 143)
    t.equal((await terminated.state())?.starts, 1)
    const state = await timed.until('the time is over', state => state.phase === 'running')
    t.match(state, { starts: 2, request: 'h' })
    t.strictSame([...ended.alive(), ...terminated.alive()], [])
  })

  /** Fails at each start but the first until the file `works` exists. */
  const flaky = 'echo >>$DIR/starts; [ $(wc -l <$DIR/starts) -eq 1 ] || [ -e $DIR/works ] || exit 9; exec sleep 1000'
  const started = async (one: Supervised) => {
    await eventually('the node runs', () => one.alive().some(line => line.includes('sleep 1000')))
    return one
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
    for (const one of [replaced, terminated, asked]) {
      one.request('restart a\n')
      await one.until('retrying', state => state.phase === 'retrying')
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

  test('TERM and the like reach all of the node; it ends with the node, whose parts have time to end', async (t, run) => {
    const one = run(`
      for s in HUP QUIT USR1 USR2; do trap "echo $s >>$DIR/got" $s; done
      sh -c 'trap "" HUP USR1 USR2; trap "sleep 0.3 && echo part >>$DIR/got; exit" TERM; echo >$DIR/part; while :; do sleep 0.02; done' &
      trap 'echo TERM >>$DIR/got; exit 7' TERM
      echo >$DIR/ready; while :; do sleep 0.02; done`)
    await eventually('ready', () => one.read('ready') !== '' && one.read('part') !== '')
    for (const name of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
      one.process.kill(name)
      await eventually(name, () => one.read('got').includes(name.slice(3)))
    }
    one.process.kill('SIGTERM')
    t.equal(await one.ended, 7)
    t.match(one.read('got'), /TERM\npart/)
    t.strictSame(one.alive(), [])
  })

  test('a node that outlives a TERM passed on is not started again', async (t, run) => {
    const one = run('trap : TERM; echo up >>$DIR/starts; while :; do sleep 0.02; done', { grace: 1 })
    await eventually('up', () => one.read('starts') !== '')
    one.process.kill('SIGTERM')
    one.request('restart a\n')
    t.equal(await one.ended, 137)
    t.equal(one.read('starts'), 'up\n')
  })

  test('INT reaches a program that handles it, and is TERM for one that does not', async (t, run) => {
    const handles = run([
      process.execPath,
      '-e',
      'process.on("SIGINT", () => process.exit(8)); setInterval(() => {}, 1e6); console.log("up")',
    ])
    const plain = run(node)
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
    for (const one of [terminated, replaced]) {
      await eventually('up', () => one.read('starts') === 'up\n')
      one.request('restart a\n')
      await one.until('stopping', state => state.phase === 'stopping')
    }
    terminated.process.kill('SIGTERM')
    replaced.request('exit b\n')
    await replaced.until('b is taken', state => state.request === 'b' || replaced.stderr().includes('exit b'))
    for (const one of [terminated, replaced]) writeFileSync(join(one.dir, 'go'), '')
    t.strictSame(await Promise.all([terminated.ended, replaced.ended]), [6, 6])
    t.equal(terminated.read('starts') + replaced.read('starts'), 'up\nup\n')
    t.equal((await replaced.state())?.request, 'b')
  })

  test('a child that signals and requests find in the middle of its start', async (t, run) => {
    for (const [index, delay] of [0, 1, 2, 3, 4, 6, 8, 12].entries()) {
      const one = run(node)
      const requested = index % 2 === 0
      if (requested) await eventually('the reader', () => tryRequest(one, 'restart a\n'))
      else await new Promise(resolve => setTimeout(resolve, delay))
      if (!requested && one.process.kill('SIGTERM')) await one.ended
      else {
        await one.until('a', state => state.request === 'a' && state.phase === 'running')
        one.request('exit b\n')
        await one.ended
      }
      t.strictSame(one.alive(), [])
    }
  })

  test('its own files in a bad state: the node runs', async (t, run) => {
    const absent = run('sleep 0.1; exit 4', { control: '/nonexistent/control' })
    t.equal(await absent.ended, 4)
    t.match(absent.stderr(), /cannot use .*requests; the node runs/)

    const locked = run('sleep 0.1; exit 4', { control: '/proc/self' })
    t.equal(await locked.ended, 4)
    t.match(locked.stderr(), /cannot use/, 'where no pipe can be made')

    const made = run(node, {
      prepare: control => writeFileSync(join(control, 'state'), 'request $(x)\nphase running\n\0\xff'),
    })
    const state = await made.until('running', state => state.phase === 'running')
    t.notOk('request' in state)
    const fifo = statSync(join(made.control, 'requests'))
    t.ok(fifo.isFIFO())
    t.equal(fifo.mode & 0o777, 0o666)
    t.equal(statSync(join(made.control, 'state')).mode & 0o777, 0o644, 'the sidecar, with another UID, can read it')
    made.request('exit x\n')
    await made.ended

    const bytes = run(['cat', '/proc/self/environ'], {
      prepare: control => {
        writeFileSync(join(control, 'env', 'BAD'), 'a\x01b')
        writeFileSync(join(control, 'env', 'GOOD'), 'ü\x7f')
        mkdirSync(join(control, 'env', 'DIRECTORY'))
      },
    })
    t.equal(await bytes.ended, 0)
    t.match(bytes.stdout(), 'GOOD=ü\x7f')
    t.notMatch(bytes.stdout(), 'BAD=')

    const separator = run(['cat', '/proc/self/environ'], { env: { ODD: 'a\x01b' } })
    t.equal(await separator.ended, 0)
    t.match(separator.stdout(), 'ODD=a\x01b')
  })

  test('the pipe was removed, or something else stands in its place: it is made anew, within seconds', async (t, run) => {
    const places: Record<string, (file: string, dir: string) => void> = {
      removed: file => rmSync(file),
      'a file': file => {
        rmSync(file)
        writeFileSync(file, 'restart x')
      },
      'a directory': file => {
        rmSync(file)
        mkdirSync(join(file, 'inner'), { recursive: true })
      },
      'a link to another pipe': (file, dir) => {
        renameSync(file, join(dir, 'elsewhere'))
        symlinkSync(join(dir, 'elsewhere'), file)
      },
      'another pipe': file => {
        rmSync(file)
        execFileSync('mkfifo', [file])
      },
    }
    await Promise.all(
      Object.entries(places).map(async ([what, change]) => {
        const one = run(node)
        const { pid } = await one.until('running', state => state.phase === 'running')
        change(join(one.control, 'requests'), one.dir)
        await eventually(`the pipe after: ${what}`, () => isPipe(one) && tryRequest(one, 'restart a\n'))
        const again = await one.until('a', state => state.request === 'a' && state.phase === 'running')
        t.equal(again.starts, 2, what)
        t.not(again.pid, pid)
        t.equal(one.stderr().match(/made .*requests anew/g)?.length, 1, `${what}: once`)
        one.request('exit b\n')
        await one.ended
        t.strictSame(one.alive(), [])
      }),
    )
    const early = run(node, { prepare: control => writeFileSync(join(control, 'requests'), '') })
    await early.until('running', state => state.phase === 'running')
    t.ok(isPipe(early), 'before the first start, too')
    early.request('exit a\n')
    await early.ended
  })

  test('`stopped`: when the last child and all of its had ended', async (t, run) => {
    const one = run("trap 'sleep 0.2; exit 0' TERM; echo >>$DIR/up; while :; do sleep 0.02; done")
    t.notOk('stopped' in (await one.until('running', state => state.phase === 'running')), 'not before one has')
    await eventually('up', () => one.read('up') !== '')
    const asked = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    one.request('hold a 600\n')
    const { stopped = 0, started = 0 } = await one.until('held', state => state.phase === 'held')
    t.ok(stopped >= asked + 0.2 && stopped > started, `${stopped}, asked at ${asked}`)
    one.request('restart b\n')
    const next = await one.until('b', state => state.phase === 'running' && state.request === 'b')
    t.equal(next.stopped, stopped, 'it is kept')
    t.ok((next.started ?? 0) >= stopped)
    one.request('exit c\n')
    await one.ended
  })

  test('the command is the image’s, whatever applets the shell has, and is looked up again at each start', async (t, run) => {
    const prepare = (_: string, dir: string) => {
      for (const program of ['ls', 'sleep', 'node', 'odd=name']) {
        mkdirSync(join(dir, 'bin'), { recursive: true })
        writeFileSync(join(dir, 'bin', program), `#!/bin/sh\necho "$0" "$@"\n`)
        chmodSync(join(dir, 'bin', program), 0o755)
      }
      mkdirSync(join(dir, 'first', 'ls'), { recursive: true })
    }
    for (const program of ['ls', 'sleep', 'node', 'odd=name']) {
      const dir = (one: Supervised) => join(one.dir, 'bin', program)
      const one = run([program, 'a  b', '', '$x', '*'], { prepare, env: { PATH: `first:bin:${process.env.PATH}` } })
      t.equal(await one.ended, 0)
      t.equal(one.stdout(), `bin/${program} a  b  $x *\n`)
      const relative = run([`./bin/${program}`], { prepare })
      t.equal(await relative.ended, 0)
      const absolute = supervise(t, path, ['placeholder'], { prepare, env: { PATH: 'bin' } })
      t.equal(await absolute.ended, 127)
      t.match(dir(one), program)
    }
  })

  test('50 restarts in a row: never two at once, none lost', async (t, run) => {
    const one = run(`
      mkdir $DIR/lock 2>/dev/null || echo overlap >>$DIR/log
      trap 'rmdir $DIR/lock; echo end >>$DIR/log; exit 0' TERM
      echo start >>$DIR/log; while :; do sleep 0.01; done`)
    await eventually('the first start', () => one.read('log') !== '')
    for (let index = 1; index <= 50; index++) {
      one.request(`restart r${index}\n`)
      await eventually(
        `start ${index}`,
        () =>
          one
            .read('log')
            .split('\n')
            .filter(line => line === 'start').length ===
          index + 1,
      )
    }
    one.request('exit end\n')
    t.equal(await one.ended, 0)
    t.equal(one.read('log'), 'start\nend\n'.repeat(51))
    t.equal((await one.state())?.starts, 51)
    t.strictSame(one.alive(), [])
  })

  test('idle it uses no CPU, and no process but itself and its reader', async (t, run) => {
    const one = run(['sleep', '1000'])
    await one.until('running', state => state.phase === 'running')
    // Beside supervisor, reader and node, dash needs two: its read knows no time, so something rings every 5 s.
    await eventually('no others', () => one.alive().length === (name === 'dash' ? 5 : 3))
    const work = () =>
      one.alive().map(line => {
        const status = readFileSync(`/proc/${Number.parseInt(line, 10)}/status`, 'utf8')
        return status.match(/_ctxt_switches:\t\d+/g)?.join()
      })
    await eventually('it is quiet', async () => {
      const before = work()
      await new Promise(resolve => setTimeout(resolve, 300))
      return before.join() === work().join()
    })
    one.process.kill('SIGTERM')
    await one.ended
    t.strictSame(one.alive(), [])
  })
}

function isPipe(one: Supervised): boolean {
  return lstatSync(join(one.control, 'requests'), { throwIfNoEntry: false })?.isFIFO() ?? false
}

function tryRequest(one: Supervised, text: string): boolean {
  try {
    one.request(text)
    return true
  } catch {
    return false
  }
}

// The supervisor under busybox's and dash's sh, with real processes. What a start of the node gets: its environment, its command, its exit code.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { inEachShell, type Supervised } from '../fixtures/supervised.ts'

t.jobs = 6
t.setTimeout(60_000)

inEachShell(t, test => {
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
    const wrapped = run('cat /proc/self/environ >$DIR/environ; umask; pwd; cat', {
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
    t.equal(await wrapped.ended, 0)
    const environ = Object.fromEntries(
      wrapped
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
    t.match(wrapped.stdout(), /^0027\n.*\/supervise-\w+\nfrom stdin\n$/)
    t.equal((await wrapped.state())?.snapshotToken, 'token-1')

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
        const wrapped = run(
          command,
          command[0] === 'plain' ? { prepare, env: { PATH: `.:${process.env.PATH}` } } : { prepare },
        )
        t.equal(await wrapped.ended, code, `${command}`)
        t.match(await wrapped.state(), { phase: 'ended', code, starts: 1 })
        t.strictSame(wrapped.alive(), [])
      }),
    )
  })

  test('usage', async (t, run) => {
    const wrapped = run(['x'], { grace: -1 })
    t.equal(await wrapped.ended, 64)
    t.match(wrapped.stderr(), /usage/)
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
      const dir = (wrapped: Supervised) => join(wrapped.dir, 'bin', program)
      const wrapped = run([program, 'a  b', '', '$x', '*'], { prepare, env: { PATH: `first:bin:${process.env.PATH}` } })
      t.equal(await wrapped.ended, 0)
      t.equal(wrapped.stdout(), `bin/${program} a  b  $x *\n`)
      const relative = run([`./bin/${program}`], { prepare })
      t.equal(await relative.ended, 0)
      const absolute = run(['placeholder'], { prepare, env: { PATH: 'bin' } })
      t.equal(await absolute.ended, 127)
      t.match(dir(wrapped), program)
    }
  })
})

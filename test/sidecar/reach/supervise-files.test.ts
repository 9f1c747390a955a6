// The supervisor under busybox's and dash's sh, with real processes. Its own files, in whatever state they are.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually, inEachShell, plainNode, type Supervised } from '../fixtures/supervised.ts'

t.jobs = 6
t.setTimeout(60_000)

inEachShell(t, test => {
  test('its own files in a bad state: the node runs', async (t, run) => {
    const absent = run('sleep 0.1; exit 4', { control: '/nonexistent/control' })
    t.equal(await absent.ended, 4)
    t.match(absent.stderr(), /cannot use .*requests; the node runs/)

    const locked = run('sleep 0.1; exit 4', { control: '/proc/self' })
    t.equal(await locked.ended, 4)
    t.match(locked.stderr(), /cannot use/, 'where no pipe can be made')

    const made = run(plainNode, {
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
        const wrapped = run(plainNode)
        const { pid } = await wrapped.until('running', state => state.phase === 'running')
        change(join(wrapped.control, 'requests'), wrapped.dir)
        await eventually(`the pipe after: ${what}`, () => isPipe(wrapped) && tryRequest(wrapped, 'restart a\n'))
        const again = await wrapped.until('a', state => state.request === 'a' && state.phase === 'running')
        t.equal(again.starts, 2, what)
        t.not(again.pid, pid)
        t.equal(wrapped.stderr().match(/made .*requests anew/g)?.length, 1, `${what}: once`)
        wrapped.request('exit b\n')
        await wrapped.ended
        t.strictSame(wrapped.alive(), [])
      }),
    )
    const early = run(plainNode, { prepare: control => writeFileSync(join(control, 'requests'), '') })
    await early.until('running', state => state.phase === 'running')
    t.ok(isPipe(early), 'before the first start, too')
    early.request('exit a\n')
    await early.ended
  })

  test('the reader of the pipe was killed: another reads it, within seconds', async (t, run) => {
    const wrapped = run(plainNode)
    const { pid } = await wrapped.until('running', state => state.phase === 'running')
    for (const id of ['a', 'b']) {
      const reader = readerOf(wrapped) ?? 0
      t.ok(reader > 0)
      process.kill(reader, 'SIGKILL')
      await eventually('another reader', () => ![reader, undefined].includes(readerOf(wrapped)))
      wrapped.request(`park ${id} 1\n`)
      await wrapped.until(id, state => state.request === id && state.phase === 'running')
    }
    const again = await wrapped.until('running', state => state.phase === 'running')
    t.equal(again.starts, 3, 'what it was asked, and nothing else')
    t.not(again.pid, pid)
    wrapped.request('exit c\n')
    await wrapped.ended
    t.strictSame(wrapped.alive(), [])
  })
})

/** The process below the supervisor that has the pipe open. */
function readerOf({ process: { pid }, control }: Supervised): number | undefined {
  const pipe = statSync(join(control, 'requests')).ino
  const reads = (child: string) => statSync(`/proc/${child}/fd/0`, { throwIfNoEntry: false })?.ino === pipe
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const reader = children.find(reads)
  return reader === undefined ? undefined : Number(reader)
}

function isPipe(wrapped: Supervised): boolean {
  return lstatSync(join(wrapped.control, 'requests'), { throwIfNoEntry: false })?.isFIFO() ?? false
}

function tryRequest(wrapped: Supervised, text: string): boolean {
  try {
    wrapped.request(text)
    return true
  } catch {
    return false
  }
}

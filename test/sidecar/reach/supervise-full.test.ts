// The supervisor under busybox's and dash's sh, with real processes, where its directory is full to the last byte.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { smallDisk, whyNoDisk } from '../fixtures/full-disk.ts'
import { eventually, inEachShell, plainNode } from '../fixtures/supervised.ts'

t.jobs = 3
t.setTimeout(60_000)

const reason = whyNoDisk()
if (reason !== undefined) t.test('a full disk', { skip: reason }, async () => {})
else
  inEachShell(t, test => {
    test('the node runs, what the state told is not garbled, and it is told anew when there is room', async (t, run) => {
      const { dir, fill, free } = await smallDisk(t, 64)
      const control = join(dir, 'control')
      mkdirSync(join(control, 'env'), { recursive: true })
      // It takes its time to stop: the disk is full before it has.
      const slow = `trap 'sleep 1; exit 0' TERM; echo $$ >>$DIR/starts; while :; do sleep 0.1; done`
      const wrapped = run(slow, { control })
      await eventually('its trap is set', () => wrapped.read('starts') !== '')
      wrapped.request('restart a\n')
      const stopping = await wrapped.until('stopping', state => state.phase === 'stopping')
      fill()
      await eventually('the next process', () => wrapped.read('starts').trim().split('\n').length === 2)
      await sleep(200)
      t.strictSame(await wrapped.state(), stopping, 'the last that could be written')
      wrapped.request('restart b\n')
      await sleep(200)
      free()
      const state = await wrapped.until('running', ({ phase }) => phase === 'running')
      t.match(state, { starts: 2, request: 'a' })
      t.match(wrapped.stderr(), /cannot write .*state; the node runs/)
      wrapped.request('restart b\n')
      await wrapped.until('another', ({ starts, phase }) => starts === 3 && phase === 'running')
      wrapped.request('exit c\n')
      await wrapped.ended
      t.strictSame(wrapped.alive(), [])
    })

    test('full from the start: it runs, and nothing is busy', async (t, run) => {
      const { dir, fill, free } = await smallDisk(t, 64)
      const control = join(dir, 'control')
      mkdirSync(join(control, 'env'), { recursive: true })
      fill()
      const wrapped = run(plainNode, { control })
      await eventually('the node', () => wrapped.read('starts') !== '')
      t.equal(await wrapped.state(), null)
      const before = ticksOf(wrapped.process.pid)
      await sleep(1000)
      t.ok(ticksOf(wrapped.process.pid) - before < 20, 'less than a fifth of a core')
      free()
      t.match(await wrapped.until('running', ({ phase }) => phase === 'running'), { starts: 1 })
      wrapped.request('exit a\n')
      await wrapped.ended
    })
  })

/** The processor's time that a process and its children took, in hundredths of a second. */
function ticksOf(pid = 0): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}

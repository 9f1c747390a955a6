import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type WatchOptions, watch } from '../../../sidecar/observe/watch.ts'
import { until } from '../../fixtures/until.ts'
import { writeVolume } from '../fixtures/kubelet-volume.ts'

/** A watch that counts its hints, and `after`, which waits for one that follows an act. */
async function watched(t: Tap, dirs: readonly string[], options: Partial<WatchOptions> = {}) {
  let hints = 0
  const said: unknown[][] = []
  const made = await watch(dirs, () => hints++, {
    log: { warn: (...args: unknown[]) => void said.push(args) },
    coalesceMs: 20,
    ...options,
  })
  t.teardown(() => made.close())
  return {
    watch: made,
    said,
    hints: () => hints,
    async after(what: string, act: () => void): Promise<void> {
      // Hints of the act before this one are over when none has come for a while; a late one could only hide a failure,
      // not make one.
      for (let last = -1; last !== hints; await sleep(60)) last = hints
      const before = hints
      act()
      await until(`a hint after ${what}`, () => hints > before)
    },
  }
}
type Tap = Pick<typeof t, 'teardown'>

for (const usePolling of [false, true]) {
  const mode = usePolling ? 'polling' : 'inotify'
  t.test(`${mode}: hints at what the kubelet and others do to a directory`, async t => {
    const dir = t.testdir({ volume: {}, plain: { state: 'a', env: { A: '1' } } })
    const volume = join(dir, 'volume')
    const plain = join(dir, 'plain')
    const late = join(dir, 'late')
    writeVolume(volume, { 'pod/plan': 'one', 'sources/configmap/node0/config.toml': 'one' })
    const w = await watched(t, [volume, plain, late], { usePolling, pollSeconds: 0.05 })
    t.equal(w.watch.mode(), mode)
    t.equal(w.hints(), 0, 'what was there at the start is no change')
    for (const n of [1, 2, 3]) {
      await w.after(`swap ${n} of ..data`, () =>
        writeVolume(volume, { 'pod/plan': `swap ${n}`, 'sources/configmap/node0/config.toml': 'one' }),
      )
    }
    await w.after('a source that is new in the volume', () =>
      writeVolume(volume, { 'pod/plan': 'x', 'sources/secret/s/peers': 'x' }),
    )
    await w.after('a plain file written', () => appendFileSync(join(plain, 'state'), 'b'))
    await w.after('a file replaced by rename', () => {
      writeFileSync(join(dir, 'next'), 'c')
      renameSync(join(dir, 'next'), join(plain, 'state'))
    })
    await w.after('a file in a directory below', () => writeFileSync(join(plain, 'env', 'B'), '2'))
    await w.after('a file removed', () => unlinkSync(join(plain, 'state')))
    await w.after('a missing file that appears', () => writeFileSync(join(plain, 'state'), 'd'))
    await w.after('a missing directory that appears', () => mkdirSync(late))
    await w.after('a file in the late directory', () => writeFileSync(join(late, 'peers'), '1'))
    await w.after('a directory removed', () => rmSync(plain, { recursive: true }))
    await w.after('and made again', () => mkdirSync(plain))
    await w.after('a file in it', () => writeFileSync(join(plain, 'state'), 'e'))
    t.same(w.said, [])
  })
}

t.test('many changes at once are one hint', async t => {
  const dir = t.testdir({})
  const w = await watched(t, [dir], { coalesceMs: 300 })
  for (let n = 0; n < 50; n++) writeFileSync(join(dir, `file${n}`), 'x')
  await until('a hint', () => w.hints() > 0)
  t.equal(w.hints(), 1)
})

t.test('nothing is hinted after close', async t => {
  const dir = t.testdir({})
  const w = await watched(t, [dir])
  writeFileSync(join(dir, 'file'), 'x')
  await w.watch.close()
  await sleep(100)
  t.equal(w.hints(), 0)
})

// A user namespace of its own has limits of its own: the real EMFILE, without touching the machine.
const limits = 'echo 0 > /proc/sys/user/max_inotify_instances'
const refused = spawnSync('unshare', ['-r', 'sh', '-c', limits]).status !== 0
t.test(
  'without inotify instances it polls, says so once, and still sees changes',
  { skip: refused && 'unshare -r is refused here' },
  t => {
    const dir = t.testdir({ a: {}, b: {} })
    const script = `
    import { writeFileSync } from 'node:fs'
    import { watch } from ${JSON.stringify(join(import.meta.dirname, '../../../sidecar/observe/watch.ts'))}
    const said = []
    const dir = ${JSON.stringify(dir)}
    const started = await watch([dir + '/a', dir + '/b'], async () => {
      if (hinted++ === 0) return setTimeout(() => writeFileSync(dir + '/a/file', 'x'), 50)
      console.log(JSON.stringify({ mode: started.mode(), said }))
      await started.close()
    }, { log: { warn: (fields, text) => said.push([fields.code, text]) }, pollSeconds: 0.05 })
    var hinted = 0`
    const run = spawnSync(
      'unshare',
      ['-r', 'sh', '-c', `${limits} && exec "$0" --input-type=module -e "$1"`, process.execPath, script],
      {
        encoding: 'utf8',
        timeout: 20_000,
      },
    )
    t.equal(run.stderr, '')
    const { mode, said } = JSON.parse(run.stdout || '{}')
    t.equal(mode, 'polling')
    t.match(said, [['EMFILE', /^inotify is used up .*polling instead$/]])
    t.equal(said.length, 1)
    t.end()
  },
)

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import t from 'tap'
import { blank } from '../../sidecar/decide/memory.ts'
import { writeMemory } from '../../sidecar/memory-file.ts'
import { createSaver, loadMemory } from '../../sidecar/state.ts'

const quiet = pino({ level: 'silent' })

t.test('what is saved is loaded; the file is replaced, never half written', async t => {
  const dir = t.testdir()
  t.strictSame(await loadMemory(dir, quiet), blank, 'nothing yet')
  const save = createSaver(dir)
  const memory = { ...blank, heights: [{ at: 1, height: 2 }] }
  await save(memory)
  t.strictSame(await loadMemory(dir, quiet), memory)
  const { mtimeMs } = await import('node:fs').then(fs => fs.statSync(join(dir, 'memory.json')))
  await save({ ...memory })
  t.equal(
    (await import('node:fs')).statSync(join(dir, 'memory.json')).mtimeMs,
    mtimeMs,
    'an equal memory is not written again',
  )
  t.strictSame(await readdir(dir), ['memory.json'])
  await save({ ...memory, heights: [] })
  t.strictSame((await readdir(dir)).sort(), ['memory.before.json', 'memory.json'])
})

t.test('a sidecar that died while writing left the old file', async t => {
  const dir = t.testdir()
  await createSaver(dir)(blank)
  await writeFile(join(dir, 'memory.json.next'), '{"version":1,"rest')
  t.strictSame(await loadMemory(dir, quiet), blank)
})

for (const [what, text] of [
  ['rubbish', '{"version":1,'],
  ['another version', '{"version":2}'],
  ['another shape', '{"version":1,"restarts":{}}'],
  ['null', 'null'],
  ['an empty file', ''],
  ['a torn file', writeMemory(blank).slice(0, -20)],
  ['a restart that is none', writeMemory({ ...blank, restarts: [null as never] })],
] as const) {
  t.test(`${what} is kept aside, and said`, async t => {
    const dir = t.testdir({ 'memory.json': text })
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: line => void lines.push(line) })
    t.strictSame(await loadMemory(dir, log), { ...blank, lost: true })
    t.match(lines.join(), /kept aside as memory.broken.json/)
    t.equal(await readFile(join(dir, 'memory.broken.json'), 'utf8'), text)
  })
}

t.test('a directory that cannot be written is an error', async t => {
  await t.rejects(createSaver('/nonexistent/dir')(blank), { code: 'ENOENT' })
})

const remembers = (height: number) => ({ ...blank, heights: [{ at: 1, height }] })

for (const [what, text] of [
  ['torn', '{"version":1,"restarts":['],
  ['empty', ''],
  ['foreign', '{"name":"something else"}'],
  ['gone', undefined],
] as const) {
  t.test(`${what}: the one before counts`, async t => {
    const dir = t.testdir()
    const save = createSaver(dir)
    await save(remembers(1))
    await save(remembers(2))
    const file = join(dir, 'memory.json')
    if (text === undefined) await rm(file)
    else await writeFile(file, text)
    t.strictSame(await loadMemory(dir, quiet), remembers(1))
    await createSaver(dir)(remembers(3))
    t.strictSame(await loadMemory(dir, quiet), remembers(3), 'and it goes on from there')
  })
}

t.test('both are of no use: it is known that something is lost', async t => {
  const dir = t.testdir({ 'memory.json': '', 'memory.before.json': '[]' })
  t.strictSame(await loadMemory(dir, quiet), { ...blank, lost: true })
  t.strictSame(await loadMemory(dir, quiet), blank, 'both are kept aside')
})

t.test('the memory of an earlier version of this program, without what is new since', async t => {
  const { told: _, telling: __, taught: ___, ...older } = JSON.parse(writeMemory(remembers(7)))
  const dir = t.testdir({ 'memory.json': JSON.stringify(older) })
  t.strictSame(await loadMemory(dir, quiet), remembers(7))
})

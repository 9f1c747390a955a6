import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import t from 'tap'
import { blank } from '../../sidecar/memory.ts'
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
  t.equal((await import('node:fs')).statSync(join(dir, 'memory.json')).mtimeMs, mtimeMs, 'an equal memory is not written again')
  t.strictSame(await readdir(dir), ['memory.json'])
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
] as const) {
  t.test(`${what} is kept aside, and said`, async t => {
    const dir = t.testdir({ 'memory.json': text })
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: line => void lines.push(line) })
    t.strictSame(await loadMemory(dir, log), blank)
    t.match(lines.join(), /kept aside as memory.broken.json/)
    t.equal(await readFile(join(dir, 'memory.broken.json'), 'utf8'), text)
  })
}

t.test('a directory that cannot be written is an error', async t => {
  await t.rejects(createSaver('/nonexistent/dir')(blank), { code: 'ENOENT' })
})

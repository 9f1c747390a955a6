// What the log has of an error: never what a parser was reading, or another program's command.
import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import { parse } from 'smol-toml'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import { errorForLog } from '../../cli/log-error.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

const canary = 'qzxjkv'

function thrown(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

const quoting: readonly [what: string, run: () => unknown][] = [
  ['JSON', () => JSON.parse(`{"a": ${canary}}`)],
  ['TOML', () => parse(`a = "\n${canary} = \n`)],
  ['YAML', () => parseYaml(`a: [${canary}\n{${canary}`, { prettyErrors: true })],
  ['a program that fails', () => execFileSync('/bin/false', [canary], { stdio: 'pipe' })],
  ['a program that is not there', () => execFileSync(`/nowhere/${canary}`, [canary], { stdio: 'pipe' })],
]
for (const [what, run] of quoting) {
  t.test(`${what}: quoted by the error, not by the log`, async t => {
    const error = thrown(run)
    t.match(`${error.message} ${inspect(error)}`, canary, 'else this row shows nothing')
    const log = memoryLog()
    log.error({ err: error }, 'failed')
    log.error({ err: new Error('while reading', { cause: error }) }, 'failed')
    t.notMatch(JSON.stringify(log.lines), canary)
    t.match(log.lines[1]?.err, { message: 'while reading', cause: { message: /^not written/ } })
  })
}

t.test('any other error is written, with its place and code', async t => {
  const error = Object.assign(new TypeError('no such thing'), { code: 'ENOENT', secret: canary })
  const logged = errorForLog(error)
  t.match(logged, { type: 'TypeError', message: 'no such thing', code: 'ENOENT', stack: /^ {4}at .*log-error\.test/ })
  t.notMatch(JSON.stringify(logged), canary)
  t.same(errorForLog(canary), { type: 'string', message: 'something that is no Error was thrown' })
  const deep = new Error('1', {
    cause: new Error('2', { cause: new Error('3', { cause: new Error('4', { cause: 5 }) }) }),
  })
  t.equal(errorForLog(deep).cause?.cause?.cause?.message, '4')
  t.notOk(errorForLog(deep).cause?.cause?.cause?.cause)
})

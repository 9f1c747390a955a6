import t from 'tap'
import { ApiError, isRefusal, reasonIn } from '../../kubernetes/api-error.ts'

t.test('a refusal is what the same request would meet again', async t => {
  const rows: [status: number, isRefused: boolean][] = [
    [0, false],
    [399, false],
    [400, true],
    [403, true],
    [409, true],
    [429, false],
    [499, true],
    [500, false],
    [503, false],
  ]
  for (const [status, isRefused] of rows) t.equal(isRefusal(new ApiError('x', status)), isRefused, `${status}`)
  t.notOk(isRefusal(new Error('x')))
})

t.test('the reason in an answer: a Status says it, of anything else the beginning', async t => {
  const rows: [body: string, reason: string][] = [
    ['{"kind":"Status","message":"pods \\"a\\" not found"}', 'pods "a" not found'],
    ['{"kind":"Status"}', '{"kind":"S'],
    ['<html>Bad Gateway', '<html>Bad '],
    ['null', 'null'],
    ['7', '7'],
    ['', ''],
  ]
  for (const [body, reason] of rows) t.equal(reasonIn(body, 10), reason, body)
})

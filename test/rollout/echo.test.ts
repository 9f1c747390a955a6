import t from 'tap'
import { isEchoAwaited, type TurnEcho, turnEchoAfter, turnWritten } from '../../rollout/echo.ts'

t.test('annotations are written again when another text is meant, or none has come back for 15 s', async t => {
  const echo = { text: 'a', at: 1000 }
  const rows: [what: string, echo: typeof echo | undefined, text: string, at: number, awaited: boolean][] = [
    ['nothing was written', undefined, 'a', 1000, false],
    ['the same', echo, 'a', 1000, true],
    ['another', echo, 'b', 1000, false],
    ['the same, for nearly 15 s', echo, 'a', 15_999, true],
    ['the same, for 15 s', echo, 'a', 16_000, false],
  ]
  for (const [what, written, text, at, awaited] of rows) t.equal(isEchoAwaited(written, text, at, 15), awaited, what)
})

t.test('a turn counts as written until the watch shows it, or one that nobody here wrote or replaced', async t => {
  const first = turnWritten(undefined, 'old', 'new', 1000)
  const second = turnWritten(first, 'old', 'newer', undefined)
  const onBlank = turnWritten(undefined, undefined, 'new', 1000)
  const rows: [what: string, echo: TurnEcho | undefined, shown: string | undefined, awaited: boolean][] = [
    ['nothing was written', undefined, 'old', false],
    ['the one of before', first, 'old', true],
    ['the written one', first, 'new', false],
    ['one by hand', first, 'by hand', false],
    ['none, in place of one', first, undefined, false],
    ['none yet', onBlank, undefined, true],
    ['two were written, and neither is there', second, 'old', true],
    ['two were written, and the first is there', second, 'new', true],
    ['two were written, and the second is there', second, 'newer', false],
  ]
  for (const [what, echo, shown, awaited] of rows) t.equal(turnEchoAfter(echo, shown), awaited ? echo : undefined, what)
  t.match(
    [first, second],
    [
      { turn: 'new', grantedAt: 1000 },
      { turn: 'newer', grantedAt: undefined },
    ],
  )
})

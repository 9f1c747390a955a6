// Few writes, and none that is missing: when the words about a turn are written.
import t from 'tap'
import { nextTurnWaitText, type TurnWaitText } from '../../../rollout/turns/turn-wait-text.ts'

const times = { firstSeconds: 3, againSeconds: 15 }

t.test('from the first question to the turn', async t => {
  let state: TurnWaitText = {}
  const step = (seconds: number, reason: string | undefined, shown?: string) => {
    const next = nextTurnWaitText(state, shown, reason, seconds * 1000, times)
    state = next.state
    return next.write
  }
  t.equal(step(0, 'x goes first'), undefined)
  t.equal(step(2.9, 'x goes first'), undefined)
  t.equal(step(3, 'x goes first'), 'x goes first')
  t.equal(step(3.1, 'x goes first'), undefined, 'the watch does not show it yet')
  t.equal(step(17.9, 'y goes first', 'x goes first'), undefined, 'not at each change')
  t.equal(step(17.95, 'x goes first', 'x goes first'), undefined, 'back again')
  t.equal(step(18, 'y goes first', 'x goes first'), 'y goes first')
  t.equal(step(18.1, undefined, 'y goes first'), null, 'gone at once')
  t.equal(step(18.2, undefined, 'y goes first'), undefined, 'once')
  t.equal(step(20, 'z goes first'), undefined, 'the next time begins anew')
  t.equal(step(23, 'z goes first'), 'z goes first')
})

t.test('a wait that has a break begins anew', async t => {
  const { state } = nextTurnWaitText({}, undefined, 'x', 0, times)
  const pause = nextTurnWaitText(state, undefined, undefined, 2000, times)
  t.strictSame(pause, { state: {} })
  t.notOk('write' in nextTurnWaitText(pause.state, undefined, 'x', 3000, times))
})

t.test('another leader knows what the pod shows', async t => {
  t.notOk('write' in nextTurnWaitText({}, 'x', 'x', 0, times))
  t.equal(nextTurnWaitText({}, 'x', 'y', 0, times).write, 'y', 'what is wrong is corrected at once')
  t.equal(nextTurnWaitText({}, 'no label', undefined, 0, times).write, null)
})

// For which change the node asks its turn, while names that have nothing to do with it move.
import t from 'tap'
import { connection, plan, reason, world } from '../fixtures/look.ts'

const paced = () => {
  const w = world({ plan: plan({ turns: 'controller', times: { minIntervalSeconds: 0 } }) })
  w.after(0)
  return w
}

const connects = (w: ReturnType<typeof paced>, n: number, address: string) => {
  w.connections = [...w.connections, connection(n, address)]
}

/** Peer 2 has moved, and the node waits for its turn; the snapshot for which its page asks. */
function asks() {
  const w = paced()
  w.move(2, '10.0.0.22')
  w.after(1)
  const outcome = w.after(20)
  return { w, outcome, asked: w.page(outcome).wanted ?? '' }
}

t.test('a name that moves meanwhile does not change what is asked', async t => {
  const { w, outcome, asked } = asks()
  t.equal(reason(outcome), 'awaiting-turn')
  t.equal(asked, w.memory.need?.hash)
  for (const n of [31, 32, 33]) {
    w.move(3, `10.0.0.${n}`)
    const later = w.after(6)
    t.equal(w.page(later).wanted, asked, `3 is at 10.0.0.${n}`)
  }
  t.not(w.memory.need?.hash, asked, 'though the snapshot is another')
  w.memory = JSON.parse(JSON.stringify(w.memory))
  w.turn = asked
  const restarting = w.after(60)
  t.equal(reason(restarting), 'restart', 'the next sidecar knows it, too')
  const [restart] = w.page(restarting).restarts
  t.equal(restart?.turn, asked)
  t.equal(restart?.snapshot, w.look().desired.snapshotHash, 'what it was for is what it was given')
})

t.test('the turn for the present snapshot is as good', async t => {
  const { w } = asks()
  w.move(3, '10.0.0.31')
  w.after(6)
  w.turn = w.memory.need?.hash
  t.equal(reason(w.after(60)), 'restart')
})

t.test('asked for nobody who is left: it asks anew', async t => {
  const rows: [what: string, change: (w: ReturnType<typeof paced>) => void][] = [
    ['it has moved again', w => w.move(2, '10.0.0.23')],
    [
      'it is connected, and another is missing',
      w => {
        w.move(3, '10.0.0.31')
        connects(w, 2, '10.0.0.22')
      },
    ],
  ]
  for (const [what, change] of rows) {
    const { w, asked } = asks()
    change(w)
    w.after(1)
    w.turn = asked
    t.equal(reason(w.after(120)), 'awaiting-turn', what)
    const outcome = w.after(120)
    const { wanted } = w.page(outcome)
    t.not(wanted, asked)
    w.turn = wanted ?? undefined
    t.equal(reason(w.after(1)), 'restart', what)
  }
})

t.test('one of two for whose sake it was is enough', async t => {
  const w = paced()
  w.move(2, '10.0.0.22')
  w.move(3, '10.0.0.31')
  w.after(1)
  const asked = w.page(w.after(20)).wanted
  w.move(3, '10.0.0.32')
  w.after(6)
  t.equal(w.page(w.after(6)).wanted, asked)
  connects(w, 3, '10.0.0.32')
  t.equal(w.page(w.after(6)).wanted, asked)
})

t.test('a turn is good for one restart, though its snapshot is wanted again', async t => {
  const { w, asked } = asks()
  w.move(3, '10.0.0.31')
  w.after(6)
  w.turn = asked
  t.equal(reason(w.after(60)), 'restart')
  w.restarted('b')
  w.after(1)
  w.move(3, '10.0.0.3')
  w.after(1)
  t.equal(w.look().desired.snapshotHash, asked, 'it moved back')
  t.equal(reason(w.after(120)), 'awaiting-turn')
  w.turn = undefined
  w.after(1)
  w.turn = asked
  t.equal(reason(w.after(1)), 'restart', 'granted anew')
})

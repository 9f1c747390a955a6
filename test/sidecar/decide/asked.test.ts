// For which change the node asks its turn, while names that have nothing to do with it move.
import t from 'tap'
import { askedSnapshot, asking, withAsked } from '../../../sidecar/decide/asked.ts'
import type { Assessed } from '../../../sidecar/decide/assess.ts'
import type { Look } from '../../../sidecar/decide/look.ts'
import type { Memory } from '../../../sidecar/decide/memory.ts'
import type { Wish } from '../../../sidecar/decide/wish.ts'
import { connection, peer, plan, reason, world } from '../fixtures/look.ts'

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

t.test(
  'asked for whom it is: those that do not refuse, the first sixteen, by their addresses in any order',
  async t => {
    const listed = (n: number, over: Partial<Assessed> = {}): Assessed => ({
      peer: peer(n),
      addresses: ['10.0.0.2', '10.0.0.1'],
      standing: 'absent',
      restartTeaches: 'list',
      reachable: true,
      ...over,
    })
    const look = { desired: { snapshotHash: 's1:present' } } as Look
    const need = { hash: 's1:present', since: 0, firstSince: 0, delaySeconds: 0 }
    const wishFor = (missing: readonly Assessed[]): Wish => ({ known: {} as Wish['known'], missing, blind: false })
    const many = Array.from({ length: 17 }, (_, n) => listed(n + 1))
    const asked = asking(need, wishFor([listed(99, { reachable: false }), ...many]), look)
    t.equal(asked?.asked?.hash, 's1:present')
    t.equal(asked?.asked?.forPeers.length, 16)
    const keeps = (missing: readonly Assessed[]) => withAsked(asked, wishFor(missing))?.asked !== undefined
    t.ok(keeps([listed(16)]))
    t.notOk(keeps([listed(17)]), 'the seventeenth is not remembered')
    t.notOk(keeps([listed(99, { reachable: false })]), 'who refuses was not asked for')
    t.notOk(keeps([listed(1, { reachable: false })]), 'nor is it still asked for who refuses now')
    t.ok(keeps([listed(1, { addresses: ['10.0.0.1', '10.0.0.2'] })]), 'in another order')
    t.notOk(keeps([listed(1, { addresses: ['10.0.0.1'] })]))
    t.notOk(keeps([listed(1, { addresses: ['10.0.0.110.0.0.2'] })]))
    t.equal(asking(null, wishFor(many), look), null)
    const { reachable: _, ...unknown } = listed(50)
    t.ok(asking(need, wishFor([unknown]), look)?.asked?.forPeers.length === 1, 'who was not probed may answer')
    t.equal(askedSnapshot({ need: asked } as Memory, { desired: { snapshotHash: 's1:later' } } as Look), 's1:present')
    t.equal(askedSnapshot({ need } as unknown as Memory, { desired: { snapshotHash: 's1:later' } } as Look), 's1:later')
  },
)

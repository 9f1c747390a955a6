// Whose turn it is.
import t from 'tap'
import { peerHash } from '../../../peers/snapshot.ts'
import { peer, plan, reason, world } from '../fixtures/look.ts'

t.test('turns: only the turn for exactly the wanted snapshot lets a node restart', async t => {
  const w = world({ plan: plan({ turns: 'controller' }) })
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.turn = 's1:00000000000000000000000000000000'
  t.equal(reason(w.after(86_400)), 'awaiting-turn', 'however long')
  w.turn = w.memory.need?.hash
  t.equal(reason(w.after(1)), 'restart')
})

t.test('the files of the pod are older than its annotation: no turn is asked for', async t => {
  const w = world({ plan: plan({ turns: 'controller' }) })
  w.after(0)
  w.move(2, '10.0.0.22')
  w.after(1)
  w.peerHash = peerHash([peer(1)])
  w.turn = w.memory.need?.hash
  t.match(w.after(20).decision, {
    reason: 'waiting-for-kubelet',
    detail: new RegExp(`${peerHash(w.peers)}.*${w.peerHash}`),
  })
  w.peerHash = peerHash(w.peers)
  t.equal(reason(w.after(1)), 'restart')
})

t.test('a turn for a pod whose page nobody can read', async t => {
  const blind = `b1:${'b'.repeat(32)}`
  const moved = () => {
    const w = world({ plan: plan({ turns: 'controller', times: { minIntervalSeconds: 0 } }) })
    w.blindTurn = blind
    w.after(0)
    w.move(2, '10.0.0.22')
    w.after(1)
    return w
  }
  t.test('good for one restart', async t => {
    const w = moved()
    w.turn = `b1:${'c'.repeat(32)}`
    t.equal(reason(w.after(20)), 'awaiting-turn', 'for another state of the annotations')
    w.turn = blind
    t.equal(reason(w.after(1)), 'restart')
    w.restarted('b')
    t.equal(reason(w.after(1)), 'nothing')
    w.move(2, '10.0.0.23')
    w.after(1)
    t.equal(reason(w.after(20)), 'awaiting-turn')
    w.memory = JSON.parse(JSON.stringify(w.memory))
    t.equal(reason(w.after(20)), 'awaiting-turn', 'the next sidecar knows it, too')
    w.turn = `spent ${blind}`
    t.equal(reason(w.after(20)), 'awaiting-turn')
    w.turn = blind
    t.equal(reason(w.after(1)), 'restart', 'the same, granted anew')
  })
  t.test('not used up by a restart that was not taken', async t => {
    const w = moved()
    w.turn = blind
    t.equal(reason(w.after(20)), 'restart')
    t.equal(reason(w.after(61)), 'not-taken')
    w.after(1)
    t.equal(reason(w.after(20)), 'restart')
  })
  t.test('a long wait says that perhaps nobody grants turns', async t => {
    const w = moved()
    t.notOk('detail' in w.after(20).decision)
    t.match(w.after(60).decision, { detail: /no controller has looked since/ })
  })
})

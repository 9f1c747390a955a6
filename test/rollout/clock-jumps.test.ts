// The clock of the leader's machine, or of a pod's, is set while a turn is out: turns are given, used up and taken back
// when they would have been.
import t from 'tap'
import { askingPage, hash, rolloutParts, settledPage, start } from './fixtures/rollout-parts.ts'

const hour = 3_600_000
const jumps = [hour, -hour, 24 * hour, -24 * hour]
const turn = hash('s', '2')
const iso = (at: number) => new Date(at).toISOString()

/** Pods that ask, of which x has just got the turn. `wallAhead`: of the machine's clock, in ms. */
function granted(wallAhead = 0, names: readonly string[] = ['x', 'y']) {
  const parts = rolloutParts([...names])
  parts.state.wallAhead = wallAhead
  parts.rollout().changed(parts.pods.keys())
  parts.pass(0)
  for (const name of names) parts.page(name, askingPage)
  parts.pass(3)
  for (const name of names) parts.page(name, askingPage)
  parts.pass(1)
  parts.echo()
  return parts
}

for (const jump of jumps) {
  for (const who of ['the same leader', 'another leader'] as const) {
    const what = `set by ${jump / hour} h, ${who}`
    const seen = (name: string) => granted().written().includes(`${name} turn=s1:2`)

    t.test(`a turn that is not used is taken back after half a minute: ${what}`, async t => {
      t.ok(seen('x'))
      const parts = granted()
      parts.written()
      parts.state.wallAhead = jump
      if (who === 'another leader') parts.change()
      const takenBack: number[] = []
      for (let second = 1; second <= 40 && takenBack.length === 0; second++) {
        for (const name of ['x', 'y']) parts.page(name, askingPage)
        parts.pass(1)
        if (parts.written().includes('x turn=withdrawn s1:2')) takenBack.push(second)
      }
      t.equal(takenBack.length, 1)
      // To another leader a clock that was set forward makes the turn look old: it is taken back at once, and given
      // anew.
      if (who === 'the same leader' || jump < 0)
        t.ok((takenBack[0] ?? 0) >= 29 && (takenBack[0] ?? 0) <= 32, `after ${takenBack} s`)
    })

    t.test(`the clock had been set before the turn was given: ${what}`, async t => {
      const parts = granted(jump)
      parts.written()
      if (who === 'another leader') parts.change()
      const takenBack: number[] = []
      for (let second = 1; second <= 40 && takenBack.length === 0; second++) {
        for (const name of ['x', 'y']) parts.page(name, askingPage)
        parts.pass(1)
        if (parts.written().includes('x turn=withdrawn s1:2')) takenBack.push(second)
      }
      t.ok((takenBack[0] ?? 0) >= 29 && (takenBack[0] ?? 0) <= 32, `after ${takenBack} s`)
    })

    t.test(`a turn that is used up is spent, and the next one goes: ${what}`, async t => {
      const parts = granted()
      parts.written()
      const at = parts.state.now + 1000
      parts.pass(5)
      parts.state.wallAhead = jump
      const restart = { at: iso(at + jump), snapshot: turn, level: 'process', why: 'why', outcome: 'verified' } as const
      parts.page('x', { ...settledPage, turn, applied: turn, wanted: turn, restarts: [restart] })
      parts.page('y', askingPage)
      // It reads every page first.
      if (who === 'another leader') parts.change()
      parts.pass(1)
      const written = parts.written()
      t.ok(written.includes('x turn=spent s1:2'))
      t.ok(written.includes('y turn=s1:2'))
    })
  }

  t.test(`the pod's own clock is ${jump / hour} h off`, async t => {
    const parts = granted()
    parts.written()
    parts.pass(9)
    const page = { ...settledPage, turn, applied: turn, wanted: turn, lookedAt: iso(parts.state.now + jump) }
    const restart = { snapshot: turn, level: 'process', why: 'why', outcome: 'verified' } as const
    parts.page('x', { ...page, restarts: [{ ...restart, at: iso(parts.state.now + jump - 600_000) }] })
    parts.pass(0)
    t.notOk(
      parts.written().includes('x turn=spent s1:2'),
      'a restart of ten minutes ago, as its clock tells it, was for another turn',
    )
    parts.page('x', { ...page, restarts: [{ ...restart, at: iso(parts.state.now + jump - 5000) }] })
    parts.pass(0)
    t.ok(parts.written().includes('x turn=spent s1:2'))
  })

  t.test(`before a second turn comes back by the watch: set by ${jump / hour} h`, async t => {
    const parts = granted(0, ['x'])
    const restart = { at: iso(parts.state.now + 1000), snapshot: turn, level: 'process', why: 'why' } as const
    const done = { turn, applied: turn, wanted: turn, restarts: [{ ...restart, outcome: 'verified' as const }] }
    parts.pass(5)
    parts.page('x', { ...settledPage, ...done })
    parts.pass(1)
    parts.echo()
    const second = hash('s', '3')
    const asks = () =>
      parts.page('x', { ...askingPage, ...done, turn: `spent ${turn}`, wanted: second, lookedAt: iso(parts.state.now) })
    asks()
    parts.pass(3)
    asks()
    parts.pass(1)
    const isSecond = ({ annotations }: (typeof parts.writes)[number]) => annotations['repeer.dev/turn'] === second
    t.ok(parts.writes.some(isSecond), 'it has its second turn')
    asks()
    parts.pass(1)
    parts.state.wallAhead = jump
    asks()
    parts.pass(0)
    parts.echo()
    for (let second = 0; second < 25; second++) {
      asks()
      parts.pass(1)
    }
    t.notOk(parts.written().includes('x turn=withdrawn s1:3'), 'after half a minute, and not before')
  })

  t.test(`not Ready since its turn, as the machine's clock has it: set by ${jump / hour} h`, async t => {
    const parts = granted(jump)
    parts.shows('x', { ready: false, readySince: parts.state.now + jump + 2000 })
    parts.pass(299)
    t.notOk(parts.told.includes('x GroupStopped'))
    parts.pass(3)
    t.ok(parts.told.includes('x GroupStopped'))
  })

  t.test(`the annotation tells the machine's time: set by ${jump / hour} h`, async t => {
    const parts = rolloutParts(['x'])
    parts.state.wallAhead = jump
    parts.rollout().changed(parts.pods.keys())
    parts.page('x', askingPage)
    parts.pass(3)
    parts.page('x', askingPage)
    parts.pass(1)
    const [write] = parts.writes.filter(({ annotations }) => annotations['repeer.dev/turn'] === turn)
    t.equal(Math.round((Date.parse(write?.annotations['repeer.dev/turn-granted-at'] ?? '') - start - jump) / 10_000), 0)
  })
}

// What each cause has of the budget, and how long it waits by itself.
import t from 'tap'
import { apartByCause, causeGate, heldWords } from '../../../sidecar/decide/cause-gate.ts'
import { causesOf } from '../../../sidecar/decide/causes.ts'
import type { Memory, Restart } from '../../../sidecar/decide/memory.ts'
import { readMemory, writeMemory } from '../../../sidecar/memory-file.ts'
import { nodeId, peer, plan, reason, times, world } from '../fixtures/look.ts'
import { wishing } from '../fixtures/wish.ts'

const { wish, look, memory } = wishing()
const { now } = look
const hour = 3_600_000
const minute = 60_000
const its = { of: 'peer node2', peers: wish.missing.map(() => `${nodeId(2)}@node2:26656`) }
const other = (n: number) => ({ of: `peer other${n}`, peers: [] })
const restart = (agoMs: number, over: Partial<Restart> = {}): Restart => ({
  id: `r${agoMs}`,
  hash: 's1:other',
  level: 'process',
  at: now - agoMs,
  why: '',
  outcome: 'verified',
  causes: [its],
  ...over,
})
const vain = (agoMs: number, over: Partial<Restart> = {}) =>
  restart(agoMs, { outcome: 'unverified', endedAt: now - agoMs, missed: ['peer node2'], ...over })
const others = (count: number) =>
  Array.from({ length: count }, (_, n) => restart((5 - n / 2) * hour, { causes: [other(n)] }))

t.test('one cause, by what it has had', async t => {
  const rows: [what: string, restarts: Restart[], holds: { reason: string; until: number } | null][] = [
    ['nothing yet', [], null],
    ['it is back after one: min-interval is asked elsewhere', [restart(1)], null],
    ['back after two, too soon', [restart(hour), restart(4 * minute - 1)], { reason: 'min-interval', until: now + 1 }],
    ['back after two, and twice min-interval is over', [restart(hour), restart(4 * minute)], null],
    ['three: its half', [5, 4, 3].map(n => restart(n * hour)), { reason: 'budget', until: now + hour }],
    ['the first of three is no longer in the window', [6, 4, 3].map(n => restart(n * hour)), null],
    [
      'overtaken ones count as well',
      [5, 4, 3].map(n => restart(n * hour, { outcome: 'overtaken' })),
      { reason: 'budget', until: now + hour },
    ],
    ['not taken: not', [5, 4, 3].map(n => restart(n * hour, { outcome: 'not-taken' })), null],
    ['five of others, none of its own: the last is for it', others(5), null],
    ['four of others, one of its own: none is', [...others(4), restart(hour)], { reason: 'budget', until: now + hour }],
    ['three of others, one of its own', [...others(3), restart(hour)], null],
    [
      'two of others, two of its own',
      [...others(2), restart(2 * hour), restart(hour)],
      { reason: 'budget', until: now + hour },
    ],
    ['in vain once, too soon', [vain(4 * minute - 1)], { reason: 'back-off', until: now + 1 }],
    ['in vain once, twice min-interval ago', [vain(4 * minute)], null],
    ['in vain twice, too soon', [vain(hour), vain(8 * minute - 1)], { reason: 'back-off', until: now + 1 }],
    ['in vain twice, four times min-interval ago', [vain(hour), vain(8 * minute)], null],
    [
      'in vain three times',
      [vain(5 * hour), vain(4 * hour), vain(3 * hour)],
      { reason: 'breaker-open', until: now + 3 * hour },
    ],
    ['in vain three times, the last six hours ago', [vain(8 * hour), vain(7 * hour), vain(6 * hour)], null],
    ['in vain for others that were sought with it, not for it', [vain(minute, { missed: ['peer other1'] })], null],
    ['in vain for others', [vain(minute, { causes: [other(1)], missed: ['peer other1'] })], null],
    [
      'in vain, of which an older sidecar does not say for whom',
      [without(vain(4 * minute - 1))],
      { reason: 'back-off', until: now + 1 },
    ],
    [
      'three that helped, of which an older sidecar does not say for whom',
      [5, 4, 3].map(n => without(restart(n * hour))),
      null,
    ],
  ]
  for (const [what, restarts, holds] of rows) {
    const hold = causeGate(wish, look, { ...memory, restarts }, times)
    if (holds === null) t.equal(hold, null, what)
    else t.match(hold, { ...holds, detail: /^peer node2 until 20/ }, what)
  }
})

function without({ causes: _, missed: __, ...restart }: Restart): Restart {
  return restart
}

t.test('what is behind missing peers', async t => {
  const [listed] = wish.missing
  if (!listed) throw new Error('the wish misses nobody')
  t.match(causesOf(wish.missing, look), [its], 'an address: its host')
  const twice = { ...listed, peer: { ...listed.peer, port: 26666 } }
  t.match(causesOf([listed, twice], look), [{ of: 'peer node2', peers: { length: 2 } }], 'two entries of one host')
  t.same(
    causesOf([{ ...listed, restartTeaches: 'list' }], look).map(({ of }) => of),
    ['peer node2', 'list ConfigMap config/config.toml directory'],
    'a new entry: its host, and the list',
  )
  const unknown = { ...listed, restartTeaches: 'list' as const, peer: peer(9) }
  t.same(
    causesOf([unknown], look).map(({ of }) => of),
    ['peer node9'],
  )
  const named = { ...listed, peer: { ...listed.peer, host: '__proto__' } }
  t.match(causesOf([named], look), [{ of: 'peer __proto__' }])
})

t.test('a list has two thirds, its editor may name others each time', async t => {
  const list = { of: 'list ConfigMap config/config.toml directory', peers: [] }
  const fresh = { ...wish, missing: wish.missing.map(listed => ({ ...listed, restartTeaches: 'list' as const })) }
  const had = (count: number) =>
    Array.from({ length: count }, (_, n) => restart((5 - n) * hour, { causes: [other(n), list] }))
  t.equal(causeGate(fresh, look, { ...memory, restarts: had(3) }, times), null)
  t.match(causeGate(fresh, look, { ...memory, restarts: had(4) }, times), { reason: 'budget', until: now + hour })
  t.equal(causeGate(wish, look, { ...memory, restarts: had(4) }, times), null, 'an address is not held by that')
})

t.test('one waits, the other does not', async t => {
  const two = wishing(plan(), w => w.move(3, '10.0.0.33'))
  const full = { ...two.memory, restarts: [5, 4, 3].map(n => restart(n * hour)) }
  const { free, held } = apartByCause(two.wish, two.look, full, times)
  t.match(free.missing, [{ peer: { host: 'node3' } }])
  t.match(held, [{ of: 'peer node2', reason: 'budget' }])
  t.equal(causeGate(two.wish, two.look, full, times), null)
  const dead = wishing(plan(), w => {
    w.move(3, '10.0.0.33')
    w.dead.add('10.0.0.33')
  })
  t.match(
    causeGate(dead.wish, dead.look, { ...dead.memory, restarts: full.restarts }, times),
    { reason: 'budget' },
    'and does not answer',
  )
  const many = Array.from({ length: 7 }, (_, n) => ({
    of: `peer n${n}`,
    reason: 'budget' as const,
    until: now,
    detail: 'had 3 of 3',
  }))
  t.match(heldWords(many, look), /^peer n0 until .*peer n4 until .*; and 2 more$/)
  t.match(heldWords(many.slice(0, 1), look), /\(budget: had 3 of 3\)$/)
})

t.test('another waits for its own settle time, not for one that has long been held back', async t => {
  const w = world()
  w.after(0)
  w.memory = { ...w.memory, restarts: [5, 4, 3].map(n => ({ ...restart(0), at: w.now - n * hour })) }
  w.move(2, '10.0.0.22')
  w.after(1)
  for (let n = 0; n < 60; n++) t.equal(reason(w.after(10)), n === 0 ? 'budget' : 'budget')
  w.move(3, '10.0.0.33')
  const settling = w.after(1).decision
  t.match(settling, {
    reason: 'settling',
    until: w.now + 10_000,
    detail: /^besides, not for the sake of peer node2 until/,
  })
  t.match(w.after(10).decision, { do: 'restart', intent: { forPeers: [`${nodeId(3)}@node3:26656`] } })
  t.match(w.memory.restarts.at(-1), { causes: [{ of: 'peer node3' }] })
  w.restarted('b')
  t.equal(reason(w.after(5)), 'nothing', 'and has brought both')
})

t.test('the file keeps for whose sake a restart was, and an older one says nothing about it', async t => {
  const full: Memory = { ...memory, restarts: [vain(hour)] }
  t.same(readMemory(writeMemory(full)).restarts, full.restarts)
  const older = readMemory(writeMemory({ ...memory, restarts: [without(vain(hour))] }))
  t.equal(older.restarts[0]?.causes, undefined)
  const text = writeMemory(full)
  for (const bad of ['1', '[1]', '[{"of":1,"peers":[]}]', '[{"of":"peer node2"}]']) {
    t.throws(() => readMemory(text.replace(/"causes":\[.*?\}\]/, `"causes":${bad}`)), bad)
  }
})

type World = ReturnType<typeof world>

/** A hostile peer, at each look after the first. */
const hostile: Record<string, (w: World, look: number) => void> = {
  'moves after each restart': w => {
    if (w.memory.intent === null && w.connections.some(({ id }) => id === nodeId(2))) moveOn(w)
  },
  'moves every 5 s': w => moveOn(w),
  'accepts connections, is no node, and moves': (w, look) => {
    w.connections = w.connections.filter(({ id }) => id !== nodeId(2))
    if (w.memory.intent === null && look % 12 === 0) moveOn(w)
  },
}
let address = 0
function moveOn(w: World): void {
  address++
  w.move(2, `10.9.${address >> 8}.${address & 255}`)
}

/** Until a restart that was for it has ended: min-interval, the verdict on the one before, and the longest settle. */
const longestWaitSeconds = 120 + 60 + times.longestSettleSeconds

for (const [what, acts] of Object.entries(hostile)) {
  t.test(`a day beside a peer that ${what}: an honest cause waits ${longestWaitSeconds} s at most`, async t => {
    const w = world()
    w.after(0)
    const waits: number[] = []
    let movedAt: number | undefined
    for (let look = 1; look * 5 < 24 * 3600; look++) {
      // Once in seven hours, at no special moment.
      if (look % 5040 === 1000 + ((look * 7) % 500)) {
        w.move(3, `10.8.0.${look >> 8}`)
        movedAt = w.now
      }
      acts(w, look)
      if (reason(w.after(5)) === 'restart') w.restarted(`p${w.now}`)
      if (movedAt !== undefined && w.connections.some(({ id }) => id === nodeId(3))) {
        waits.push((w.now - movedAt) / 1000)
        movedAt = undefined
      }
    }
    t.ok(waits.length >= 2, `${waits.length} moves`)
    t.equal(movedAt, undefined, 'none is left')
    t.ok(Math.max(...waits) <= longestWaitSeconds, `it waited ${waits.join(', ')} s`)
    const at = w.memory.restarts.map(its => its.at)
    for (const [index, time] of at.entries()) {
      const seventh = at[index + times.budget]
      if (seventh !== undefined) t.ok(seventh - time >= times.budgetSeconds * 1000, 'the budget of all')
    }
  })
}

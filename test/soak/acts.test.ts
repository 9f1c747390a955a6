// What is drawn: the same by the same seed, all kinds of it, and nothing that the product is not made for.
import t from 'tap'
import { type Act, acts, elder, inWords, listingAfter, needed, newcomer } from './acts.ts'

function drawn(seed: number, count = 400): Act[] {
  const source = acts(seed)
  return Array.from({ length: count }, () => source.next().value)
}
const edit = (of: number[], adds: boolean): Act => ({
  number: 1,
  stir: { kind: 'edit', of, adds },
  ownAfterSeconds: 0,
  restSeconds: 0,
})

t.test('a seed says it all', async t => {
  t.same(drawn(7), drawn(7))
  t.notSame(drawn(7), drawn(8))
})

t.test('all kinds come by', async t => {
  const all = drawn(1)
  for (const what of [
    /comes into/,
    /leaves/,
    /^node1 moves/,
    /^node4 moves/,
    /webhook \(deleted\)/,
    /webhook \(killed\)/,
  ])
    t.ok(
      all.some(act => what.test(inWords(act))),
      String(what),
    )
  for (const what of [/controller \(killed\)/, /controller \(deleted\)/, /^sidecar of/, /; sidecar of node\d .*later/])
    t.ok(
      all.some(act => what.test(inWords(act))),
      String(what),
    )
})

for (const seed of [1, 2, 3]) {
  t.test(`what the product is made for, seed ${seed}`, async t => {
    const uses = new Map<number, number>()
    const kills = new Map<number, number>()
    let listing = new Set<number>()
    for (const act of drawn(seed)) {
      const { stir, own } = act
      t.ok(stir ?? own, 'something happens')
      if (stir?.kind === 'edit') {
        t.ok(stir.of.length > 0 && stir.of.every(node => listing.has(node) !== stir.adds), 'an edit is a change')
        if (stir.adds) for (const node of stir.of) uses.set(node, (uses.get(node) ?? 0) + 1)
      }
      if (stir?.kind === 'move') {
        t.not(stir.node, elder, 'the elder stays')
        uses.delete(stir.node)
        kills.delete(stir.node)
      }
      for (const [node, count] of uses) if (node !== elder) t.ok(count <= 3, 'a host has three restarts of a pod')
      if (own?.part === 'sidecar') {
        t.not(own.node, elder)
        t.notSame(stir, { kind: 'move', node: own.node }, 'a pod that goes has no sidecar')
        kills.set(own.node, (kills.get(own.node) ?? 0) + 1)
        t.equal(kills.get(own.node), 1, 'once in a pod')
      } else if (own?.part === 'webhook' && stir?.kind === 'move') t.equal(own.how, 'deleted')
      listing = listingAfter(listing, act)
    }
  })
}

t.test('who has to be restarted', async t => {
  t.same(needed(edit([0, 1, 2], true), new Set([2])), [1], 'node0 is told, node2 has it already')
  t.same(needed(edit([1, 2], false), new Set()), [], 'who is off a list stays connected')
  t.same(needed({ ...edit([], true), stir: { kind: 'move', node: newcomer } }, new Set()), [])
  t.same(needed({ number: 1, ownAfterSeconds: 0, restSeconds: 0 }, new Set()), [])
})

t.test('in words', async t => {
  t.equal(inWords(edit([1, 3], true)), 'node4 comes into the lists of 1, 3')
  const own = { part: 'controller', how: 'killed', which: 0 } as const
  t.equal(
    inWords({ ...edit([1], false), own, ownAfterSeconds: 3 }),
    'node4 leaves the lists of 1; controller (killed) 3 s later',
  )
  t.equal(
    inWords({ ...edit([1], false), own, ownAfterSeconds: -1 }),
    'node4 leaves the lists of 1; controller (killed) 1 s before',
  )
})

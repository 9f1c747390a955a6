import t from 'tap'
import { literal, plan } from './fixtures/objects.ts'
import { askingPage, hash, injected, rolloutParts, settledPage, start } from './fixtures/rollout-parts.ts'

const two = { peerHash: hash('p', '2'), endpoints: '{}' }
const iso = (at: number) => new Date(at).toISOString()
const done = (outcome: 'verified' | 'unverified') =>
  ({ at: iso(start), snapshot: hash('s', '2'), level: 'process', why: 'why', outcome }) as const

/** Pods with settled pages that the rollout has seen. */
function calm(...names: string[]) {
  const parts = rolloutParts(names)
  parts.rollout().changed(parts.pods.keys())
  parts.pass(0)
  for (const name of names) parts.page(name, settledPage)
  parts.pass(1)
  return parts
}

t.test('a pod that has what it should have is left alone', async t => {
  const parts = calm('x')
  t.same(parts.written(), [])
  t.same(parts.told, [])
})

t.test('a pod whose lists are too much keeps its annotations, and is told why', async t => {
  const parts = calm('x', 'y', 'z')
  parts.wanted.set('a/x', 'unknown')
  parts.rollout().changed(['a/x'])
  t.same(parts.told, [], 'they have not been read yet')
  parts.state.tooMuch.set('a', 'found too much')
  for (const name of ['y', 'z']) parts.wanted.set(`a/${name}`, 'unknown')
  parts.pods.set('a/y', injected('y', { plan: plan([literal('b:1')]) }))
  parts.pods.set('a/z', injected('z', { deleting: true }))
  parts.rollout().changed(['a/x', 'a/y', 'a/z'])
  t.same(parts.told, ['x ListsUnknown'], 'and not one that names no ConfigMap, or goes')
  t.same(parts.written(), [])
})

t.test('a change is written once, whatever else the watch tells of the pod, and told once', async t => {
  const parts = calm('x', 'y')
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  t.same(parts.writes, [{ key: 'a/x', annotations: { 'repeer.dev/peer-hash': hash('p', '2') }, urgent: false }])
  parts.shows('x', { ready: false })
  parts.shows('x', { ready: true })
  t.equal(parts.writes.length, 1, 'the write has not come back yet')
  parts.echo()
  parts.written()
  parts.shows('x', { ready: false })
  t.same(parts.written(), [])
  t.same(parts.told, ['x PeersChanged'])
})

t.test(
  'the last of several changes is written; one that is lost is written again; one that is taken back is',
  async t => {
    const parts = calm('x')
    parts.wanted.set('a/x', two)
    parts.rollout().changed(['a/x'])
    parts.wanted.set('a/x', { peerHash: hash('p', '3'), endpoints: '{"b":{"addresses":[]}}' })
    parts.rollout().changed(['a/x'])
    t.same(parts.written(), ['x peer-hash=p1:2', 'x peer-hash=p1:3', 'x endpoints={"b":{"addresses":[]}}'])
    parts.pass(14)
    parts.rollout().changed(['a/x'])
    t.same(parts.written(), [])
    parts.pass(1)
    parts.rollout().changed(['a/x'])
    t.same(parts.written(), ['x peer-hash=p1:3', 'x endpoints={"b":{"addresses":[]}}'])
    parts.shows('x', { peerHash: hash('p', '3'), endpoints: '{"b":{"addresses":[]}}' })
    parts.shows('x', { peerHash: 'somebody else wrote here' })
    t.same(parts.written(), ['x peer-hash=p1:3'])
  },
)

t.test('what should not be there is removed; what is not known, or leaves, is left alone', async t => {
  const parts = calm('x', 'y', 'z')
  parts.wanted.set('a/x', {})
  parts.wanted.set('a/y', 'unknown')
  parts.shows('z', { deleting: true })
  parts.wanted.set('a/z', two)
  parts.rollout().changed(['a/x', 'a/y', 'a/z', 'a/nobody'])
  t.same(parts.written(), ['x peer-hash=null', 'x endpoints=null'])
})

t.test('a pod that has just been created is told, without an event', async t => {
  const parts = calm('x')
  const { endpoints: _, ...fresh } = injected('y')
  parts.pods.set('a/y', fresh)
  parts.wanted.set('a/y', { peerHash: hash('p', '1'), endpoints: '{"b":{"addresses":["10.0.0.9"]}}' })
  parts.rollout().changed(['a/y'])
  t.same(parts.written(), ['y endpoints={"b":{"addresses":["10.0.0.9"]}}'])
  t.same(parts.told, [])
  parts.wanted.set('a/y', { peerHash: hash('p', '2'), endpoints: '{"b":{"addresses":["10.0.0.9"]}}' })
  parts.rollout().changed(['a/y'])
  t.same(parts.told, ['y PeersChanged'], 'its list is another than at its admission')
})

t.test('a list without Services has events, too', async t => {
  const parts = rolloutParts(['x'])
  const { endpoints: _, ...plain } = injected('x')
  parts.pods.set('a/x', plain)
  parts.wanted.set('a/x', { peerHash: hash('p', '2') })
  parts.rollout().changed(['a/x'])
  t.same(parts.told, ['x PeersChanged'])
})

t.test('a nudge 1.5 s after the pod has its hash and its files do not, and others at growing pauses', async t => {
  const parts = calm('x')
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  parts.written()
  // Other pods are written first: it takes a while.
  parts.pass(20)
  parts.page('x', settledPage)
  parts.pass(1)
  t.same(parts.written(), [], 'not before it has the hash')
  parts.shows('x', { peerHash: hash('p', '2') })
  parts.pass(1.5)
  parts.page('x', settledPage)
  parts.pass(0)
  t.same(parts.written(), [], 'a second and a half are not over')
  parts.pass(0.1)
  t.same(parts.written(), [], 'and its page was read before')
  parts.page('x', settledPage)
  parts.pass(0)
  t.same(parts.writes, [{ key: 'a/x', annotations: { 'repeer.dev/nudge': iso(parts.state.now) }, urgent: false }])
  parts.written()
  const nudgedAt: number[] = []
  for (let second = 1; second <= 300; second++) {
    parts.pass(1)
    parts.page('x', settledPage)
    parts.pass(0)
    if (parts.written().length > 0) nudgedAt.push(second)
  }
  t.same(nudgedAt, [4, 11, 24, 49, 98], 'six in all, until the kubelet has looked by itself')
  parts.page('x', { ...settledPage, list: hash('p', '2') })
  parts.wanted.set('a/x', { peerHash: hash('p', '3'), endpoints: '{}' })
  parts.rollout().changed(['a/x'])
  parts.echo()
  parts.written()
  parts.pass(4)
  parts.page('x', { ...settledPage, list: hash('p', '2') })
  parts.pass(0)
  t.same(parts.written().length, 1, 'for another hash, another nudge')
  for (const [digit, files, nudges] of [
    ['4', '4', 0],
    ['3', '4', 1],
  ] as const) {
    parts.wanted.set('a/x', { peerHash: hash('p', digit), endpoints: '{}' })
    parts.rollout().changed(['a/x'])
    parts.echo()
    parts.written()
    parts.pass(4)
    parts.page('x', { ...settledPage, list: hash('p', files) })
    parts.pass(0)
    t.same(parts.written().length, nudges, 'also for one that it had and was nudged for before')
  }
})

t.test('a turn is granted at once, urgently, with its time; its echo is waited for however long it takes', async t => {
  const parts = calm('x', 'y')
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  parts.pass(0)
  t.same(parts.writes, [
    {
      key: 'a/x',
      annotations: { 'repeer.dev/turn': hash('s', '2'), 'repeer.dev/turn-granted-at': iso(parts.state.now) },
      urgent: true,
    },
  ])
  for (let second = 0; second < 29; second++) {
    parts.pass(1)
    parts.page('x', askingPage)
    parts.page('y', askingPage)
  }
  t.equal(parts.written().length, 2, 'the API does not answer: nobody else has a turn, and x no second one')
  parts.pass(3)
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  parts.pass(0)
  t.same(parts.written(), ['x turn=withdrawn s1:2'], 'not used')
  parts.pass(1)
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  parts.pass(0)
  t.same(parts.written(), [], 'the first may still come into its files')
  parts.shows('x', { turn: hash('s', '2'), turnGrantedAt: start + 1000 })
  parts.pass(0)
  t.same(parts.written(), [], 'the first write comes back, not the last')
  parts.shows('x', { turn: `withdrawn ${hash('s', '2')}` })
  parts.page('x', { ...settledPage, turn: `withdrawn ${hash('s', '2')}` })
  parts.page('y', askingPage)
  parts.pass(0)
  t.match(parts.written(), ['y turn=s1:2', /^y turn-granted-at/])
})

t.test('what somebody else writes over a turn counts', async t => {
  const parts = calm('x', 'y')
  parts.page('x', askingPage)
  parts.pass(0)
  parts.shows('x', { turn: 'by hand', turnGrantedAt: parts.state.now })
  parts.page('x', askingPage)
  parts.pass(31)
  parts.page('x', { ...askingPage, turn: 'by hand' })
  parts.pass(1)
  t.ok(parts.written().includes('x turn=withdrawn by hand'), 'it is a turn that nobody gave, and taken back')
})

t.test('one after another: restarted and verified, then the next', async t => {
  const parts = calm('x', 'y')
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  parts.pass(0)
  parts.echo()
  parts.written()
  parts.page('x', { ...askingPage, phase: 'restarting', turn: hash('s', '2') })
  parts.pass(1)
  parts.page('x', { ...askingPage, phase: 'verifying', turn: hash('s', '2') })
  parts.page('y', askingPage)
  parts.pass(1)
  t.same(parts.written(), [])
  parts.page('x', {
    ...settledPage,
    applied: hash('s', '2'),
    wanted: hash('s', '2'),
    turn: hash('s', '2'),
    restarts: [done('verified')],
  })
  parts.pass(0)
  t.match(parts.written(), ['x turn=spent s1:2', 'y turn=s1:2', /^y turn-granted-at=/])
  t.equal(parts.rollout().groups()[0]?.size, 2)
})

t.test('a change has to rest before a turn is granted', async t => {
  const parts = calm('x')
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  parts.echo()
  parts.written()
  parts.page('x', { ...askingPage, list: hash('p', '2') })
  parts.pass(1.4)
  t.same(parts.written(), [])
  parts.pass(0.1)
  t.equal(parts.written()[0], 'x turn=s1:2')
})

t.test('changes without a pause put off turns for a minute, and no longer', async t => {
  const parts = calm('x')
  let turnAt = 0
  for (let second = 1; second < 90 && turnAt === 0; second++) {
    parts.wanted.set('a/x', { peerHash: `p1:${String(second).padStart(32, '0')}`, endpoints: '{}' })
    parts.rollout().changed(['a/x'])
    parts.echo()
    parts.page('x', askingPage)
    parts.written()
    parts.pass(1)
    if (parts.written().some(line => line.startsWith('x turn='))) turnAt = second
  }
  t.equal(turnAt, 60)
})

t.test('a pod that is gone uses up the budget for two minutes, or until it is back', async t => {
  const parts = calm('x', 'y')
  parts.pods.delete('a/y')
  parts.page('x', askingPage)
  parts.pass(0)
  t.match(parts.rollout().groups(), [{ size: 2, away: ['a/y'], asking: ['a/x'] }])
  parts.pods.set('a/y', injected('y', { uid: 'another' }))
  parts.page('y', settledPage)
  parts.page('x', askingPage)
  parts.pass(0)
  t.equal(parts.written()[0], 'x turn=s1:2')

  const other = calm('x', 'y')
  other.pods.delete('a/y')
  other.pass(1)
  other.pass(120)
  other.page('x', askingPage)
  other.pass(0)
  t.same(other.written(), [])
  other.page('x', askingPage)
  other.pass(0.1)
  t.equal(other.written()[0], 'x turn=s1:2')
})

t.test('a pod that has finished is gone', async t => {
  const parts = calm('x', 'y')
  parts.shows('y', { phase: 'Failed', ready: false })
  parts.page('x', askingPage)
  parts.pass(1)
  t.match(parts.rollout().groups(), [{ away: ['a/y'] }])
  parts.pass(121)
  parts.page('x', askingPage)
  parts.pass(0)
  t.equal(parts.written()[0], 'x turn=s1:2')
})

t.test('pause of the namespace holds turns', async t => {
  const parts = calm('x')
  parts.state.paused = true
  parts.page('x', askingPage)
  parts.pass(1)
  t.same(parts.written(), [])
  parts.state.paused = false
  parts.page('x', askingPage)
  parts.pass(0)
  t.equal(parts.written()[0], 'x turn=s1:2')
})

t.test('another leader goes on where the last one stopped, and repeats nothing', async t => {
  const parts = calm('x', 'y')
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  parts.pass(2)
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  parts.pass(0)
  parts.echo()
  parts.told.length = 0
  parts.written()
  parts.pass(0.5)
  parts.page('x', { ...askingPage, list: hash('p', '2'), turn: hash('s', '2') })
  parts.page('y', askingPage)
  parts.change()
  parts.pass(1)
  t.same(parts.written(), [], 'x has its turn')
  parts.page('x', { ...settledPage, list: hash('p', '2'), turn: hash('s', '2'), restarts: [done('verified')] })
  parts.page('y', askingPage)
  parts.pass(0)
  t.match(parts.written(), ['x turn=spent s1:2', 'y turn=s1:2', /./])
  t.same(
    parts.told.filter(event => !event.startsWith('x NodeRestarted')),
    [],
    'no event of what was before its time',
  )
})

t.test('another leader grants nothing before it has seen every page', async t => {
  const parts = rolloutParts(['x', 'y'])
  parts.change()
  parts.page('x', askingPage)
  parts.pass(1)
  t.same(parts.written(), [])
  parts.silent('y')
  parts.page('x', askingPage)
  parts.pass(5)
  t.same(parts.written(), [], 'one that cannot be read for a moment may tell of a failure yet')
  t.ok(parts.state.busy('a/y'), 'and is looked at often')
  parts.silent('y', parts.state.now - 30_000)
  parts.page('x', askingPage)
  parts.pass(0)
  t.equal(parts.written()[0], 'x turn=s1:2')
})

t.test('which pages are read often', async t => {
  const parts = calm('x', 'y', 'z')
  const busy = (name: string) => parts.state.busy(`a/${name}`)
  t.same(parts.state.followed, ['a/x', 'a/y', 'a/z'])
  t.notOk(busy('x'))
  t.notOk(busy('nobody'))
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  t.ok(busy('x'), 'it is about to change')
  parts.echo()
  parts.pass(61)
  t.ok(busy('x'), 'its files do not hold its list yet')
  const read = { ...settledPage, list: hash('p', '2') }
  parts.page('x', read)
  t.notOk(busy('x'))
  parts.page('x', { ...read, phase: 'telling' })
  parts.pass(0)
  t.ok(busy('x'))
  parts.page('x', { ...read, phase: 'waiting', reason: 'settling' })
  t.ok(busy('x'))
  parts.page('x', { ...read, phase: 'waiting', reason: 'min-interval' })
  t.notOk(busy('x'))
  parts.page('x', { ...askingPage, list: hash('p', '2') })
  parts.page('y', askingPage)
  parts.pass(0)
  t.ok(busy('x'), 'it has a turn')
  parts.pass(1)
  t.notOk(busy('y'), 'the group has no room')
  parts.echo()
  parts.shows('x', { turn: `withdrawn ${hash('s', '2')}` })
  parts.pass(61)
  t.ok(busy('x'), 'its page does not show yet that the turn is taken back')
  parts.page('x', { ...read, turn: `withdrawn ${hash('s', '2')}` })
  t.notOk(busy('x'))
  parts.page('x', { ...settledPage, turn: `withdrawn ${hash('s', '2')}` })
  t.ok(busy('x'))
  for (let second = 0; second < 200; second++) {
    parts.pass(1)
    parts.page('x', { ...settledPage, turn: `withdrawn ${hash('s', '2')}` })
  }
  t.notOk(busy('x'), 'nothing is expected of the kubelet any more')
  parts.shows('z', { deleting: true })
  parts.pass(0)
  t.same(parts.state.followed, ['a/x', 'a/y'])
})

t.test('a group that is stopped is told of once, loudly', async t => {
  const parts = calm('x', 'y')
  parts.shows('x', { turn: `spent ${hash('s', '2')}`, turnGrantedAt: parts.state.now - 60_000 })
  const failed = {
    ...askingPage,
    reason: 'already-restarted',
    restarts: [done('unverified')],
    turn: `spent ${hash('s', '2')}`,
  } as const
  parts.page('x', failed)
  for (let second = 0; second < 5; second++) parts.pass(1)
  t.same(
    parts.told.filter(event => /GroupStopped/.test(event)),
    ['x GroupStopped'],
  )
  t.match(
    parts.log.lines.filter(line => line.level === 40),
    [{ pod: 'a/x', group: 'a/chain', why: /not connected/ }],
  )
  t.equal(parts.log.lines.filter(line => line.level === 40).length, 1)
  parts.page('x', settledPage)
  parts.pass(1)
  parts.page('x', failed)
  parts.pass(1)
  t.equal(parts.told.filter(event => /GroupStopped/.test(event)).length, 2, 'again, after it was well')
})

t.test('the time to settle: from the write to the first page that can speak of it', async t => {
  const parts = calm('x')
  parts.wanted.set('a/x', two)
  parts.rollout().changed(['a/x'])
  parts.pass(5)
  parts.page('x', settledPage)
  parts.pass(1)
  t.same(parts.settled, [], 'it has not been told yet')
  parts.echo()
  parts.pass(1)
  parts.page('x', settledPage)
  parts.pass(0)
  t.same(parts.settled, [], 'its files are old')
  parts.page('x', { ...settledPage, list: hash('p', '2'), phase: 'telling' })
  parts.pass(1)
  t.same(parts.settled, [])
  parts.page('x', { ...settledPage, list: hash('p', '2') })
  parts.pass(0)
  t.same(parts.settled, [8])
  parts.pass(100)
  parts.page('x', { ...settledPage, list: hash('p', '2') })
  parts.pass(1)
  t.same(parts.settled, [8], 'once')
})

t.test('why there is no turn is written after a moment, and goes with the turn', async t => {
  const parts = calm('x', 'y')
  parts.page('x', askingPage)
  parts.page('y', askingPage)
  const later = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      parts.pass(1)
      for (const name of ['x', 'y']) parts.page(name, askingPage)
    }
  }
  later(3)
  t.strictSame(parts.words(), [])
  later(1)
  t.strictSame(parts.words(), ['y: x goes first'])
  parts.shows('x', { turn: `spent ${hash('s', '2')}`, turnGrantedAt: start })
  parts.page('x', { ...settledPage, restarts: [done('verified')] })
  parts.shows('y', { turnWait: 'x goes first' })
  parts.page('y', askingPage)
  parts.pass(1)
  t.match(parts.written().slice(-2), ['y turn=s1:2', /^y turn-granted-at/])
  t.strictSame(parts.words(), ['y -'])
  parts.pass(1)
  t.strictSame(parts.words(), [], 'once')
})

t.test('a pause that holds a wish is told of, on the pod that wishes', async t => {
  const parts = calm('x')
  parts.state.paused = true
  parts.page('x', askingPage)
  for (let second = 0; second < 10; second++) {
    parts.pass(1)
    parts.page('x', askingPage)
  }
  t.strictSame(parts.words(), ['x: namespace a is paused by its annotation or label repeer.dev/pause'])
  t.strictSame(
    parts.told.filter(event => event.includes('RestartHeld')),
    ['x RestartHeld'],
  )
})

t.test('a group that goes on is told of', async t => {
  const parts = calm('x', 'y')
  parts.shows('x', { turn: `spent ${hash('s', '2')}`, turnGrantedAt: parts.state.now - 60_000 })
  parts.page('x', {
    ...askingPage,
    reason: 'already-restarted',
    restarts: [done('unverified')],
    turn: `spent ${hash('s', '2')}`,
  })
  parts.pass(1)
  t.notOk(parts.told.some(event => event.includes('GroupReleased')))
  parts.page('x', settledPage)
  parts.pass(1)
  parts.pass(1)
  t.strictSame(
    parts.told.filter(event => /Group/.test(event)),
    ['x GroupStopped', 'x GroupReleased'],
  )
})

t.test(
  'a namespace that has lost its label: its pods are told, are not missed, and get turns as soon as it is back',
  async t => {
    const parts = calm('x', 'y')
    const before = new Map(parts.pods)
    parts.pods.clear()
    parts.state.labelled = false
    parts.pass(1)
    t.match(parts.words(), [
      /^x: namespace a has had no label repeer\.dev\/inject: enabled since 2026-\d\d-\d\dT.*, so nobody gives turns there$/,
      /^y: namespace a has had no label/,
    ])
    t.strictSame(parts.rollout().groups(), [], 'nobody is away')
    // Meanwhile y has been replaced by a pod without a sidecar.
    parts.state.labelled = true
    for (const [key, pod] of before)
      if (key === 'a/x') parts.pods.set(key, { ...pod, turnWait: 'namespace a has had no label' })
    parts.rollout().changed(parts.pods.keys())
    parts.pass(1)
    t.strictSame(parts.words(), ['x -'])
    parts.page('x', askingPage)
    parts.pass(2)
    t.match(parts.written(), ['x turn=s1:2', /^x turn-granted-at/])
  },
)

t.test('a pod that was replaced by one without a sidecar is not missed, whichever is seen first', async t => {
  for (const isSeenFirst of [true, false]) {
    const parts = calm('x', 'y')
    if (isSeenFirst) parts.rollout().without('a/y')
    parts.pods.delete('a/y')
    parts.pass(1)
    if (!isSeenFirst) {
      t.strictSame(parts.rollout().groups()[0]?.away, ['a/y'])
      parts.rollout().without('a/y')
      parts.pass(0)
    }
    t.strictSame(parts.rollout().groups()[0]?.away, [], `${isSeenFirst}`)
    parts.pods.set('a/y', injected('y', { uid: 'another' }))
    parts.pass(1)
    parts.pods.delete('a/y')
    parts.pass(1)
    t.strictSame(parts.rollout().groups()[0]?.away, ['a/y'], 'the next one is missed again')
  }
})

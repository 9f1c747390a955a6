// One PeerSet with a source, an API server and a clock that the test drives.
import t, { type Test } from 'tap'
import { createConsents } from '../../discovery/consents.ts'
import { followSet, untilNextMs } from '../../discovery/follow-set.ts'
import type { Current } from '../../discovery/output.ts'
import type { PeerSet, PeerSetStatus } from '../../discovery/peer-set.ts'
import type { Found, SourceParts } from '../../discovery/source.ts'
import type { Exposure } from '../../discovery/spec-parts.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { PodEvent } from '../../kubernetes/events.ts'
import { fakeClock } from '../controller/fixtures/fake-clock.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { found, peerSet } from './fixtures/specs.ts'

type Over = { set?: PeerSet; exposure?: Exposure; consent?: string; random?: number; wallNow?: () => number }

function setup(t: Test, over: Over = {}) {
  const clock = fakeClock(Date.parse('2026-01-01T00:00:00Z'))
  const given = {
    answer: (): Found | Promise<Found> => found('a'),
    looks: [] as number[],
    sources: [] as string[],
    closed: 0,
    hint: () => {},
    wallNow: undefined as (() => number) | undefined,
    there: undefined as Current | undefined,
    applied: [] as { data: Record<string, string>; force: boolean }[],
    statuses: [] as PeerSetStatus[],
    events: [] as PodEvent[],
    refuse: undefined as Error | undefined,
    leads: true,
  }
  const followed = followSet(over.set ?? peerSet(), {
    createSource: (spec, parts) => {
      given.sources.push(JSON.stringify(spec))
      given.hint = parts.hint
      given.wallNow = parts.wallNow
      return {
        look: async () => {
          given.looks.push(clock.now())
          return given.answer()
        },
        close: async () => {
          given.closed++
        },
      }
    },
    createExposure: over.exposure ? () => over.exposure as Exposure : undefined,
    sourceParts: {} as SourceParts,
    outputs: {
      get: async () => given.there,
      wrote: (_place, _keys, object) => {
        given.there = object as Current
      },
    },
    writes: {
      apply: async (_set, _place, body, force) => {
        if (given.refuse) throw given.refuse
        const { data } = body as { data: Record<string, string> }
        given.applied.push({ data, force })
        return {
          uid: 'cm',
          data: { ...given.there?.data, ...data },
          labelled: true,
          owners: [],
          handsOverTo: undefined,
        }
      },
      status: async (_set, status) => {
        given.statuses.push(status)
      },
    },
    mayWrite: createConsents(namespace => (namespace === over.consent ? { write: ['a'], read: [] } : undefined))
      .mayWrite,
    tell: (_set, event) => given.events.push(event),
    allowed: () => given.leads,
    limit: (_, run) => run(),
    clock,
    ...(over.wallNow ? { wallNow: over.wallNow } : {}),
    random: () => over.random ?? 0,
    coalesceMs: 1_000,
    lookTimeoutMs: 20_000,
    log: memoryLog(),
  })
  t.teardown(followed.close)
  const ready = () => followed.status().conditions?.find(condition => condition.type === 'Ready')
  return { clock, given, followed, ready }
}

const lists = (applied: readonly { data: Record<string, string> }[]) => applied.map(({ data }) => data.list)

t.test(
  'the first look is at once; changes are gathered for a second; the whole is looked at every interval',
  async t => {
    const { clock, given } = setup(t)
    await clock.pass(0)
    t.equal(given.looks.length, 1)
    const began = clock.now()
    for (let i = 0; i < 50; i++) {
      given.hint()
      await clock.pass(10)
    }
    t.equal(given.looks.length, 1, 'not yet')
    await clock.pass(500)
    t.strictSame(
      given.looks.map(at => at - began),
      [0, 1000],
      'one look, a second after the first change',
    )
    await clock.pass(30_000)
    t.equal(given.looks.length, 3)
    await clock.pass(30_000)
    t.equal(given.looks.length, 4)
  },
)

t.test('a stream of changes does not put the look off for ever', async t => {
  const { clock, given } = setup(t)
  await clock.pass(0)
  for (let i = 0; i < 100; i++) {
    given.hint()
    await clock.pass(100)
  }
  t.ok(given.looks.length >= 9 && given.looks.length <= 11, `${given.looks.length} looks in 10 s`)
})

t.test('only what changed is written', async t => {
  const { clock, given, ready } = setup(t)
  await clock.pass(120_000)
  t.equal(given.looks.length, 5)
  t.strictSame(lists(given.applied), ['a:26656\n'], 'one write of the list')
  t.equal(given.statuses.length, 1, 'and one of the status')
  t.match(ready(), { status: 'True' })
  given.answer = () => found('a', 'b')
  given.hint()
  await clock.pass(1_000)
  t.strictSame(lists(given.applied), ['a:26656\n', 'a:26656\nb:26656\n'])
  t.match(given.applied[1]?.data.discovery_metadata, /^discovered_at=2026-01-01T00:02:01.000Z,peer_count=2/)
  t.equal(given.statuses.length, 2)
  t.match(given.events, [
    { reason: 'PeersChanged', message: '1 peers, 1 new, 0 gone: +a:26656' },
    { reason: 'PeersChanged', message: '2 peers, 1 new, 0 gone: +b:26656' },
  ])
})

t.test('a look that takes long: no second one beside it, and one after it for what came meanwhile', async t => {
  const { clock, given } = setup(t)
  let finish = (_: Found) => {}
  given.answer = () => new Promise(resolve => (finish = resolve))
  await clock.pass(0)
  given.hint()
  await clock.pass(5_000)
  given.hint()
  await clock.pass(5_000)
  t.equal(given.looks.length, 1)
  finish(found('a'))
  await clock.pass(1_000)
  t.equal(given.looks.length, 2)
})

t.test('a failing source takes nobody away; the status says since when', async t => {
  const { clock, given, ready } = setup(t)
  await clock.pass(0)
  given.answer = () => Promise.reject(new Error('StellarNodes: forbidden'))
  await clock.pass(60_000)
  t.equal(given.applied.length, 1, 'nothing is written')
  t.match(ready(), {
    status: 'False',
    reason: 'SourceFailing',
    message: /forbidden; the last good list \(1 peers\) stays/,
    lastTransitionTime: '2026-01-01T00:00:30Z',
  })
  t.equal(given.statuses.length, 2, 'it is said once')
  given.answer = () => found()
  given.hint()
  await clock.pass(1_000)
  t.equal(given.applied.length, 1)
  t.match(ready(), { status: 'False', reason: 'TooFewPeers' })
})

t.test('a source that cannot be made, and one that throws at once', async t => {
  const { clock, given, ready } = setup(t)
  given.answer = () => {
    throw new Error('broken')
  }
  await clock.pass(0)
  t.match(ready(), { reason: 'TooFewPeers' })
  t.equal(given.applied.length, 0)
  t.match(given.statuses[0]?.conditions, [{}, { type: 'SourceHealthy', status: 'False', message: 'broken' }])
})

t.test('a write that fails is tried again, sooner than the interval, and later each time', async t => {
  const { clock, given } = setup(t)
  given.refuse = new ApiError('the API server is away', 0)
  await clock.pass(10_000)
  t.strictSame(
    given.looks.map(at => (at - (given.looks[0] ?? 0)) / 1000),
    [0, 1, 3, 7],
  )
  given.refuse = undefined
  await clock.pass(10_000)
  t.strictSame(lists(given.applied), ['a:26656\n'])
})

t.test('sets that fail together do not come back together: a random part shortens each wait', async t => {
  const { clock, given } = setup(t, { random: 1 })
  given.refuse = new ApiError('the API server is away', 0)
  await clock.pass(4_000)
  t.strictSame(
    given.looks.map(at => (at - (given.looks[0] ?? 0)) / 1000),
    [0, 0.5, 1.5, 3.5],
  )
})

t.test('what the API server refuses is said, with what to do', async t => {
  const { clock, given, ready } = setup(t)
  given.refuse = new ApiError(
    'The API server answers 409: Apply failed with 1 conflict: conflict with "helm": .data.list',
    409,
  )
  await clock.pass(0)
  t.match(ready(), { reason: 'Conflict', message: /conflict with "helm".*repeer.dev\/hand-over-to/ })
  given.there = { uid: 'cm', data: { list: 'z:1' }, labelled: false, owners: [], handsOverTo: 'set' }
  given.refuse = undefined
  given.hint()
  await clock.pass(1_000)
  t.match(given.applied, [{ force: true }])
  t.match(ready(), { status: 'True' })
})

t.test('another namespace: nothing is read or written without consent', async t => {
  const abroad = { output: { configMap: 'peers', key: 'list', format: 'generic-list', namespace: 'b' } }
  const without = setup(t, { set: peerSet(abroad) })
  await without.clock.pass(0)
  t.match(without.ready(), {
    reason: 'NoConsent',
    message: /kubectl annotate namespace b repeer.dev\/allow-peersets-from=a/,
  })
  t.equal(without.given.applied.length, 0)
  const withConsent = setup(t, { set: peerSet(abroad), consent: 'b' })
  await withConsent.clock.pass(0)
  t.equal(withConsent.given.applied.length, 1)
})

t.test('a changed spec is followed at once, with another source only where the source has changed', async t => {
  const { clock, given, followed } = setup(t)
  await clock.pass(0)
  followed.update(peerSet({ additional: ['z:1'] }, { generation: 2 }))
  await clock.pass(0)
  t.strictSame(lists(given.applied).at(-1), 'a:26656\nz:1\n')
  t.equal(given.sources.length, 1)
  t.equal(followed.status().observedGeneration, 2)
  followed.update(peerSet({ source: { static: { peers: ['q:1'] } } }, { generation: 3 }))
  await clock.pass(0)
  t.equal(given.sources.length, 2)
  t.equal(given.closed, 1)
  followed.update(peerSet({}, { generation: 4, spec: { invalid: 'spec.limit: found 0' } }))
  await clock.pass(0)
  t.equal(given.closed, 2)
  t.match(followed.status().conditions, [{ type: 'Ready', reason: 'Invalid', message: 'spec.limit: found 0' }])
  followed.update(peerSet({}, { generation: 4, status: {} }))
  await clock.pass(1_000)
  t.match(followed.status().conditions, [{ reason: 'Invalid' }], "the status' own echo is no change")
})

t.test('whoever does not lead any more writes nothing', async t => {
  const { clock, given } = setup(t)
  given.answer = async () => {
    given.leads = false
    return found('a')
  }
  await clock.pass(60_000)
  t.strictSame([given.applied.length, given.statuses.length, given.events.length], [0, 0, 0])
})

t.test('an exposure is kept up to date after each look', async t => {
  let closed = false
  const exposure = {
    reconcile: async () => ({ ok: false, reason: 'PortsFull', message: 'the Service is full' }),
    close: async () => {
      closed = true
    },
  }
  const { clock, followed } = setup(t, { exposure, set: peerSet({ expose: {} }) })
  await clock.pass(0)
  t.match(followed.status().conditions?.at(-1), { type: 'Exposed', status: 'False', reason: 'PortsFull' })
  await followed.close()
  t.ok(closed)
})

t.test('figures for metrics: a successor goes on from the status', async t => {
  const status: PeerSetStatus = {
    peers: 3,
    lastSuccess: '2025-12-31T23:00:00Z',
    problems: [{ code: 'a', subject: 'b', message: 'c' }],
  }
  const { clock, given, followed } = setup(t, { set: peerSet({}, { status }) })
  t.match(followed.figures(), {
    source: 'static',
    intervalMs: 30_000,
    peers: 3,
    problems: 1,
    answeredAt: Date.parse('2025-12-31T23:00:00Z'),
    conditions: [],
  })
  given.answer = () => ({
    ...found('a'),
    problems: Array.from({ length: 50 }, () => ({ code: 'a', subject: 'b', message: 'c' })),
  })
  await clock.pass(0)
  const answeredAt = clock.now()
  t.match(followed.figures(), {
    peers: 1,
    problems: 50,
    answeredAt,
    conditions: [{ type: 'Ready', status: 'True' }, {}, {}],
  })
  given.answer = () => Promise.reject(new Error('away'))
  await clock.pass(60_000)
  t.match(followed.figures(), { peers: 1, answeredAt }, 'the last success is the last')
  given.answer = () => ({ ...found('a'), incomplete: true })
  await clock.pass(120_000)
  t.match(followed.figures(), { peers: 1, answeredAt }, 'an incomplete answer is none')
  given.answer = () => found('a')
  await clock.pass(120_000)
  t.ok((followed.figures().answeredAt ?? 0) > answeredAt, 'a complete one is one')
  followed.update(peerSet({}, { generation: 2, spec: { invalid: 'x' } }))
  t.match(followed.figures(), { source: undefined, intervalMs: undefined })
})

t.test("times that are told to others are the machine's, whatever the clock of intervals says", async t => {
  const wall = Date.parse('2030-01-01T00:00:00Z')
  const { clock, given, followed, ready } = setup(t, { wallNow: () => wall })
  await clock.pass(0)
  t.equal(given.wallNow?.(), wall, 'to the source as well')
  t.equal(followed.figures().answeredAt, wall)
  t.equal(followed.status().lastSuccess, '2030-01-01T00:00:00Z')
  t.equal(ready()?.lastTransitionTime, '2030-01-01T00:00:00Z')
  t.match(given.applied[0]?.data.discovery_metadata, /^discovered_at=2030-01-01T00:00:00.000Z,/)
  followed.update(peerSet({}, { generation: 2, spec: { invalid: 'x' } }))
  await clock.pass(0)
  t.equal(ready()?.lastTransitionTime, '2030-01-01T00:00:00Z')
})

t.test('an answer that lacks a part is no success, a failure neither', async t => {
  const { clock, given, followed } = setup(t)
  given.answer = () => ({ ...found('a'), incomplete: true })
  await clock.pass(0)
  t.equal(followed.figures().answeredAt, undefined)
  t.equal(followed.status().lastSuccess, undefined)
  given.answer = () => found('a', 'b')
  await clock.pass(30_000)
  const wholeAt = clock.now()
  t.equal(followed.figures().answeredAt, wholeAt)
  t.equal(followed.status().lastSuccess, '2026-01-01T00:00:30Z')
  given.answer = () => ({ ...found('a', 'b', 'c'), incomplete: true })
  await clock.pass(30_000)
  t.equal(given.applied.length, 3, 'what it does say counts')
  t.equal(followed.figures().answeredAt, wholeAt)
  t.equal(followed.status().lastSuccess, '2026-01-01T00:00:30Z')
})

t.test('PeerSets that started together do not look together for ever', async t => {
  t.equal(untilNextMs({ intervalMs: 30_000 }, 0), 30_000)
  t.equal(untilNextMs({ intervalMs: 30_000 }, 0.5), 28_500)
  t.equal(Math.round(untilNextMs({ intervalMs: 30_000 }, 0.999)), 27_003)
})

t.test('ports that come and go, and what keeps a chain from its port, are told once each', async t => {
  const answers = [
    { ok: false, reason: 'NoAddress', message: 'no address yet', change: 'Service a/p2p: +p2p-one 30143' },
    { ok: false, reason: 'PortTaken', message: 'chain two: port 30143 is that of chain one' },
    { ok: false, reason: 'PortTaken', message: 'chain two: port 30143 is that of chain one' },
    { ok: false, reason: 'ServiceFull', message: 'chain two: full' },
    { ok: true, reason: 'Exposed', message: 'all' },
  ]
  const exposure: Exposure = {
    reconcile: async () => answers.shift() ?? { ok: true, reason: 'Exposed', message: 'all' },
    close: async () => {},
  }
  const { clock, given } = setup(t, { exposure, set: peerSet({ expose: {} }) })
  await clock.pass(150_000)
  t.same(
    given.events.map(({ type, reason }) => `${type} ${reason}`).filter(event => !event.includes('PeersChanged')),
    ['Normal PortsChanged', 'Warning PortTaken', 'Warning ServiceFull'],
  )
})

// The election against an API in memory, with latency, conflicts and failures, and with clocks that a test moves.
import fc from 'fast-check'
import t from 'tap'
import type { Clock } from '../../kubernetes/clock.ts'
import { leaseDefaults, leaseTimesProblem, runElection } from '../../kubernetes/lease.ts'
import type { Lease, LeaseSpec, LeaseStore } from '../../kubernetes/lease-store.ts'
import { type FakeClock, fakeClock, skewed } from '../controller/fixtures/fake-clock.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

/** What becomes of a request: how long it and its answer take, and whether one of them is lost. */
type Fate = { readonly there: number; readonly back: number; readonly lost: 'request' | 'answer' | null }
const well: Fate = { there: 5, back: 5, lost: null }
const timeoutMs = 3_500

/** One Lease, as the API server keeps it. */
function leaseApi(clock: Clock) {
  let stored: Lease | undefined
  let version = 0
  const store = (spec: LeaseSpec, lease: Partial<Lease> = {}): Lease => {
    const metadata = { name: 'l', namespace: 'n', ...lease.metadata, resourceVersion: String(++version) }
    stored = structuredClone({ ...lease, metadata, spec })
    return structuredClone(stored)
  }
  const after = (ms: number) => new Promise<void>(resolve => clock.after(ms, resolve))

  /** The API as one replica sees it; a replica that is dead hears no answer. */
  function reader(fate: () => Fate, alive: () => boolean): LeaseStore {
    const ask = async <T>(act: () => T): Promise<T> => {
      const { there, back, lost } = fate()
      if (!alive()) return new Promise(() => {})
      await after(there)
      const answer = lost === 'request' ? undefined : structuredClone(act())
      await after(lost ? timeoutMs - there : back)
      if (!alive()) return new Promise(() => {})
      if (lost) throw new Error('no answer')
      return answer as T
    }
    return {
      get: () => ask(() => stored),
      create: spec => ask(() => (stored ? undefined : store(spec))),
      update: lease =>
        ask(() =>
          stored && stored.metadata.resourceVersion === lease.metadata.resourceVersion
            ? store(lease.spec ?? {}, lease)
            : undefined,
        ),
    }
  }
  return { reader, stored: () => stored, remove: () => (stored = undefined), put: store }
}

type Replica = {
  readonly name: string
  /** Whether its leader may act: it was started, has not been told to end, and its clock says so. */
  readonly leads: () => boolean
  readonly starts: number[]
  readonly stop: AbortController
  readonly ended: Promise<void>
  kill(): void
}

function replica(
  name: string,
  api: ReturnType<typeof leaseApi>,
  clock: FakeClock,
  fate = () => well,
  own: Clock = clock,
): Replica {
  let alive = true
  let leads = () => false
  const starts: number[] = []
  const stop = new AbortController()
  const dies: Clock = { now: own.now, after: (ms, act) => own.after(ms, () => alive && act()) }
  const leases = api.reader(fate, () => alive)
  const ended = runElection(
    { leases, identity: name, signal: stop.signal, clock: dies, wallNow: own.now, random: () => 0.5, log: memoryLog() },
    async (signal, holds) => {
      starts.push(clock.now())
      leads = () => !signal.aborted && holds()
      // Ending takes a while.
      await new Promise<void>(resolve => signal.addEventListener('abort', () => clock.after(50, resolve)))
    },
  )
  const kill = () => {
    alive = false
  }
  return { name, leads: () => alive && leads(), starts, stop, ended, kill }
}

t.test('one leads and writes what kubectl shows; the others wait; one that ends gives the Lease back', async t => {
  const clock = fakeClock(Date.parse('2026-11-21T08:00:00Z'))
  const api = leaseApi(clock)
  const a = replica('a', api, clock)
  await clock.pass(1000)
  const b = replica('b', api, clock)
  await clock.pass(60_000)
  t.same([a.leads(), b.leads()], [true, false])
  t.match(api.stored()?.spec, {
    holderIdentity: /^a_[0-9a-f]{8}$/,
    leaseDurationSeconds: 10,
    acquireTime: '2026-11-21T08:00:00.010000Z',
    renewTime: /^2026-11-21T08:0[01]:\d\d\.\d{6}Z$/,
    leaseTransitions: 0,
  })
  a.stop.abort()
  t.notOk(a.leads())
  await clock.pass(2500)
  await a.ended
  t.ok(b.leads(), 'at its next look')
  t.match(api.stored()?.spec, { holderIdentity: /^b_/, leaseTransitions: 1 })
  t.same([a.starts.length, b.starts.length], [1, 1])
  b.stop.abort()
  await clock.pass(1000)
  await b.ended
  t.match(api.stored()?.spec, { holderIdentity: '', leaseDurationSeconds: 1 })
  t.equal(clock.timers(), 0, 'nothing is left')
})

t.test('a killed leader is succeeded within 15 s, whenever it dies', async t => {
  for (let at = 0; at < 6000; at += 370) {
    const clock = fakeClock()
    const api = leaseApi(clock)
    const fate = () => ({ there: 50, back: 50, lost: null })
    const a = replica('a', api, clock, fate)
    await clock.pass(500)
    const b = replica('b', api, clock, fate)
    await clock.pass(20_000 + at)
    a.kill()
    const killed = clock.now()
    await clock.pass(15_000)
    const late = (b.starts[0] ?? Number.POSITIVE_INFINITY) - killed
    t.ok(late <= 13_000 && late >= 5_000, `after ${late} ms`)
    b.stop.abort()
    await clock.pass(5000)
    await b.ended
  }
})

t.test('a leader without the API ends before another can start, and can lead again', async t => {
  const clock = fakeClock()
  const api = leaseApi(clock)
  let fate: Fate = well
  const a = replica('a', api, clock, () => fate)
  await clock.pass(500)
  const b = replica('b', api, clock)
  await clock.pass(10_000)
  fate = { there: 5, back: 5, lost: 'request' }
  const cut = clock.now()
  while (a.leads()) await clock.pass(100)
  t.ok(clock.now() - cut <= 7_100, 'within the renew deadline')
  t.notOk(b.leads())
  await clock.pass(10_000)
  t.ok(b.leads())
  fate = well
  b.stop.abort()
  await clock.pass(4_000)
  t.ok(a.leads())
  t.equal(a.starts.length, 2)
  a.stop.abort()
  await clock.pass(2_000)
  await Promise.all([a.ended, b.ended])
})

t.test('a Lease that is taken from the leader, and one that is deleted while it is held', async t => {
  const clock = fakeClock()
  const api = leaseApi(clock)
  const a = replica('a', api, clock)
  await clock.pass(500)
  const b = replica('b', api, clock)
  await clock.pass(10_000)
  api.remove()
  await clock.pass(3_000)
  t.same(
    [a.leads(), b.starts.length],
    [true, 0],
    'who leads writes it anew; the other does not take it before its time',
  )
  api.put({ holderIdentity: 'somebody', leaseDurationSeconds: 10, renewTime: 'x' })
  await clock.pass(3_000)
  t.same([a.leads(), b.leads()], [false, false])
  await clock.pass(13_000)
  t.ok(a.leads() !== b.leads(), 'somebody renews no more')
  for (const candidate of [a, b]) candidate.stop.abort()
  await clock.pass(5_000)
  await Promise.all([a.ended, b.ended])
})

t.test('a leader that fails gives the Lease back and says why; one that ends by itself is called again', async t => {
  const clock = fakeClock()
  const api = leaseApi(clock)
  const common = { identity: 'a', clock, random: () => 0, log: memoryLog() }
  const leases = api.reader(
    () => well,
    () => true,
  )
  const failing = runElection({ ...common, leases, signal: new AbortController().signal }, async () => {
    throw new Error('broken')
  })
  const rejected = t.rejects(failing, { message: 'broken' })
  await clock.pass(1000)
  await rejected
  t.match(api.stored()?.spec, { holderIdentity: '' })

  const stop = new AbortController()
  let calls = 0
  const ended = runElection({ ...common, leases, signal: stop.signal }, async () => {
    calls += 1
  })
  await clock.pass(5000)
  t.ok(calls >= 2 && calls <= 4, `${calls} calls`)
  stop.abort()
  await clock.pass(1000)
  await ended
})

t.test('where no timer could run, the leader still knows that it leads no more', async t => {
  const clock = fakeClock()
  const api = leaseApi(clock)
  let stopped = 0
  const stop = new AbortController()
  let holds = () => false
  let lost = false
  const own: Clock = { now: () => clock.now() + stopped, after: clock.after }
  const ended = runElection(
    {
      leases: api.reader(
        () => well,
        () => true,
      ),
      identity: 'a',
      clock: own,
      signal: stop.signal,
      log: memoryLog(),
    },
    async (signal, may) => {
      holds = may
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
      lost = true
    },
  )
  await clock.pass(1000)
  t.ok(holds())
  stopped = 60_000
  t.same([holds(), lost], [false, false])
  stop.abort()
  await clock.pass(5000)
  await ended
})

t.test('times that cannot be used', async t => {
  t.equal(leaseTimesProblem(leaseDefaults), undefined)
  t.match(leaseTimesProblem({ ...leaseDefaults, leaseSeconds: 0.5 }), /leaseSeconds/)
  t.match(leaseTimesProblem({ ...leaseDefaults, renewSeconds: 10 }), /renewSeconds below/)
  t.match(leaseTimesProblem({ ...leaseDefaults, retrySeconds: 6 }), /retrySeconds/)
})

t.test('never two leaders at a time: random latency, failures, conflicts, deaths and clocks', async t => {
  const fate = fc.record({
    there: fc.integer({ min: 0, max: 1500 }),
    back: fc.integer({ min: 0, max: 1500 }),
    lost: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('request' as const, 'answer' as const) },
    ),
  })
  const step = fc.record({
    fates: fc.array(fate, { minLength: 1, maxLength: 12 }),
    startAt: fc.integer({ min: 0, max: 20_000 }),
    offset: fc.integer({ min: -1e9, max: 1e9 }),
    rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
    end: fc.option(fc.record({ at: fc.integer({ min: 1000, max: 80_000 }), how: fc.constantFrom('kill', 'stop') })),
  })
  let led = 0
  let changes = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 4 }), async plans => {
      const clock = fakeClock()
      const api = leaseApi(clock)
      const replicas: Replica[] = []
      plans.forEach(({ fates, startAt, offset, rate, end }, index) => {
        let asked = 0
        clock.after(startAt, () => {
          const next = () => fates[asked++ % fates.length] ?? well
          const started = replica(`r${index}`, api, clock, next, skewed(clock, offset, rate))
          replicas.push(started)
          if (end) clock.after(end.at, () => (end.how === 'kill' ? started.kill() : started.stop.abort()))
        })
      })
      for (let ms = 0; ms < 100_000; ms += 100) {
        await clock.pass(100)
        const leaders = replicas.filter(replica => replica.leads())
        if (leaders.length > 1)
          throw new Error(`at ${clock.now()}: ${leaders.map(replica => replica.name).join(' and ')} lead`)
      }
      const starts = replicas.map(replica => replica.starts.length).reduce((a, b) => a + b, 0)
      led += Math.min(1, starts)
      changes += starts
      for (const replica of replicas) replica.kill()
    }),
    { numRuns: 60, seed: 7 },
  )
  t.ok(led > 40 && changes > 90, `${led} histories with a leader, ${changes} times a leader started`)
})

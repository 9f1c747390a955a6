// Name servers that contradict each other.
import t from 'tap'
import type { ResolverOptions } from '../../../sidecar/observe/resolve.ts'
import { flat, type Tap, world } from '../fixtures/resolver.ts'

/** Two name servers behind one address, of which one still has the old answer. */
async function twoServers(t: Tap, options: Partial<ResolverOptions> = {}) {
  const old = { 'peer.example.com': { A: ['10.0.0.1'], ttl: 5 } }
  const moved = { 'peer.example.com': { A: ['10.0.0.2'], ttl: 5 } }
  const w = await world(t, old, { ...flat, ...options })
  await w.after(0)
  return { ...w, old, moved }
}

t.test('two name servers that answer differently: what was known stays until they agree', async t => {
  const w = await twoServers(t)
  for (let n = 0; n < 13; n++) {
    // Whichever of the two is asked first.
    Object.assign(w.dns, n % 2 === 0 ? { zone: w.moved, other: w.old } : { zone: w.old, other: w.moved })
    const at = w.clock.now + 5000
    const view = (
      await (async () => {
        w.clock.now = at
        return w.resolver.look(['peer.example.com'], [], { contested: ['peer.example.com'] })
      })()
    )['peer.example.com']
    t.match(view, { addresses: ['10.0.0.1'], rotating: false, failures: 0, disputedAt: at }, `after ${5 * (n + 1)} s`)
  }
  Object.assign(w.dns, { zone: w.moved, other: w.moved })
  const last = w.clock.now
  const agreed = await w.after(5)
  t.match(agreed, {
    addresses: ['10.0.0.2'],
    since: w.clock.now,
    rotating: false,
    former: [{ address: '10.0.0.1' }],
    disputedAt: last,
  })
  Object.assign(w.dns, { zone: { 'peer.example.com': { A: ['10.0.0.3'], ttl: 5 } }, other: undefined })
  t.match(
    await w.after(60),
    { addresses: ['10.0.0.3'], rotating: false },
    'a second move within ten minutes is followed, too',
  )
})

t.test('a server that fails does not agree', async t => {
  const w = await twoServers(t)
  Object.assign(w.dns, { zone: w.moved, other: { 'peer.example.com': { fails: 'SERVFAIL' } } })
  const view = await w.after(5)
  // The one that is asked first may be either: a failure, or an answer that nobody confirms.
  t.same(view.addresses, ['10.0.0.1'])
  t.ok(view.failures === 1 || view.disputedAt === w.clock.now)
})

t.test('one that goes on for more than two minutes is the way of the name: its answers rotate', async t => {
  const w = await twoServers(t)
  Object.assign(w.dns, { zone: w.moved, other: w.old })
  const looks = []
  for (let n = 0; n < 30; n++) {
    w.clock.now += 5000
    looks.push(
      (await w.resolver.look(['peer.example.com'], [], { contested: ['peer.example.com'] }))['peer.example.com'],
    )
  }
  t.ok(looks.slice(0, 24).every(view => view?.rotating === false))
  t.equal(looks.at(-1)?.rotating, true)
})

t.test('an answer that has not changed costs one question, and one question asked is no agreement', async t => {
  const w = await twoServers(t, { questions: 3 })
  const before = w.dns.questions.length
  await w.after(5)
  t.equal(w.dns.questions.length - before, 2)
  await w.resolver.look(['peer.example.com'], ['peer.example.com'])
  t.equal(w.dns.questions.length - before, 2, 'not within the second')
  w.clock.now += 1000
  await w.resolver.look(['peer.example.com'], ['peer.example.com'])
  t.equal(w.dns.questions.length - before, 4, 'doubted: asked anew, once')
  w.clock.now += 1000
  await w.resolver.look(['peer.example.com'], [], { contested: ['peer.example.com'] })
  t.equal(w.dns.questions.length - before, 10, 'contested: as often as was set')
})

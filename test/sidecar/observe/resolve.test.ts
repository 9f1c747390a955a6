// What is remembered of each host, and for how long.
import { unlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { answered, rotationMs, unanswered } from '../../../sidecar/decide/host-view.ts'
import { createResolver } from '../../../sidecar/observe/resolve.ts'
import type { Name } from '../fixtures/dns-server.ts'
import { flat, start, world } from '../fixtures/resolver.ts'

t.test('A and AAAA together, sorted, in normal form', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.2', '10.0.0.1'], AAAA: ['2001:DB8:0::1'] } }, flat)
  t.same(await w.after(0), {
    addresses: ['10.0.0.1', '10.0.0.2', '2001:db8::1'],
    since: start,
    former: [],
    rotating: false,
    answeredAt: start,
    failures: 0,
  })
  t.same([...w.dns.questions].sort(), ['A peer.example.com', 'AAAA peer.example.com'])
})

t.test('addresses are not looked up', async t => {
  const w = await world(t, {})
  const views = await w.resolver.look(['10.0.0.1', '2001:db8::1'])
  w.clock.now += 3_600_000
  t.same(await w.resolver.look(['10.0.0.1', '2001:db8::1']), views)
  t.match(views, {
    '10.0.0.1': { addresses: ['10.0.0.1'], since: start },
    '2001:db8::1': { addresses: ['2001:db8::1'] },
  })
  t.same(w.dns.questions, [])
})

t.test('the hosts file goes before DNS, and is read anew', async t => {
  const w = await world(
    t,
    { 'peer.example.com': { A: ['10.0.0.1'] } },
    { hosts: '10.9.9.9 Peer.Example.com. other # comment', ...flat },
  )
  t.same((await w.after(0)).addresses, ['10.9.9.9'])
  t.same(w.dns.questions, [])
  writeFileSync(w.files.hostsFile, '10.9.9.8 peer.example.com\n::1 peer.example.com')
  t.same((await w.after(1)).addresses, ['10.9.9.8', '::1'])
  writeFileSync(w.files.hostsFile, '')
  const view = await w.after(1)
  t.same(view.addresses, ['10.0.0.1'])
  t.same(
    view.former.map(({ address }) => address),
    ['10.9.9.9', '10.9.9.8', '::1'],
  )
  writeFileSync(w.files.hostsFile, '10.9.9.7 peer.example.com')
  t.same((await w.after(1)).addresses, ['10.9.9.7'], 'a new line counts although the DNS answer has not expired')
  unlinkSync(w.files.hostsFile)
  t.same((await w.after(1)).addresses, ['10.0.0.1'], 'no hosts file is an empty one')
})

for (const [ttl, kept] of [
  [0, 5],
  [3, 5],
  [30, 30],
  [59, 59],
  [3600, 60],
] as const) {
  t.test(`a TTL of ${ttl} s is kept for ${kept} s, from memory`, async t => {
    const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], AAAA: ['::7'], ttl } }, flat)
    await w.after(0)
    const first = await w.after(kept - 0.001)
    t.equal(w.dns.questions.length, 2)
    t.equal(first.answeredAt, start)
    const second = await w.after(0.001)
    t.equal(w.dns.questions.length, 4)
    t.equal(second.answeredAt, start + kept * 1000)
    t.equal(second.since, start, 'the same set')
  })
}

t.test('the time is jittered, within the bounds', async t => {
  for (const [random, ttl, kept] of [
    [0, 40, 36],
    [1, 40, 44],
    [0, 5, 5],
    [1, 5, 5.5],
    [0, 600, 54],
    [1, 600, 60],
  ] as const) {
    const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], ttl } }, flat)
    w.clock.random = random
    await w.after(0)
    await w.after(kept - 0.001)
    t.equal(w.dns.questions.length, 2, `${random} ${ttl}`)
    await w.after(0.001)
    t.equal(w.dns.questions.length, 4, `${random} ${ttl}`)
  }
})

t.test('the least TTL of all records counts, that of an alias too', async t => {
  const zone = { 'peer.example.com': { A: ['10.0.0.1'], ttl: 50, cname: { to: 'real.example.com', ttl: 10 } } }
  const w = await world(t, zone, flat)
  t.same((await w.after(0)).addresses, ['10.0.0.1'])
  await w.after(9.9)
  t.equal(w.dns.questions.length, 2)
  await w.after(0.1)
  t.equal(w.dns.questions.length, 4)
})

t.test('a move: the old address is former, with when it was last seen', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] } }, flat)
  await w.after(0)
  await w.after(30)
  w.dns.zone['peer.example.com'] = { A: ['10.0.0.2'] }
  t.same(await w.after(30), {
    addresses: ['10.0.0.2'],
    since: start + 60_000,
    former: [{ address: '10.0.0.1', lastSeen: start + 30_000 }],
    rotating: false,
    answeredAt: start + 60_000,
    failures: 0,
  })
})

t.test('the newest 32 former addresses are kept', async t => {
  let view = unanswered(0)
  for (let n = 0; n < 40; n++) view = answered(view, [`10.0.0.${n}`], n * rotationMs)
  t.same(
    view.former.map(({ address }) => address),
    Array.from({ length: 32 }, (_, n) => `10.0.0.${n + 7}`),
  )
})

t.test('rotating answers are seen as such, and not for ever', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1', '10.0.0.2'] } }, flat)
  await w.after(0)
  w.dns.zone['peer.example.com'] = { A: ['10.0.0.2', '10.0.0.3'] }
  t.equal((await w.after(30)).rotating, false, 'an address that goes is a move')
  w.dns.zone['peer.example.com'] = { A: ['10.0.0.1', '10.0.0.3'] }
  const back = await w.after(30)
  t.equal(back.rotating, true, 'one that comes back is not')
  t.same(
    back.former.map(({ address }) => address),
    ['10.0.0.2'],
    'an address that the host has is not former',
  )
  for (let n = 0; n < 19; n++) t.equal((await w.after(30)).rotating, true)
  t.equal((await w.after(30)).rotating, false, 'ten minutes without a change')
  w.dns.zone['peer.example.com'] = { A: ['10.0.0.2'] }
  t.equal((await w.after(30)).rotating, false, 'a return after more than ten minutes is a move')
})

const failures: [string, Name | undefined, string][] = [
  ['NXDOMAIN', undefined, 'ENOTFOUND'],
  ['NODATA', {}, 'ENODATA'],
  ['SERVFAIL', { fails: 'SERVFAIL' }, 'ESERVFAIL'],
  ['REFUSED', { fails: 'REFUSED' }, 'EREFUSED'],
  ['silence', { fails: 'silent' }, 'ETIMEOUT'],
]
for (const [what, entry, code] of failures) {
  t.test(`${what} keeps the last answer, and counts`, async t => {
    const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] } }, { ...flat, timeoutMs: 200 })
    w.clock.random = 0 // The longest waits.
    await w.after(0)
    if (entry) w.dns.zone['peer.example.com'] = entry
    else w.dns.zone = {}
    const known = { addresses: ['10.0.0.1'], since: start, former: [], rotating: false, answeredAt: start, error: code }
    t.same(await w.after(30), { ...known, failures: 1 })
    t.same(await w.after(4.9), { ...known, failures: 1 }, 'not asked again at once')
    t.same(await w.after(0.1), { ...known, failures: 2 })
    t.same(await w.after(9.9), { ...known, failures: 2 })
    t.same(await w.after(0.1), { ...known, failures: 3 })
    for (let n = 4; n < 8; n++) t.equal((await w.after(20)).failures, n, 'every 20 s at the most')
    w.dns.zone = { 'peer.example.com': { A: ['10.0.0.1'] } }
    const again = await w.after(20)
    t.same(again, {
      addresses: ['10.0.0.1'],
      since: start,
      former: [],
      rotating: false,
      answeredAt: w.clock.now,
      failures: 0,
    })
  })
}

t.test('a host that has never been answered', async t => {
  const w = await world(t, {}, flat)
  t.same(await w.after(0), {
    addresses: [],
    since: start,
    former: [],
    rotating: false,
    answeredAt: null,
    failures: 1,
    error: 'ENOTFOUND',
  })
  w.dns.zone = { 'peer.example.com': { A: ['10.0.0.1'] } }
  t.match(await w.after(5), { addresses: ['10.0.0.1'], since: start + 5000, answeredAt: start + 5000, failures: 0 })
})

t.test('where one family fails, its last answer stays', async t => {
  const both = { A: ['10.0.0.1'], AAAA: ['2001:db8::1'] }
  const w = await world(t, { 'peer.example.com': both }, { ...flat, timeoutMs: 200 })
  await w.after(0)
  w.dns.zone = { 'peer.example.com': { ...both, A: ['10.0.0.2'], fails: 'SERVFAIL', failsFor: 'AAAA' } }
  t.match(await w.after(30), { addresses: ['10.0.0.2', '2001:db8::1'], failures: 0, former: [{ address: '10.0.0.1' }] })
  t.equal(w.dns.questions.length, 18, 'what has changed is asked about eight times')
  await w.after(5)
  t.equal(w.dns.questions.length, 20, 'and it is asked for again soon')
  w.dns.zone = { 'peer.example.com': { A: ['10.0.0.2'], fails: 'silent', failsFor: 'A', AAAA: ['2001:db8::2'] } }
  t.same((await w.after(5)).addresses, ['10.0.0.2', '2001:db8::2'])
  w.dns.zone = { 'peer.example.com': { AAAA: ['2001:db8::2'] } }
  t.same((await w.after(5)).addresses, ['2001:db8::2'], 'NODATA is an answer')
})

t.test('one family that always fails hides the other from nobody', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], fails: 'REFUSED', failsFor: 'AAAA' } }, flat)
  t.match(await w.after(0), { addresses: ['10.0.0.1'], failures: 0 })
})

t.test('what is known can be carried on by the next sidecar', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] } }, flat)
  await w.after(0)
  w.dns.zone['peer.example.com'] = { A: ['10.0.0.2'] }
  await w.after(30)
  const kept = JSON.parse(JSON.stringify(w.resolver.views()))
  const next = createResolver({ now: () => w.clock.now, random: () => 0, ...w.files })
  t.teardown(() => next.close())
  next.restore(kept)
  t.same(next.views(), kept)
  w.clock.now += 1000
  const looked = (await next.look(['peer.example.com']))['peer.example.com']
  t.match(looked, {
    addresses: ['10.0.0.2'],
    since: start + 30_000,
    former: [{ address: '10.0.0.1' }],
    answeredAt: w.clock.now,
  })
  t.equal(w.dns.questions.length, 20, 'asked anew at once')
})

t.test('hosts that left the list are forgotten', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] }, other: { A: ['10.0.0.3'] } }, flat)
  await w.after(0)
  t.same(Object.keys(await w.resolver.look(['other'])), ['other'])
  t.same(Object.keys(w.resolver.views()), ['other'])
})

t.test('when the next answer expires', async t => {
  const zone = { a: { A: ['10.0.0.1'], ttl: 50 }, b: { A: ['10.0.0.2'], ttl: 20 } }
  const w = await world(t, zone, { ...flat, hosts: '10.0.0.3 c' })
  t.equal(w.resolver.dueAt(), undefined)
  await w.resolver.look(['10.0.0.1', 'c'])
  t.equal(w.resolver.dueAt(), undefined, 'neither an address nor the hosts file is asked about in DNS')
  await w.resolver.look(['10.0.0.1', 'a', 'b', 'c'])
  t.equal(w.resolver.dueAt(), start + 20_000)
  await w.resolver.look(['a', 'c', 'none'])
  t.equal(w.resolver.dueAt(), start + 5000, 'a failure is tried again soon')
})

t.test('a clock that is set back does not keep an answer for ever', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] } }, flat)
  await w.after(0)
  await w.after(-86_400)
  t.equal(w.dns.questions.length, 4)
})

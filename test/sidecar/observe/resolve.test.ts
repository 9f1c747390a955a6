import { unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { answered, rotationMs, unanswered } from '../../../sidecar/decide/host-view.ts'
import { parseHosts } from '../../../sidecar/observe/hosts-file.ts'
import { namesToTry, parseResolvConf } from '../../../sidecar/observe/resolv-conf.ts'
import { createResolver, type ResolverOptions } from '../../../sidecar/observe/resolve.ts'
import { type Name, startDns } from '../fixtures/dns-server.ts'

type Tap = Pick<typeof t, 'teardown' | 'testdir'>

/** A resolver over a real DNS server, with a clock and files of its own. */
async function world(
  t: Tap,
  zone: Record<string, Name>,
  options: Partial<ResolverOptions> & { conf?: string; hosts?: string } = {},
) {
  const {
    conf = 'search ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5',
    hosts = '',
    ...rest
  } = options
  const dns = await startDns(t, zone)
  const dir = t.testdir({ hosts, conf: `nameserver ${dns.address}\n${conf}\n` })
  const clock = { now: 1_000_000, random: 0.5 }
  const files = { hostsFile: join(dir, 'hosts'), resolvConf: join(dir, 'conf') }
  const resolver = createResolver({ now: () => clock.now, random: () => clock.random, ...files, ...rest })
  t.teardown(() => resolver.close())
  return {
    dns,
    clock,
    files,
    resolver,
    /** One host after `seconds`. */
    async after(seconds: number, host = 'peer.example.com') {
      clock.now += seconds * 1000
      const view = (await resolver.look([host]))[host]
      if (!view) throw new Error('no view')
      return view
    },
  }
}

const flat = { conf: '' }
const start = 1_000_000

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
    view.former.map(one => one.address),
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
    view.former.map(one => one.address),
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
    back.former.map(one => one.address),
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

t.test('a truncated answer is asked for over TCP', async t => {
  const A = Array.from({ length: 60 }, (_, n) => `10.0.1.${n}`)
  const w = await world(t, { 'peer.example.com': { A, truncated: true } }, flat)
  t.equal((await w.after(0)).addresses.length, 16, 'as many as are kept')
  t.ok(w.dns.questions.includes('A peer.example.com tcp'))
})

t.test('search domains, in the order of ndots, as Go and glibc have it', async t => {
  const search = ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local']
  const searched = (host: string) => search.map(domain => `${host}.${domain}`)
  const table: [string, number, string[]][] = [
    ['node1', 5, [...searched('node1'), 'node1']],
    ['node1.ns', 5, [...searched('node1.ns'), 'node1.ns']],
    ['node1.ns.svc.cluster.local', 5, [...searched('node1.ns.svc.cluster.local'), 'node1.ns.svc.cluster.local']],
    [
      'node1-0.node1.ns.svc.cluster.local',
      5,
      ['node1-0.node1.ns.svc.cluster.local', ...searched('node1-0.node1.ns.svc.cluster.local')],
    ],
    ['peer.example.com', 1, ['peer.example.com', ...searched('peer.example.com')]],
    ['node1', 1, [...searched('node1'), 'node1']],
    ['node1', 0, ['node1', ...searched('node1')]],
    ['node1.', 5, ['node1']],
    ['a.b.c.', 0, ['a.b.c']],
    ['x'.repeat(63), 5, [...searched('x'.repeat(63)), 'x'.repeat(63)]],
  ]
  for (const [host, ndots, names] of table) t.same(namesToTry(host, { search, ndots }), names, `${host} ndots:${ndots}`)
  const long = `${'x'.repeat(60)}.`.repeat(4).slice(0, 243)
  t.same(namesToTry(long, { search, ndots: 9 }), [long], 'names that are too long are left out')
  t.same(namesToTry('node1', { search: [], ndots: 5 }), ['node1'])
})

t.test('the first name that has an address is the one', async t => {
  const cluster = { A: ['10.0.0.1'] }
  const w = await world(t, {
    'node1.svc.cluster.local': cluster,
    node1: { A: ['10.9.9.9'] },
    'node1.ns.svc.cluster.local': {},
  })
  t.same((await w.after(0, 'node1')).addresses, ['10.0.0.1'], 'NODATA and NXDOMAIN lead to the next')
  t.same(
    [...new Set(w.dns.questions.map(one => one.split(' ')[1]))],
    ['node1.ns.svc.cluster.local', 'node1.svc.cluster.local'],
  )
})

t.test('a failure does not lead to the next name, where another host may answer', async t => {
  const w = await world(t, {
    'node1.ns.svc.cluster.local': { A: ['10.0.0.1'] },
    'node1.svc.cluster.local': { A: ['10.6.6.6'] },
  })
  await w.after(0, 'node1')
  w.dns.zone['node1.ns.svc.cluster.local'] = { fails: 'SERVFAIL' }
  t.match(await w.after(30, 'node1'), { addresses: ['10.0.0.1'], failures: 1, error: 'ESERVFAIL' })
})

t.test('silence ends after one timeout for the host, whatever its search domains', async t => {
  const w = await world(t, { 'node1.ns.svc.cluster.local': { fails: 'silent' } }, { timeoutMs: 300 })
  const before = performance.now()
  t.match(await w.after(0, 'node1'), { failures: 1, error: 'ETIMEOUT' })
  t.ok(performance.now() - before < 2000)
})

t.test('a lost datagram is sent again', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], fails: 'silent' } }, { ...flat, timeoutMs: 900 })
  const looking = w.after(0)
  setTimeout(() => {
    w.dns.zone = { 'peer.example.com': { A: ['10.0.0.1'] } }
  }, 50)
  t.match(await looking, { addresses: ['10.0.0.1'], failures: 0 })
})

t.test('resolv.conf is read anew when it changes', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'] } }, flat)
  const other = await startDns(t, { 'peer.example.com': { A: ['10.0.0.2'] } })
  await w.after(0)
  writeFileSync(w.files.resolvConf, `nameserver ${other.address}`)
  t.same((await w.after(29)).addresses, ['10.0.0.1'], 'an answer is good until it expires')
  t.same((await w.after(1)).addresses, ['10.0.0.2'])
  t.equal(w.dns.questions.length, 2)
})

t.test('many hosts are looked up a few at a time, and each once', async t => {
  const hosts = Array.from({ length: 100 }, (_, n) => `peer${n}.example.com`)
  const zone = Object.fromEntries(hosts.map((host, n) => [host, { A: [`10.0.0.${n}`] }]))
  const w = await world(t, zone, { ...flat, atOnce: 4 })
  w.dns.delayMs = 2
  const [views] = await Promise.all([w.resolver.look([...hosts, ...hosts]), w.resolver.look(hosts)])
  t.same(Object.keys(views), hosts)
  t.same(
    hosts.map(host => views[host]?.addresses),
    hosts.map((_, n) => [`10.0.0.${n}`]),
  )
  t.equal(w.dns.questions.length, 200)
  t.equal(w.dns.most, 8, 'four hosts, two questions each')
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

t.test('parses resolv.conf', async t => {
  const kubernetes =
    'search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n'
  const table: [string, ReturnType<typeof parseResolvConf>][] = [
    [
      kubernetes,
      { servers: ['10.96.0.10'], search: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 },
    ],
    ['', { servers: ['127.0.0.1'], search: [], ndots: 1 }],
    [
      '# c\n; c\nnameserver 1.1.1.1 # one\n\tnameserver\t2001:db8::1\n',
      { servers: ['1.1.1.1', '2001:db8::1'], search: [], ndots: 1 },
    ],
    [
      'nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4',
      { servers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'], search: [], ndots: 1 },
    ],
    [
      'nameserver 127.0.0.1:5353\nnameserver [::1]:53',
      { servers: ['127.0.0.1:5353', '[::1]:53'], search: [], ndots: 1 },
    ],
    [
      'nameserver dns\nnameserver fe80::1%eth0\nnameserver 1.1.1.1:99999\nnameserver\nnameserver [1.1.1.1]:53',
      { servers: ['127.0.0.1'], search: [], ndots: 1 },
    ],
    ['search a.\nsearch B.Example.Com. .\r\n', { servers: ['127.0.0.1'], search: ['b.example.com'], ndots: 1 }],
    ['search a b\ndomain c d', { servers: ['127.0.0.1'], search: ['c'], ndots: 1 }],
    ['options timeout:1 ndots:2 rotate\noptions edns0', { servers: ['127.0.0.1'], search: [], ndots: 2 }],
    ['options ndots:99', { servers: ['127.0.0.1'], search: [], ndots: 15 }],
    ['options ndots:x ndots: ndots:-1', { servers: ['127.0.0.1'], search: [], ndots: 1 }],
  ]
  for (const [text, expected] of table) t.same(parseResolvConf(text), expected, JSON.stringify(text))
})

t.test('a name server on IPv6, and one that is not there', async t => {
  const w = await world(t, {}, { conf: '' })
  writeFileSync(w.files.resolvConf, 'nameserver [::1]:1')
  const view = await w.after(0)
  t.equal(view.failures, 1)
  t.match(view.error, /^E(CONNREFUSED|TIMEOUT)$/)
})

t.test('parses a hosts file', async t => {
  const text =
    '127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.0.0.1 a A.b. # c\n10.0.0.1 a\nfoo bar\n10.0.0.2\n ::ffff:10.0.0.3 m\r\n'
  t.same(Object.fromEntries(parseHosts(text)), {
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    a: ['10.0.0.1'],
    'a.b': ['10.0.0.1'],
    m: ['10.0.0.3'],
  })
})

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

t.test('nothing waits for an answer that nobody needs', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], fails: 'silent' } }, { ...flat, timeoutMs: 400 })
  const began = performance.now()
  const views = await w.resolver.look(['peer.example.com'], [], { unhurried: ['peer.example.com'] })
  t.match(views, { 'peer.example.com': { addresses: [], failures: 0 } })
  t.ok(performance.now() - began < 300)
  t.match(await w.after(0), { failures: 1 }, 'it was asked all the same')
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Page } from '../../../peers/page.ts'
import { fetchPage } from '../../../rollout/pages/fetch-page.ts'
import { createPages, type PagesOptions } from '../../../rollout/pages/pages.ts'
import { peerLinks } from '../../../rollout/pages/peer-links.ts'
import { fakeClock } from '../../controller/fixtures/fake-clock.ts'
import { examplePage } from '../../peers/fixtures/page.ts'

/** Pods whose pages take `ms` to answer, or the timeout to fail. */
function setup(t: { teardown(act: () => unknown): void }, options: PagesOptions = {}, ms = 10) {
  const clock = fakeClock(1_000_000)
  const looks: { readonly url: string; readonly at: number }[] = []
  const changes: string[] = []
  const broken = new Set<string>()
  let page: Page = examplePage
  let open = 0
  let mostOpen = 0
  const pages = createPages({
    async fetch(url, { timeoutMs, signal }) {
      looks.push({ url, at: clock.now() })
      mostOpen = Math.max(mostOpen, ++open)
      const ip = new URL(url).hostname
      await new Promise<void>(resolve => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        clock.after(broken.has(ip) ? timeoutMs : ms, resolve)
      })
      open -= 1
      if (broken.has(ip)) throw new Error(`${url} has not answered`)
      return JSON.stringify(page)
    },
    clock,
    random: () => 0.5,
    ...options,
  })
  pages.onChange(key => changes.push(key))
  t.teardown(pages.close)
  const pods = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `chain/p${i}`, ip: `10.0.${i >> 8}.${i & 255}` }))
  const looksAt = (ip: string) =>
    looks.filter(look => new URL(look.url).hostname === ip).map(look => look.at - 1_000_000)
  return {
    pages,
    clock,
    looks,
    looksAt,
    changes,
    broken,
    pods,
    mostOpen: () => mostOpen,
    says: (next: Partial<Page>) => (page = { ...examplePage, ...next }),
  }
}

t.test('busy pods every second, others every 30 s; a pod that becomes busy need not wait', async t => {
  const { pages, clock, looksAt, pods } = setup(t)
  let busy = new Set(['chain/p0'])
  pages.follow(pods(2), key => busy.has(key))
  await clock.pass(10_500)
  t.same(looksAt('10.0.0.0'), [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000])
  t.same(looksAt('10.0.0.1'), [0])
  busy = new Set(['chain/p1'])
  pages.follow(pods(2), key => busy.has(key))
  await clock.pass(2000)
  t.same(looksAt('10.0.0.1'), [0, 10_500, 11_500, 12_500])
  await clock.pass(60_000)
  t.same(looksAt('10.0.0.0').slice(11), [11_000, 41_000, 71_000])
})

t.test(
  'what is seen: the page, with what is shown of its peers; then since when it cannot be read, and what it last said',
  async t => {
    const { pages, clock, broken, changes, pods } = setup(t)
    pages.follow(pods(1), () => true)
    t.equal(pages.of('chain/p0'), undefined)
    await clock.pass(100)
    const { peers, lookups, ...kept } = examplePage
    t.ok(peers.length > 0 && lookups.length > 0)
    t.same(pages.of('chain/p0'), { page: kept, at: 1_000_010, links: peerLinks(peers) })
    broken.add('10.0.0.0')
    await clock.pass(30_000)
    t.match(pages.of('chain/p0'), {
      unreachable: 'http://10.0.0.0:9469/status has not answered',
      since: 1_003_000,
      last: { page: kept, at: 1_000_010 },
    })
    t.ok((pages.of('chain/p0')?.at ?? 0) > 1_020_000)
    broken.clear()
    await clock.pass(31_000)
    t.ok('page' in (pages.of('chain/p0') ?? {}))
    t.same(changes, ['chain/p0', 'chain/p0', 'chain/p0'], 'first read, not read any more, read again')
  },
)

t.test('a busy pod that cannot be read: five looks a second apart, then 1 to 2 s by chance, then longer', async t => {
  for (const [random, upTo, sparse] of [
    [0, [0, 1, 2, 3, 4, 5, 7, 9, 11], 30],
    [1, [0, 1, 2, 3, 4, 5, 6, 7, 8], 15],
  ] as const) {
    const { pages, clock, looksAt, pods, broken } = setup(t, { random: () => random, timeoutMs: 100 })
    broken.add('10.0.0.0')
    pages.follow(pods(1), () => true)
    await clock.pass(12_000)
    const seconds = looksAt('10.0.0.0').map(at => at / 1000)
    t.same(seconds.slice(0, upTo.length), upTo, `random ${random}`)
    await clock.pass(600_000)
    const [last = 0, before = 0] = looksAt('10.0.0.0').reverse()
    t.equal((last - before) / 1000, sparse, `random ${random}: at last`)
  }
})

t.test('a change is one of what the page says, not of its height or time', async t => {
  const { pages, clock, changes, pods, says } = setup(t)
  pages.follow(pods(1), () => true)
  await clock.pass(100)
  says({ lookedAt: '2026-11-21T09:00:00.000Z', connected: 1, node: { ...examplePage.node, height: 999 } })
  await clock.pass(5000)
  t.equal(changes.length, 1)
  says({ phase: 'waiting', reason: 'awaiting-turn' })
  await clock.pass(1000)
  t.equal(changes.length, 2)
})

t.test('a hint is a look at once, also during a look, but not many', async t => {
  const { pages, clock, looksAt, pods } = setup(t, {}, 50)
  pages.follow(pods(1), () => false)
  await clock.pass(5000)
  pages.hint('chain/p0')
  pages.hint('chain/nobody')
  await clock.pass(20)
  pages.hint('chain/p0')
  pages.hint('chain/p0')
  await clock.pass(1000)
  t.same(looksAt('10.0.0.0'), [0, 5000, 5100])
  for (let i = 0; i < 100; i++) {
    pages.hint('chain/p0')
    await clock.pass(10)
  }
  t.ok(looksAt('10.0.0.0').length <= 14)
})

t.test(
  'never more than so many at once; pages that fail leave room for the others, and are asked less and less',
  async t => {
    const { pages, clock, looks, looksAt, broken, pods, mostOpen } = setup(t, { atOnce: 8 })
    const all = pods(100)
    for (const { ip } of all.slice(0, 60)) broken.add(ip)
    pages.follow(all, () => true)
    await clock.pass(60_000)
    t.equal(mostOpen(), 4, 'half of the room, as they are of one namespace')
    const before = looks.length
    const started = clock.now()
    await clock.pass(60_000)
    const good = all.slice(60).map(({ ip }) => looksAt(ip).filter(at => at + 1_000_000 >= started).length)
    t.ok(Math.min(...good) >= 55, `at least ${Math.min(...good)} looks at each good page in a minute`)
    t.ok(looks.length - before < 40 * 60 + 60 * 4, 'a page that fails is asked every 30 s at last')
  },
)

t.test('namespaces take turns: pods that answer late do not keep others from being read each second', async t => {
  // The hostile ones answer just before the time is over, or just before that would count as slow.
  for (const ms of [1_900, 499]) {
    const clock = fakeClock(1_000_000)
    const times = new Map<string, number>()
    const read: { ip: string; at: number }[] = []
    const fair = createPages({
      async fetch(url, { signal }) {
        const ip = new URL(url).hostname
        read.push({ ip, at: clock.now() })
        await new Promise<void>(resolve => {
          signal.addEventListener('abort', () => resolve(), { once: true })
          clock.after(times.get(ip) ?? 10, resolve)
        })
        return JSON.stringify(examplePage)
      },
      clock,
      random: () => 0.5,
    })
    const loud = Array.from({ length: 600 }, (_, i) => ({ key: `loud/p${i}`, ip: `10.1.${i >> 8}.${i & 255}` }))
    const quiet = Array.from({ length: 4 }, (_, i) => ({ key: `quiet/p${i}`, ip: `10.2.0.${i}` }))
    for (const { ip } of loud) times.set(ip, ms)
    fair.follow(quiet, () => true)
    await clock.pass(5_000)
    // Of those that have just come nobody knows yet that they are slow.
    fair.follow([...quiet, ...loud], () => true)
    await clock.pass(90_000)
    for (const { ip } of quiet) {
      const at = read.filter(look => look.ip === ip).map(look => look.at)
      const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
      t.ok(Math.max(...gaps) <= 1_200, `${ms} ms: the longest gap was ${Math.max(...gaps)} ms`)
    }
    t.ok(read.length > 700, 'and the others are looked at as well')
    await fair.close()
  }
})

t.test(
  'a pod that takes minutes to start: once it is Ready its page is asked at once, as if for the first time',
  async t => {
    const { pages, clock, looksAt, broken } = setup(t, { timeoutMs: 100 })
    const pod = (ready: boolean) => [{ key: 'chain/p0', ip: '10.0.0.0', uid: 'a', ready }]
    const since = () => {
      const seen = pages.of('chain/p0')
      return seen && 'since' in seen ? seen.since - 1_000_000 : undefined
    }
    broken.add('10.0.0.0')
    pages.follow(pod(false), () => true)
    await clock.pass(29_000)
    const early = looksAt('10.0.0.0')
    const waits = early.slice(1).map((at, index) => at - (early[index] ?? 0))
    t.ok(
      Math.max(...waits) <= 2000,
      `at most 2 s between two looks in the first 30 s, found ${Math.max(...waits) / 1000}`,
    )
    await clock.pass(91_000)
    t.equal(since(), 100, 'it counts as unreachable')
    pages.follow(pod(true), () => true)
    t.equal(pages.of('chain/p0'), undefined, 'now it is one of which nothing is known')
    await clock.pass(10)
    t.equal(looksAt('10.0.0.0').at(-1), 120_000)
    await clock.pass(3000)
    t.equal(since(), 120_100, 'the sidecar needs a moment more, and that is counted anew')
    broken.delete('10.0.0.0')
    await clock.pass(1100)
    t.match(pages.of('chain/p0'), { page: { phase: examplePage.phase } })
    broken.add('10.0.0.0')
    await clock.pass(5000)
    const failing = since()
    t.ok(failing)
    for (const ready of [false, true, false, true]) {
      pages.follow(pod(ready), () => true)
      await clock.pass(1000)
    }
    t.equal(since(), failing, 'once only: a pod that flaps does not begin anew each time')
  },
)

t.test(
  'never more than so many a second: where all are busy, each is looked at less often, and a hint goes first',
  async t => {
    const { pages, clock, looks, looksAt, pods } = setup(t, { perSecond: 50 })
    pages.follow(pods(500), () => true)
    await clock.pass(60_000)
    const counts = pods(500).map(({ ip }) => looksAt(ip).length)
    t.ok(looks.length <= 50 * 60 + 10 && looks.length > 50 * 59, `${looks.length} looks in a minute`)
    t.ok(Math.max(...counts) - Math.min(...counts) <= 1, 'nobody is left out')
    const before = looks.length
    pages.hint('chain/p7')
    await clock.pass(150)
    t.ok(looks.slice(before).some(look => look.url.includes('//10.0.0.7:')))
    pages.follow([], () => true)
    await clock.pass(1000)
    t.equal(clock.timers(), 0)
  },
)

t.test('with another IP or UID it is another pod; one that is gone is forgotten, and its look ended', async t => {
  const { pages, clock, looks, changes, broken } = setup(t)
  const pod = { key: 'chain/p0', ip: '10.0.0.0', uid: 'a' }
  pages.follow([pod, { key: 'chain/new', ip: undefined }], () => false)
  await clock.pass(100)
  pages.follow([pod], () => false)
  t.ok(pages.of('chain/p0'))
  pages.follow([{ ...pod, uid: 'b' }], () => false)
  t.equal(pages.of('chain/p0'), undefined)
  await clock.pass(100)
  pages.follow([{ ...pod, ip: '::1', uid: 'b' }], () => false)
  await clock.pass(100)
  t.same(
    looks.map(look => look.url),
    ['http://10.0.0.0:9469/status', 'http://10.0.0.0:9469/status', 'http://[::1]:9469/status'],
  )
  broken.add('10.0.0.9')
  pages.follow([{ key: 'chain/p0', ip: '10.0.0.9' }], () => false)
  await clock.pass(100)
  pages.follow([], () => false)
  await clock.pass(100_000)
  t.same([looks.length, changes.length, pages.of('chain/p0'), clock.timers()], [4, 3, undefined, 0])
})

t.test('over HTTP: a page, and what a stranger may answer instead', async t => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    switch (request.url) {
      case '/status':
        return response.end(JSON.stringify(examplePage))
      case '/long':
        response.on('error', () => {})
        for (let i = 0; i < 2000 && !response.destroyed; i++) response.write('x'.repeat(1000))
        return
      case '/slow':
        return response.write('{')
      case '/away':
        return response.writeHead(302, { location: '/secret' }).end()
      case '/cut':
        response.writeHead(200, { 'content-length': '100' }).write('{')
        return setImmediate(() => request.socket.destroy())
      case '/headers':
        return request.socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n{}`)
      default:
        return response.writeHead(503).end()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const { signal } = new AbortController()
  const get = (path: string, timeoutMs = 5000) =>
    fetchPage(`http://127.0.0.1:${port}${path}`, { timeoutMs, maxBytes: 1e6, signal })
  await t.rejects(get('/long'), { message: /\/long answered with more than 1000000 bytes/ })
  await t.rejects(get('/slow', 100), { message: /did not answer within 0\.1 s/ })
  await t.rejects(get('/away'), { message: /HTTP status 302, expected 200/ })
  await t.rejects(get('/other'), { message: /HTTP status 503/ })
  await t.rejects(get('/cut'), { message: /stopped in the middle|cannot be asked/ })
  await t.rejects(get('/headers'), { message: /cannot be asked: HPE_HEADER_OVERFLOW/ })
  t.notOk(asked.includes('/secret'))

  const pages = createPages({ port })
  const changed = new Promise<string>(resolve => pages.onChange(resolve))
  pages.follow([{ key: 'a', ip: '127.0.0.1' }], () => false)
  t.equal(await changed, 'a')
  t.match(pages.of('a'), { page: { phase: examplePage.phase, wanted: examplePage.wanted } })
  await pages.close()
})

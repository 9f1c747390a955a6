// Which questions are asked, of whom, and for how long an answer is waited for.
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { startDns } from '../fixtures/dns-server.ts'
import { flat, world } from '../fixtures/resolver.ts'

t.test('the first name that has an address is the one', async t => {
  const cluster = { A: ['10.0.0.1'] }
  const w = await world(t, {
    'node1.svc.cluster.local': cluster,
    node1: { A: ['10.9.9.9'] },
    'node1.ns.svc.cluster.local': {},
  })
  t.same((await w.after(0, 'node1')).addresses, ['10.0.0.1'], 'NODATA and NXDOMAIN lead to the next')
  t.same(
    [...new Set(w.dns.questions.map(question => question.split(' ')[1]))],
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

t.test('a truncated answer is asked for over TCP', async t => {
  const A = Array.from({ length: 60 }, (_, n) => `10.0.1.${n}`)
  const w = await world(t, { 'peer.example.com': { A, truncated: true } }, flat)
  t.equal((await w.after(0)).addresses.length, 16, 'as many as are kept')
  t.ok(w.dns.questions.includes('A peer.example.com tcp'))
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

t.test('a name server on IPv6, and one that is not there', async t => {
  const w = await world(t, {}, { conf: '' })
  writeFileSync(w.files.resolvConf, 'nameserver [::1]:1')
  const view = await w.after(0)
  t.equal(view.failures, 1)
  t.match(view.error, /^E(CONNREFUSED|TIMEOUT)$/)
})

t.test('nothing waits for an answer that nobody needs', async t => {
  const w = await world(t, { 'peer.example.com': { A: ['10.0.0.1'], fails: 'silent' } }, { ...flat, timeoutMs: 400 })
  const began = performance.now()
  const views = await w.resolver.look(['peer.example.com'], [], { unhurried: ['peer.example.com'] })
  t.match(views, { 'peer.example.com': { addresses: [], failures: 0 } })
  t.ok(performance.now() - began < 300)
  t.match(await w.after(0), { failures: 1 }, 'it was asked all the same')
})

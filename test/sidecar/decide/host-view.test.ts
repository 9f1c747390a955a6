// What is known of a host after each look-up. Bounds have a row on each side.
import t from 'tap'
import {
  answered,
  disputeRestMs,
  failed,
  isSame,
  needsMore,
  rotationMs,
  told,
  unanswered,
  type Weighed,
  weighed,
} from '../../../sidecar/decide/host-view.ts'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import { host, start } from '../fixtures/look.ts'

const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const now = start
const view = host(a, { answeredAt: now - 5_000 })

t.test('an answer', async t => {
  t.strictSame(answered(unanswered(now - 1), [a], now), host(a, { since: now, answeredAt: now }), 'the first')
  t.strictSame(answered(view, [a], now), { ...view, answeredAt: now }, 'the same: since when does not change')
  t.match(answered(view, [b], now), { addresses: [b], since: now, former: [{ address: a, lastSeen: now - 5_000 }] })
  t.match(answered(view, [], now), { addresses: [], former: [{ address: a }] }, 'nobody is behind it')
  const text = answered(view, ['10.0.0.2', 'fd00:0::1', 'no host', '10.0.0.2'], now)
  t.same(
    text.addresses,
    ['10.0.0.2', 'fd00::1'],
    'sorted, each once, in normal form, and what is neither address nor name left out',
  )
  const failing = { ...view, failures: 3, error: 'ETIMEOUT', inHostsFile: true, heard: [b] }
  t.strictSame(answered(failing, [a], now), { ...view, answeredAt: now }, 'what was wrong before is over')
})

t.test('an address that comes back', async t => {
  const back = (ago: number) => answered(host(b, { former: [{ address: a, lastSeen: now - ago }] }), [a], now)
  t.equal(back(rotationMs - 1).rotating, true, 'within ten minutes')
  t.equal(back(rotationMs).rotating, false, 'later it is a move')
  t.same(back(0).former, [{ address: b, lastSeen: start }], 'and it is no former one any more')
  const rotating = (ago: number) => host(a, { rotating: true, since: now - ago })
  t.equal(answered(rotating(rotationMs - 1), [a], now).rotating, true)
  t.equal(answered(rotating(rotationMs), [a], now).rotating, false, 'it has stayed as it is for ten minutes')
  t.equal(answered(rotating(rotationMs - 1), [c], now).rotating, true, 'a new one among those that rotate')
  t.equal(answered(rotating(rotationMs), [c], now).rotating, false)
})

t.test('bounds on what a hostile answer can make us keep', async t => {
  const many = Array.from({ length: 300 }, (_, n) => `10.1.${n >> 8}.${n & 255}`)
  t.equal(answered(view, many.slice(0, 16), now).addresses.length, 16)
  t.equal(answered(view, many.slice(0, 17), now).addresses.length, 16)
  let moving: HostView = view
  for (const [n, address] of many.entries()) moving = answered(moving, [address], now + n)
  t.equal(moving.former.length, 32)
  t.equal(moving.former.at(-1)?.address, many.at(-2), 'the newest')
})

t.test('the controller’s word', async t => {
  t.strictSame(told({ ...view, rotating: true }, [a], now), view, 'the same; it does not rotate')
  const back = told(host(b, { former: [{ address: a, lastSeen: now }] }), [a], now)
  t.match(back, { addresses: [a], since: now, rotating: false }, 'one that comes back is a move like any other')
})

t.test('whether more questions are asked', async t => {
  const rows: [what: string, view: HostView, answer: string[], contested: boolean, more: boolean][] = [
    ['the same answer', view, [a], false, false],
    ['another', view, [b], false, true],
    ['the same, and somebody says otherwise', view, [a], true, true],
    ['the first of all', unanswered(now), [a], true, false],
    ['of a name that rotates', { ...view, rotating: true }, [b], true, false],
    ['answers differed a moment ago', { ...view, disputedAt: now - disputeRestMs + 1 }, [a], false, true],
    ['they have rested', { ...view, disputedAt: now - disputeRestMs }, [a], false, false],
    ['the clock was set back', { ...view, disputedAt: now + disputeRestMs }, [a], false, false],
  ]
  for (const [what, before, answer, contested, more] of rows)
    t.equal(needsMore(before, answer, contested, now), more, what)
})

t.test('several answers', async t => {
  const known: Weighed = { view }
  t.match(weighed(known, [b], [[b], [b]], now), { view: { addresses: [b], since: now } }, 'all say the same')
  const disputed = weighed(known, [b], [[a], [b]], now)
  t.match(
    disputed,
    { view: { addresses: [a], disputedAt: now, heard: [b] }, disputedSince: now },
    'what was known stays',
  )
  t.match(weighed(known, [b], [null], now).view, { addresses: [a], heard: [b] }, 'no answer agrees with nothing')
  t.equal(weighed({ ...disputed, disputedSince: now - 119_999 }, [b], [[a]], now).view.rotating, false)
  const long = weighed({ ...disputed, disputedSince: now - 120_000 }, [b], [[a]], now)
  t.match(long, { view: { addresses: [b], rotating: true } }, 'after two minutes it is the way of this name')
  t.notOk('disputedSince' in long)
})

t.test('a dispute ends once all have said the same for a while', async t => {
  const after = (ago: number) =>
    weighed({ view: { ...view, disputedAt: now - ago }, disputedSince: now - 60_000 }, [a], [[a]], now)
  t.equal(after(disputeRestMs - 1).disputedSince, now - 60_000)
  t.notOk('disputedSince' in after(disputeRestMs))
})

t.test('servers that all say again what was true until a moment ago have not heard of the move', async t => {
  const moved = (ago: number, over: Partial<HostView> = {}) =>
    host(b, { since: now - ago, former: [{ address: a, lastSeen: now - ago }], ...over })
  const isThrowback = (before: HostView) => weighed({ view: before }, [a], [[a]], now).view.addresses[0] === b
  t.equal(isThrowback(moved(119_999)), true)
  t.equal(isThrowback(moved(120_000)), false, 'two minutes after the move it is another move')
  t.equal(isThrowback(moved(1_000, { rotating: true })), false)
  t.equal(isThrowback(moved(1_000, { inHostsFile: true })), false)
  t.equal(weighed({ view: moved(1_000) }, [c], [[c]], now).view.addresses[0], c, 'a third address is a move')
  t.equal(weighed({ view: moved(1_000) }, [], [[]], now).view.addresses.length, 0, 'and so is none')
})

t.test('no answer: what was known stays', async t => {
  const old = { ...view, answeredAt: now - disputeRestMs }
  t.strictSame(failed(old, 'ETIMEOUT', now), { ...old, failures: 1, error: 'ETIMEOUT' })
  t.match(failed(failed(old, 'ETIMEOUT', now), 'ENOTFOUND', now), { failures: 2, error: 'ENOTFOUND' })
})

t.test('a server that fails where another has just answered disagrees with it', async t => {
  const disputes = (over: Partial<HostView>, error = 'ESERVFAIL') =>
    failed({ ...view, answeredAt: now - 3_600_000, ...over }, error, now).disputedAt === now
  t.ok(disputes({ answeredAt: now - disputeRestMs + 1 }))
  t.notOk(disputes({ answeredAt: now - disputeRestMs }), 'all fail')
  t.notOk(disputes({ answeredAt: null }))
  t.notOk(disputes({ answeredAt: now - 1 }, 'ENOTFOUND'), 'a pod that is being replaced')
  t.notOk(disputes({ answeredAt: now - 1 }, 'ENODATA'))
  t.ok(disputes({ disputedAt: now - disputeRestMs + 1 }), 'amid a dispute')
  t.ok(disputes({ disputedAt: now - 1 }, 'ENOTFOUND'), 'also where it says that there is no such name')
  t.notOk(disputes({ disputedAt: now - disputeRestMs }), 'which has rested')
})

t.test('in any order and spelling', async t => {
  t.ok(isSame([a, 'fd00::1'], ['FD00:0:0::1', a]))
  t.notOk(isSame([a], [a, b]))
  t.notOk(isSame([a, b], [a]))
})

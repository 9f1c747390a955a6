// How long names that fail or are disputed may hold a restart: what it loses against what it finds.
import t from 'tap'
import type { HostView } from '../../../sidecar/decide/observation.ts'
import { connection, host, nodeId, peer, plan, reason, times, world } from '../fixtures/look.ts'

type World = ReturnType<typeof world>

const failing: Partial<HostView> = { failures: 1, error: 'ESERVFAIL' }

/** `connected` peers of which the first `open` have this view, and `missing` ones that have moved and answer. */
function group({ connected, open, missing }: { connected: number; open: number; missing: number }): World {
  const count = connected + missing
  const w = world({ peers: Array.from({ length: count }, (_, index) => peer(index + 1)) })
  w.hosts = Object.fromEntries(w.peers.map((its, index) => [its.host, host(`10.0.0.${index + 1}`)]))
  w.connections = w.peers.map((_, index) => connection(index + 1, `10.0.0.${index + 1}`))
  w.after(0)
  for (let n = connected + 1; n <= count; n++) w.move(n, `10.0.1.${n}`)
  fail(w, open)
  return w
}

function fail(w: World, open: number, over: Partial<HostView> = failing): void {
  for (let n = 1; n <= open; n++) w.hosts = { ...w.hosts, [`node${n}`]: { ...host(`10.0.0.${n}`), ...over } }
}

/** After how many seconds it is restarted, by looks every second; undefined where it is not within a day. */
function secondsUntilRestart(w: World, each: () => void = () => {}, step = 1, most = 86_400): number | undefined {
  const from = w.now
  while (w.now < from + most * 1000) {
    w.now += step * 1000
    each()
    if (reason(w.after(0)) === 'restart') return (w.now - from) / 1000
  }
  return undefined
}

t.test('names that fail, against missing peers that answer', async t => {
  // The need is there from the first look on, at 1 s, and so is the doubt.
  const rows: [what: string, setup: Parameters<typeof group>[0], seconds: number | undefined][] = [
    ['nobody fails: the settle time', { connected: 3, open: 0, missing: 1 }, 11],
    ['one for one: the whole time', { connected: 3, open: 1, missing: 1 }, 1 + times.vetoSeconds],
    ['one for two: half of it', { connected: 3, open: 1, missing: 2 }, 1 + times.vetoSeconds / 2],
    ['three for four', { connected: 4, open: 3, missing: 4 }, 1 + (times.vetoSeconds * 3) / 4],
    ['one for eight: a little more than the least', { connected: 1, open: 1, missing: 8 }, 1 + times.vetoSeconds / 8],
    ['one for nine: the least', { connected: 1, open: 1, missing: 9 }, 1 + times.leastVetoSeconds],
    ['two for one: never', { connected: 3, open: 2, missing: 1 }, undefined],
    ['three for two: never', { connected: 3, open: 3, missing: 2 }, undefined],
  ]
  for (const [what, setup, seconds] of rows) {
    const step = seconds === undefined ? 20 : 1
    t.equal(secondsUntilRestart(group(setup), undefined, step), seconds, what)
  }
})

t.test('what the page says, and until when', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  const { decision } = w.after(1)
  t.match(decision, {
    reason: 'lookups-fail',
    detail: 'node1 (ESERVFAIL); a restart now may lose 1 (node1) and would find 1 (node4)',
    until: w.now + times.vetoSeconds * 1000,
  })
  const more = group({ connected: 4, open: 4, missing: 1 })
  const never = more.after(1).decision
  t.match(never, { detail: /lose 4 \(node1, node2, node3, ...\) and would find 1 \(node5\)$/ })
  t.notOk('until' in never, 'no time ends it')
})

t.test('names that take turns in failing are no better than one that fails', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  let look = 0
  const seconds = secondsUntilRestart(w, () => {
    fail(w, 3, { failures: 0 })
    w.hosts = { ...w.hosts, [`node${1 + (look++ % 3)}`]: { ...host(`10.0.0.${1 + ((look - 1) % 3)}`), ...failing } }
  })
  t.equal(seconds, 1 + times.vetoSeconds)
})

t.test('a name that fails now and then is waited for: its restart comes between', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  let second = 0
  const seconds = secondsUntilRestart(w, () => fail(w, 1, second++ % 40 < 30 ? failing : { failures: 0 }))
  t.equal(seconds, 31)
})

t.test('an outage that begins while the restart waits for something else is not outweighed by that time', async t => {
  const w = group({ connected: 3, open: 0, missing: 1 })
  w.paused = true
  for (let n = 0; n < 720; n++) w.after(5)
  w.paused = false
  fail(w, 1)
  t.equal(reason(w.after(5)), 'lookups-fail')
  t.equal(secondsUntilRestart(w), times.vetoSeconds)
})

t.test('a sidecar that was away has seen nothing', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  w.after(1)
  t.equal(reason(w.after(7200)), 'lookups-fail')
  t.equal(w.memory.need?.doubtMs, 30_000)
})

t.test('disputes', async t => {
  const disputed = (w: World, names: readonly number[]) => () => {
    for (const n of names) {
      const view = w.hosts[`node${n}`]
      if (view) w.hosts = { ...w.hosts, [`node${n}`]: { ...view, disputedAt: w.now } }
    }
  }
  const one = group({ connected: 3, open: 0, missing: 1 })
  t.equal(secondsUntilRestart(one, disputed(one, [1])), 1 + times.vetoSeconds, 'a connected one, for one that is found')
  const two = group({ connected: 3, open: 0, missing: 2 })
  t.equal(secondsUntilRestart(two, disputed(two, [5])), 1 + times.leastVetoSeconds, 'of the missing ones the other')
  const itself = group({ connected: 3, open: 0, missing: 1 })
  t.equal(secondsUntilRestart(itself, disputed(itself, [4]), 20), undefined, 'the one for whose sake it is')
  const both = group({ connected: 3, open: 1, missing: 1 })
  t.equal(secondsUntilRestart(both, disputed(both, [2]), 20), undefined, 'one fails, another is disputed, one is found')
})

t.test('where addresses are given nothing is lost, and nothing held', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  w.pinning = true
  t.equal(secondsUntilRestart(w), 11)
})

t.test('one that cannot be seen counts as connected; one that is missing anyway does not', async t => {
  const w = group({ connected: 2, open: 1, missing: 1 })
  w.seenBy = 'none'
  w.connections = []
  t.match(w.after(20).decision, { reason: 'lookups-fail', detail: /lose 1 \(node1\) and would find 1 \(node3\)/ })
  const lost = group({ connected: 2, open: 1, missing: 1 })
  lost.connections = lost.connections.filter(({ id }) => id !== nodeId(1))
  t.equal(secondsUntilRestart(lost), 11)
})

t.test('a turn is asked for when it is outweighed', async t => {
  const w = group({ connected: 3, open: 1, missing: 1 })
  w.plan = plan({ turns: 'controller' })
  w.after(1)
  for (let left = times.vetoSeconds - 1; left > 0; left--) t.equal(reason(w.after(1)), 'lookups-fail')
  t.equal(reason(w.after(1)), 'awaiting-turn')
  w.turn = w.look().desired.snapshotHash
  t.equal(reason(w.after(1)), 'restart')
})

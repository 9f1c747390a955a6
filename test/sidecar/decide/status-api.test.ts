// A status API that never answers is not there, and connections alone count; one that has answered and does not now is
// a busy node.
import t from 'tap'
import { holdReasons } from '../../../peers/reasons.ts'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { healthy, host, peer, plan, start, times, world } from '../fixtures/look.ts'

const reason = ({ decision }: Outcome): string => (decision.do === 'wait' ? decision.reason : decision.do)
type World = ReturnType<typeof world>

/** Its process listens and is connected, as its sockets tell, and nothing answers at its RPC port. */
function mute(setup: Parameters<typeof world>[0] = {}): World {
  const w = world(setup)
  w.status = undefined
  w.seenBy = 'sockets'
  w.connections = [1, 2, 3].map(n => ({ address: `10.0.0.${n}`, port: 26656 }))
  w.process = { identity: 'a', startedAt: start }
  return w
}

/** Its name has a new address, and the old connection is gone. Without IDs, `move` would keep it. */
function moves(w: World, n: number, address: string): void {
  const old = w.hosts[`node${n}`]?.addresses[0]
  w.move(n, address)
  w.connections = w.connections.filter(one => one.address !== old)
}

/**
 * Looks every `step` seconds for so long; what was decided, without repetitions, with the seconds after which it first
 * was.
 */
function story(w: World, seconds: number, step = 10): [string, number][] {
  const told: [string, number][] = []
  const from = w.now
  while (w.now < from + seconds * 1000) {
    const outcome = w.after(step)
    if (told.at(-1)?.[0] !== reason(outcome)) told.push([reason(outcome), (w.now - from) / 1000])
    if (outcome.decision.do === 'restart') w.restarted(`after ${w.now}`)
  }
  return told
}

t.test('hours with an RPC that never answers: a moved peer is followed; control: held for ever', async t => {
  for (const patient of [false, true]) {
    const w = mute()
    if (patient)
      w.times = { ...times, absentApiSeconds: Number.POSITIVE_INFINITY, deadApiSeconds: Number.POSITIVE_INFINITY }
    t.equal(reason(w.after(0)), 'nothing')
    story(w, 3600, 30)
    moves(w, 2, '10.0.0.22')
    const told = story(w, 2 * 3600)
    if (patient) {
      t.same(
        told,
        [
          ['settling', 10],
          ['node-silent', 20],
        ],
        'two hours',
      )
      t.equal(w.memory.restarts.length, 0)
    } else {
      t.same(
        told.map(([what]) => what),
        ['settling', 'restart', 'nothing'],
      )
      t.match(w.memory.restarts, [{ outcome: 'verified', level: 'process' }], 'verified by its sockets, at once')
      t.ok(
        (w.memory.restarts[0]?.endedAt ?? 0) - (w.memory.restarts[0]?.at ?? 0) <= 10_000,
        'the new process is not waited for anew',
      )
      moves(w, 3, '10.0.0.33')
      t.same(
        story(w, 600).map(([what]) => what),
        ['settling', 'restart', 'nothing'],
        'and again',
      )
    }
  }
})

t.test('the bounds: five minutes connected, fifteen alone, a row on each side', async t => {
  for (const [name, seconds, change] of [
    ['connected to listed peers', 300, () => undefined],
    ['dialled by somebody', 300, w => (w.connections = [{ address: '10.9.9.9' }])],
    ['connected to nobody', 900, w => (w.connections = [])],
    [
      'a program of the pod has dialled something else',
      900,
      w => (w.connections = [{ address: '10.9.9.9', port: 443 }]),
    ],
    ['behind a mesh proxy', 900, w => Object.assign(w, { seenBy: 'none', connections: [] })],
  ] as [string, number, (w: World) => unknown][]) {
    const w = mute()
    change(w)
    w.after(0)
    for (let at = 30; at < seconds; at += 30) {
      w.after(30)
      t.equal(w.memory.api?.absentSince, undefined, `${name}: ${at} s`)
    }
    w.after(30)
    t.equal(w.memory.api?.absentSince, start + seconds * 1000, `${name}: ${seconds} s`)
  }
})

t.test('it counts from when the node listens, and without a break', async t => {
  const w = mute()
  w.listening = false
  story(w, 3600, 30)
  t.equal(w.memory.api?.absentSince, undefined, 'it replays: nothing listens')
  w.listening = true
  story(w, 270, 30)
  w.listening = false
  w.after(30)
  w.listening = true
  story(w, 300, 30)
  t.equal(w.memory.api?.absentSince, undefined, 'from the beginning')
  w.after(30)
  t.equal(w.memory.api?.absentSince, w.now)
  w.process = { hold: 'supervisor-absent', detail: '' }
  w.after(30)
  t.ok(w.memory.api?.absentSince, 'the process is out of sight for a look')
})

t.test('one that has answered this process and does not now is silence, for hours', async t => {
  const w = mute()
  w.status = healthy
  w.after(0)
  w.status = undefined
  moves(w, 2, '10.0.0.22')
  t.same(
    story(w, 3 * 3600, 30).map(([what]) => what),
    ['settling', 'node-silent'],
  )
  t.match(w.memory.api, { answered: true, absentSince: undefined })
  w.status = healthy
  t.equal(reason(w.after(10)), 'restart')
})

t.test('as soon as it answers, all is as before', async t => {
  const w = mute()
  story(w, 600, 30)
  t.ok(w.memory.api?.absentSince)
  w.status = { ...healthy, validator: true, upgradePending: true }
  moves(w, 2, '10.0.0.22')
  t.same(
    story(w, 600, 30).map(([what]) => what),
    ['settling', 'upgrade-pending'],
    'it is asked',
  )
  w.status = undefined
  t.same(
    story(w, 3600, 30).map(([what]) => what),
    ['node-silent'],
    'and silence is silence',
  )
})

t.test('a new process has the patience anew, but a minute where its predecessor had none', async t => {
  const w = mute()
  story(w, 330, 30)
  t.ok(w.memory.api?.absentSince)
  w.process = { identity: 'b', startedAt: w.now }
  moves(w, 2, '10.0.0.22')
  const told = story(w, 120, 10)
  t.same(
    told.map(([what]) => what),
    ['settling', 'node-silent', 'restart', 'nothing'],
  )
  t.equal(told.find(([what]) => what === 'restart')?.[1], 70, 'a minute after the first look at which it listened')
  const other = mute()
  story(other, 330, 30)
  other.process = { identity: 'b', startedAt: other.now }
  other.memory = { ...other.memory, api: { identity: 'a', answered: true } }
  other.after(10)
  story(other, 240, 30)
  t.equal(other.memory.api?.absentSince, undefined, 'one that answered the former process has the whole patience')
})

t.test('what its configuration tells still counts; what only the API would have told is left out', async t => {
  const w = mute()
  w.settings = { doubleSignCheckHeight: 10, stateSync: false }
  story(w, 330, 30)
  moves(w, 2, '10.0.0.22')
  t.same(
    story(w, 3600, 30).map(([what]) => what),
    ['settling', 'double-sign-check'],
  )
  w.settings = { doubleSignCheckHeight: 0, stateSync: true }
  w.listening = false
  t.match(w.after(30).decision, { do: 'wait', reason: 'node-silent', detail: 'port 26656 does not listen' })
  w.listening = true
  t.equal(reason(w.after(30)), 'restart')
})

t.test('it is told through the same port: once, and then restarted', async t => {
  const w = mute()
  w.canTell = true
  story(w, 330, 30)
  moves(w, 2, '10.0.0.22')
  t.equal(reason(w.after(1)), 'settling')
  t.equal(reason(w.after(1)), 'tell', 'the API may be there by now')
  w.told = { ok: false, refused: false, detail: 'connect ECONNREFUSED' }
  w.after(1)
  w.told = undefined
  t.match(w.memory.told, [{ outcome: 'refused' }])
  t.same(
    story(w, 60, 1).map(([what]) => what),
    ['settling', 'restart', 'nothing'],
  )
})

t.test('the page says so, and when the wait may end', async t => {
  const w = mute()
  moves(w, 2, '10.0.0.22')
  w.after(0)
  w.after(15)
  const held = w.after(15)
  t.match(w.page(held), {
    reason: 'node-silent',
    sentence: holdReasons['node-silent'],
    until: new Date(start + 300_000).toISOString(),
    node: { noStatusApi: undefined },
  })
  w.hosts = { ...w.hosts, node2: host('10.0.0.2') }
  w.connections = [1, 2, 3].map(n => ({ address: `10.0.0.${n}`, port: 26656 }))
  story(w, 330, 30)
  const page = w.page(w.after(1))
  t.match(page, { phase: 'settled', node: { seenBy: 'sockets' } })
  t.match(
    page.node.noStatusApi,
    /^no status API has answered at port 26657 since the node's process began \(refused\): repeer goes by its connections/,
  )
})

t.test('a node without a status API has nothing to be silent about', async t => {
  const w = mute({ plan: plan({ profile: 'stellar-core', rpcPort: 11626 }), peers: [peer(1)] })
  story(w, 600, 30)
  t.equal(w.memory.api, undefined)
})

t.test('under observe, where the process is out of sight, the same', async t => {
  const w = mute({ plan: plan({ reach: { by: 'observe', reason: 'asked-to-observe' }, strategy: 'hot' }) })
  w.process = { hold: 'observe', detail: '' }
  story(w, 270, 30)
  t.equal(w.memory.api?.absentSince, undefined)
  story(w, 60, 30)
  t.ok(w.memory.api?.absentSince)
})

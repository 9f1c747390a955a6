// Settled, and not connected to everybody: each reason, since when, and what is asked to tell them.
import t from 'tap'
import type { Page } from '../../../peers/page.ts'
import { rotationMs } from '../../../sidecar/decide/host-view.ts'
import { knownTo } from '../../../sidecar/decide/known.ts'
import { answerOf, type Lack, lackWords, toAskForWords } from '../../../sidecar/decide/lacking.ts'
import type { Look } from '../../../sidecar/decide/look.ts'
import { statusOf } from '../../../sidecar/decide/status.ts'
import { createAnswers } from '../../../sidecar/observe/answers.ts'
import { pageOf } from '../../../sidecar/page.ts'
import { connection, host, nodeId, plan, start, world } from '../fixtures/look.ts'

type World = ReturnType<typeof world>

/** Looks once more and shows the page. `answering`: what the addresses of missing peers have answered. */
function shown(w: World, seconds: number, answering: Look['answering'] = {}): Page {
  const outcome = w.after(seconds)
  const look = { ...w.look(), reachable: {}, answering }
  const unasked = { ...outcome, assessed: outcome.assessed.map(({ reachable: _, ...peer }) => peer) }
  return pageOf(look, unasked, statusOf(look, unasked, null))
}

const without = (w: World, n: number) => {
  w.connections = w.connections.filter(one => one.id !== nodeId(n))
}
const lack = (page: Page, n: number) => page.peers.find(one => one.peer === `node${n}:26656`)

t.test('connected to all: nothing is said', async t => {
  const page = shown(world(), 0)
  t.equal(page.phase, 'settled')
  t.notOk('sentence' in page || 'detail' in page || 'lacking' in page)
  for (const one of page.peers) t.notOk('because' in one)
})

t.test('a peer that goes: since when, and whether it answers', async t => {
  const w = world()
  shown(w, 0)
  without(w, 2)
  const page = shown(w, 30, { '10.0.0.2:26656': false })
  const at = new Date(start + 30_000).toISOString()
  t.match(page, {
    phase: 'settled',
    connected: 2,
    sentence: 'nothing is left to do, and the node is connected to 2 of 3 peers',
    detail: 'not connected to node2:26656: its address does not answer: it is down, or cannot be reached from here',
    lacking: { peers: 1, since: at },
  })
  t.match(lack(page, 2), { because: 'no-answer', since: at, reachable: false })
  t.match(lack(shown(w, 30), 2), { because: 'not-connected-again', since: at }, 'the same time; nobody has asked')
  t.match(lack(shown(w, 30, { '10.0.0.2:26656': true }), 2), { because: 'not-connected-again', reachable: true })
  w.connections = [...w.connections, connection(2, '10.0.0.2')]
  t.notOk('lacking' in shown(w, 30))
  without(w, 2)
  t.equal(lack(shown(w, 30), 2)?.since, new Date(w.now).toISOString(), 'another time is another time')
})

t.test('a peer that was never there', async t => {
  const w = world()
  without(w, 3)
  const page = shown(w, 0, { '10.0.0.3:26656': true })
  t.match(
    lack(page, 3),
    { because: 'never-connected', since: new Date(start).toISOString() },
    'since its list is known',
  )
})

t.test('what stands in the way', async t => {
  const cases: [string, (w: World) => void, object][] = [
    [
      'no record',
      w => (w.hosts['node2'] = host('10.0.0.2', { failures: 3, error: 'ENOTFOUND' })),
      { because: 'name-unresolved' },
    ],
    [
      'an old connection',
      w => w.connections.push(connection(2, '10.0.0.9')),
      { because: 'former-address', standing: 'former' },
    ],
  ]
  for (const [what, change, expected] of cases) {
    const w = world()
    w.hosts['node2'] = host('10.0.0.2', { former: [{ address: '10.0.0.9', lastSeen: start - 1000 }] })
    shown(w, 0)
    without(w, 2)
    change(w)
    t.match(lack(shown(w, 1), 2), expected, what)
  }
  const w = world()
  w.hosts['node2'] = host('10.0.0.2', { rotating: true, since: start })
  shown(w, 0)
  without(w, 2)
  const page = shown(w, 1, { '10.0.0.2:26656': true })
  const until = new Date(start + rotationMs).toISOString()
  t.match(lack(page, 2), { because: 'not-followed', until })
  t.ok(page.detail?.endsWith(`which are not followed until ${until}`))
})

t.test('enough is enough; what cannot be seen does not lack', async t => {
  const w = world({ plan: plan({ minPeers: 2 }) })
  shown(w, 0)
  without(w, 2)
  const enough = shown(w, 1)
  t.notOk('lacking' in enough)
  t.match(enough.sentence, /connected to 2 of 3 peers/)
  without(w, 1)
  t.match(shown(w, 1), { lacking: { peers: 2 } })
  const blind = world()
  blind.seenBy = 'none'
  blind.connections = []
  t.notOk('lacking' in shown(blind, 0))
})

t.test('only while nothing is left to do', async t => {
  const w = world()
  shown(w, 0)
  w.move(2, '10.0.0.22')
  const page = shown(w, 1)
  t.match(page, { phase: 'waiting', reason: 'settling' })
  t.notOk('lacking' in page || page.peers.some(one => 'because' in one))
})

t.test('asked are those that nothing else asks about, and not through a mesh', async t => {
  const w = world()
  shown(w, 0)
  without(w, 2)
  const known = knownTo(w.after(1).memory)
  const unasked = { ...w.look(), reachable: {} }
  t.strictSame(toAskForWords(unasked, known), [{ address: '10.0.0.2', port: 26656 }])
  t.strictSame(toAskForWords(w.look(), known), [], 'known already')
  t.strictSame(toAskForWords({ ...unasked, plan: plan({ mesh: true }) }, known), [])
})

t.test('several that lack, in words', async t => {
  const lacks = (count: number, until?: number) =>
    Array.from(
      { length: count },
      (_, n): Lack => ({
        peer: { host: `node${n}`, port: 26656, role: 'peer' },
        because: 'no-answer',
        since: 0,
        ...(until === undefined ? {} : { until }),
      }),
    )
  const words = (count: number, until?: number) => lackWords(lacks(count, until), at => `${at} s`)
  const says = (n: number) => `node${n}:26656: its address does not answer: it is down, or cannot be reached from here`
  t.equal(words(1), says(0))
  t.equal(words(1, 5), `${says(0)} until 5 s`)
  t.equal(words(2), `${says(0)}; ${says(1)}`)
  t.match(words(9), /; and \d more$/)
})

t.test('whether one of its addresses answers', async t => {
  const w = world()
  const look = w.look()
  const [assessed] = w.after(0).assessed
  if (!assessed) throw new Error('nobody is listed')
  const { reachable: _, ...unasked } = { ...assessed, addresses: ['10.0.0.8', '10.0.0.9'] }
  const port = assessed.peer.port
  const of = (answering: Look['answering']) => answerOf(unasked, { ...look, answering } as Look)
  t.equal(of(undefined), undefined, 'nobody has asked')
  t.equal(of({ [`10.0.0.8:${port}`]: false }), false)
  t.equal(of({ [`10.0.0.8:${port}`]: false, [`10.0.0.9:${port}`]: true }), true)
  t.equal(answerOf({ ...unasked, reachable: true }, { ...look, answering: { [`10.0.0.8:${port}`]: false } }), true)
})

t.test('an answer is good for a minute', async t => {
  let now = 0
  const asked: string[] = []
  const answers = createAnswers(
    async (address, port) => {
      asked.push(`${address}:${port}`)
      return asked.length > 1
    },
    () => now,
  )
  const one = [{ address: '10.0.0.2', port: 1 }]
  t.strictSame(await answers.of(one), { '10.0.0.2:1': false })
  now = 59_999
  t.strictSame(await answers.of([...one, ...one]), { '10.0.0.2:1': false })
  t.equal(asked.length, 1)
  now = 60_000
  t.strictSame(await answers.of(one), { '10.0.0.2:1': true })
  t.strictSame(await answers.of([]), {})
  await answers.of(one)
  t.equal(asked.length, 3, 'forgotten once nobody wants it')
})

import t from 'tap'
import { type Known, podFacts, viewOf } from '../../../controller/web/model.ts'
import { homeMain } from '../../../controller/web/render/home.ts'
import { mostLinks, peerLinks } from '../../../rollout/pages/peer-links.ts'
import { settledPage } from '../../rollout/fixtures/rollout-parts.ts'
import { fleet, iso, now, type Stand } from './fixtures/fleet.ts'

const known = (...groups: ReturnType<typeof fleet>[]): Known => ({
  pods: groups.flatMap(group => group.pods),
  groups: groups.map(group => group.state),
  degraded: [],
})
const only = (stands: Record<number, Stand>, count = 4) => viewOf(known(fleet(count, { stands })), now).groups[0]

t.test('how a node stands, and why', async t => {
  const stands: Stand[] = [
    'good',
    'lacking',
    'restarting',
    'telling',
    'awaiting-turn',
    'list-malformed',
    'unread',
    'dead',
  ]
  const group = only(Object.fromEntries(stands.entries()), stands.length)
  t.same(
    group?.nodes.map(({ mood, state }) => `${mood} ${state}`),
    [
      'good connected',
      'care lacks peers',
      'busy restarting',
      'busy being told',
      'hold awaiting-turn',
      'care list-malformed',
      'dim not read yet',
      'care unreadable',
    ],
  )
  t.same(group?.counts, { good: 1, busy: 2, hold: 1, care: 3, dim: 1 })
  t.match(group?.nodes[5]?.why, /cannot be parsed: entry 3/)
  t.match(group?.queue, [
    { name: 'validator-2', place: 'has' },
    { name: 'validator-4', place: 'waits', why: 'validator-2 goes first' },
  ])
})

t.test('a peer that lacks is worth a look after three minutes', async t => {
  const lacking = (seconds: number) => {
    const { pods, state } = fleet(2)
    const page = { ...settledPage, lacking: { peers: 1, since: iso(seconds) } }
    const [first, ...others] = pods
    const view = viewOf(
      { pods: first ? [{ ...first, seen: { page, at: now } }, ...others] : [], groups: [state], degraded: [] },
      now,
    )
    return view.groups[0]?.nodes[0]?.mood
  }
  t.same([lacking(179), lacking(180)], ['hold', 'care'])
})

t.test('who stops the group, and who is gone', async t => {
  const { pods, state } = fleet(3)
  const stopped = [{ key: 'chain/validator-1', why: 'not Ready' }]
  const view = viewOf({ pods, groups: [{ ...state, stopped, away: ['chain/gone-7'] }], degraded: [] }, now)
  t.match(view.groups[0], { stopped: ['validator-1: not Ready'], size: 4 })
  t.match(view.groups[0]?.nodes[1], { mood: 'care', state: 'not back' })
  t.match(view.groups[0]?.nodes[3], { name: 'gone-7', mood: 'care', state: 'gone' })
  t.match(podFacts({ pods, groups: [{ ...state, stopped }], degraded: [] }, 'chain/validator-1', now)?.node, {
    state: 'not back',
  })
  t.equal(podFacts({ pods, groups: [state], degraded: [] }, 'chain/nobody', now), undefined)
})

t.test('lines: a pair is one, a missing one is seen, peers elsewhere are counted', async t => {
  t.equal(only({})?.links.length, 6)
  t.equal(only({ 1: 'restarting' })?.links.filter(({ connected }) => !connected).length, 3)
  const { pods, state } = fleet(2)
  const [first, second] = pods
  const link = { peer: 'elsewhere.example:26656', standing: 'absent' }
  const strange = [link, { ...link, standing: 'connected' }, { ...link, standing: 'self' }]
  const byName = [{ peer: 'validator-1:1', standing: 'connected' }]
  const view = viewOf(
    {
      pods: [
        { ...(first as (typeof pods)[0]), seen: { page: settledPage, at: 2, links: [...strange, ...byName] } },
        {
          ...(second as (typeof pods)[0]),
          seen: { page: settledPage, at: 1, links: [{ peer: 'validator-0:1', standing: 'absent' }] },
        },
      ],
      groups: [state],
      degraded: [],
    },
    now,
  )
  t.same(view.groups[0]?.outside, { connected: 1, missing: 1 })
  t.same(
    view.groups[0]?.links,
    [{ from: 'chain/validator-0', to: 'chain/validator-1', connected: true }],
    'the newer page',
  )
})

t.test('what is kept of the peers of a page: few, the missing first, short', async t => {
  const peer = (index: number, standing: string) => ({ peer: `n${index}:1`, addresses: ['10.0.0.1'], standing })
  const many = Array.from({ length: 10_000 }, (_, index) => peer(index, index === 9_999 ? 'absent' : 'connected'))
  const kept = peerLinks(many)
  t.equal(kept.length, mostLinks)
  t.equal(kept[0]?.peer, 'n9999:1')
  t.equal(peerLinks([{ ...peer(1, 'absent'), id: 'x'.repeat(320) }])[0]?.id?.length, 128)
})

t.test('1,000 pods, and 300 groups: in time and size that can be borne', async t => {
  const groups = Array.from({ length: 300 }, (_, index) =>
    fleet(10, { namespace: `n${index}`, group: `n${index}/g`, name: pod => `p${pod}` }),
  )
  const view = viewOf(known(fleet(1000, { peers: 64 }), ...groups), now)
  const began = performance.now()
  const { markup } = homeMain({ view, happenings: [], now, since: 0 })
  t.ok(performance.now() - began < 1_000)
  t.equal(view.size, 4_000)
  t.ok(markup.length < 2_000_000, `${markup.length}`)
  t.match(markup, /271 more groups/)
})

t.test('every text of a stranger comes out escaped and short', async t => {
  const hostile = `"'><script>hit</script>\u202e`
  const { pods, state } = fleet(3, {
    name: index => `${hostile}${index}`,
    group: `chain/${hostile}`,
    stands: { 1: 'list-malformed' },
  })
  const told = pods.map(each =>
    each.seen && 'page' in each.seen
      ? {
          ...each,
          seen: { ...each.seen, page: { ...each.seen.page, sentence: hostile, detail: hostile.repeat(1000) } },
        }
      : each,
  )
  const group = { ...state, stopped: [{ key: `chain/${hostile}0`, why: hostile.repeat(1000) }] }
  const view = viewOf({ pods: told, groups: [group], degraded: [hostile.repeat(1000)] }, now)
  const { markup } = homeMain({ view, happenings: [], now, since: 0 })
  t.notMatch(markup, /<script|\u202e|"'>/)
  t.ok(markup.length < 20_000, `${markup.length}`)
})

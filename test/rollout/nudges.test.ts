import t from 'tap'
import { blindTurn } from '../../peers/turn.ts'
import { changedAnnotations, isAwaited, isOutOfStep, isToldMore, needsNudge } from '../../rollout/nudges.ts'
import { hash, injected, settledPage, start } from './fixtures/rollout-parts.ts'

t.test('the annotations that differ', async t => {
  const hashNote = 'repeer.dev/peer-hash'
  const endpointsNote = 'repeer.dev/endpoints'
  const rows: [what: string, has: object, wanted: object, notes: unknown][] = [
    ['nothing, wanted nothing', {}, {}, undefined],
    ['the same', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'p', endpoints: 'e' }, undefined],
    ['another list', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'q', endpoints: 'e' }, { [hashNote]: 'q' }],
    ['other addresses', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'p', endpoints: 'f' }, { [endpointsNote]: 'f' }],
    ['both for the first time', {}, { peerHash: 'p', endpoints: 'e' }, { [hashNote]: 'p', [endpointsNote]: 'e' }],
    ['neither any more', { peerHash: 'p', endpoints: 'e' }, {}, { [hashNote]: null, [endpointsNote]: null }],
  ]
  for (const [what, has, wanted, notes] of rows) t.same(changedAnnotations(has, wanted), notes, what)
})

t.test('who needs a nudge', async t => {
  const now = start + 10_000
  const page = (over: object = {}, at = now) => ({ page: { ...settledPage, list: hash('p', '0'), ...over }, at })
  const rows: [what: string, pod: object, seen: Parameters<typeof needsNudge>[1], since: number, needs: boolean][] = [
    ['its files hold another list', {}, page(), start, true],
    ['the same list', {}, page({ list: hash('p', '1') }), start, false],
    ['three seconds are not over', {}, page(), now - 3000, false],
    ['they are', {}, page(), now - 3001, true],
    ['the page was read before that', {}, page({}, start + 3000), start, false],
    ['its list cannot be read', {}, page({ list: null }), start, false],
    ['the list of the API cannot be read', { peerHash: 'unreadable:0123' }, page(), start, true],
    ['the API has no list for it', { peerHash: undefined }, page(), start, false],
    ['it is being deleted', { deleting: true }, page(), start, false],
    ['its page cannot be read', {}, { unreachable: 'timed out', since: start, at: now }, start, false],
    ['its page has not been asked', {}, undefined, start, false],
    [
      'its files hold the annotations of before',
      {},
      page({ list: hash('p', '1'), notes: blindTurn(undefined, '{}') }),
      start,
      true,
    ],
    ['its files do not hold its turn', { turn: hash('s', '1') }, page({ list: hash('p', '1') }), start, true],
  ]
  for (const [what, pod, seen, since, needs] of rows) {
    t.equal(needsNudge({ ...injected('x'), ...pod }, seen, { since, given: 0 }, now), needs, what)
  }
  for (const [given, pause] of [3, 6, 12, 24, 48].entries()) {
    t.equal(
      needsNudge(injected('x'), page(), { since: now - pause * 1000, given }, now),
      false,
      `${pause} s are not over`,
    )
    t.equal(
      needsNudge(injected('x'), page(), { since: now - pause * 1000 - 1, given }, now),
      true,
      `nudge ${given + 1} after ${pause} s`,
    )
    t.equal(isAwaited({ since: now, given }), true)
  }
  t.equal(needsNudge(injected('x'), page(), { since: 0, given: 5 }, now), false, 'no sixth')
  t.equal(isAwaited({ since: now, given: 5 }), false)
})

t.test('files that are behind', async t => {
  const pod = { ...injected('x'), turn: hash('s', '1') }
  const { peerHash, endpoints } = pod
  const same = { ...settledPage, list: hash('p', '1'), notes: blindTurn(peerHash, endpoints), turn: hash('s', '1') }
  const { notes: _, ...older } = same
  const { turn: __, ...unturned } = same
  const rows: [what: string, page: typeof settledPage, behind: boolean][] = [
    ['all is read', same, false],
    ['another list', { ...same, list: hash('p', '0') }, true],
    [
      'the annotations of before, though the list is there',
      { ...same, notes: blindTurn(hash('p', '0'), endpoints) },
      true,
    ],
    ['the addresses of before', { ...same, notes: blindTurn(peerHash, '{"a":{}}') }, true],
    ['the turn of before', { ...same, turn: hash('s', '0') }, true],
    ['no turn', unturned, true],
    ['a sidecar that does not tell', older, false],
  ]
  for (const [what, page, behind] of rows) t.equal(isOutOfStep(pod, page), behind, what)
  for (const over of [{ peerHash: hash('p', '2') }, { endpoints: '{"a":{}}' }, { turn: `spent ${hash('s', '1')}` }]) {
    t.equal(isToldMore(pod, { ...pod, ...over }), true)
  }
  t.equal(isToldMore(pod, { ...pod, ready: false, paused: true }), false, 'what is no word to the sidecar')
})

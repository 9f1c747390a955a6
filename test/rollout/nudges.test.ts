import t from 'tap'
import { blindTurn } from '../../peers/turn.ts'
import { freshNudges, isAwaited, isOutOfStep, isToldMore, needsNudge, nudged } from '../../rollout/nudges.ts'
import { hash, injected, settledPage, start } from './fixtures/rollout-parts.ts'

t.test('who needs a nudge', async t => {
  const now = start + 10_000
  const page = (over: object = {}, at = now) => ({ page: { ...settledPage, list: hash('p', '0'), ...over }, at })
  const rows: [what: string, pod: object, seen: Parameters<typeof needsNudge>[1], since: number, needs: boolean][] = [
    ['its files hold another list', {}, page(), start, true],
    ['the same list', {}, page({ list: hash('p', '1') }), start, false],
    ['a second and a half are not over', {}, page(), now - 1500, false],
    ['they are', {}, page(), now - 1501, true],
    ['the page was read before that', {}, page({}, start + 1500), start, false],
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
  for (const [given, pause] of [1.5, 3, 6, 12, 24, 48].entries()) {
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
  t.equal(needsNudge(injected('x'), page(), { since: 0, given: 6 }, now), false, 'no seventh')
  t.equal(isAwaited({ since: now, given: 6 }), false)
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

t.test('nudges are counted from when the pod was told', async t => {
  t.strictSame(freshNudges(start), { since: start, given: 0 })
  t.strictSame(nudged(nudged(freshNudges(start), start + 3000), start + 9000), { since: start + 9000, given: 2 })
})

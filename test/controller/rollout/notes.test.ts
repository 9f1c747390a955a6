import t from 'tap'
import { changedNotes, needsNudge } from '../../../controller/rollout/notes.ts'
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
  for (const [what, has, wanted, notes] of rows) t.same(changedNotes(has, wanted), notes, what)
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
  ]
  for (const [what, pod, seen, since, needs] of rows) t.equal(needsNudge({ ...injected('x'), ...pod }, seen, since, now), needs, what)
})

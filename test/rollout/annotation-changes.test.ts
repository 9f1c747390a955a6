import t from 'tap'
import { changedAnnotations, changeEvent } from '../../rollout/annotation-changes.ts'

t.test('the annotations that differ', async t => {
  const hashNote = 'repeer.dev/peer-hash'
  const endpointsNote = 'repeer.dev/endpoints'
  const rows: [what: string, has: object, desired: object, changes: unknown][] = [
    ['nothing, and should have nothing', {}, {}, undefined],
    ['the same', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'p', endpoints: 'e' }, undefined],
    ['another list', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'q', endpoints: 'e' }, { [hashNote]: 'q' }],
    ['other addresses', { peerHash: 'p', endpoints: 'e' }, { peerHash: 'p', endpoints: 'f' }, { [endpointsNote]: 'f' }],
    ['both for the first time', {}, { peerHash: 'p', endpoints: 'e' }, { [hashNote]: 'p', [endpointsNote]: 'e' }],
    ['neither any more', { peerHash: 'p', endpoints: 'e' }, {}, { [hashNote]: null, [endpointsNote]: null }],
  ]
  for (const [what, has, desired, changes] of rows) t.same(changedAnnotations(has, desired), changes, what)
})

t.test('the Event names what has changed, and nothing that is told for the first time', async t => {
  const both = { peerHash: 'p', endpoints: 'e' }
  const rows: [what: string, has: object, changes: Record<string, string | null>, message: string | undefined][] = [
    ['another list', both, { 'repeer.dev/peer-hash': 'q' }, 'the peer list changed; the sidecar compares'],
    ['other addresses', both, { 'repeer.dev/endpoints': 'f' }, 'addresses of its peers changed; the sidecar compares'],
    [
      'both',
      both,
      { 'repeer.dev/peer-hash': 'q', 'repeer.dev/endpoints': 'f' },
      'the peer list and addresses of its peers changed; the sidecar compares',
    ],
    ['a list that is gone', both, { 'repeer.dev/peer-hash': null }, 'the peer list changed; the sidecar compares'],
    ['the first list', {}, { 'repeer.dev/peer-hash': 'q' }, undefined],
    ['the first addresses', { peerHash: 'p' }, { 'repeer.dev/endpoints': 'f' }, undefined],
  ]
  for (const [what, has, changes, message] of rows) t.equal(changeEvent(has, changes)?.message, message, what)
})

import t from 'tap'
import { isDeleting, isReady } from '../../kubernetes/object-state.ts'

t.test('being deleted', async t => {
  t.equal(isDeleting({ deletionTimestamp: '2026-11-21T00:00:00Z' }), true)
  for (const not of [undefined, {}, { deletionTimestamp: null }, { deletionTimestamp: undefined }])
    t.equal(isDeleting(not), false)
})

t.test('Ready', async t => {
  t.equal(
    isReady({
      conditions: [
        { type: 'Initialized', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    }),
    true,
  )
  const not = [
    undefined,
    {},
    { conditions: null },
    { conditions: [{ type: 'Ready', status: 'Unknown' }] },
    { conditions: [{ type: 'ContainersReady', status: 'True' }] },
  ]
  for (const status of not) t.equal(isReady(status), false, JSON.stringify(status))
})

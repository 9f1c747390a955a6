import t from 'tap'
import { withManager } from '../../demo/managed-fields.ts'
import { readService } from '../../discovery/expose/service.ts'

t.test('who has stated what, as the controller reads it', async t => {
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { annotations: { a: 'b' } },
    spec: { ports: [{ port: 1 }, { port: 2, protocol: 'UDP' }] },
  }
  const first = withManager(undefined, 'repeer-discovery/a/one', body)
  const both = withManager(first, 'kubectl', { spec: { ports: [{ port: 3 }] } })
  t.strictSame(readService({ metadata: { managedFields: both } } as never).applied, {
    'repeer-discovery/a/one': { ports: ['1/TCP', '2/UDP'], annotations: ['a'] },
  })
  t.equal(withManager(both, 'kubectl', {}).length, 2, 'one entry for each manager')
})

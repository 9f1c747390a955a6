import t from 'tap'
import { chainsOf, readExposedPod } from '../../../discovery/expose/chains.ts'
import { exposeSpec, pod } from './fixtures/objects.ts'

const spec = exposeSpec()
const read = (object: object, over: object = {}) => readExposedPod(object, exposeSpec(over))
const scoped = (...pods: ReturnType<typeof pod>[]) =>
  pods.flatMap(pod => {
    const value = readExposedPod(pod, spec)
    return value ? [{ namespace: pod.metadata.namespace, name: pod.metadata.name, value }] : []
  })

t.test('a pod', async t => {
  t.strictSame(read(pod('x', { ip: '10.0.0.1' })), {
    uid: 'uid-x',
    addresses: ['10.0.0.1'],
    nodeName: 'node1',
    ready: true,
    deleting: false,
    chainId: 'one-1',
    port: 26656,
  })
  t.match(read(pod('x')), { addresses: [] }, 'no address yet')
  t.match(read(pod('x', { ips: ['10.0.0.1', 'FD00::0001'] })), { addresses: ['10.0.0.1', 'fd00::1'] })
  t.match(read(pod('x', { deleting: true, ready: false })), { deleting: true, ready: false })
  for (const phase of ['Succeeded', 'Failed']) t.equal(read(pod('x', { phase })), undefined, phase)
  t.match(read(pod('x'), { chainId: 'fixed' }), { chainId: 'fixed' })
  t.match(read(pod('x', { labels: { net: 'z' } }), { chainIdLabel: 'net' }), { chainId: 'z' })
  t.match(read(pod('x'), { targetPort: 7 }), { port: 7 })
  t.match(read({}), { addresses: [], chainId: undefined })
})

t.test('chains by ID, and pods that are left out', async t => {
  const many = [
    { name: 'a', containerPort: 1 },
    { name: 'b', containerPort: 2 },
  ]
  const found = chainsOf(
    scoped(
      pod('b', { labels: { 'chain-id': 'two' } }),
      pod('c', { ip: '10.0.0.3' }),
      pod('d', { ip: '10.0.0.4' }),
      pod('e', { labels: { 'chain-id': '' } }),
      pod('f', { ports: many }),
    ),
    spec,
  )
  t.same(
    found.chains.map(({ id, endpoints }) => [id, endpoints.map(({ name }) => name)]),
    [
      ['one-1', ['c', 'd']],
      ['two', ['b']],
    ],
  )
  t.match(found.problems, [
    { code: 'no-chain', subject: 'pod a/e', message: 'it has no label chain-id, expected its chain ID there' },
    { code: 'no-port', subject: 'pod a/f', message: /found the ports a 1, b 2, .*set spec\.expose\.targetPort$/ },
  ])
})

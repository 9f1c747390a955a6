import t from 'tap'
import { behindOf, readSlice } from '../../kubernetes/slices.ts'
import { type EndpointOver, endpoint, slice } from '../rollout/fixtures/objects.ts'

const read = (endpoints: readonly (string | object)[], headless = true) =>
  readSlice(slice('a', 'node', endpoints, { headless }))

t.test('which endpoints count', async t => {
  const rows: [what: string, conditions: EndpointOver | null, headless: boolean, clusterIp: boolean][] = [
    ['ready', { ready: true, serving: true, terminating: false }, true, true],
    ['not known', null, true, true],
    ['not ready', { ready: false, serving: false, terminating: false }, false, false],
    ['not ready, published all the same', { ready: true, serving: false, terminating: false }, true, true],
    ['being deleted, still answering', { ready: false, serving: true, terminating: true }, false, true],
    ['being deleted, silent', { ready: false, serving: false, terminating: true }, false, false],
    ['being deleted, published all the same', { ready: true, serving: false, terminating: true }, true, true],
  ]
  for (const [what, conditions, headless, clusterIp] of rows) {
    const only = conditions === null ? { addresses: ['10.0.0.1'] } : endpoint('10.0.0.1', conditions)
    t.strictSame(
      behindOf([read([only])]),
      { addresses: headless ? ['10.0.0.1'] : [], stable: false },
      `${what}, headless`,
    )
    t.strictSame(
      behindOf([read([only], false)]),
      { addresses: clusterIp ? ['10.0.0.1'] : [], stable: true },
      `${what}, ClusterIP`,
    )
  }
  const draining = endpoint('10.0.0.1', { ready: false, serving: true, terminating: true })
  t.strictSame(
    behindOf([read([draining, '10.0.0.2'], false)]),
    { addresses: ['10.0.0.2'], stable: true },
    'while another is ready',
  )
})

t.test('several slices: sorted, each address once, in normal form', async t => {
  const slices = [read(['10.0.0.3', 'FD00:0::1']), read(['10.0.0.1', '10.0.0.3'])]
  t.strictSame(behindOf(slices), { addresses: ['10.0.0.1', '10.0.0.3', 'fd00::1'], stable: false })
  t.strictSame(behindOf([]), { addresses: [], stable: true })
})

t.test('one pod behind a Service, by its hostname or its address with dashes', async t => {
  const named = (address: string, hostname: string, ready = true) => endpoint(address, { hostname, ready })
  const slice = read([
    named('10.0.0.1', 'node-0'),
    named('10.0.0.2', 'node-1'),
    named('10.0.0.3', 'node-2', false),
    '10.0.0.4',
    'fd00::5',
  ])
  t.strictSame(behindOf([slice], 'node-1'), { addresses: ['10.0.0.2'], stable: false })
  t.strictSame(behindOf([slice], 'node-2').addresses, [])
  t.strictSame(behindOf([slice], 'node').addresses, [])
  t.strictSame(behindOf([slice], '10-0-0-4').addresses, ['10.0.0.4'])
  t.strictSame(behindOf([slice], 'fd00--5').addresses, ['fd00::5'])
  t.strictSame(behindOf([slice], '10-0-0-1').addresses, [], 'it has a hostname')
  const behindIp = read([named('10.0.0.1', 'node-0')], false)
  t.strictSame(
    behindOf([behindIp], 'node-0'),
    { addresses: ['10.0.0.1'], stable: false },
    'the ClusterIP is not in between',
  )
})

t.test('what a raw slice may lack', async t => {
  t.strictSame(readSlice({}), { headless: false, endpoints: [] })
  t.strictSame(readSlice({ metadata: {}, endpoints: null }), { headless: false, endpoints: [] })
  t.strictSame(
    readSlice({ endpoints: [{ addresses: ['node.example', '10.0.0.1'] }] }).endpoints[0]?.addresses,
    ['10.0.0.1'],
    'FQDN',
  )
})

import t from 'tap'
import { formatEndpoints } from '../../peers/endpoints.ts'
import { addressesAhead, endpointsOf, isBehind, noEndpoints, withStable } from '../../sidecar/endpoints.ts'
import { host, peer } from './fixtures/look.ts'

const text = formatEndpoints({ node1: { addresses: ['10.0.0.1'], stable: false }, node2: { addresses: ['10.0.0.2'], stable: true } })

t.test('parsed once for each text, and known since when', async t => {
  const log = { warn: () => t.fail('nothing to warn of') }
  t.equal(endpointsOf({}, noEndpoints, log, 5), noEndpoints)
  const known = endpointsOf({ endpoints: text }, noEndpoints, log, 5)
  t.same(known, {
    text,
    since: 5,
    endpoints: { node1: { addresses: ['10.0.0.1'], stable: false }, node2: { addresses: ['10.0.0.2'], stable: true } },
  })
  t.equal(endpointsOf({ endpoints: text }, known, log, 9), known)
  t.equal(endpointsOf({}, known, log, 9), noEndpoints, 'gone again')
})

t.test('what cannot be read counts as none, and is said once', async t => {
  for (const bad of ['{', '[]', 'null', '{"a":7}', '{"a":{"addresses":["x y"]}}', '{"a":{"addresses":"10.0.0.1"}}']) {
    const warnings: unknown[] = []
    const log = { warn: (fields: unknown) => void warnings.push(fields) }
    const known = endpointsOf({ endpoints: bad }, noEndpoints, log, 5)
    t.same(known, { text: bad, endpoints: {}, since: 5 })
    t.equal(endpointsOf({ endpoints: bad }, known, log, 6), known)
    t.equal(warnings.length, 1, bad)
  }
})

t.test('whether DNS is behind', async t => {
  const rows: [
    what: string,
    addresses: readonly string[] | undefined,
    behind: readonly string[] | undefined,
    stable: boolean,
    is: boolean,
  ][] = [
    ['the same', ['10.0.0.1'], ['10.0.0.1'], false, false],
    ['the same in another order', ['10.0.0.1', '10.0.0.2'], ['10.0.0.2', '10.0.0.1'], false, false],
    ['another', ['10.0.0.1'], ['10.0.0.2'], false, true],
    ['one more', ['10.0.0.1'], ['10.0.0.1', '10.0.0.2'], false, true],
    ['one less', ['10.0.0.1', '10.0.0.2'], ['10.0.0.1'], false, true],
    ['nobody left', ['10.0.0.1'], [], false, true],
    ['nobody, as before', [], [], false, false],
    ['not looked up yet', undefined, ['10.0.0.1'], false, true],
    ['not a Service', ['10.0.0.1'], undefined, false, false],
    ['an address of its own', ['10.96.0.1'], ['10.0.0.1'], true, false],
  ]
  for (const [what, addresses, behind, stable, is] of rows) {
    t.equal(isBehind(addresses && host(addresses), behind && { addresses: behind, stable }), is, what)
  }
})

t.test('the addresses that DNS does not give yet', async t => {
  const views = { node1: host('10.0.0.9'), node2: host('10.96.0.2'), node3: host('10.0.0.3') }
  const { endpoints } = endpointsOf({ endpoints: text }, noEndpoints, { warn: () => {} }, 0)
  t.same(addressesAhead([peer(1), peer(2), peer(3)], views, endpoints), [{ address: '10.0.0.1', port: 26656 }])
  t.same(addressesAhead([peer(1, { role: 'seed' })], views, endpoints), [], 'a seed need not be connected')
  t.same(addressesAhead([peer(1)], { node1: host('10.0.0.1') }, endpoints), [], 'DNS has caught up')
})

t.test('the pods behind an address of its own', async t => {
  const views = { node1: host('10.0.0.1'), node2: host('10.96.0.2'), node3: { ...host('10.96.0.3'), behind: ['10.0.0.3'] } }
  const { endpoints } = endpointsOf({ endpoints: text }, noEndpoints, { warn: () => {} }, 0)
  const seen = withStable(views, endpoints)
  t.same(seen, { ...views, node2: { ...views.node2, behind: ['10.0.0.2'] }, node3: host('10.96.0.3') }, 'what is told no more is gone')
})

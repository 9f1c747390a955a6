import t from 'tap'
import { formatEndpoints } from '../../../peers/endpoints.ts'
import { endpointsOf, isBehind, noEndpoints, withEndpoints, withoutStale } from '../../../sidecar/observe/endpoints.ts'
import { host, start } from '../fixtures/look.ts'

const text = formatEndpoints({
  node1: { addresses: ['10.0.0.1'], stable: false },
  node2: { addresses: ['10.0.0.2'], stable: true },
})

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

const nobody: ReadonlySet<string> = new Set()
const { endpoints } = endpointsOf({ endpoints: text }, noEndpoints, { warn: () => {} }, 0)

t.test('the pods behind an address of its own', async t => {
  const views = { node2: host('10.96.0.2', { rotating: true }), node3: { ...host('10.96.0.3'), behind: ['10.0.0.3'] } }
  const seen = withEndpoints(views, endpoints, {}, nobody, start)
  t.same(
    seen,
    { node2: { ...host('10.96.0.2'), behind: ['10.0.0.2'] }, node3: host('10.96.0.3') },
    'what is told no more is gone',
  )
})

t.test('the word of the controller is what the addresses are, and never rotates', async t => {
  const told = (address: string[]) => ({ node1: { addresses: address, stable: false } })
  const old = { node1: host('10.0.0.1') }
  const moved = withEndpoints(old, told(['10.0.0.11']), old, nobody, start)
  t.match(moved.node1, { addresses: ['10.0.0.11'], since: start, former: [{ address: '10.0.0.1' }], disputedAt: start })
  const later = withEndpoints(old, told(['10.0.0.11']), moved, nobody, start + 3000)
  t.match(later.node1, { addresses: ['10.0.0.11'], since: start, disputedAt: start + 3000 }, 'DNS is still behind')
  const caught = withEndpoints({ node1: host('10.0.0.11') }, told(['10.0.0.11']), later, nobody, start + 5000)
  t.match(
    caught.node1,
    { since: start, disputedAt: start + 3000 },
    'it has caught up, and the last dispute is remembered',
  )
  const back = withEndpoints(
    { node1: host('10.0.0.11', { rotating: true }) },
    told(['10.0.0.1']),
    caught,
    nobody,
    start + 60_000,
  )
  t.match(
    back.node1,
    { addresses: ['10.0.0.1'], rotating: false, former: [{ address: '10.0.0.11' }] },
    'a second move, and back, is followed',
  )
  const plain = withEndpoints({ node1: host('10.0.0.1', { rotating: true }) }, {}, back, nobody, start + 61_000)
  t.equal(plain.node1?.rotating, true, 'without its word DNS counts again')
})

t.test('while nobody is behind the name, its last addresses stay, whatever DNS still gives', async t => {
  const none = { node1: { addresses: [], stable: false } }
  const failing = host([], { failures: 3, error: 'ENOTFOUND', answeredAt: null })
  const seen = withEndpoints({ node1: failing }, none, { node1: host('10.0.0.7') }, nobody, start)
  t.match(seen.node1, { addresses: ['10.0.0.7'], failures: 3, error: 'ENOTFOUND' })
  t.notOk(seen.node1 && 'disputedAt' in seen.node1, 'nobody contradicts anybody')
  t.same(
    withEndpoints({ node1: host('10.0.0.9') }, none, {}, nobody, start).node1?.addresses,
    ['10.0.0.9'],
    'nothing else is known',
  )
})

t.test('an address that the node is given is no matter of dispute; the hosts file outranks everybody', async t => {
  const its = { node1: { addresses: ['10.0.0.11'], stable: false } }
  const given = withEndpoints({ node1: host('10.0.0.1') }, its, {}, new Set(['node1']), start)
  t.same(given.node1?.addresses, ['10.0.0.11'])
  t.equal(given.node1?.disputedAt, undefined)
  const inFile = host('10.9.9.9', { inHostsFile: true })
  t.same(withEndpoints({ node1: inFile }, its, {}, nobody, start), { node1: inFile })
})

t.test('a name that DNS never answered is known since the controller told it', async t => {
  const failing = host([], { failures: 1, error: 'ESERVFAIL', answeredAt: null })
  const first = withEndpoints({ node1: failing }, endpoints, {}, nobody, start)
  const second = withEndpoints({ node1: { ...failing, failures: 2 } }, endpoints, first, nobody, start + 9000)
  t.match(second.node1, { addresses: ['10.0.0.1'], since: start, failures: 2, error: 'ESERVFAIL', answeredAt: null })
})

t.test('a word that no controller stands by any more gives way to DNS that has long said otherwise', async t => {
  const minutes = 60_000
  const known = { text: '', endpoints: { node1: { addresses: ['10.0.0.1'], stable: false } }, since: start }
  const moved = host('10.0.0.11', { since: start + 10 * minutes })
  const at = start + 12 * minutes
  const rows: [what: string, view: typeof moved | undefined, lookedAt: number | undefined, now: number, is: boolean][] =
    [
      ['two minutes later', moved, undefined, at, true],
      ['a moment before', moved, undefined, at - 1, false],
      ['a controller has looked two minutes ago', moved, at - 2 * minutes, at, true],
      ['a controller looks', moved, at - 2 * minutes + 1, at, false],
      ['DNS says the same', host('10.0.0.1'), undefined, at, false],
      ['DNS does not answer', { ...moved, failures: 1 }, undefined, at, false],
      ['DNS has no address', host([]), undefined, at, false],
      ['DNS rotates', { ...moved, rotating: true }, undefined, at, false],
      ['name servers disagree', { ...moved, disputedAt: at - minutes }, undefined, at, false],
      ['not asked yet', undefined, undefined, at, false],
    ]
  for (const [what, view, lookedAt, now, is] of rows) {
    t.same(withoutStale(known, view ? { node1: view } : {}, lookedAt, now), is ? {} : known.endpoints, what)
  }
  t.same(
    withoutStale({ ...known, since: at - minutes }, { node1: moved }, undefined, at),
    known.endpoints,
    'it was said a minute ago',
  )
  const stable = { ...known, endpoints: { node1: { addresses: ['10.0.0.1'], stable: true } } }
  t.same(withoutStale(stable, { node1: moved }, undefined, at), stable.endpoints, 'an address of its own')
})

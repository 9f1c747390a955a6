import t from 'tap'
import { desiredSlices, readKnownSlice, sliceBody, slicesToWrite } from '../../../discovery/expose/slices.ts'
import { chain } from './fixtures/objects.ts'

const set = { namespace: 'a', name: 'set', uid: 'uid-1' }
const port = (id: string, number: number) => ({ chainId: id, name: `p2p-${id}`, port: number, targetPort: 26656 })
const one = chain('one', '10.0.0.1', '10.0.0.2')
const two = chain('two', '10.0.0.3')
const v4 = { families: ['IPv4'], publishNotReady: false }
const wanted = (chains = [one, two], how = v4) =>
  desiredSlices(set, 'p2p', [port('one', 30143), port('two', 30187)], chains, how)
const known = (slices = wanted()) => slices.flatMap(slice => readKnownSlice(sliceBody(set, slice)) ?? [])

t.test('a slice for each chain, with the name of its port, and only its pods', async t => {
  t.same(
    wanted().map(({ portName, endpoints }) => [portName, endpoints.map(({ address }) => address)]),
    [
      ['p2p-one', ['10.0.0.1', '10.0.0.2']],
      ['p2p-two', ['10.0.0.3']],
    ],
  )
  const [first] = wanted()
  if (!first) throw new Error('no slice')
  t.match(sliceBody(set, first), {
    metadata: {
      labels: {
        'kubernetes.io/service-name': 'p2p',
        'endpointslice.kubernetes.io/managed-by': 'repeer.dev',
        'repeer.dev/peer-set': 'set',
      },
      ownerReferences: [{ kind: 'PeerSet', uid: 'uid-1' }],
    },
    addressType: 'IPv4',
    ports: [{ name: 'p2p-one', port: 26656, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'node1',
        targetRef: { kind: 'Pod', namespace: 'a', name: 'one-0', uid: 'uid-one-0' },
      },
      {},
    ],
  })
})

t.test('conditions are those of the EndpointSlice controller', async t => {
  const rows: [ready: boolean, deleting: boolean, publish: boolean, expected: string][] = [
    [true, false, false, 'true true false'],
    [false, false, false, 'false false false'],
    [true, true, false, 'false true true'],
    [false, true, false, 'false false true'],
    [false, false, true, 'true false false'],
    [true, true, true, 'true true true'],
  ]
  for (const [ready, deleting, publishNotReady, expected] of rows) {
    const pods = { ...two, endpoints: two.endpoints.map(endpoint => ({ ...endpoint, ready, deleting })) }
    const endpoint = wanted([pods], { ...v4, publishNotReady })[0]?.endpoints[0]
    t.equal(`${endpoint?.ready} ${endpoint?.serving} ${endpoint?.terminating}`, expected)
  }
})

t.test('families and different ports of pods have slices of their own', async t => {
  const [a, b] = one.endpoints
  if (!a || !b) throw new Error('no endpoints')
  const mixed = {
    id: 'one',
    endpoints: [
      { ...a, addresses: ['10.0.0.1', 'fd00::1'] },
      { ...b, port: 7 },
      { ...b, name: 'later', addresses: [] },
    ],
  }
  const slices = wanted([mixed], { ...v4, families: ['IPv4', 'IPv6'] })
  t.same(
    slices.map(({ family, port, endpoints }) => `${family} ${port} ${endpoints.map(({ address }) => address)}`),
    ['IPv4 26656 10.0.0.1', 'IPv4 7 10.0.0.2', 'IPv6 26656 fd00::1', 'IPv6 7 '],
  )
  t.equal(new Set(slices.map(({ name }) => name)).size, 4)
  t.equal(slicesToWrite(slices, [], 'uid-1').length, 3, 'an empty one is not made')
})

t.test('only what differs is written; what is not wanted is emptied, once', async t => {
  t.same(slicesToWrite(wanted(), known(), 'uid-1'), [])
  t.equal(slicesToWrite(wanted(), known(), 'uid-2').length, 2, 'of a PeerSet that was created anew')
  const moved = wanted([chain('one', '10.0.0.1', '10.0.0.9'), two])
  t.match(slicesToWrite(moved, known(), 'uid-1'), [{ portName: 'p2p-one' }])
  const gone = slicesToWrite(wanted([one]), known(), 'uid-1')
  t.match(gone, [{ portName: 'p2p-two', endpoints: [] }])
  t.equal(gone.length, 1)
  t.same(slicesToWrite(wanted([one]), [...known(wanted([one])), ...known(gone)], 'uid-1'), [])
  t.match(
    slicesToWrite(wanted(), [...known(wanted([one])), ...known(gone)], 'uid-1'),
    [{ name: gone[0]?.name, endpoints: [{}] }],
    'it comes back',
  )
})

t.test('slices of others are none of ours', async t => {
  t.equal(
    readKnownSlice({
      metadata: { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' } },
    }),
    undefined,
  )
  t.match(readKnownSlice({ metadata: { labels: { 'endpointslice.kubernetes.io/managed-by': 'repeer.dev' } } }), {
    endpoints: [],
  })
})

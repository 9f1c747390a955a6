import t from 'tap'
import { readService } from '../../../discovery/expose/service.ts'
import { desiredSlices, readKnownSlice, sliceBody } from '../../../discovery/expose/slices.ts'
import { leftPorts, leftSlice } from '../../../discovery/expose/tidy.ts'
import { peerSet } from '../fixtures/specs.ts'
import { chain, manager, service } from './fixtures/objects.ts'

const other = 'repeer-discovery/a/other'
const ports = [
  { name: 'p2p-one', port: 1, by: manager },
  { name: 'p2p-two', port: 2, by: other },
]
const exposing = (name: string, expose: object | undefined = { service: 'p2p' }) => peerSet({ expose }, { name })
const left = (sets: ReturnType<typeof peerSet>[], all = ports) => leftPorts(readService(service(all)), 'a', 'p2p', sets)

t.test('ports of PeerSets that expose no more', async t => {
  t.same(left([exposing('set'), exposing('other')]), [])
  t.same(left([exposing('set')]), [other], 'it is gone')
  t.same(left([exposing('set'), peerSet({}, { name: 'other' })]), [other], 'it exposes nothing')
  t.same(left([exposing('set'), exposing('other', { service: 'another' })]), [other], 'it exposes elsewhere')
  t.same(left([exposing('set'), exposing('other', {})]), [], 'it cannot be read')
  t.same(left([exposing('set'), peerSet({}, { name: 'other', spec: { invalid: 'x' } })]), [], 'nor can this')
  t.same(left([exposing('set'), { ...exposing('other'), namespace: 'b' }]), [other], 'of another namespace')
})

t.test('a Service keeps a port: it goes with its owner, or is for its owner to delete', async t => {
  t.same(left([]), [])
  t.same(left([], [...ports, { name: 'theirs', port: 3 } as (typeof ports)[0]]), [manager, other])
})

t.test('endpoints that a PeerSet uses no more', async t => {
  const place = { namespace: 'a', name: 'set', uid: 'uid-1' }
  const port = { chainId: 'one', name: 'p2p-one', port: 1, targetPort: 2 }
  const [wanted] = desiredSlices(place, 'p2p', [port], [chain('one', '10.0.0.1')], {
    families: ['IPv4'],
    publishNotReady: false,
  })
  const slice = wanted && readKnownSlice(sliceBody(place, wanted))
  if (!slice) throw new Error('no slice')
  t.equal(leftSlice(slice, 'a', [exposing('set')]), undefined)
  t.match(leftSlice(slice, 'a', [peerSet({}, { name: 'set' })]), { name: 'set' })
  t.match(leftSlice(slice, 'a', [exposing('set', { service: 'another' })]), { name: 'set' })
  t.equal(leftSlice(slice, 'a', []), undefined, 'it goes with its PeerSet')
  t.equal(leftSlice({ ...slice, endpoints: [] }, 'a', [peerSet({}, { name: 'set' })]), undefined, 'empty')
})

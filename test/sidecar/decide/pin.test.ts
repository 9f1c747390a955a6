import t from 'tap'
import { writePeers } from '../../../peers/formats/index.ts'
import type { Peer } from '../../../peers/peer.ts'
import { peerKey } from '../../../peers/peer.ts'
import { longestVariable, pinnableHosts, pinned, type Seen } from '../../../sidecar/decide/pin.ts'
import { connection, host, nodeId, peer } from '../fixtures/look.ts'

const variable = 'CMT_P2P_PERSISTENT_PEERS'
const list = (peers: readonly Peer[]) => ({ [variable]: writePeers('cometbft-list', peers) })
const seen = (over: Partial<Seen>): Seen => ({ hosts: {}, connections: [], reachable: {}, before: {}, ...over })

t.test('addresses in place of names, names where none is known', async t => {
  const peers = [peer(1), peer(2), peer(3, { host: '10.0.0.3' }), peer(4)]
  const hosts = { node1: host('10.0.0.1'), node2: host('2001:db8::2'), node4: host([]) }
  const { exports, pins } = pinned({ ...list(peers), OTHER: 'as it is' }, { [variable]: peers }, seen({ hosts }))
  t.same(exports, {
    [variable]: [
      `${nodeId(1)}@10.0.0.1:26656`,
      `${nodeId(2)}@[2001:db8::2]:26656`,
      `${nodeId(3)}@10.0.0.3:26656`,
      `${nodeId(4)}@node4:26656`,
    ].join(','),
    OTHER: 'as it is',
  })
  t.same(pins, { [peerKey(peer(1))]: '10.0.0.1', [peerKey(peer(2))]: '2001:db8::2' })
})

t.test('which of several addresses', async t => {
  const many = { node1: host(['10.0.0.1', '10.0.0.2', '10.0.0.3']) }
  const key = peerKey(peer(1))
  const rows: [what: string, over: Partial<Seen>, address: string][] = [
    ['the first', {}, '10.0.0.1'],
    ['the last that was given', { before: { [key]: '10.0.0.2' } }, '10.0.0.2'],
    ['but not one that it has no longer', { before: { [key]: '10.0.0.9' } }, '10.0.0.1'],
    [
      'one that answers',
      { before: { [key]: '10.0.0.2' }, reachable: { '10.0.0.2:26656': false, '10.0.0.3:26656': true } },
      '10.0.0.3',
    ],
    [
      'of those that answer the last one',
      { before: { [key]: '10.0.0.3' }, reachable: { '10.0.0.1:26656': true, '10.0.0.3:26656': true } },
      '10.0.0.3',
    ],
    ['at another port is another matter', { reachable: { '10.0.0.3:1': true } }, '10.0.0.1'],
    [
      'the one of the connection',
      {
        connections: [connection(1, '10.0.0.2')],
        before: { [key]: '10.0.0.3' },
        reachable: { '10.0.0.1:26656': true },
      },
      '10.0.0.2',
    ],
    ['not that of another peer', { connections: [connection(2, '10.0.0.2'), { address: '10.0.0.3' }] }, '10.0.0.1'],
  ]
  for (const [what, over, address] of rows) {
    const { pins } = pinned(list([peer(1)]), { [variable]: [peer(1)] }, seen({ hosts: many, ...over }))
    t.same(pins, { [key]: address }, what)
  }
})

t.test('a Service with an address of its own: that one, though the connection ends at a pod', async t => {
  const hosts = { node1: host('10.96.0.1', { behind: ['10.0.0.1'] }) }
  const { pins } = pinned(
    list([peer(1)]),
    { [variable]: [peer(1)] },
    seen({ hosts, connections: [connection(1, '10.0.0.1')] }),
  )
  t.same(pins, { [peerKey(peer(1))]: '10.96.0.1' })
})

t.test('a list that addresses would make too long keeps its names', async t => {
  const peers = Array.from({ length: 2000 }, (_, n) => peer(n, { host: `n${n}` }))
  const hosts = Object.fromEntries(
    peers.map((one, n) => [one.host, host(`2001:db8:1111:2222:3333:4444:5555:${(n + 4096).toString(16)}`)]),
  )
  const names = list(peers)
  t.ok(Buffer.byteLength(`${variable}=${names[variable]}`) <= longestVariable)
  const { exports, pins } = pinned(names, { [variable]: peers }, seen({ hosts }))
  t.same(exports, names)
  t.same(pins, {})
})

t.test('seeds stay names; no name is taken for a property of every object', async t => {
  const peers = [peer(1, { role: 'seed' }), peer(2, { host: 'constructor' }), peer(3, { host: '__proto__' })]
  t.same(pinned(list(peers), { [variable]: peers }, seen({})).pins, {})
  t.same([...pinnableHosts({ [variable]: peers })], ['constructor', '__proto__'])
})

// How a node stands with each listed peer, by what is seen of its connections; and a look's hashes.
import t from 'tap'
import { peerHash } from '../../../peers/snapshot.ts'
import { enriched } from '../../../sidecar/decide/enrich.ts'
import type { Standing } from '../../../sidecar/decide/look.ts'
import type { Connection, HostView } from '../../../sidecar/decide/observation.ts'
import { hashOf } from '../../../sidecar/decide/snapshots.ts'
import { connection, healthy, host, nodeId, peer, plan, start, world } from '../fixtures/look.ts'

const former = [{ address: '10.0.0.9', lastSeen: start }]

t.test('by the node’s own word, a peer is its ID', async t => {
  const rows: [what: string, view: HostView, connections: Connection[], standing: Standing][] = [
    ['at its address', host('10.0.0.1'), [connection(1, '10.0.0.1')], 'connected'],
    ['somebody else at its address', host('10.0.0.1'), [connection(2, '10.0.0.1')], 'absent'],
    ['nobody', host('10.0.0.1'), [], 'absent'],
    ['at one that was never its own', host('10.0.0.1'), [connection(1, '192.0.2.1')], 'connected'],
    ['at one that it has no longer', host('10.0.0.1', { former }), [connection(1, '10.0.0.9')], 'former'],
    [
      'at one that it has no longer, and at a present one',
      host('10.0.0.1', { former }),
      [connection(1, '10.0.0.9'), connection(1, '10.0.0.1')],
      'connected',
    ],
    ['at one that it has again', host(['10.0.0.1', '10.0.0.9'], { former }), [connection(1, '10.0.0.9')], 'connected'],
    ['of a name that rotates', host('10.0.0.1', { former, rotating: true }), [connection(1, '10.0.0.9')], 'connected'],
    ['behind a Service', { ...host('10.96.0.1'), behind: ['10.0.0.5'] }, [connection(1, '10.0.0.5')], 'connected'],
    ['a node that tells no addresses', host('10.0.0.1', { former }), [connection(1, '')], 'connected'],
    ['a name without an answer', host([]), [connection(1, '10.0.0.1')], 'connected'],
  ]
  for (const [what, view, connections, standing] of rows) {
    const w = world({ peers: [peer(1)] })
    w.hosts = { node1: view }
    w.connections = connections
    t.equal(w.look().standings[0]?.standing, standing, what)
  }
})

t.test('by sockets, a peer is its address, and its port where the node dialled', async t => {
  const at = (address: string, port?: number): Connection => ({ address, ...(port === undefined ? {} : { port }) })
  const rows: [what: string, view: HostView, connections: Connection[], standing: Standing][] = [
    ['dialled', host('10.0.0.1'), [at('10.0.0.1', 26656)], 'connected'],
    ['dialled at another port', host('10.0.0.1'), [at('10.0.0.1', 443)], 'absent'],
    ['accepted', host('10.0.0.1'), [at('10.0.0.1')], 'connected'],
    ['at one that it has no longer', host('10.0.0.1', { former }), [at('10.0.0.9')], 'former'],
    ['at one that was never its own', host('10.0.0.1', { former }), [at('192.0.2.1')], 'absent'],
  ]
  for (const [what, view, connections, standing] of rows) {
    const w = world({ peers: [peer(1)] })
    w.seenBy = 'sockets'
    w.hosts = { node1: view }
    w.connections = connections
    t.equal(w.look().standings[0]?.standing, standing, what)
  }
})

t.test('where nothing can be seen nothing is known', async t => {
  const w = world({ peers: [peer(1), peer(0)] })
  w.seenBy = 'none'
  t.same(
    w.look().standings.map(({ standing }) => standing),
    ['self', 'unseen'],
  )
})

t.test('the node itself in its list', async t => {
  const rows: [what: string, listed: ReturnType<typeof peer>, id: string | undefined, standing: Standing][] = [
    ['by its ID', peer(0, { host: 'other' }), nodeId(0), 'self'],
    ['another ID at its own address', peer(1, { host: '10.0.0.10' }), nodeId(0), 'absent'],
    ['by its address, where its ID is not known', peer(1, { host: '10.0.0.10' }), undefined, 'self'],
    ['at its address, and another port', peer(1, { host: '10.0.0.10', port: 1 }), undefined, 'absent'],
    ['another address', peer(1, { host: '10.0.0.11' }), undefined, 'absent'],
  ]
  for (const [what, listed, id, standing] of rows) {
    const w = world({ peers: [listed] })
    const { id: _, ...anonymous } = healthy
    w.status = id === undefined ? anonymous : { ...anonymous, id }
    w.connections = []
    t.equal(w.look().standings[0]?.standing, standing, what)
  }
})

t.test('seeds need no connection, and count in the hashes', async t => {
  const w = world({ peers: [peer(1), peer(2, { role: 'seed' })] })
  const { standings, desired } = w.look()
  t.same(
    standings.map(standing => standing.peer.host),
    ['node1'],
  )
  t.same(
    desired.peers.map(({ host }) => host),
    ['node1', 'node2'],
  )
  t.equal(desired.listHash, peerHash(w.peers))
  t.equal(desired.snapshotHash, hashOf({ any: w.peers }, w.hosts))
})

t.test('a look without a list has the last good one', async t => {
  const w = world({ plan: plan() })
  w.bad = { reason: 'list-empty', message: '' }
  t.same(enriched(w.seen(), {}).desired.peers, [])
  const { desired, standings } = enriched(w.seen(), { any: w.peers })
  t.equal(desired.listHash, peerHash(w.peers))
  t.equal(standings.length, 3)
})

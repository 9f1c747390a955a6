// More than half of the peers, and a list that gets shorter: each bound with a row on both sides.
import t from 'tap'
import type { Peer } from '../../../peers/peer.ts'
import { enriched } from '../../../sidecar/decide/enrich.ts'
import { massRemoval } from '../../../sidecar/decide/mass-removal.ts'
import { peer, world } from '../fixtures/look.ts'

const peers = (...numbers: number[]) => numbers.map(n => peer(n))

t.test('how many may go', async t => {
  const rows: [what: string, had: Peer[], wants: Peer[], says: string | null][] = [
    ['none', peers(1, 2, 3, 4), peers(1, 2, 3, 4), null],
    ['exactly half of four', peers(1, 2, 3, 4), peers(1, 2), null],
    ['one more than half of four', peers(1, 2, 3, 4), peers(1), '3 of 4 peers would be removed'],
    ['exactly half of two', peers(1, 2), peers(1), null],
    ['less than half of five', peers(1, 2, 3, 4, 5), peers(1, 2, 3), null],
    ['more than half of five', peers(1, 2, 3, 4, 5), peers(1, 2), '3 of 5 peers would be removed'],
    ['all of one', peers(1), [], '1 of 1 peers would be removed'],
    ['all, and as many come in their place', peers(1, 2, 3), peers(7, 8, 9), null],
    ['all, and one fewer comes in their place', peers(1, 2, 3), peers(8, 9), '3 of 3 peers would be removed'],
    ['all, and more come', peers(1), peers(8, 9), null],
    ['they have other addresses, and the same IDs', peers(1, 2), [peer(1, { host: 'new1' })], null],
    ['one is a seed now', peers(1, 2), [peer(1, { role: 'seed' })], null],
    ['nothing was known', [], [], null],
  ]
  for (const [what, had, wants, says] of rows) {
    const w = world({ peers: wants })
    t.equal(massRemoval({ some: had }, w.look()), says, what)
    w.allowMassRemoval = true
    t.equal(massRemoval({ some: had }, w.look()), null, `${what}, and it is permitted`)
  }
})

t.test('of a look without a list that can be used, the last good one counts', async t => {
  const w = world()
  w.bad = { reason: 'list-malformed', message: 'x' }
  t.equal(massRemoval({ some: peers(1, 2, 3) }, enriched(w.seen(), { some: peers(1, 2, 3) })), null)
})

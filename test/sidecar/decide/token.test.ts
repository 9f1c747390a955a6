// The token by which the supervisor tells what a start was given.
import t from 'tap'
import { sourceKey } from '../../../sidecar/decide/lists.ts'
import { listToken, tokenOf, variableOf } from '../../../sidecar/decide/token.ts'
import { parseState } from '../../../sidecar/reach/supervisor.ts'
import { peer, source } from '../fixtures/look.ts'

const lists = { [sourceKey(source())]: [peer(1), peer(2)] }
const pins = { a: '10.0.0.1', b: '10.0.0.2' }
const longest = `${'P'.repeat(64)}_P2P_PERSISTENT_PEERS`

t.test('lists, addresses and a learned variable each change it, and each can be told', async t => {
  const tokens = [
    tokenOf(lists),
    tokenOf(lists, pins),
    tokenOf(lists, {}, 'GAIAD_P2P_PERSISTENT_PEERS'),
    tokenOf(lists, pins, 'GAIAD_P2P_PERSISTENT_PEERS'),
    tokenOf(lists, pins, longest),
  ]
  t.equal(new Set(tokens).size, tokens.length)
  for (const token of tokens) {
    t.equal(listToken(token), tokens[0])
    t.match(
      parseState(`supervisor 1.00\nphase running\nstarts 1\ngiven ${token}\n`),
      { snapshotToken: token },
      'one word that the supervisor can tell',
    )
  }
  t.same(tokens.map(variableOf), [undefined, undefined, ...Array(2).fill('GAIAD_P2P_PERSISTENT_PEERS'), longest])
  t.equal(tokenOf(lists, { b: '10.0.0.2', a: '10.0.0.1' }), tokens[1], 'whatever their order')
})

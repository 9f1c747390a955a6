import t from 'tap'
import { deterministicNodeId } from '../../../../discovery/sources/validators/node-id.ts'

t.test('computed node IDs', async t => {
  // The ID that the ICS monitor's own guide shows in the list of a consumer chain.
  t.equal(deterministicNodeId('charlie', 'consumer-0-1751686503-0'), 'c502b9d12fefcc850b1b01fc2843a46d9d7939bb')
  t.match(deterministicNodeId('charlie', 'consumer-0-1751686503-0', ''), /^[0-9a-f]{40}$/)
  t.not(deterministicNodeId('charlie', 'a', ''), deterministicNodeId('charlie', 'a'))
})

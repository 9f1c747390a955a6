import t from 'tap'
import { claimPorts, portProblems, portRange, portsOf } from '../../../../discovery/sources/validators/ports.ts'

const guide = 'ics-guide'
const offsetOf = (chainId: string) => portsOf(chainId, guide).p2p - portRange(guide).first

/** A chain ID whose offset is wanted. */
function chainAt(offset: number, prefix: string): string {
  for (let index = 0; ; index++) if (offsetOf(`${prefix}-${index}`) === offset) return `${prefix}-${index}`
}

t.test('ports follow from the chain ID', async t => {
  // Computed apart from this code: int.from_bytes(sha256(id).digest()[:8], 'big') % 1000
  t.same(portsOf('testchain1-0', guide), { p2p: 30_984, rpc: 31_084, grpc: 31_184 })
  t.same(portsOf('testchain2-0', guide), { p2p: 30_244, rpc: 30_344, grpc: 30_444 })
  t.same(portsOf('consumer-0-1751686503-0', guide), { p2p: 30_301, rpc: 30_401, grpc: 30_501 })
})

t.test("the operator's own results, which are not those of its guide", async t => {
  t.same(
    portsOf('consumer-0-1751686503-0'),
    { p2p: 28_766, rpc: 28_767, grpc: 11_200 },
    'offset 201, as its pods have it',
  )
  t.same(portsOf('consumer-0-1751692096-0'), { p2p: 33_446, rpc: 33_447, grpc: 15_880 }, 'offset 669')
  t.same(portRange('ics-operator'), { first: 26_756, last: 36_746 })
  t.same(portRange(guide), { first: 30_100, last: 31_099 })
})

t.test("the operator's formula gives no chain another's RPC or gRPC port as P2P port", async t => {
  const chains = Array.from({ length: 200 }, (_, index) => ({ consumerId: String(index), chainId: `chain-${index}` }))
  const claims = claimPorts(chains)
  for (const { consumerId } of chains)
    t.strictSame(
      portProblems(consumerId, claims).filter(({ code }) => code === 'ports-overlap'),
      [],
      consumerId,
    )
})

t.test('a port that two chains have stays with the one that came first', async t => {
  const offset = offsetOf('first')
  const second = chainAt(offset, 'second')
  const claims = claimPorts([
    { consumerId: '10', chainId: second },
    { consumerId: '9', chainId: 'first' },
  ])
  t.equal(claims.get('9')?.takenBy, undefined, 'consumer 9 is before consumer 10')
  t.same(claims.get('10')?.takenBy, { consumerId: '9', chainId: 'first' })
  t.same(portProblems('9', claims), [])
  t.match(portProblems('10', claims), [
    { code: 'port-taken', subject: 'consumer 10', message: /is also that of first \(consumer 9\), which came first/ },
  ])
})

t.test('ranges that overlap are said, and nothing is moved', async t => {
  const higher = chainAt(500, 'higher')
  const lower = chainAt(400, 'lower')
  const chains = [
    { consumerId: '0', chainId: higher },
    { consumerId: '1', chainId: lower },
  ]
  const claims = claimPorts(chains, guide)
  t.equal(claims.get('0')?.ports.p2p, claims.get('1')?.ports.rpc)
  t.equal(claims.get('0')?.takenBy ?? claims.get('1')?.takenBy, undefined)
  t.match(portProblems('0', claims), [
    { code: 'ports-overlap', message: new RegExp(`port 30600 is P2P of ${higher} and RPC of ${lower}`) },
  ])
  t.match(portProblems('1', claims), [
    { code: 'ports-overlap', message: new RegExp(`port 30600 is RPC of ${lower} and P2P of ${higher}`) },
  ])
})

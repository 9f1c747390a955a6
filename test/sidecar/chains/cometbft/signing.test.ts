// The newest block that a validator has signed, from answers as CometBFT gives them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createSigningCheck, readCommit } from '../../../../sidecar/chains/cometbft/signing.ts'
import { interfaceAt } from '../fixtures/interface.ts'

const own = 'A'.repeat(40)
const vote = (validator_address: string, block_id_flag: number) => ({
  block_id_flag,
  validator_address,
  signature: 'c2ln',
})
const commit = (height: number, ...signatures: object[]) => ({
  result: { signed_header: { commit: { height: String(height), signatures } } },
})

t.test('one answer', async t => {
  const other = vote('B'.repeat(40), 2)
  const rows: [what: string, body: unknown, expected: unknown][] = [
    ['signed', commit(7, other, vote(own, 2)), { height: 7, signed: true }],
    ['voted for nothing, and signed that', commit(7, vote(own, 3)), { height: 7, signed: true }],
    [
      'absent',
      commit(7, other, { block_id_flag: 1, validator_address: '', signature: null }),
      { height: 7, signed: false },
    ],
    ['absent by name', commit(7, vote(own, 1)), { height: 7, signed: false }],
    ['without the envelope', commit(7, vote(own, 2)).result, { height: 7, signed: true }],
    ['no block yet', { result: { signed_header: null } }, undefined],
    ['something else', { result: { signed_header: { commit: { height: 'x', signatures: [] } } } }, undefined],
    [
      'signatures that are none',
      commit(7, null as unknown as object, 5 as unknown as object),
      { height: 7, signed: false },
    ],
    ['nothing', null, undefined],
  ]
  for (const [what, body, expected] of rows) t.same(readCommit(body, own), expected, what)
})

t.test('the newest is remembered', async t => {
  let body: unknown = commit(5, vote(own, 1))
  const server = createServer((_request, response) => response.end(JSON.stringify(body)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const at = interfaceAt((server.address() as AddressInfo).port)
  const check = createSigningCheck(at)
  const look = (address = own) => check(address)
  t.equal(await look(), 0, 'none yet')
  body = commit(6, vote(own, 2))
  t.equal(await look(), 6)
  body = commit(7)
  t.equal(await look(), 6, 'a block without it')
  body = 'nonsense'
  t.equal(await look(), 6, 'no answer changes nothing')
  body = commit(3)
  t.equal(await look(), 0, 'a chain that has begun anew')
  body = commit(8, vote(own, 2))
  t.equal(await look('C'.repeat(40)), 0, 'another key')
  body = 'nonsense'
  t.equal(await createSigningCheck(at)(own), undefined)
})

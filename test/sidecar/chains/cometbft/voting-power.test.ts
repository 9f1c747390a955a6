// The power of a chain's validators, from a stand-in for CometBFT's /validators that pages as it does.
import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { createPowerCheck, readValidators } from '../../../../sidecar/chains/cometbft/voting-power.ts'
import { type RpcAnswer, startRpc } from '../../fixtures/rpc.ts'
import { askOnce, interfaceAt } from '../fixtures/interface.ts'

const envelope = (result: unknown) => JSON.stringify({ jsonrpc: '2.0', id: -1, result })

/**
 * As rpc/core/consensus.go of v0.38: at most 100 a page, in the order of the set, and an error beyond the last page.
 */
function validators(powers: readonly number[]): RpcAnswer {
  return (response: ServerResponse, request: IncomingMessage) => {
    const query = new URL(request.url ?? '', 'http://node').searchParams
    const perPage = Math.min(Number(query.get('per_page') ?? 30), 100)
    const page = Number(query.get('page') ?? 1)
    const its = powers.slice((page - 1) * perPage, page * perPage)
    if (its.length === 0) {
      response
        .writeHead(500)
        .end(
          JSON.stringify({ jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'page should be within range' } }),
        )
      return
    }
    const list = its.map((power, index) => ({
      address: `A${index}`,
      voting_power: String(power),
      proposer_priority: '0',
    }))
    response.end(
      envelope({ block_height: '7', validators: list, count: String(its.length), total: String(powers.length) }),
    )
  }
}

async function checked(t: { teardown: (done: () => void) => void }, answer: RpcAnswer) {
  const rpc = await startRpc(t, { validators: answer })
  return { rpc, sum: (timeoutMs = 5000) => createPowerCheck(interfaceAt(rpc.port, { timeoutMs, now: () => 0 }))() }
}

t.test('one page, and several', async t => {
  const few = await checked(t, validators([10, 20, 30]))
  t.equal(await few.sum(), 60)
  t.same(few.rpc.asked, ['validators?page=1&per_page=100'])
  const many = await checked(t, validators(Array.from({ length: 250 }, (_, index) => index + 1)))
  t.equal(await many.sum(), (250 * 251) / 2)
  t.same(
    many.rpc.asked,
    [1, 2, 3].map(page => `validators?page=${page}&per_page=100`),
  )
  const exact = await checked(t, validators(Array.from({ length: 200 }, () => 1)))
  t.equal(await exact.sum(), 200)
  t.equal(exact.rpc.asked.length, 2, 'no page beyond the last is asked for')
})

t.test('where it cannot be read it is not known', async t => {
  const list = (...powers: unknown[]) =>
    envelope({ validators: powers.map(voting_power => ({ voting_power })), total: String(powers.length) })
  const odd: Record<string, RpcAnswer> = {
    'no such route': response => response.writeHead(404).end('404 page not found'),
    'an error': response => response.writeHead(500).end('{"error":{}}'),
    'no JSON': '<html>',
    'no list': envelope({ validators: {} }),
    nothing: envelope(null),
    'a power that is none': list('10', 'x'),
    'a negative power': list('10', '-1'),
    'a power beyond all numbers': list('9'.repeat(30)),
    'a validator that is none': envelope({ validators: [7] }),
    'a hang': () => {},
    'a hang-up': response => response.destroy(),
  }
  for (const [what, answer] of Object.entries(odd))
    t.equal(await (await checked(t, answer)).sum(what === 'a hang' ? 100 : 5000), undefined, what)
})

t.test('a hostile answer does not keep it asking', async t => {
  const endless = await checked(t, envelope({ validators: [{ voting_power: '1' }], total: '1000000' }))
  t.equal(await endless.sum(), undefined)
  t.equal(endless.rpc.asked.length, 20)
})

t.test('without an envelope, and without a total', async t => {
  t.same(readValidators({ validators: [{ voting_power: '5' }], total: '1' }), { power: 5, count: 1, total: 1 })
  t.same(readValidators({ result: { validators: [{ voting_power: '5' }, { voting_power: 6 }] } }), {
    power: 11,
    count: 2,
    total: 2,
  })
  t.same(readValidators({ validators: [] }), { power: 0, count: 0, total: 0 })
})

t.test('an answer is kept for five minutes, a failure for half a minute', async t => {
  const { rpc } = await checked(t, validators([1, 2]))
  let now = 0
  const check = createPowerCheck(interfaceAt(rpc.port, { now: () => now }))
  t.equal(await check(), 3)
  rpc.answers.validators = validators([1, 2, 3])
  now = 299_999
  t.equal(await check(), 3)
  t.equal(rpc.asked.length, 1)
  now = 300_000
  t.equal(await check(), 6)
  rpc.answers.validators = '?'
  now = 600_000
  t.equal(await check(), undefined)
  rpc.answers.validators = validators([4])
  now = 629_999
  t.equal(await check(), undefined)
  now = 630_000
  t.equal(await check(), 4)
})

t.test('as part of a look at a node', async t => {
  const status = envelope({
    node_info: { id: 'a'.repeat(40) },
    sync_info: { latest_block_height: '7', catching_up: false },
    validator_info: { voting_power: '10' },
  })
  const rpc = await startRpc(t, {
    status,
    net_info: envelope({ listening: true, peers: [] }),
    abci_query: envelope({}),
    validators: validators([10, 30]),
  })
  t.match(await askOnce(rpc.port, {}, { power: createPowerCheck(interfaceAt(rpc.port)) }), {
    ok: true,
    status: { votingPower: 10, totalPower: 40 },
  })
})

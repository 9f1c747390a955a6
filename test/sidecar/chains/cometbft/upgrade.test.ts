import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createUpgradeCheck, readUpgradePending } from '../../../../sidecar/chains/cometbft/upgrade.ts'
import { type RpcAnswer, startRpc } from '../../fixtures/rpc.ts'
import { askOnce, interfaceAt } from '../fixtures/interface.ts'
import { planResponse } from '../fixtures/upgrade-plan.ts'

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/cometbft', `${name}.json`), 'utf8')
const healthy: Record<string, RpcAnswer> = {
  status: fixture('status'),
  net_info: fixture('net_info-outbound'),
  abci_query: fixture('abci_query-kvstore'),
}

t.test('whether an upgrade is pending', async t => {
  const of = (response: unknown) => readUpgradePending({ response })
  t.ok(readUpgradePending(JSON.parse(planResponse('v2')).result))
  t.ok(readUpgradePending(JSON.parse(planResponse('v'.repeat(120))).result), 'a length of two bytes')
  t.notOk(readUpgradePending(JSON.parse(planResponse('v2', 6)).result), 'the module is absent')
  t.notOk(readUpgradePending(JSON.parse(fixture('abci_query-kvstore')).result))
  t.notOk(of({ code: 0, value: '' }), 'no plan')
  t.notOk(of({ code: 0, value: null }))
  t.notOk(of({ code: 0, value: Buffer.from([0x0a, 0]).toString('base64') }), 'an empty plan')
  t.notOk(of({ code: 0, value: Buffer.from([0x0a, 9, 1]).toString('base64') }), 'cut off')
  t.notOk(of({ code: 0, value: Buffer.from('{"height":5}').toString('base64') }), 'another message')
  t.notOk(
    of({ code: 0, value: Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff]).toString('base64') }),
    'an endless length',
  )
  for (const odd of [null, undefined, 7, 'x', [], {}]) t.notOk(readUpgradePending(odd))
})

t.test(
  'an application that does not know the question has no upgrade; one that does not answer makes the node silent',
  async t => {
    const unknown = JSON.stringify({
      jsonrpc: '2.0',
      id: -1,
      error: { code: -32603, message: 'Internal error', data: 'no such path' },
    })
    const rpc = await startRpc(t, { ...healthy, abci_query: response => response.writeHead(500).end(unknown) })
    t.match(await askOnce(rpc.port), { ok: true, status: { upgradePending: false } })
    rpc.answers.abci_query = () => {}
    t.match(await askOnce(rpc.port, { timeoutMs: 100 }), {
      ok: false,
      silent: /abci_query.* did not answer within 0.1 s/,
    })
  },
)

t.test('an answer about upgrades is kept for a minute', async t => {
  const rpc = await startRpc(t, { ...healthy, abci_query: planResponse('v2') })
  let now = 0
  const ask = () => askOnce(rpc.port, {}, { upgrade })
  const upgrade = createUpgradeCheck(interfaceAt(rpc.port, { now: () => now }))
  const questions = () => rpc.asked.filter(path => path.startsWith('abci_query')).length
  t.match(await ask(), { status: { upgradePending: true } })
  rpc.answers.abci_query = fixture('abci_query-kvstore')
  now = 59_999
  t.match(await ask(), { status: { upgradePending: true } })
  t.equal(questions(), 1)
  now = 60_000
  t.match(await ask(), { status: { upgradePending: false } })
  t.equal(questions(), 2)
  rpc.answers.abci_query = response => response.destroy()
  now = 200_000
  t.match(await ask(), { ok: false }, 'a failure is not kept')
  rpc.answers.abci_query = planResponse('v3')
  t.match(await ask(), { status: { upgradePending: true } })
})

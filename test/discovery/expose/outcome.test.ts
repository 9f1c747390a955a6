import t from 'tap'
import { outcomeOf, portsChange } from '../../../discovery/expose/outcome.ts'
import { readService } from '../../../discovery/expose/service.ts'
import { service } from './fixtures/objects.ts'

const place = 'Service a/p2p'
const port = (id: string, number: number) => ({ chainId: id, name: `p2p-${id}`, port: number, targetPort: 26656 })
const there = readService(service([]))
const ports = [port('one', 30143), port('two', 30187)]

t.test('exposed, with addresses and ports', async t => {
  t.strictSame(outcomeOf(place, ports, [], there, 1), {
    ok: true,
    reason: 'Exposed',
    message: 'Service a/p2p at 192.0.2.1: one on 30143, two on 30187',
  })
  const left = [{ code: 'no-chain', subject: 'pod a/x', message: 'it has no label' }]
  t.match(outcomeOf(place, ports, left, there, 1), { ok: true, message: /; pod a\/x: it has no label$/ })
  const many = Array.from({ length: 50 }, (_, index) => port(`chain-${index}`, 30100 + index))
  t.match(outcomeOf(place, many, [], there, 1).message, /chain-11 on 30111 and 38 more$/)
})

t.test('several chains on several nodes, and only nodes are asked', async t => {
  t.match(outcomeOf(place, ports, [], there, 2), { ok: true, message: /externalTrafficPolicy is Local/ })
  t.notMatch(outcomeOf(place, ports.slice(1), [], there, 2).message, 'Local', 'one chain')
  const cluster = readService(service([], { spec: { externalTrafficPolicy: 'Cluster' } }))
  t.notMatch(outcomeOf(place, ports, [], cluster, 2).message, 'Local')
})

t.test('what is not', async t => {
  const problem = (code: string) => ({ code, subject: 'chain x', message: 'it is so' })
  t.match(outcomeOf(place, ports, [problem('port-taken'), problem('full')], there, 1), {
    ok: false,
    reason: 'PortTaken',
    message: /^chain x: it is so; .*one on 30143/,
  })
  t.match(outcomeOf(place, ports, [problem('full')], there, 1), { ok: false, reason: 'ServiceFull' })
  t.match(outcomeOf(place, ports, [], readService(service([], { addresses: [] })), 1), {
    ok: false,
    reason: 'NoAddress',
    message: /no address yet; one on/,
  })
  t.match(outcomeOf(place, [], [], undefined, 0), { ok: true, reason: 'NoPods' })
  t.match(outcomeOf(place, [{ ...port('one', 1), chainId: undefined }], [], there, 0), {
    reason: 'NoPods',
    message: /p2p-one \(no pods\) on 1/,
  })
})

t.test('what has come and gone', async t => {
  t.equal(portsChange([30143, 9], ports), '+p2p-two 30187 -9')
  t.equal(portsChange([30143, 30187], ports), undefined)
})

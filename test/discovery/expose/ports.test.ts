import t from 'tap'
import { createGrace, decidePorts, portName } from '../../../discovery/expose/ports.ts'
import { readService } from '../../../discovery/expose/service.ts'
import { portsOf } from '../../../discovery/sources/validators/ports.ts'
import { chain, exposeSpec, manager, service } from './fixtures/objects.ts'

type Ports = Parameters<typeof service>[0]
const at = (ports: Ports) => readService(service(ports))
const decide = (
  chains: ReturnType<typeof chain>[],
  over: object = {},
  there?: Ports,
  stays: (name: string) => boolean = () => false,
) => {
  const { ports, problems } = decidePorts(chains, exposeSpec(over), there && at(there), manager, stays)
  return { ports: ports.map(port => `${port.chainId ?? '-'} ${port.name} ${port.port}>${port.targetPort}`), problems }
}
const portOne = portsOf('one-1').p2p
const two = portsOf('two-1').p2p
const own = (id: string, port: number) => ({ name: portName(id), port, by: manager })
const foreign = (name: string, port: number) => ({ name, port, by: 'somebody' })

t.test('names are DNS labels, and no two chains share one', async t => {
  t.equal(portName('consumer-0-1751686503-0'), 'p2p-consumer-0-1751686503-0')
  const ids = [
    'Osmo_1',
    'osmo-1',
    'osmo_1',
    'osmo.1',
    `${'x'.repeat(70)}a`,
    `${'x'.repeat(70)}b`,
    '-',
    'ж',
    'a'.repeat(59),
    'a'.repeat(60),
  ]
  const names = ids.map(portName)
  for (const name of names) t.ok(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= 63, name)
  t.equal(new Set(names).size, ids.length)
})

t.test('a port for each chain, by its ID or as stated', async t => {
  const chains = [chain('one-1', '10.0.0.1'), chain('two-1', '10.0.0.2')]
  t.strictSame(decide(chains, { ports: [{ chainId: 'two-1', port: 7 }] }), {
    ports: [`two-1 p2p-two-1 7>26656`, `one-1 p2p-one-1 ${portOne}>26656`],
    problems: [],
  })
})

t.test('two chains on one port: the first keeps it', async t => {
  const over = { ports: [{ chainId: 'two-1', port: portOne }] }
  const chains = [chain('one-1', '10.0.0.1'), chain('two-1', '10.0.0.2')]
  const fresh = decide(chains, over)
  t.same(fresh.ports, [`one-1 p2p-one-1 ${portOne}>26656`], 'of two that come together, the first by ID')
  t.match(fresh.problems, [
    {
      code: 'port-taken',
      subject: 'chain two-1',
      message: `port ${portOne} is that of chain one-1: state another in spec.expose.ports`,
    },
  ])
  t.match(
    decide(chains, over, [own('two-1', portOne)]),
    { ports: [`two-1 p2p-two-1 ${portOne}>26656`], problems: [{ subject: 'chain one-1' }] },
    'who has it',
  )
  t.match(
    decide([chain('one-1', '10.0.0.1')], {}, [own('two-1', portOne)], () => true),
    { ports: [`- p2p-two-1 ${portOne}>26656`], problems: [{ message: /is that of p2p-two-1/ }] },
    'also while its chain has no pods for a moment',
  )
})

t.test('ports of others are not taken', async t => {
  const taken = decide([chain('one-1', '10.0.0.1'), chain('two-1', '10.0.0.2')], {}, [
    foreign('theirs', portOne),
    foreign('p2p-two-1', 9),
  ])
  t.same(taken.ports, [])
  t.match(taken.problems, [
    {
      code: 'port-taken',
      message: new RegExp(`port ${portOne} is on the Service already: theirs ${portOne}, which another manager`),
    },
    { code: 'port-taken', message: /p2p-two-1 9/ },
  ])
  t.match(decide([chain('one-1', '10.0.0.1')], {}, [foreign('theirs', 9)]), {
    ports: [`one-1 p2p-one-1 ${portOne}>26656`],
    problems: [],
  })
})

t.test('a full Service: what is there stays, newcomers are told', async t => {
  const chains = [chain('a-1', '10.0.0.3'), chain('one-1', '10.0.0.1'), chain('two-1', '10.0.0.2')]
  const there = [own('one-1', portOne), own('two-1', two), foreign('theirs', 9)]
  const full = decide(chains, { maxPorts: 3 }, there)
  t.same(full.ports.length, 2)
  t.match(full.problems, [
    {
      code: 'full',
      subject: 'chain a-1',
      message: /has 3 ports, expected at most spec\.expose\.maxPorts 3: port \d+ is not added/,
    },
  ])
  t.equal(decide(chains, { maxPorts: 1 }, there).ports.length, 2, 'a lower limit takes nothing away')
  t.equal(decide(chains, { maxPorts: 4 }, there).ports.length, 3)
})

t.test('a chain that goes, a port that is stated anew, and the last port', async t => {
  const there = [own('one-1', portOne), own('two-1', two)]
  t.same(decide([chain('one-1', '10.0.0.1')], {}, there).ports, [`one-1 p2p-one-1 ${portOne}>26656`])
  t.equal(decide([chain('one-1', '10.0.0.1')], {}, there, () => true).ports.length, 2, 'not before its time')
  t.same(
    decide(
      [chain('one-1', '10.0.0.1')],
      { ports: [{ chainId: 'one-1', port: 8 }] },
      [own('one-1', portOne)],
      () => true,
    ).ports,
    ['one-1 p2p-one-1 8>26656'],
  )
  t.same(
    decide([], {}, [own('one-1', portOne)]).ports,
    [`- p2p-one-1 ${portOne}>26656`],
    'a Service has to have a port',
  )
  t.same(decide([], {}, [own('one-1', portOne), foreign('theirs', 9)]).ports, [])
  t.same(decide([]).ports, [])
})

t.test('grace runs from when a chain was first seen to be gone', async t => {
  let now = 1000
  const grace = createGrace(500, () => now)
  t.ok(grace.stays('x'), 'unknown so far: a new controller')
  now += 499
  t.ok(grace.stays('x'))
  now += 1
  t.notOk(grace.stays('x'))
  grace.present(['x'])
  t.ok(grace.stays('x'), 'it was back')
  t.notOk(createGrace(0, () => now).stays('x'))
})

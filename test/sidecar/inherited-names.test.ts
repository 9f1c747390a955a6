// Peers whose names every object of JavaScript has already: `constructor` is a legal Service's name. One such peer must
// not blind the sidecar for the others: files, endpoints, look-ups, decisions, the page and the memory know it by no
// other rule than any name.
import t from 'tap'
import { formatEndpoints, parseEndpoints } from '../../peers/endpoints.ts'
import { own } from '../../peers/own.ts'
import { parsePage } from '../../peers/page-check.ts'
import { blank, type Memory } from '../../sidecar/decide/memory.ts'
import { startLoop } from '../../sidecar/loop.ts'
import { readMemory, writeMemory } from '../../sidecar/memory-file.ts'
import { readInput } from '../../sidecar/observe/input.ts'
import { createResolver } from '../../sidecar/observe/resolve.ts'
import { inheritedHosts } from '../fixtures/inherited.ts'
import { until } from '../fixtures/until.ts'
import { writeVolume } from './fixtures/kubelet-volume.ts'
import { connection, host, nodeId, peer, plan, world } from './fixtures/look.ts'
import { loopParts } from './fixtures/loop-parts.ts'

const names = ['node9', ...inheritedHosts]
const address = (index: number) => `10.0.0.${index + 1}`
const views = (since: number) =>
  Object.fromEntries(names.map((name, index) => [name, host(address(index), { since, answeredAt: since })]))

for (const name of inheritedHosts) {
  t.test(`${name}: the loop looks at it, restarts for it once, and shows it`, async t => {
    const saved: Memory[] = []
    const { calls, node, made } = loopParts({
      save: async memory => void saved.push(memory),
      // A list that another one takes the place of, and look-ups that know nobody yet.
      lookUp: async () => node.hosts,
    })
    const hosts = (moved: boolean) => ({
      node2: host('10.0.0.2', { since: Date.now() - 1e6 }),
      [name]: moved
        ? host('10.0.0.11', { since: Date.now(), former: [{ address: '10.0.0.1', lastSeen: Date.now() }] })
        : host('10.0.0.1', { since: Date.now() - 1e6 }),
    })
    node.peers = [peer(1, { host: name }), peer(2)]
    node.hosts = {} as typeof node.hosts
    node.connections = []
    const loop = startLoop(made, blank)
    await until('a first look without any answer', () => loop.page() !== null)
    node.hosts = hosts(false) as never
    node.connections = [connection(1, '10.0.0.1'), connection(2, '10.0.0.2')]
    loop.hint()
    await until('settled', () => loop.page()?.phase === 'settled')
    await loop.close()

    // The next sidecar reads what this one has written, so that nothing is left of its objects' own kind.
    const restored = readMemory(writeMemory(saved.at(-1) ?? blank))
    t.same(own(restored.hosts, name)?.addresses, ['10.0.0.1'])
    const next = startLoop({ ...made, save: async memory => void saved.push(memory) }, restored)
    t.teardown(() => next.close())
    await until('settled again', () => next.page()?.phase === 'settled')
    node.hosts = hosts(true) as never
    node.connections = [connection(2, '10.0.0.2')]
    next.hint()
    await until('a restart', () => calls.includes('restart process'))
    node.identity = 'b'
    node.connections = [connection(1, '10.0.0.11'), connection(2, '10.0.0.2')]
    await until('settled at its new address', () => next.page()?.phase === 'settled')
    const page = parsePage(JSON.stringify(next.page()))
    t.match(page.peers[0], { peer: `${name}:26656`, addresses: ['10.0.0.11'], standing: 'connected' })
    t.equal(calls.filter(call => call.startsWith('restart')).length, 1)
  })
}

t.test('a list in a file names them, and the node is given their addresses', async t => {
  const dir = t.testdir({})
  const text = names.map((name, index) => `${nodeId(index + 1)}@${name}:26656`).join(',')
  const source = {
    kind: 'ConfigMap',
    name: 'constructor',
    key: '__proto__',
    via: 'env',
    format: 'cometbft-list',
    role: 'peer',
    variable: '__proto__',
    override: '__proto__',
    level: 'process',
  } as const
  writeVolume(dir, {
    'pod/plan': JSON.stringify(plan({ sources: [source] })),
    'sources/configmap/constructor/__proto__': text,
  })
  const input = await readInput(dir)
  t.same(input.list.ok && input.list.peers.map(({ host }) => host).sort(), [...names].sort())
  t.same(Object.entries(input.exports), [['__proto__', text]])
  t.same(Object.keys(input.pinnable), ['__proto__'])
})

t.test('what the controller tells of their addresses is read as it was written', async t => {
  const behind = { addresses: ['10.0.0.7'], stable: false }
  const entries = names.map(name => [name, behind] as const)
  const read = parseEndpoints(formatEndpoints(Object.fromEntries(entries)))
  t.same(Object.keys(read).sort(), [...names].sort())
  for (const name of names) t.same(own(read, name), behind)
  for (const name of inheritedHosts) t.equal(own(parseEndpoints('{}'), name), undefined, `nothing is told of ${name}`)
})

t.test('look-ups answer by name, and are restored from the memory', async t => {
  const resolver = createResolver({ now: () => 1000, random: () => 0, resolvConf: '/dev/null', hostsFile: '/dev/null' })
  t.teardown(() => resolver.close())
  resolver.restore(JSON.parse(JSON.stringify(views(500))))
  t.same(Object.keys(resolver.views()).sort(), [...names].sort())
  for (const [index, name] of names.entries()) t.same(own(resolver.views(), name)?.addresses, [address(index)])
})

t.test('a peer that is new in the list, and known to no process yet', async t => {
  for (const name of inheritedHosts) {
    const w = world({ peers: [peer(1), peer(2), peer(3)] })
    w.after(0)
    w.memory = readMemory(writeMemory(w.memory))
    w.peers = [...w.peers, peer(4, { host: name })]
    w.hosts = Object.fromEntries([...Object.entries(w.hosts), [name, host('10.0.0.4')]])
    const outcome = w.after(1)
    const page = w.page(outcome)
    t.match(page.peers.at(-1), { peer: `${name}:26656`, standing: 'absent' })
    t.equal(outcome.assessed.find(listed => listed.peer.host === name)?.restartTeaches, 'list')
  }
})

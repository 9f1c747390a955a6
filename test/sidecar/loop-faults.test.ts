// The loop where its parts fail, and where the machine's clock is set.
import { pino } from 'pino'
import t from 'tap'
import { blank, type Memory } from '../../sidecar/decide/memory.ts'
import { startLoop } from '../../sidecar/loop.ts'
import { until } from '../fixtures/until.ts'
import { connection, host } from './fixtures/look.ts'
import { loopParts } from './fixtures/loop-parts.ts'

const noSpace = () => Promise.reject(new Error('ENOSPC: no space left on device'))

t.test('nothing is exported that the memory does not know: after the disk was full, both', async t => {
  const { calls, node, made } = loopParts()
  let full = false
  node.exports = { PEERS: 'one' }
  const save = async (memory: Memory) => (full ? noSpace() : made.save(memory))
  const loop = startLoop({ ...made, save }, blank)
  t.teardown(() => loop.close())
  await until('prepared', () => calls.some(call => call.includes('"one"')))
  full = true
  node.exports = { PEERS: 'two' }
  loop.hint()
  await until('said', () => loop.page()?.reason === 'state-unwritable')
  t.notOk(calls.some(call => call.includes('"two"')))
  full = false
  loop.hint()
  await until('prepared', () => calls.some(call => call.includes('"two"')))
  await until('well', () => loop.page()?.phase === 'settled')
})

t.test(
  'exports that cannot be written hold a restart, which is not in the memory then, and the page says so',
  async t => {
    const { calls, node, made } = loopParts()
    let full = false
    const saved: Memory[] = []
    const prepare = async (exports: Readonly<Record<string, string>>, token: string) =>
      full ? noSpace() : made.reach.prepare(exports, token)
    const save = async (memory: Memory) => void saved.push(memory)
    const loop = startLoop({ ...made, save, reach: { ...made.reach, prepare } }, blank)
    t.teardown(() => loop.close())
    await until('settled', () => loop.page()?.phase === 'settled')
    full = true
    node.exports = { PEERS: 'new' }
    node.connections = [connection(1, '10.0.0.1')]
    node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: Date.now() }) }
    loop.hint()
    await until('said', () => loop.page()?.reason === 'state-unwritable')
    const looks = saved.length
    loop.hint()
    await until('looked again', () => saved.length > looks)
    t.match(loop.page(), { phase: 'waiting', detail: /ENOSPC/, connected: 1 })
    t.notOk(calls.some(call => call.startsWith('restart')))
    t.ok(saved.every(memory => memory.intent === null))
    full = false
    loop.hint()
    await until('a restart', () => calls.includes('restart process'))
    t.ok(calls.findIndex(call => call.includes('"new"')) < calls.indexOf('restart process'), 'after it was prepared')
  },
)

t.test('a restart that is asked for at each look is logged once, and a refusal once for each reason', async t => {
  const lines: { msg: string; reason?: string }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const { node, made } = loopParts({ log })
  let asked = 0
  const restart = async () => {
    asked++
    return { ok: false, hold: 'supervisor-absent', detail: asked > 5 ? 'other' : 'one' } as const
  }
  const loop = startLoop({ ...made, reach: { ...made.reach, restart } }, blank)
  t.teardown(() => loop.close())
  await until('settled', () => loop.page()?.phase === 'settled')
  node.connections = [connection(1, '10.0.0.1')]
  node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: Date.now() }) }
  loop.hint()
  await until('asked ten times', () => asked > 10)
  t.equal(lines.filter(line => line.msg === 'restarting the node in place').length, 1)
  t.equal(lines.filter(line => line.msg.startsWith('the restart was not taken')).length, 2)
})

t.test(
  'the container beside the node is asked where somebody is missing; where that fails, it permits nothing',
  async t => {
    const { calls, node, made } = loopParts()
    let asked = 0
    let broken = true
    const permit = async () => {
      asked++
      if (broken) throw new Error('EMFILE')
      return null
    }
    const loop = startLoop({ ...made, reach: { ...made.reach, permit } }, blank)
    t.teardown(() => loop.close())
    await until('settled', () => loop.page()?.phase === 'settled')
    t.equal(asked, 0, 'nobody is missing')
    node.connections = [connection(1, '10.0.0.1')]
    node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: Date.now() }) }
    loop.hint()
    await until('held', () => loop.page()?.reason === 'operator-upgrade')
    t.match(loop.page()?.detail, /could not be asked: EMFILE/)
    t.notOk(calls.includes('restart process'))
    broken = false
    loop.hint()
    await until('a restart', () => calls.includes('restart process'))
  },
)

const hour = 3_600_000
for (const jump of [hour, -hour, 24 * hour, -24 * hour]) {
  t.test(
    `the clock is set by ${jump / hour} h: the page tells the machine's time, and looks come as often`,
    async t => {
      const state = { now: Date.now(), wallAhead: 0 }
      const { calls, node, made } = loopParts({
        now: () => state.now,
        wallAhead: () => state.wallAhead,
        reachable: async () => false,
      })
      const loop = startLoop(made, blank)
      t.teardown(() => loop.close())
      await until('settled', () => loop.page()?.phase === 'settled')
      node.hosts = { ...node.hosts, node2: host('10.0.0.22', { since: state.now }) }
      node.connections = [connection(1, '10.0.0.1')]
      loop.hint()
      await until('unreachable', () => loop.page()?.reason === 'unreachable')
      const since = Date.parse(loop.page()?.since ?? '')
      const hasLooked = async () => {
        const at = new Date(state.now + state.wallAhead).toISOString()
        await until('a look at this time', () => loop.page()?.lookedAt === at, 2)
      }
      state.wallAhead = jump
      state.now += 1000
      await hasLooked()
      t.equal(Date.parse(loop.page()?.since ?? ''), since + jump)
      t.equal(loop.unwell(), null)
      state.now += 58_000
      await hasLooked()
      state.now += 3_000
      await hasLooked()
      const looks = calls.length
      await new Promise(resolve => setTimeout(resolve, 200))
      t.equal(calls.length, looks, 'after a minute it is tried seldom, as without')
    },
  )
}

// The sidecar's time, over a machine whose clock is set, that is booted, and whose sidecar dies.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openClock, thisMachine } from '../../sidecar/clock.ts'
import { blank, type Memory } from '../../sidecar/decide/memory.ts'
import { start } from './fixtures/look.ts'

const hour = 3_600_000

/** `pass` lets time go by, `set` sets the clock, `boot` boots; each process has a `steady` of its own. */
function machine() {
  const m = { wall: start, uptime: 500_000, boot: 'b1' as string | undefined }
  return {
    m,
    pass(ms: number) {
      m.wall += ms
      m.uptime += ms
    },
    set(ms: number) {
      m.wall += ms
    },
    reboot() {
      m.boot = 'b2'
      m.uptime = 10_000
    },
    asSeen: () => ({
      wall: () => m.wall,
      steady: () => m.uptime + 77,
      boot: () => (m.boot ? { id: m.boot, uptime: m.uptime } : undefined),
    }),
  }
}

const remembered = (clock: Memory['clock'], at: number): Memory => ({ ...blank, clock, heights: [{ at, height: 1 }] })

for (const jump of [hour, -hour, 24 * hour, -24 * hour]) {
  t.test(`set by ${jump / hour} h`, async t => {
    const { m, pass, set, asSeen } = machine()
    const clock = openClock(blank, asSeen())
    t.equal(clock.now(), start)
    pass(5000)
    t.equal(clock.ahead(), 0)
    set(jump)
    pass(1000)
    t.equal(clock.now(), start + 6000, 'it goes on evenly')
    t.equal(clock.ahead(), jump)
    t.equal(clock.now() + clock.ahead(), m.wall, 'others are told times as the machine has them')
    pass(1000)
    const next = openClock(remembered(clock.origin, start + 6000), asSeen())
    t.equal(next.now(), start + 7000, 'and from one sidecar to the next')
    t.equal(next.ahead(), jump)
    set(-jump)
    t.equal(next.ahead(), 0, 'and back')
  })
}

t.test('after a boot the machine is believed, but time does not go back', async t => {
  for (const [jump, now] of [
    [hour, start + 6000 + hour],
    [-hour, start + 5000],
    [-24 * hour, start + 5000],
  ] as const) {
    const { pass, set, reboot, asSeen } = machine()
    const clock = openClock(blank, asSeen())
    pass(6000)
    set(jump)
    reboot()
    t.equal(openClock(remembered(clock.origin, start + 5000), asSeen()).now(), now, `${jump / hour} h`)
  }
})

t.test('where a boot cannot be told, and in the memory of an older sidecar, as after a boot', async t => {
  const { m, set, asSeen } = machine()
  m.boot = undefined
  t.equal(openClock(blank, asSeen()).origin, undefined)
  set(-hour)
  t.equal(openClock(remembered(undefined, start), asSeen()).now(), start)
  set(2 * hour)
  t.equal(openClock(remembered({ boot: 'b1', bootedAt: 1 }, start), asSeen()).now(), start + hour)
})

t.test('each time of the memory by which something is held back is not ahead', async t => {
  const { asSeen } = machine()
  const at = start + 24 * hour
  const memories: Partial<Memory>[] = [
    { restarts: [{ id: 'r', hash: 'h', level: 'process', at: start, why: '', outcome: 'verified', endedAt: at }] },
    { need: { hash: 'h', since: at, firstSince: start, delaySeconds: 0 } },
    { lostAt: at },
    { told: [{ at, hash: 'h', identity: 'a', outcome: 'in-vain' }] },
    { process: { identity: 'a', startedAt: at } },
    { settled: { hash: 'h', at, how: 'connected' } },
    { hosts: { node1: { addresses: [], since: at, former: [], rotating: false, answeredAt: null, failures: 0 } } },
  ]
  for (const some of memories) t.equal(openClock({ ...blank, ...some }, asSeen()).now(), at, Object.keys(some).join())
})

t.test('small differences are no setting of the clock', async t => {
  const { set, asSeen } = machine()
  const clock = openClock(blank, asSeen())
  for (const ms of [200, 299]) {
    set(ms)
    t.equal(clock.ahead(), 0)
  }
  set(1)
  t.equal(clock.ahead(), 500)
  set(400)
  t.equal(clock.ahead(), 500, 'nor does it flicker')
  set(100)
  t.equal(clock.ahead(), 1000)
})

t.test('what is read of the machine', async t => {
  const dir = t.testdir()
  t.equal(thisMachine(dir).boot(), undefined)
  mkdirSync(join(dir, 'sys/kernel/random'), { recursive: true })
  writeFileSync(join(dir, 'sys/kernel/random/boot_id'), 'an-id\n')
  writeFileSync(join(dir, 'uptime'), '12.34 5.6\n')
  t.strictSame(thisMachine(dir).boot(), { id: 'an-id', uptime: 12_340 })
  t.type(thisMachine('/proc').boot()?.uptime, 'number')
})

// The machine's clock is set at every moment of a history, with and without another sidecar right after: each decision
// comes when it would have come.
import t from 'tap'
import { openClock } from '../../sidecar/clock.ts'
import type { Outcome } from '../../sidecar/decide/decision.ts'
import { blank } from '../../sidecar/decide/memory.ts'
import { nodeId, start, world } from './fixtures/look.ts'

const hour = 3_600_000

type History = {
  readonly seconds: number
  readonly looks: number
  act(w: ReturnType<typeof world>, second: number, outcome: Outcome): void
}

/**
 * A peer moves; the restart for it does not help, and it moves again, or it helps, and another moves: the settle time,
 * the verdict, min-interval or back-off.
 */
const short = (helps: boolean): History => ({
  seconds: 2,
  looks: 150,
  act(w, second, { decision }) {
    if (second === 4) w.move(2, '10.0.0.22')
    if (second === 100) w.move(helps ? 3 : 2, '10.0.0.33')
    if (decision.do !== 'restart') return
    w.restarted(`p${second}`, true)
    if (!helps) w.connections = w.connections.filter(({ id }) => id === nodeId(1))
  },
})

/** Peers that move all day long: the budget; or restarts in vain: the breaker. */
const long = (helps: boolean): History => ({
  seconds: 120,
  looks: 400,
  act(w, second, { decision }) {
    if (second % 960 === 0) w.move(2, `10.1.${(second / 960) >> 8}.${(second / 960) & 255}`)
    if (decision.do !== 'restart') return
    w.restarted(`p${second}`, true)
    if (!helps) w.connections = w.connections.filter(({ id }) => id !== nodeId(2))
  },
})

/**
 * What is decided at each look. `jump`: by how much the clock is set at look number `at`; `dies`: the sidecar ends
 * right after.
 */
function decisions(history: History, { at, jump, dies }: { at: number; jump: number; dies: boolean }): string[] {
  const machine = { wall: start, uptime: 1_000_000 }
  const open = (memory = blank) =>
    openClock(memory, {
      wall: () => machine.wall,
      steady: () => machine.uptime,
      boot: () => ({ id: 'b', uptime: machine.uptime }),
    })
  const w = world()
  let clock = open()
  w.memory = { ...blank, clock: clock.origin }
  const told: string[] = []
  for (let look = 0; look < history.looks; look++) {
    const second = look * history.seconds
    machine.wall += history.seconds * 1000
    machine.uptime += history.seconds * 1000
    if (look === at) {
      machine.wall += jump
      if (dies) {
        w.memory = JSON.parse(JSON.stringify(w.memory))
        clock = open(w.memory)
        w.memory = { ...w.memory, clock: clock.origin }
      }
    }
    const outcome = w.after((clock.now() - w.now) / 1000)
    const { decision } = outcome
    w.wallAhead = clock.ahead()
    const page = w.page(outcome)
    if (Date.parse(page.lookedAt) !== machine.wall)
      throw new Error(`the page tells ${page.lookedAt}, and it is ${new Date(machine.wall).toISOString()}`)
    const until = page.until === undefined ? '' : ` for ${Math.round((Date.parse(page.until) - machine.wall) / 1000)} s`
    told.push(`${second} s: ${decision.do === 'wait' ? decision.reason : decision.do}${until}`)
    history.act(w, second, outcome)
  }
  return told
}

for (const [what, history, every] of [
  ['a restart that helps', short(true), 11],
  ['a restart in vain', short(false), 11],
  ['a budget', long(true), 79],
  ['a breaker', long(false), 79],
] as const) {
  t.test(what, async t => {
    const control = decisions(history, { at: -1, jump: 0, dies: false })
    t.ok(
      control.some(decision => / restart$/.test(decision)),
      'there is a restart',
    )
    for (const jump of [hour, -hour, 24 * hour, -24 * hour]) {
      for (const dies of [false, true]) {
        const different: string[] = []
        for (let at = 1; at < history.looks; at += every) {
          const its = decisions(history, { at, jump, dies })
          const first = its.findIndex((decision, index) => decision !== control[index])
          if (first !== -1) different.push(`set at look ${at}: found ${its[first]}, expected ${control[first]}`)
        }
        t.strictSame(different.slice(0, 3), [], `set by ${jump / hour} h${dies ? ', and another sidecar' : ''}`)
      }
    }
  })
}

t.test('the histories meet what they are for', async t => {
  const reasons = (history: History) => decisions(history, { at: -1, jump: 0, dies: false }).join('\n')
  t.match(reasons(short(true)), /settling for/)
  t.match(reasons(short(true)), /min-interval for/)
  t.match(reasons(short(false)), /back-off for/)
  t.match(reasons(long(true)), /budget for/)
  t.match(reasons(long(false)), /breaker-open for/)
})

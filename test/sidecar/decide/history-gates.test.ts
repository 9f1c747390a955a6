// What earlier restarts hold back.
import t from 'tap'
import { nodeId, reason, world } from '../fixtures/look.ts'

t.test('budget, back-off and breaker', async t => {
  const flap = (w: ReturnType<typeof world>, hours: number, helps: boolean) => {
    let address = 10
    const seen = new Set<string>()
    for (let second = 0; second < hours * 3600; second += 15) {
      // While a restart is verified, another move would overtake it.
      if (second % 150 === 0 && !w.memory.intent) w.move(2, `10.1.${address >> 8}.${address++ & 255}`)
      const outcome = w.after(15)
      seen.add(reason(outcome))
      if (outcome.decision.do === 'restart') w.restarted(`p${w.now}`, helps)
      if (!helps) w.connections = w.connections.filter(one => one.id !== nodeId(2))
    }
    return seen
  }
  t.test('a flapping peer cannot use up more than the budget in any window', async t => {
    const w = world()
    w.after(0)
    const at: number[] = []
    let restarts = 0
    const counted = () => {
      if (w.memory.restarts.length !== restarts) at.push(w.memory.restarts.at(-1)?.at ?? 0)
      restarts = w.memory.restarts.length
    }
    let address = 10
    for (let second = 0; second < 13 * 3600; second += 15) {
      if (second % 150 === 0) w.move(2, `10.1.${address >> 8}.${address++ & 255}`)
      const outcome = w.after(15)
      if (outcome.decision.do === 'restart') {
        at.push(w.now)
        w.restarted(`p${w.now}`)
      }
    }
    counted()
    const asked = [...new Set(at)].sort((a, b) => a - b)
    t.ok(asked.length > 6)
    for (const [index, time] of asked.entries()) {
      const sixth = asked[index + 6]
      if (sixth !== undefined) t.ok(sixth - time >= 6 * 3600_000, 'the seventh is six hours after the first')
      const next = asked[index + 1]
      if (next !== undefined) t.ok(next - time >= 120_000, 'repeer.dev/min-interval')
    }
  })
  t.test('restarts that do not help: back-off, then the breaker', async t => {
    const w = world()
    w.after(0)
    const seen = flap(w, 5, false)
    t.ok(seen.has('back-off'))
    t.ok(seen.has('breaker-open'))
    t.equal(w.memory.restarts.length, 3)
    t.ok(w.memory.restarts.every(one => one.outcome === 'unverified'))
  })
})

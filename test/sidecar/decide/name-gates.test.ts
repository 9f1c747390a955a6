// While look-ups fail or disagree.
import t from 'tap'
import { nodeId, reason, world } from '../fixtures/look.ts'

t.test('names that do not resolve: the node would lose what it has', async t => {
  const failing = (names: readonly string[], w: ReturnType<typeof world>) => {
    w.hosts = Object.fromEntries(
      Object.entries(w.hosts).map(([name, view]) => [
        name,
        names.includes(name) ? { ...view, failures: 1, error: 'ETIMEOUT' } : view,
      ]),
    )
  }
  const moved = () => {
    const w = world()
    w.after(0)
    w.move(2, '10.0.0.22')
    return w
  }
  const one = moved()
  failing(['node1'], one)
  t.match(one.after(60).decision, { reason: 'lookups-fail', detail: 'node1' }, 'a peer that it is connected to')
  const itself = moved()
  failing(['node2'], itself)
  t.match(itself.after(60).decision, { reason: 'lookups-fail', detail: 'node2' }, 'the one for whose sake it is')
  const gone = moved()
  gone.connections = gone.connections.filter(({ id }) => id !== nodeId(3))
  failing(['node3'], gone)
  gone.after(1)
  const asked = gone.after(10)
  t.match(
    asked.decision,
    { do: 'restart', intent: { giving: { addresses: { node2: ['10.0.0.22'], node3: [] } } } },
    'one that it lacks anyway',
  )
  failing([], one)
  one.hosts = Object.fromEntries(Object.entries(one.hosts).map(([name, view]) => [name, { ...view, failures: 0 }]))
  one.after(1)
  t.equal(reason(one.after(10)), 'restart')
})

// Each promise has a history that keeps it, and one that breaks it by a little.
import t from 'tap'
import type { Page } from '../../peers/page.ts'
import { broken, type NodeSight, type Processes, type Sight, unhealed } from './oracle.ts'

const restart = (
  at: string,
  snapshot: string,
  outcome: 'verified' | 'not-taken' = 'verified',
): Page['restarts'][number] => ({
  at,
  snapshot,
  level: 'process',
  why: '',
  outcome,
})
const sight = (atMs: number, node: NodeSight): Sight => ({ atMs, nodes: new Map([['node0', node]]) })
const running = (atMs: number, node0: string[], node1: string[] = ['9:9']): Processes => ({
  atMs,
  byNode: new Map([
    ['node0', node0],
    ['node1', node1],
  ]),
})
const bystander = new Map([['other/pod', 'uid 1, 0 restarts']])
const judge = (
  parts: { sights?: readonly Sight[]; processes?: readonly Processes[]; after?: ReadonlyMap<string, string> },
  victims = new Map<string, number>(),
) =>
  broken(
    parts.sights ?? [sight(0, { uid: 'a', height: 1 }), sight(1, { uid: 'a', height: 2 })],
    parts.processes ?? [running(0, ['1:1'])],
    { before: bystander, after: parts.after ?? bystander },
    { restarts: 1, victims },
  )

t.test('nothing happened', async t => t.same(judge({}), []))

t.test('no node twice at once', async t => {
  t.same(judge({ processes: [running(0, ['1:1']), running(1, ['2:2'])] }), [])
  t.same(judge({ processes: [running(0, ['1:1', '2:2'])] }), ['node0 ran twice at once'])
})

t.test('turns: at most one away at a time, victims apart', async t => {
  t.same(judge({ processes: [running(0, []), running(1, ['1:1'], [])] }), [])
  t.same(judge({ processes: [running(0, [], [])] }), ['node0 and node1 were away together'])
  t.same(judge({ processes: [running(0, [], [])] }, new Map([['node1', 1]])), [])
})

t.test('no second restart for one snapshot, even where the page has forgotten the first', async t => {
  const of = (...restarts: Page['restarts']) => ({ uid: 'a', restarts })
  const sights = (...nodes: NodeSight[]) => nodes.map((node, index) => sight(index, { ...node, height: index }))
  t.same(judge({ sights: sights(of(), of(restart('1', 'x'))) }), [])
  t.same(
    judge({ sights: sights(of(restart('1', 'x')), of(restart('1', 'x'), restart('2', 'x'))) }),
    [],
    'before: not counted',
  )
  t.same(judge({ sights: sights(of(), of(restart('1', 'x', 'not-taken')), of(restart('2', 'x'))) }), [])
  t.same(judge({ sights: sights(of(), of(restart('1', 'x')), of(restart('2', 'x'))) }), [
    'node0 was restarted 2 times for snapshot x',
    'node0 was restarted 2 times, 1 allowed',
  ])
  t.same(judge({ sights: sights(of(), of(restart('1', 'x'), restart('2', 'y'))) }), [
    'node0 was restarted 2 times, 1 allowed',
  ])
})

t.test('starts that no page tells of', async t => {
  const sights = [sight(0, { uid: 'a', restarts: [], height: 1 }), sight(1, { uid: 'a', restarts: [], height: 2 })]
  const processes = [running(0, ['1:1']), running(1, ['2:2']), running(2, ['3:3'])]
  t.same(judge({ sights, processes: processes.slice(0, 2) }), [])
  t.same(judge({ sights, processes }), ["node0's process started 2 times, 1 restarts and 0 starts of its own allowed"])
  t.same(judge({ sights, processes }, new Map([['node0', 1]])), [])
})

t.test('heights grow', async t => {
  const heights = (...of: [string, number][]) => of.map(([uid, height], index) => sight(index, { uid, height }))
  t.same(judge({ sights: heights(['a', 5], ['b', 1], ['b', 6]) }), [], 'another pod begins anew')
  t.same(judge({ sights: heights(['a', 5], ['a', 4], ['a', 6]) }), ["node0's height fell"])
  t.same(judge({ sights: heights(['a', 5], ['a', 5]) }), ["node0's height stands at 5"])
})

t.test('foreign pods', async t => {
  t.same(judge({ after: new Map() }), ['foreign pod other/pod was uid 1, 0 restarts, and is gone'])
  t.match(judge({ after: new Map([['other/pod', 'uid 2, 0 restarts']]) }), [/is uid 2/])
})

t.test('healed: connected to the present list at the present addresses, and settled', async t => {
  const wanted = new Map([['node0', ['id1']]])
  const present = new Map([['id1', '10.0.0.2']])
  const at = (address: string, phase: Page['phase'] = 'settled') =>
    sight(0, { uid: 'a', phase, connected: new Map([['id1', address]]) })
  t.same(unhealed(at('10.0.0.2'), wanted, present), [])
  t.match(unhealed(at('10.0.0.1'), wanted, present), [/not connected to id1 at 10.0.0.2/])
  t.match(unhealed(at('10.0.0.2', 'waiting'), wanted, present), [/page says waiting/])
  t.match(unhealed(at('10.0.0.2'), wanted, new Map()), [/any address/])
  t.match(unhealed(sight(0, {}), wanted, present), [/does not answer/])
})

// Whose names are asked about each second, and several times at once.
import t from 'tap'
import type { Assessed } from '../../../sidecar/decide/assess.ts'
import { awaitedHosts } from '../../../sidecar/decide/awaited.ts'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { disputeRestMs } from '../../../sidecar/decide/host-view.ts'
import { host, peer, start } from '../fixtures/look.ts'

const now = start + 3_600_000

function outcome(over: { assessed?: Partial<Assessed>; needed?: boolean; does?: string } = {}): Outcome {
  const { assessed = {}, needed = true, does = 'wait' } = over
  return {
    memory: { need: needed ? { hash: 's1:0' } : null },
    decision: { do: does },
    assessed: [{ peer: peer(1), standing: 'absent', restartTeaches: 'address', reachable: true, ...assessed }],
  } as unknown as Outcome
}

t.test('for whose sake the node may soon be restarted', async t => {
  const rows: [what: string, parts: Parameters<typeof outcome>[0], isAwaited: boolean][] = [
    ['it is missing, answers, and a restart would teach it', {}, true],
    ['nothing is needed', { needed: false }, false],
    ['it is connected', { assessed: { standing: 'connected' } }, false],
    ['a restart would teach nothing', { assessed: { restartTeaches: null } }, false],
    ['it does not answer', { assessed: { reachable: false } }, false],
  ]
  for (const [what, parts, isAwaited] of rows)
    t.same(awaitedHosts(outcome(parts), {}, now), isAwaited ? ['node1'] : [], what)
})

t.test('and those that are disputed, as long as the node waits', async t => {
  const disputed = (ago: number) => ({ node1: host('10.0.0.1', { disputedAt: now - ago }) })
  const rows: [what: string, parts: Parameters<typeof outcome>[0], ago: number, isAwaited: boolean][] = [
    ['a moment ago', { needed: false }, disputeRestMs - 1, true],
    ['long ago', { needed: false }, disputeRestMs, false],
    ['it is connected', { needed: false, assessed: { standing: 'connected' } }, 0, false],
    ['the node does something else', { needed: false, does: 'nothing' }, 0, false],
  ]
  for (const [what, parts, ago, isAwaited] of rows)
    t.same(awaitedHosts(outcome(parts), disputed(ago), now), isAwaited ? ['node1'] : [], what)
})

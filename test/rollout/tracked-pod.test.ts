import t from 'tap'
import { blindTurn } from '../../peers/turn.ts'
import type { Seen } from '../../rollout/pages/seen-page.ts'
import { rolloutTimes } from '../../rollout/times.ts'
import { isBusy, newlyTracked, type TrackedPod } from '../../rollout/tracked-pod.ts'
import { askingPage, hash, injected, settledPage, start } from './fixtures/rollout-parts.ts'

const now = start + 3_600_000
const inStep = { notes: blindTurn(hash('p', '1'), '{}') }
const calm = { ...settledPage, ...inStep }
const seen = (page: typeof settledPage, at = now): Seen => ({ page, at })
const silent = (ms: number): Seen => ({ unreachable: 'timed out', since: now - ms, at: now })

const echo = { turn: hash('s', '2'), grantedAt: now, before: new Set([undefined]) }

t.test('whose page is read often', async t => {
  const asking = { ...askingPage, ...inStep }
  const waits = (reason: string) => ({ ...asking, reason }) as typeof settledPage
  const restarted = {
    ...calm,
    connected: 1,
    lookedAt: new Date(now).toISOString(),
    restarts: [
      {
        at: new Date(now - 10_000).toISOString(),
        snapshot: hash('s', '1'),
        level: 'process',
        why: 'why',
        outcome: 'verified',
        endedAt: new Date(now - 4000).toISOString(),
        connectedBefore: 3,
      },
    ],
  } as const satisfies typeof settledPage
  const live = { turn: hash('s', '2') }
  const rows: [what: string, tracked: Partial<TrackedPod>, seen: Seen | undefined, hasRoom: boolean, busy: boolean][] =
    [
      ['settled', { page: calm }, seen(calm), true, false],
      ['never read', {}, undefined, true, false],
      ['changed nearly a minute ago', { page: calm, rest: changed(59_999) }, seen(calm), true, true],
      ['changed a minute ago', { page: calm, rest: changed(60_000) }, seen(calm), true, false],
      ['with a turn', { page: calm, pod: injected('x', live) }, seen(calm), true, true],
      ['a turn is being written', { page: calm, turnEcho: echo }, seen(calm), true, true],
      ['silent for nearly 30 s', { page: calm }, silent(29_999), true, true],
      ['silent for 30 s', { page: calm }, silent(30_000), true, false],
      ['its files are behind', { page: { ...calm, list: hash('p', '2') } }, seen(calm), true, true],
      [
        'its files are behind, and the kubelet was nudged for the last time',
        { page: { ...calm, list: hash('p', '2') }, nudges: { since: start, given: 6 } },
        seen(calm),
        true,
        false,
      ],
      ['restarted, and not yet connected as before', { page: restarted }, seen(restarted), true, true],
      ['it asks, and there is room', { page: asking }, seen(asking), true, true],
      ['it asks, and there is none', { page: asking }, seen(asking), false, false],
      ['it restarts', { page: { ...calm, phase: 'restarting' } }, seen(asking), false, true],
      ['it settles', { page: waits('settling') }, seen(asking), false, true],
      ['its lookups disagree', { page: waits('lookups-disagree') }, seen(asking), false, true],
      ['it waits for long', { page: waits('min-interval') }, seen(asking), true, false],
    ]
  for (const [what, over, read, hasRoom, busy] of rows) {
    const tracked = { ...newlyTracked(injected('x'), start), ...over }
    const parts = { seen: read, hasRoom, now, times: rolloutTimes, comeBackSeconds: 300 }
    t.equal(isBusy(tracked, parts), busy, what)
  }
})

function changed(msAgo: number) {
  return { text: 'told', changedAt: now - msAgo, changingSince: now - msAgo }
}

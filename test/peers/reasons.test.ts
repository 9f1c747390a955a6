// Reason codes are metric labels and are matched by scripts: kebab-case, with one sentence each, and never the same
// code for two things.
import t from 'tap'
import {
  holdReasons,
  holds,
  isHoldReason,
  lackReasons,
  lastsMs,
  needsSomebody,
  observeReasons,
  skipReasons,
} from '../../peers/reasons.ts'

const tables = { skipReasons, observeReasons, holdReasons, lackReasons }
for (const [table, reasons] of Object.entries(tables)) {
  for (const [code, sentence] of Object.entries(reasons)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/, `${table} ${code}`)
    t.match(sentence, /^[a-z].{15,}[^.]$/, `${code}: a sentence that can follow a colon`)
  }
}
const codes = Object.values(tables).flatMap(Object.keys)
t.equal(new Set(codes).size, codes.length, 'no code is in two tables')

t.test('what somebody has to end, somebody is told of: by check, and by an Event no later', async t => {
  for (const [code, { ends, event, afterMs = 0 }] of Object.entries(holds)) {
    if (ends === 'somebody') t.ok(event !== null && event !== 'AwaitingTurn' && afterMs === 0, code)
    if (ends === 'either') t.ok(event === 'RestartHeld' && afterMs <= lastsMs, code)
    if (event === null) t.equal(afterMs, 0, code)
  }
})

t.test('who ends a wait: somebody at once, time never, either once it has lasted', async t => {
  for (const [reason, lastedMs, needed] of [
    ['paused', 0, true],
    ['state-unwritable', 0, true],
    ['mass-removal', 0, true],
    ['budget', 6 * 3_600_000, false],
    ['owner-rolls', 3_600_000, false],
    ['upgrade-pending', 3_600_000, false],
    ['unreachable', lastsMs - 1, false],
    ['unreachable', lastsMs, true],
    ['waiting-for-kubelet', lastsMs - 1, false],
    ['waiting-for-kubelet', lastsMs, true],
    ['process-not-found', lastsMs, true],
  ] as const) {
    t.equal(needsSomebody(reason, lastedMs), needed, `${reason} for ${lastedMs} ms`)
  }
})

t.test('a code is one of these, or of another version', async t => {
  for (const code of Object.keys(holds)) t.ok(isHoldReason(code))
  for (const other of ['', 'Paused', 'toString', '__proto__', 'not-a-node']) t.notOk(isHoldReason(other))
})

// Reason codes are metric labels and are matched by scripts: kebab-case, with one sentence each, and never the same
// code for two things.
import t from 'tap'
import { holdReasons, observeReasons, skipReasons } from '../../peers/reasons.ts'

const tables = { skipReasons, observeReasons, holdReasons }
for (const [table, reasons] of Object.entries(tables)) {
  for (const [code, sentence] of Object.entries(reasons)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/, `${table} ${code}`)
    t.match(sentence, /^[a-z].{15,}[^.]$/, `${code}: a sentence that can follow a colon`)
  }
}
const codes = Object.values(tables).flatMap(Object.keys)
t.equal(new Set(codes).size, codes.length, 'no code is in two tables')

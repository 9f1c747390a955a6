// `npm run bench [-- admission|attacks|sidecar|restart|discovery|hostile|cluster|scale|soak ...]`: measurements with a
// reference beside each. It judges nothing: the goal is a column. Of `soak`: `--minutes` (120) and `--seed`.
import { parseArgs } from 'node:util'
import { admission } from './admission.ts'
import { attacksTable } from './attacks.ts'
import { cluster } from './cluster.ts'
import { discovery } from './discovery.ts'
import { hostile } from './hostile.ts'
import { machine } from './processes.ts'
import { restart } from './restart.ts'
import { scale } from './scale.ts'
import { sidecar } from './sidecar.ts'
import { soak } from './soak.ts'

const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, seed: { type: 'string' } },
})
const given = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))

const parts: Readonly<Record<string, () => Promise<string>>> = {
  admission,
  attacks: attacksTable,
  sidecar,
  restart,
  discovery,
  hostile,
  cluster,
  scale,
  soak: () => soak(given),
}

// A cluster takes a quarter of an hour and root, the hostile namespace the whole machine, a soak two hours: these have
// to be asked for.
const whenAsked = ['hostile', 'cluster', 'scale', 'soak']

const unknown = asked.find(name => !Object.hasOwn(parts, name))
const noNumber = Object.entries(given).find(([, value]) => !(value > 0))
if (unknown !== undefined) {
  const names = `${Object.keys(parts).join(', ')} or nothing for all but ${whenAsked.join(', ')}`
  console.error(`npm run bench: found "${unknown}", expected ${names}`)
  process.exitCode = 2
} else if (noNumber) {
  console.error(`npm run bench: found --${noNumber[0]} ${noNumber[1]}, expected a number above 0`)
  process.exitCode = 2
} else {
  console.log(machine())
  for (const [name, measure] of Object.entries(parts)) {
    if (asked.length > 0 ? !asked.includes(name) : whenAsked.includes(name)) continue
    console.log(`\n${await measure()}`)
  }
}

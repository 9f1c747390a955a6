// `npm run bench [-- admission|attacks|sidecar|restart|discovery|hostile|cluster|scale ...]`: measurements with a reference beside
// each. It judges nothing: the goal is a column.
import { admission } from './admission.ts'
import { attacksTable } from './attacks.ts'
import { cluster } from './cluster.ts'
import { discovery } from './discovery.ts'
import { hostile } from './hostile.ts'
import { machine } from './processes.ts'
import { restart } from './restart.ts'
import { scale } from './scale.ts'
import { sidecar } from './sidecar.ts'

const parts: Readonly<Record<string, () => Promise<string>>> = {
  admission,
  attacks: attacksTable,
  sidecar,
  restart,
  discovery,
  hostile,
  cluster,
  scale,
}

const asked = process.argv.slice(2)
const unknown = asked.find(name => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(
    `npm run bench: found "${unknown}", expected ${Object.keys(parts).join(', ')} or nothing for all but hostile, cluster and scale`,
  )
  process.exitCode = 2
} else {
  console.log(machine())
  for (const [name, measure] of Object.entries(parts)) {
    // A cluster takes a quarter of an hour and root, the hostile namespace the whole machine: they have to be asked
    // for.
    if (asked.length > 0 ? !asked.includes(name) : ['hostile', 'cluster', 'scale'].includes(name)) continue
    console.log(`\n${await measure()}`)
  }
}

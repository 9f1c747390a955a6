// From which version of Kubernetes on all containers of a pod can be restarted.
import t from 'tap'
import { knowsRestartAll } from '../../webhook/kubernetes-version.ts'

const rows: [major: string | undefined, minor: string | undefined, knows: boolean][] = [
  ['1', '35', false],
  ['1', '35+', false],
  ['1', '36', true],
  ['1', '36+', true],
  ['1', '100', true],
  ['2', '0', true],
  ['0', '40', false],
  ['1', '', false],
  ['1', undefined, false],
  [undefined, '36', false],
]

for (const [major, minor, knows] of rows)
  t.equal(
    knowsRestartAll({ ...(major === undefined ? {} : { major }), ...(minor === undefined ? {} : { minor }) }),
    knows,
    `${major}.${minor}`,
  )
t.end()

// What Helm makes of the chart: by the `helm` on PATH, or the one that the test bed has built.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { programsFolder } from '../testbed/programs.ts'
import { type Entity, parse, root } from './objects.ts'

export const chart = join(root, 'manifests/chart')

const built = join(await programsFolder('helm'), 'helm')
const program = existsSync(built) ? built : 'helm'

/** False where there is none: `npm run e2e` builds it. */
export const hasHelm = spawnSync(program, ['version']).status === 0

/** What `helm ARGS` prints, with these values where some are given. Throws an Error with what it complains about. */
export function helm(args: readonly string[], values?: object): string {
  const { status, stdout, stderr } = spawnSync(program, [...args, ...(values ? ['--values', '-'] : [])], {
    encoding: 'utf8',
    // JSON: Helm reads YAML 1.1, in which `no` without quotes is no text.
    input: JSON.stringify(values ?? {}),
    maxBuffer: 64 << 20,
  })
  if (status !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

/** The objects of `helm template` of the chart, in namespace repeer-system or another. */
export function template(values: object = {}, namespace = 'repeer-system'): Entity[] {
  return parse(helm(['template', 'repeer', chart, '--namespace', namespace, '--kube-version', '1.34.0'], values))
}

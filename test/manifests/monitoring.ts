// What manifests/components/monitoring holds, as values; and promtool, where it is on PATH.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Entity, parse, root } from './objects.ts'

export const folder = 'manifests/components/monitoring'

export type Alert = {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** All objects of the component as they are written. */
export const objects: readonly Entity[] = readdirSync(join(root, folder))
  .filter(file => file.endsWith('.yaml') && file !== 'kustomization.yaml')
  .flatMap(file => parse(readFileSync(join(root, folder, file), 'utf8')))

type Group = { readonly name: string; readonly rules: readonly Alert[] }

/** The groups of rules, those of the named components or all. */
export function groups(components: readonly string[] = ['sidecar', 'controller', 'webhook']): readonly Group[] {
  return objects
    .filter(({ kind, metadata }) => kind === 'PrometheusRule' && components.some(name => metadata.name.endsWith(name)))
    .flatMap(({ spec }) => spec.groups as Group[])
}

export const alerts: readonly Alert[] = groups().flatMap(({ rules }) => rules)

const has = (program: string) => spawnSync(program, ['--version']).status === 0

/** Why a test with promtool is left out, or false. */
export const withoutPromtool = has('promtool')
  ? false
  : "promtool is not on PATH (Debian's package prometheus has it; .ci/run installs it)"

/** Why a test with Prometheus itself is left out, or false. */
export const withoutPrometheus = has('prometheus')
  ? false
  : "prometheus is not on PATH (Debian's package of that name; .ci/run installs it)"

/** What promtool says; `ok` where it ended with 0. */
export function promtool(...args: string[]): { readonly ok: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
  return { ok: status === 0, said: `${stdout}${stderr}` }
}

// What a container's environment variables hold, as far as that can be read at admission.

import { textOf } from '../../shell/index.ts'
import type { DecideInput } from '../decision.ts'
import { environment } from '../pod/command-line.ts'
import { dataOf } from '../pod/content.ts'
import type { ContainerView } from '../pod/pod-view.ts'

/**
 * The variables whose names fit, with their values: literal ones, composed ones, and those of ConfigMaps that can be
 * read.
 */
export function variablesNamed(
  input: Pick<DecideInput, 'configMap'>,
  container: ContainerView,
  pattern: RegExp,
): [name: string, value: string][] {
  const names = new Set([
    ...container.env.map(({ name }) => name),
    ...container.envFrom.flatMap(({ kind, name, prefix }) => {
      const data = kind === 'ConfigMap' ? dataOf(input.configMap(name)) : undefined
      return Object.keys(data ?? {}).map(key => prefix + key)
    }),
  ])
  const { variable } = environment(container)
  return [...names].flatMap(name => {
    const value = name.length <= longestName && pattern.test(name) ? variable(name) : undefined
    const text = value && textOf(value)
    return text === undefined ? [] : [[name, text] as [string, string]]
  })
}

/** Kubernetes takes longer names of variables; no program's is. */
const longestName = 200

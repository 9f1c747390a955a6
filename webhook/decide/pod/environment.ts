// The environment that the kubelet makes for a container: env over envFrom, the last definition of a name first, and
// $(NAME) put in from what is defined before. See "Define dependent environment variables" in the Kubernetes
// documentation.

import {
  type Allowance,
  afford,
  bounds,
  derived,
  joined,
  literalValue,
  textOf,
  type Value,
  valueFrom,
} from '../../shell/index.ts'
import type { ConfigMapView } from '../decision.ts'
import { dataOf, textOf as dataText } from './content.ts'
import type { ContainerView, EnvFromView, EnvView } from './pod-view.ts'

export type Environment = {
  /**
   * A variable's value, unknown where it may not or cannot be read; undefined where the container does not define it.
   */
  variable(name: string): Value | undefined
  /** Whether a variable that is not known may be defined by a ConfigMap or Secret whose keys cannot be read here. */
  mayDefine(name: string): boolean
  /** The pieces of a text of command or args after the kubelet has put in $(NAME). */
  expanded(text: string): Value
}

type Around = {
  readonly podName: string
  readonly configMap: (name: string) => ConfigMapView
  readonly allowance: Allowance
}

/** The container's environment. */
export function environmentOf(container: ContainerView, around: Around): Environment {
  const own = new Map<string, Value>()
  const shared = new Map<string, Value | undefined>()
  const fromAll = (name: string) => {
    if (!shared.has(name)) shared.set(name, valueOfAll(container, around, name))
    return shared.get(name)
  }
  const variable = (name: string) => own.get(name) ?? fromAll(name)
  for (const env of container.env) own.set(env.name, valueOfOne(env, around, variable))
  const mayDefine = (name: string) =>
    container.envFrom.some(from => name.startsWith(from.prefix) && isUnknown(from, around))
  return { variable, mayDefine, expanded: text => expand(text, variable, around.allowance) }
}

function valueOfOne(
  env: EnvView,
  { podName, configMap, allowance }: Around,
  variable: (name: string) => Value | undefined,
): Value {
  const origin = { kind: 'variable', name: env.name, frozen: false } as const
  if (env.from) {
    const data = env.from.kind === 'ConfigMap' ? dataOf(configMap(env.from.name)) : undefined
    return valueFrom(origin, data && dataText(data, env.from.key))
  }
  if (env.field !== undefined)
    return valueFrom(origin, env.field === 'metadata.name' && podName !== '' ? podName : undefined)
  // Neither a value nor a key: the container's resources, which the kubelet knows.
  return env.value === undefined
    ? valueFrom(origin, undefined)
    : valueFrom(origin, textOf(expand(env.value, variable, allowance)))
}

function isUnknown(from: EnvFromView, { configMap }: Around): boolean {
  if (from.kind === 'Secret') return true
  const view = configMap(from.name)
  return view !== 'absent' && !dataOf(view)
}

function valueOfAll(container: ContainerView, { configMap }: Around, name: string): Value | undefined {
  const origin = { kind: 'variable', name, frozen: false } as const
  for (const from of container.envFrom.toReversed()) {
    if (!name.startsWith(from.prefix)) continue
    const view = from.kind === 'ConfigMap' ? configMap(from.name) : 'unknown'
    const data = dataOf(view)
    const text = data && dataText(data, name.slice(from.prefix.length))
    if (text !== undefined) return valueFrom(origin, text)
  }
  return undefined
}

/**
 * $(NAME) is put in where NAME is defined, and stays as it is where it is not; $$ is a $. See expansion.go in
 * Kubernetes. What becomes too long for a word (each variable may hold the one before it twice) is unknown.
 */
function expand(text: string, variable: (name: string) => Value | undefined, allowance: Allowance): Value {
  if (!text.includes('$')) return literalValue(text)
  const pieces: Value[] = []
  let done = 0
  let length = text.length
  for (const match of text.matchAll(/\$\$|\$\(([\w.-]{1,300})\)/g)) {
    const [whole, name] = match
    const value = name === undefined ? literalValue('$') : variable(name)
    if (!value) continue
    const known = textOf(value)
    length += known?.length ?? 0
    const before = literalValue(text.slice(done, match.index))
    pieces.push(
      before,
      name === undefined ? value : [{ text: known, from: [{ kind: 'variable', name, frozen: true }], whole: true }],
    )
    done = match.index + whole.length
    if (length > bounds.value) break
  }
  if (length > bounds.value || !afford(allowance, 'expanded', length)) return derived(pieces, 'a long text')
  return joined([...pieces, literalValue(text.slice(done))])
}

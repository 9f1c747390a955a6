// The keys that repeer.dev/config names, and how the node sees them.

import type { NamedList } from '../../chains/chain.ts'
import type { ConfigRef } from '../annotations.ts'
import { dataOf, holds } from '../pod/content.ts'
import { type VisibleKey, visibleKeys } from '../pod/visible-keys.ts'
import { fileNamed } from './file-named.ts'
import { type FoundKey, listFormat, type Search } from './source-search.ts'

/** A source for each reference, whether or not its content can be read: whoever names a key knows. */
export function configSources(search: Search, refs: readonly ConfigRef[]): FoundKey[] {
  const { env: variables, envFrom } = search.container
  const byVariable = new Map(
    variables.toReversed().flatMap(({ name, from }) => (from ? [[identity(from), name] as const] : [])),
  )
  const byEnvFrom = new Map(envFrom.toReversed().map(from => [`${from.kind}/${from.name}`, from]))
  const own = seenIn(visibleKeys(search.pod, search.container))
  const inits = seenIn(search.pod.initContainers.flatMap(init => visibleKeys(search.pod, init)))
  const initVariables = new Set(
    search.pod.initContainers.flatMap(init => init.env.flatMap(({ from }) => (from ? [identity(from)] : []))),
  )
  return refs.map(ref => {
    const list = formatOf(search, ref)
    const source = { ...ref, format: list.format, role: list.role }
    const variable = byVariable.get(identity(ref))
    if (variable !== undefined) return { ...source, via: 'env', variable }
    const seen = own(ref)
    if (seen) return { ...source, via: seen.via }
    const from = byEnvFrom.get(`${ref.kind}/${ref.name}`)
    if (from) return { ...source, via: 'envFrom', variable: from.prefix + ref.key }
    if (inits(ref) || initVariables.has(identity(ref))) return { ...source, via: 'init' }
    search.warn(
      `no container of the pod sees ${ref.kind} ${ref.name}/${ref.key}: its list reaches the node by telling alone, or by a variable that outranks the node's file`,
    )
    return { ...source, via: 'init', unseen: true }
  })
}

function identity({ kind, name, key }: ConfigRef): string {
  return `${kind}/${name}/${key}`
}

/** The first place at which a key can be seen: of its own, or in a volume that shows all keys. */
function seenIn(keys: readonly VisibleKey[]): (ref: ConfigRef) => VisibleKey | undefined {
  const wholes = new Map<string, number>()
  const single = new Map<string, number>()
  keys.forEach(({ kind, name, key }, index) => {
    const [places, object] = key === undefined ? [wholes, `${kind}/${name}`] : [single, identity({ kind, name, key })]
    if (!places.has(object)) places.set(object, index)
  })
  return ref =>
    keys[Math.min(wholes.get(`${ref.kind}/${ref.name}`) ?? keys.length, single.get(identity(ref)) ?? keys.length)]
}

/** The format that the content has, else the one that the key's name promises, else the profile's bare list. */
function formatOf(search: Search, ref: ConfigRef): NamedList {
  const named = fileNamed(search, ref.key)
  const data = ref.kind === 'ConfigMap' ? dataOf(search.input.configMap(ref.name)) : undefined
  const format =
    data &&
    [...(named ? [named.format] : []), ...search.chain.lists.formats].find(candidate => holds(data, ref.key, candidate))
  return { format: format ?? named?.format ?? listFormat(search.profile), role: named?.role ?? 'peer', wellKnown: true }
}

// Peer lists in environment variables: keys of ConfigMaps and Secrets by valueFrom and envFrom, and literal values.
import { holdsPeers } from '../../../peers/formats/index.ts'
import type { LiteralSource, Via } from '../../../peers/plan.ts'
import type { NamedList } from '../../chains/chain.ts'
import { fallback } from '../../chains/index.ts'
import { listNamed } from '../../chains/peer-names.ts'
import { nameOf, originsOf, textOf } from '../../shell/index.ts'
import { overrideOf } from '../followed-node.ts'
import { environment } from '../pod/command-line.ts'
import { dataOf, holdsList } from '../pod/content.ts'
import type { ContainerView, EnvFromView, EnvView } from '../pod/pod-view.ts'
import { copiedOnce } from './copied-once.ts'
import { composed, type Reference } from './flag-lists.ts'
import { type FoundKey, listFormat, literal, preparers, type Search } from './source-search.ts'

type Owner = { readonly container: ContainerView; readonly init: boolean }

/** Variables of the node's container, then those of init containers that render a file for it. */
export function variableSources(search: Search, references: readonly Reference[]): (FoundKey | LiteralSource)[] {
  return [
    ...ofContainer(search, { container: search.container, init: false }, references),
    ...preparers(search).flatMap(container => ofContainer(search, { container, init: true }, [])),
  ]
}

function ofContainer(search: Search, owner: Owner, references: readonly Reference[]): (FoundKey | LiteralSource)[] {
  // The last definition of a variable wins; env wins over envFrom.
  const own = new Map(owner.container.env.map(env => [env.name, env]))
  const fromAll = owner.container.envFrom
    .flatMap(from => ofEnvFrom(search, owner, from, references))
    .filter(found => !own.has(found.variable ?? ''))
  return [
    ...[...own.values()].flatMap(env => ofEnv(search, owner, env, references)),
    ...lastOfEach(fromAll).map(found => withoutInitVariable(found)),
  ]
}

function ofEnv(
  search: Search,
  owner: Owner,
  env: EnvView,
  references: readonly Reference[],
): (FoundKey | LiteralSource)[] {
  const reference = references.find(candidate => candidate.variable === env.name)
  const list = expected(search, env.name, reference)
  if (!list) return []
  const from = env.from ?? aliased(owner.container, env)
  if (from) return ofKey(search, owner, env.name, { ...from, via: 'env' }, list, reference).map(withoutInitVariable)
  if (!env.value) return []
  const where = owner.init ? `init container ${owner.container.name} env ${env.name}` : `env ${env.name}`
  // With what the kubelet puts in for $(NAME), where that can be read.
  const { variable, expanded } = environment(owner.container)
  const text = textOf(variable(env.name) ?? [])
  if (text !== undefined) return isList(search, text, list) ? [literal(where, list.format, list.role, text)] : []
  const names = originsOf(expanded(env.value)).map(origin => `variable ${nameOf(origin)}, which cannot be read here`)
  if (list.wellKnown) search.warn(composed(where, { unknown: names }))
  return []
}

/** The key behind $(NAME) where that is the whole value: the same list under another name. */
function aliased({ env: all }: ContainerView, env: EnvView): EnvView['from'] {
  const name = /^\$\(([\w.-]{1,300})\)$/.exec(env.value?.trim() ?? '')?.[1]
  return name === undefined
    ? undefined
    : all.slice(0, all.lastIndexOf(env)).findLast(other => other.name === name)?.from
}

function ofEnvFrom(search: Search, owner: Owner, from: EnvFromView, references: readonly Reference[]): FoundKey[] {
  const data = from.kind === 'ConfigMap' ? dataOf(search.input.configMap(from.name)) : undefined
  const referenced = references
    .map(reference => reference.variable)
    .filter(variable => variable.startsWith(from.prefix))
  // Which keys a Secret has is never known; a ConfigMap that is not there yet says nothing of them either, and is not
  // taken for a list.
  const guesses =
    from.kind === 'Secret' ? [...ownVariable(search, owner, from.prefix), ...search.chain.lists.variables] : []
  const keys = data
    ? Object.keys(data)
    : [...guesses, ...referenced.map(variable => variable.slice(from.prefix.length))]
  if (!data && from.kind === 'ConfigMap')
    search.unread(`ConfigMap ${from.name} (envFrom) cannot be read here, so its keys are not known`)
  const found = keys.flatMap(key => {
    const variable = from.prefix + key
    const reference = references.find(candidate => candidate.variable === variable)
    const list = expected(search, key, reference) ?? expected(search, variable, reference)
    return list
      ? ofKey(search, owner, variable, { kind: from.kind, name: from.name, key, via: 'envFrom' }, list, reference)
      : []
  })
  if (!data) {
    const named = keys.length > 5 ? `${keys.slice(0, 5).join(', ')} and ${keys.length - 5} more` : keys.join(' and ')
    if (found.length > 0)
      search.warn(
        `the keys of ${from.kind} ${from.name} (envFrom) cannot be read here; ${named} are followed if they exist`,
      )
    return found.map(source =>
      references.some(reference => reference.variable === source.variable) ? source : { ...source, guess: true },
    )
  }
  if (found.length > 2)
    search.warn(
      `${found.length} keys of ${from.kind} ${from.name} (envFrom) hold peers; repeer.dev/config can name the right ones`,
    )
  return found
}

/** The key behind which the node's own program would find its list, where the program is known. */
function ownVariable(search: Search, { init }: Owner, prefix: string): string[] {
  const variable = init ? undefined : overrideOf(search, 'peer')
  return variable?.startsWith(prefix) ? [variable.slice(prefix.length)] : []
}

type Key = { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly key: string; readonly via: Via }

function ofKey(
  search: Search,
  owner: Owner,
  variable: string,
  key: Key,
  list: NamedList,
  reference: Reference | undefined,
): FoundKey[] {
  const data = key.kind === 'ConfigMap' ? dataOf(search.input.configMap(key.name)) : undefined
  const readable = data !== undefined && !reference
  // A list's name on the key serves as well as one on the variable, where the content cannot be read.
  const known = list.wellKnown || listNamed(search.profile, key.key)?.wellKnown === true || reference !== undefined
  if (readable ? !holdsList(data, key.key, { ...list, wellKnown: known }) : !known) return []
  const found = { ...key, via: owner.init ? 'init' : key.via, format: list.format, role: list.role, variable } as const
  if (reference) return [{ ...found, ...(reference.frozen ? { frozen: true } : {}) }]
  return [{ ...found, ...(owner.init ? {} : copiedOnce(search, variable, list.role)) }]
}

/** What a variable is expected to hold: a bare list. Programs take files by path, not by value. */
function expected(search: Search, name: string, reference: Reference | undefined): NamedList | undefined {
  const format = listFormat(search.profile)
  if (reference) return { format, role: reference.role, wellKnown: true }
  const named = listNamed(search.profile, name)
  return named && named.format === format ? named : undefined
}

/** A literal value is a list if it reads as one; or if its name says so and it could have been meant as one. */
function isList(search: Search, text: string, list: NamedList): boolean {
  if (holdsPeers(list.format, text)) return true
  return list.wellKnown && search.profile !== fallback && text.includes(':')
}

/** The sidecar exports a variable anew only to the node itself. */
function withoutInitVariable(source: FoundKey): FoundKey {
  if (source.via !== 'init') return source
  const { variable: _, ...rest } = source
  return rest
}

function lastOfEach(sources: readonly FoundKey[]): FoundKey[] {
  return [...new Map(sources.map(source => [source.variable, source])).values()]
}

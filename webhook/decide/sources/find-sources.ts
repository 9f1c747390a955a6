// Where the node's peers come from: keys of ConfigMaps and Secrets as files and variables, lists written into the pod
// spec, and what init containers alone see. Only keys that hold peers are taken; see chains/ for what counts
// where content cannot be read.
import { formatKinds } from '../../../peers/formats/index.ts'
import type { Role } from '../../../peers/peer.ts'
import type { Profile, Source, Via } from '../../../peers/plan.ts'
import { chains } from '../../chains/index.ts'
import type { Overrides } from '../annotations.ts'
import type { DecideInput } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import { startedBy } from '../pod/command-line.ts'
import type { PodView } from '../pod/pod-view.ts'
import { configSources } from './config-sources.ts'
import { type DeliveredKey, deliveredSources } from './deliveries.ts'
import { parsedOf, withoutDoubtful } from './doubtful-lists.ts'
import { fileSources } from './file-sources.ts'
import { flagLists } from './flag-lists.ts'
import { outranked } from './outranking.ts'
import { scriptLists } from './script-lists.ts'
import { type Found, listFormat, literal, placeOf, type Search } from './source-search.ts'
import { markUnread } from './unread.ts'
import { variableSources } from './variable-sources.ts'

export type FoundSources = {
  readonly sources: readonly Found[]
  readonly warnings: readonly string[]
  /** What could not be looked into, and might hold peers. */
  readonly unread: readonly string[]
}

/**
 * All sources of the chosen container, in a fixed order: files, variables, init containers, flags, annotation, lists
 * that PeerSets deliver.
 */
export function findSources(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  node: FollowedNode,
  overrides: Pick<Overrides, 'config' | 'peers'> & { readonly delivered?: readonly DeliveredKey[] },
): FoundSources {
  const warnings: string[] = []
  const unread = new Set<string>()
  const { container, profile } = node
  const chain = chains[profile]
  const search: Search = {
    ...node,
    input,
    pod,
    chain,
    warn: message => warnings.push(message),
    unread: message => unread.add(message),
  }
  const annotated =
    overrides.peers === undefined
      ? []
      : [literal('annotation repeer.dev/peers', listFormat(profile), 'peer', overrides.peers)]
  const delivered = deliveredSources(search, overrides.delivered ?? [])
  if (overrides.config) {
    const named = unique([...configSources(search, overrides.config), ...annotated, ...delivered])
    return { sources: markUnread(search, named), warnings, unread: [] }
  }
  // What repeer.dev/peers lists is the list, where nothing says which key to follow besides.
  if (annotated.length > 0) return { sources: unique([...annotated, ...delivered]), warnings, unread: [] }
  for (const reason of startedBy(container).unread) search.warn(`${reason}; what it starts is not known`)
  const flags = flagLists(search)
  const variables = variableSources(search, flags.references)
  const files = fileSources(search).filter(file => {
    const isIngredient = flags.ingredients.has(placeOf(file))
    if (isIngredient) search.warn(`${placeOf(file)} is no list of its own: the container's script makes one of it`)
    return !isIngredient
  })
  const named = unique([...flags.files, ...outranked(search, { flags, variables }, files), ...flags.literals])
  const all = withoutDoubtful(search, named, flags)
  const certain = all.filter(source => source.kind === 'Literal' || !source.guess)
  // What a script says in clear text counts where nothing else gives a list of that kind: it may be no more than a
  // default.
  const scripts = scriptLists(search).filter(
    list => !flags.outranks.has(list.role) && !certain.some(source => gives(source, list.role)),
  )
  certain.push(...scripts)
  const isGuess = certain.length === 0 && delivered.length === 0
  // A flag that a file or a variable fills outranks a variable of ours, too, whether or not its text is known.
  const isFilled = [...flags.files, ...flags.references].some(({ role }) => role === 'peer')
  const isBelowFlag = chain.override !== undefined && (isFilled || flags.outranks.has('peer'))
  const found = unique([...markUnread(search, isGuess ? all : certain), ...delivered])
  const sources = isBelowFlag ? found.map(belowFlag) : found
  if (isGuess && all.length > 0)
    search.warn('the peer sources are guessed from names alone; repeer.dev/config can name them')
  for (const message of new Set(sources.flatMap(unseenMessage(profile)))) search.warn(message)
  return { sources, warnings: [...new Set(warnings)], unread: [...unread] }
}

/** Whether a container lists anybody to stay connected to, found without annotations. */
export function listsPeers(input: Pick<DecideInput, 'configMap'>, pod: PodView, node: FollowedNode): boolean {
  const { sources } = findSources(input, pod, node, {})
  return sources.some(source => {
    if (source.role === 'seed') return false
    const parsed = parsedOf(input, source)
    return parsed === undefined || 'error' in parsed || parsed.peers.some(({ role }) => role === 'peer')
  })
}

/** Said of a variable that nothing in the container reads. */
function unseenMessage(profile: Profile): (source: Found) => string[] {
  return source => {
    if (!source.unseen) return []
    const variable = source.kind === 'Literal' ? source.name.replace(/^env /, '') : source.variable
    if (variable === undefined) return []
    return [
      `${profile} does not read variable ${variable}: the node is told its list while it runs, at the first look and after each start`,
    ]
  }
}

/** Whether a source may give entries of a role: documents give both. */
function gives(source: Found, role: Role): boolean {
  return source.role === role || formatKinds[source.format] !== 'list'
}

/** What stands in a variable reaches the flag by it; a variable of ours beside a file would not be read. */
function belowFlag(source: Found): Found {
  if (source.kind === 'Literal' || source.role === 'seed') return source
  const isInVariable = !source.unseen && (source.via === 'env' || source.via === 'envFrom')
  return isInVariable ? source : { ...source, outranked: true }
}

/** One sentence about where the peers come from. */
export function describeSources(sources: readonly Source[]): string {
  return sources.map(describe).join('; ')
}

function describe(source: Source): string {
  if (source.kind === 'Literal') {
    return `${source.name} (literal: ${source.unseen ? 'the program does not read it, so the node can only be told it' : 'addresses only'})`
  }
  const by: Record<Via, string> = {
    directory: 'a directory mount',
    subPath: 'a subPath mount',
    env: `variable ${source.variable ?? ''}`.trim(),
    envFrom: `envFrom, variable ${source.variable ?? ''}`.trim(),
    init: 'init containers only',
  }
  const place = `${source.kind} ${source.name}/${source.key}`
  const beside = source.override ? `variable ${source.override}, exported at each restart` : undefined
  if (source.deliveredBy !== undefined)
    return `${place}, delivered by PeerSet ${source.deliveredBy}, by ${beside ?? 'telling alone'}`
  if (source.unseen && source.via === 'init')
    return `${place}, which no container sees, by ${beside ?? 'telling alone'}`
  if (source.unseen) return `${place} by ${beside ?? 'telling alone'}: the program does not read ${by[source.via]}`
  return `${place} by ${by[source.via]}`
}

/** Each key once, at its first place: a key that is mounted twice is one list. */
function unique(sources: readonly Found[]): Found[] {
  const seen = new Set<string>()
  return sources.filter(source => {
    const identity =
      source.kind === 'Literal' ? `${source.name} ${source.text}` : `${source.kind}/${source.name}/${source.key}`
    return !seen.has(identity) && seen.add(identity)
  })
}

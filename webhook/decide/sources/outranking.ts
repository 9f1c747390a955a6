// Which lists a node never looks at whose variable outranks its file, as CometBFT's: a flag outranks the environment, which outranks the file (see the
// CometBFT and Cosmos SDK sources: viper's order). A list that the node does not read would make it look stale forever.
import type { LiteralSource } from '../../../peers/plan.ts'
import { overrideOf } from '../followed-node.ts'
import type { FlagLists } from './flag-lists.ts'
import { type FoundKey, placeOf, type Search } from './source-search.ts'

export type Outranking = { readonly flags: FlagLists; readonly variables: readonly (FoundKey | LiteralSource)[] }

/**
 * The sources in files and variables that still count beside flags and the variable of the program; says which do not.
 */
export function outranked(
  search: Search,
  { flags, variables }: Outranking,
  files: readonly FoundKey[],
): (FoundKey | LiteralSource)[] {
  if (search.chain.override === undefined) return [...files, ...variables]
  const override = overrideOf(search, 'peer')
  const isOverride = (source: FoundKey | LiteralSource) =>
    override !== undefined &&
    (source.kind === 'Literal'
      ? source.name === `env ${override}`
      : source.variable === override && source.via !== 'init' && !source.guess)
  const byVariable = variables.some(isOverride)
  // A flag that a program or an unknown variable fills may well take its value from one of the files.
  const byFlag = flags.outranks.has('peer')
  if (!byFlag && !byVariable) return [...files, ...variables]
  const inFlag = new Set(flags.files.map(placeOf))
  const referenced = new Set(flags.references.map(({ variable }) => variable))
  const isTaken = (source: FoundKey | LiteralSource) =>
    byFlag ? inFlag.has(placeOf(source)) || referenced.has(variableOf(source) ?? '') : isOverride(source)
  const kept = (source: FoundKey | LiteralSource) => source.role !== 'peer' || isTaken(source)
  for (const source of [...files, ...variables].filter(candidate => !kept(candidate)))
    search.warn(`${placeOf(source)} is not followed: ${byFlag ? 'a flag' : `variable ${override}`} outranks it`)
  return [...files.filter(kept), ...variables.filter(kept)]
}

function variableOf(source: FoundKey | LiteralSource): string | undefined {
  if (source.kind !== 'Literal') return source.variable
  return source.name.startsWith('env ') ? source.name.slice('env '.length) : undefined
}

// Which lists a CometBFT node never looks at: a flag outranks the environment, which outranks the file (see the CometBFT and Cosmos SDK
// sources: viper's order). A list that the node does not read would make it look stale forever.
import { overrideVariable } from '../peers/override-variable.ts'
import type { LiteralSource } from '../peers/plan.ts'
import { nodeProgram } from './find-profile.ts'
import type { FlagLists } from './flag-lists.ts'
import type { FoundKey, Search } from './source-search.ts'

export type Outranking = { readonly flags: FlagLists; readonly variables: readonly (FoundKey | LiteralSource)[] }

/** The file sources that still count beside flags and variables; says which do not. */
export function outranked(search: Search, { flags, variables }: Outranking, files: readonly FoundKey[]): FoundKey[] {
  if (search.profile !== 'cometbft') return [...files]
  const program = nodeProgram(search.container)?.name
  const override = program === undefined ? undefined : overrideVariable(program, 'peer')
  const isOverride = (source: FoundKey | LiteralSource) =>
    override !== undefined &&
    (source.kind === 'Literal' ? source.name === `env ${override}` : source.variable === override && source.via !== 'init')
  const byVariable = variables.some(isOverride)
  // A flag that a program or an unknown variable fills may well take its value from one of the files.
  const byFlag = flags.outranks.has('peer')
  if (!byFlag && !byVariable) return [...files]
  const inFlag = new Set(flags.files.map(identity))
  const kept = files.filter(file => file.role !== 'peer' || inFlag.has(identity(file)))
  for (const file of files.filter(source => !kept.includes(source))) {
    const by = byFlag ? 'a flag' : `variable ${override}`
    search.warn(`${file.kind} ${file.name}/${file.key} is not followed: ${by} outranks it`)
  }
  return kept
}

function identity({ kind, name, key }: FoundKey): string {
  return `${kind}/${name}/${key}`
}

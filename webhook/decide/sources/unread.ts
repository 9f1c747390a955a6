// Lists in variables that nothing hands to the node: whatever a start gives the process, it is not these.
import type { Override } from '../../chains/chain.ts'
import { overrideOf } from '../followed-node.ts'
import { startedBy } from '../pod/command-line.ts'
import { readableTexts } from '../readable-texts.ts'
import type { Found, Search } from './source-search.ts'

/**
 * The sources, those in variables that nothing reads marked as unseen. Of most programs it is known which variables
 * they read (ownVariables in chains/; stellar-core none, its peers come from its configuration file alone): any other
 * has to be named by something in the container. A Cosmos SDK program binds variables of its own name only; there a
 * list gets that variable beside, by which it still reaches the program.
 */
export function markUnread(search: Search, sources: readonly Found[]): Found[] {
  const { override } = search.chain
  return override === undefined ? markUnnamed(search, sources) : markOutranked(search, override, sources)
}

function markUnnamed(search: Search, sources: readonly Found[]): Found[] {
  const { ownVariables } = search.chain.lists
  if (!ownVariables.all) return [...sources]
  const read = readVariables(search)
  return sources.map(source => {
    const name = variableOf(source)
    return name === undefined || ownVariables.names.test(name) || read(name) ? source : { ...source, unseen: true }
  })
}

function markOutranked(search: Search, override: Override, sources: readonly Found[]): Found[] {
  if (!readsItsOwnAlone(search, override)) return [...sources]
  return sources.map(source => {
    const name = variableOf(source)
    const own = overrideOf(search, source.role)
    if (name === undefined || name === own) return source
    if (source.kind === 'Literal') return { ...source, unseen: true }
    return { ...source, unseen: true, ...(own !== undefined && source.role === 'peer' ? { override: own } : {}) }
  })
}

/**
 * Whether the container starts a program that reads no variables but its own, and without a script, which could make a
 * file or a flag of any variable.
 */
function readsItsOwnAlone({ container, program }: Search, { daemons }: Override): boolean {
  if (!program || program.command.words[0]?.script || container.command.length === 0) return false
  return daemons.test(program.name)
}

/**
 * The variable of the node's own container in which a list stands, where nothing but the program itself could read it.
 */
function variableOf(source: Found): string | undefined {
  if (source.kind === 'Literal') return /^env (\S+)$/.exec(source.name)?.[1]
  const inEnvironment = source.via === 'env' || source.via === 'envFrom'
  // The kubelet has written it into an argument.
  return inEnvironment && !source.frozen ? source.variable : undefined
}

/**
 * Whether the container's command, another variable or a file that it mounts names a variable; all of them, where a
 * script that could not be read, or a program that is not the profile's, may do with them what it likes.
 */
function readVariables({ pod, container, input, chain }: Search): (variable: string) => boolean {
  const texts = [
    ...container.command,
    ...container.args,
    ...container.env.flatMap(({ value }) => value ?? []),
    ...readableTexts(input, pod, container),
  ]
  const { commands, unread } = startedBy(container)
  const { programs } = chain.clues
  const runsIt =
    container.command.length === 0 || commands.some(({ program }) => program !== undefined && programs.test(program))
  const isUnknown = unread.length > 0 || !runsIt
  return variable => isUnknown || texts.some(text => text.includes(variable))
}

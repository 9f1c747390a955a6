// Lists in variables that nothing hands to the node: whatever a start gives the process, it is not these.
import { overrideVariable } from '../../../peers/override-variable.ts'
import { profileFacts } from '../../chains/profile-facts.ts'
import { nodeProgram } from '../node/command-clues.ts'
import { startedBy } from '../pod/command-line.ts'
import { dataOf } from '../pod/content.ts'
import type { ContainerView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import type { Found, Search } from './source-search.ts'

/**
 * The sources, those in variables that nothing reads marked as unseen. Of most programs it is known which variables
 * they read (ownVariables in profile-facts.ts; stellar-core none, its peers come from its configuration file alone):
 * any other has to be named by something in the container. A Cosmos SDK program binds variables of its own name only;
 * there a list gets that variable beside, by which it still reaches the program.
 */
export function markUnread(search: Search, sources: readonly Found[]): Found[] {
  return search.profile === 'cometbft' ? markForCometbft(search.container, sources) : markForOthers(search, sources)
}

function markForOthers(search: Search, sources: readonly Found[]): Found[] {
  const { ownVariables } = profileFacts[search.profile]
  if (ownVariables === undefined) return [...sources]
  const read = readVariables(search)
  return sources.map(source => {
    const name = variableOf(source)
    return name === undefined || ownVariables.test(name) || read(name) ? source : { ...source, unseen: true }
  })
}

/** What a Cosmos SDK chain's program is mostly called; others that take `start` may be scripts without an ending. */
const daemon = /^([a-z][a-z0-9_-]*d|cometbft|tendermint)$/

function markForCometbft(container: ContainerView, sources: readonly Found[]): Found[] {
  const program = cometbftProgram(container)
  if (program === undefined) return [...sources]
  return sources.map(source => {
    const name = variableOf(source)
    const own = overrideVariable(program, source.role)
    if (name === undefined || name === own) return source
    if (source.kind === 'Literal') return { ...source, unseen: true }
    return { ...source, unseen: true, ...(own !== undefined && source.role === 'peer' ? { override: own } : {}) }
  })
}

/**
 * The program that the container starts without a script, which could make a file or a flag of any variable; undefined
 * where that is not known.
 */
function cometbftProgram(container: ContainerView): string | undefined {
  const node = nodeProgram(container)
  if (!node || node.command.words[0]?.script || container.command.length === 0) return undefined
  return daemon.test(node.name) ? node.name : undefined
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
function readVariables({ pod, container, input, profile }: Search): (variable: string) => boolean {
  const texts = [
    ...container.command,
    ...container.args,
    ...container.env.flatMap(({ value }) => value ?? []),
    ...visibleKeys(pod, container).flatMap(({ kind, name, key }) => {
      const data = kind === 'ConfigMap' ? dataOf(input.configMap(name)) : undefined
      return Object.entries(data ?? {}).flatMap(([each, text]) => (key === undefined || key === each ? [text] : []))
    }),
  ]
  const { commands, unread } = startedBy(container)
  const { programs } = profileFacts[profile]
  const runsIt =
    container.command.length === 0 || commands.some(({ program }) => program !== undefined && programs.test(program))
  const isUnknown = unread.length > 0 || !runsIt
  return variable => isUnknown || texts.some(text => text.includes(variable))
}

// Lists in variables that the node's program does not read: whatever a start hands to the process, it is not these. Only told of programs that the
// pod starts without a script, since a script can make a file or a flag of any variable.
import { overrideVariable } from '../peers/override-variable.ts'
import type { Profile } from '../peers/plan.ts'
import { nodeProgram } from './find-profile.ts'
import type { ContainerView } from './pod-view.ts'
import type { Found } from './source-search.ts'

/** What a Cosmos SDK chain's program is mostly called; others that take `start` may be scripts without an ending. */
const daemon = /^([a-z][a-z0-9_-]*d|cometbft|tendermint)$/

/**
 * The sources, those that the program does not read marked as unseen, and under CometBFT with the variable by which they still reach it. stellar-core takes
 * its peers from its configuration file alone (its docs/stellar-core_example.cfg); a Cosmos SDK program binds variables of its own name only.
 */
export function markUnread(container: ContainerView, profile: Profile, sources: readonly Found[]): Found[] {
  const program = programOf(container, profile)
  if (program === undefined) return [...sources]
  return sources.map(source => {
    const name = variableOf(source)
    const own = profile === 'cometbft' ? overrideVariable(program, source.role) : undefined
    if (name === undefined || name === own) return source
    if (source.kind === 'Literal') return { ...source, unseen: true }
    return { ...source, unseen: true, ...(own !== undefined && source.role === 'peer' ? { override: own } : {}) }
  })
}

/** The program that the container starts without a script; undefined where that is not known, or where nothing is known of its variables. */
function programOf(container: ContainerView, profile: Profile): string | undefined {
  // The image's own entrypoint, which is stellar-core in its official image.
  if (profile === 'stellar-core' && container.command.length === 0) return 'stellar-core'
  const node = nodeProgram(container)
  if (!node || node.command.words[0]?.script) return undefined
  if (profile === 'stellar-core') return node.name === 'stellar-core' ? node.name : undefined
  return profile === 'cometbft' && container.command.length > 0 && daemon.test(node.name) ? node.name : undefined
}

/** The variable of the node's own container in which a list stands, where nothing but the program itself could read it. */
function variableOf(source: Found): string | undefined {
  if (source.kind === 'Literal') return /^env (\S+)$/.exec(source.name)?.[1]
  const inEnvironment = source.via === 'env' || source.via === 'envFrom'
  // The kubelet has written it into an argument.
  return inEnvironment && !source.frozen ? source.variable : undefined
}

// The node of a pod that is followed, as those who look for its ports, its lists and the way to restart it have it.
import type { Role } from '../../peers/peer.ts'
import type { Profile } from '../../peers/plan.ts'
import { chains } from '../chains/index.ts'
import type { Command } from './pod/command-line.ts'
import type { ContainerView } from './pod/pod-view.ts'

export type FollowedNode = {
  readonly container: ContainerView
  readonly profile: Profile
  /** Absent where only a script or the image knows it. */
  readonly program: NodeProgram | undefined
}

/** The program by which a node can be told, and the command that starts it. */
export type NodeProgram = { readonly name: string; readonly command: Command }

/**
 * The variable of the node's program that outranks its configuration file; undefined where its chain has none, or the
 * program is not known.
 */
export function overrideOf({ profile, program }: Omit<FollowedNode, 'container'>, role: Role): string | undefined {
  return program && chains[profile].override?.variable(program.name, role)
}

// How much has to start again for each source's changes to take effect, and the variable by which it reaches the node.
import { levelOf, type Source } from '../../../peers/plan.ts'
import { present } from '../../../peers/present.ts'
import { chains } from '../../chains/index.ts'
import { type FollowedNode, overrideOf } from '../followed-node.ts'
import { pinningVariable } from './addresses.ts'
import type { Found } from './source-search.ts'

/**
 * Adds to each source its level, and under wrap the variable by which a frozen list still reaches a CometBFT node. One
 * variable carries one role: for a config.toml that is persistent_peers, since seeds matter only to a node that knows
 * nobody yet, and one that runs does. Several frozen lists share the variable: the sidecar hands over the union of all
 * files, which is what the variable outranks. A list that would reach the node without it gets it as well, so that the
 * node is given addresses in place of names; where the program is not known, it looks names up as ever.
 */
export function withLevels(
  node: FollowedNode,
  found: readonly Found[],
  pod: Parameters<typeof levelOf>[1] & { readonly pins: boolean },
): Source[] {
  const isOutranked = chains[node.profile].override !== undefined && pod.by === 'wrap'
  const program = isOutranked ? node.program : undefined
  // No variable of ours gets past env -i or sudo.
  const isOpen = !program?.command.cleared
  const openNode = isOpen && program !== undefined ? node : undefined
  // A script may make another list of what it finds: the variable must not outrank that with the files alone.
  const readsItself = program !== undefined && !program.command.words[0]?.script
  const onlyFiles = found.every(({ kind, role }) => role === 'seed' || kind !== 'Literal')
  return found.map(source => {
    if (source.kind === 'Literal') return source
    const { guess: _, frozen, once, override: own, outranked, ...key } = source
    const override = isOpen ? own : undefined
    const isFile = key.via === 'subPath' || key.via === 'init'
    // Where a finder knows the variable it is that one, whichever way the node sees the list.
    const variable =
      override ?? (openNode !== undefined && isFile && !outranked ? overrideOf(openNode, key.role) : undefined)
    if (variable !== undefined && pod.by === 'wrap' && !frozen) {
      return { ...key, override: variable, level: levelOf({ via: key.via, override: variable }, pod) }
    }
    // Under wrap the sidecar sees the program below the script, and gives it its variable: see
    // sidecar/decide/program.ts.
    const kept = pod.by === 'wrap' && isOpen ? undefined : once
    if (key.unseen || kept === 'volume') return { ...key, level: 'none' }
    if (frozen || kept) return { ...key, level: levelOf({ via: 'subPath' }, pod) }
    const mayPin = pod.pins && !outranked && (key.via !== 'directory' || (readsItself && onlyFiles))
    const pinning = openNode !== undefined && mayPin ? pinningVariable(openNode, key) : undefined
    return { ...key, ...present('override', pinning), level: levelOf({ via: key.via }, pod) }
  })
}

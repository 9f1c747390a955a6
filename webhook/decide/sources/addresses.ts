// Addresses in place of names: which lists reach the node by a variable in which the sidecar can write addresses, and
// how that is said.
import type { Plan } from '../../../peers/plan.ts'
import { type FollowedNode, overrideOf } from '../followed-node.ts'
import type { FoundKey } from './source-search.ts'

/**
 * By which a list that is not frozen reaches the node in addresses: the variable that outranks a file, or is the list
 * itself.
 */
export function pinningVariable(
  node: FollowedNode,
  { via, role, variable }: Pick<FoundKey, 'via' | 'role' | 'variable'>,
): string | undefined {
  if (role !== 'peer') return undefined
  const name = overrideOf(node, role)
  if (via === 'directory') return name
  return variable !== undefined && variable === name ? name : undefined
}

/** One sentence for explain; none where the node takes no list of peers from a variable. */
export function whyAddresses({ sources, pinAddresses }: Pick<Plan, 'sources' | 'pinAddresses'>): {
  addresses?: string
} {
  const variables = new Set(
    sources.flatMap(source =>
      source.kind !== 'Literal' && source.role === 'peer' && source.override ? [source.override] : [],
    ),
  )
  if (variables.size === 0) return {}
  const by = [...variables].join(', ')
  return {
    addresses:
      pinAddresses === false
        ? `by name, in ${by}, which the node looks up at its start: repeer.dev/pin-addresses says false`
        : `in place of names, in ${by}, so that the node looks nothing up at its start; repeer.dev/pin-addresses: "false" leaves names`,
  }
}

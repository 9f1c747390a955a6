// Peer lists in command-line flags: literal values, and references to variables that other sources fill.
import type { Role } from '../peers/peer.ts'
import type { LiteralSource } from '../peers/plan.ts'
import { commandsOf, type Flag, flagsOf } from './command-line.ts'
import { profileFacts } from './profile-facts.ts'
import { listFormat, literal, type Search } from './source-search.ts'

/** A variable that a flag hands to the node, and what the node takes it for. */
export type Reference = { readonly variable: string; readonly role: Role; readonly frozen: boolean }

export type FlagLists = {
  readonly literals: readonly LiteralSource[]
  readonly references: readonly Reference[]
  /** Roles whose list a flag gives, in whatever way. */
  readonly roles: ReadonlySet<Role>
}

/** A script may name any number of variables; a node has two or three lists. */
const mostReferences = 50

/** The lists that the container's flags give. */
export function flagLists(search: Search): FlagLists {
  const { container, profile } = search
  const literals: LiteralSource[] = []
  const references = new Map<string, Reference>()
  const roles = new Set<Role>()
  for (const { names, role, many } of profileFacts[profile].listFlags) {
    const flags = commandsOf(container).flatMap(command => flagsOf(command, names, many))
    const plain: Flag[] = []
    for (const flag of flags) {
      const value = flag.value.trim()
      const variable = /^\$(?:\((\w+)\)|\{(\w+)\}|(\w+))$/.exec(value)?.slice(1).find(Boolean)
      if (value === '') continue
      roles.add(role)
      if (variable !== undefined) {
        if (!references.has(variable) && references.size < mostReferences)
          references.set(variable, { variable, role, frozen: isExpandedByKubelet(search, value, variable) })
      } else if (!/[$`]/.test(value)) plain.push(flag)
    }
    // A flag that may be repeated gives one list in all.
    for (const [place, group] of Map.groupBy(plain, flag => (many ? flag.flag : `${flag.place} ${flag.flag}`))) {
      const [first] = group
      const text = group.map(flag => flag.value).join(many ? ' ' : ',')
      if (first) literals.push(literal(many ? `${first.place} ${first.flag}` : place, listFormat(profile), role, text))
    }
  }
  return { literals, references: [...references.values()], roles }
}

/** $(NAME) is replaced by the kubelet where the container's spec defines NAME, in scripts as well; $NAME is the shell's. */
function isExpandedByKubelet(search: Search, value: string, variable: string): boolean {
  return value.startsWith('$(') && search.container.env.some(env => env.name === variable)
}

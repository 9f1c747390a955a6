// Peer lists in command-line flags, and in the variables by which a script outranks a node's file: literal values, and
// references to the variables and files that fill them.
import type { Role } from '../../../peers/peer.ts'
import type { LiteralSource } from '../../../peers/plan.ts'
import { shownText, textOf } from '../../shell/index.ts'
import { overrideOf } from '../followed-node.ts'
import { commandsOf, type Flag, flagsOf } from '../pod/command-line.ts'
import { type ListOf, listsOf } from './list-values.ts'
import { type FoundKey, listFormat, literal, type Search } from './source-search.ts'

/** A variable that a flag hands to the node, and what the node takes it for. */
export type Reference = { readonly variable: string; readonly role: Role; readonly frozen: boolean }

export type FlagLists = {
  readonly literals: readonly LiteralSource[]
  readonly references: readonly Reference[]
  /** Keys whose files a script reads into a flag. */
  readonly files: readonly FoundKey[]
  /** Roles for which a flag gives the node its list, so that it does not look at its file. */
  readonly outranks: ReadonlySet<Role>
  /** Keys of which a script makes a list, and which are none themselves, as "ConfigMap NAME/KEY". */
  readonly ingredients: ReadonlySet<string>
}

/** A script may name any number of variables; a node has two or three lists. */
const mostReferences = 50

/** The lists that the container's flags give. */
export function flagLists(search: Search): FlagLists {
  const literals = new Map<string, { first: Flag; texts: string[]; role: Role; many: boolean }>()
  const references = new Map<string, Reference>()
  const files = new Map<string, FoundKey>()
  const outranks = new Set<Role>()
  const ingredients = new Set<string>()
  for (const { flag, role, many } of listFlags(search)) {
    if (textOf(flag.pieces)?.trim() === '') continue
    const lists = listsOf(search, flag.pieces)
    if (lists.known) outranks.add(role)
    for (const { kind, name, key } of lists.ingredients) ingredients.add(`${kind} ${name}/${key}`)
    for (const { variable, frozen } of lists.variables)
      if (!references.has(variable) && references.size < mostReferences)
        references.set(variable, { variable, role, frozen })
    for (const key of lists.files)
      files.set(`${key.kind}/${key.name}/${key.key}`, {
        ...key,
        format: listFormat(search.profile),
        role,
        frozen: key.via === 'subPath',
      })
    if (lists.text !== '') {
      // A flag that may be repeated gives one list in all.
      const place = many ? flag.flag : `${flag.place} ${flag.flag}`
      const same = literals.get(place) ?? { first: flag, texts: [], role, many }
      if (!same.texts.includes(lists.text)) same.texts.push(lists.text)
      literals.set(place, same)
    }
    if (lists.unknown.length > 0) search.warn(composed(`${flag.flag} in ${flag.place}`, lists))
  }
  return {
    literals: [...literals.values()].map(({ first, texts, role, many }) =>
      literal(`${first.place} ${first.flag}`, listFormat(search.profile), role, texts.join(many ? ' ' : ',')),
    ),
    references: [...references.values()],
    files: [...files.values()],
    outranks,
    ingredients,
  }
}

/** What a list is composed of, and what to do about it. */
export function composed(where: string, { unknown }: Pick<ListOf, 'unknown'>): string {
  return `${where} is composed of ${unknown.join(' and ')}; name its list with repeer.dev/peers`
}

function listFlags(search: Search): { flag: Flag; role: Role; many: boolean }[] {
  const commands = commandsOf(search.container)
  const flags = search.chain.lists.flags.flatMap(({ names, role, many = false }) =>
    commands.flatMap(command => flagsOf(command, names, many)).map(flag => ({ flag, role, many })),
  )
  return [...flags, ...given(search)]
}

/** A variable that outranks the file, where the node's own script sets it: as good as a flag. */
function given(search: Search): { flag: Flag; role: Role; many: boolean }[] {
  const { program } = search
  return (['peer', 'seed'] as const).flatMap(role => {
    const name = overrideOf(search, role)
    if (program === undefined || name === undefined) return []
    const place = program.command.words[0]?.place ?? 'command'
    return (program.command.given.get(name)?.values ?? []).map(pieces => ({
      flag: { flag: name, value: shownText(pieces), pieces, place, script: true },
      role,
      many: false,
    }))
  })
}

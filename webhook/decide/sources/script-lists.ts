// Peer lists that stand in a script in clear text: what it assigns to a variable, edits into a file or writes as a
// here-document. They are literal lists: they cannot change in place, but the addresses behind their names can.
import { holdsPeers } from '../../../peers/formats/index.ts'
import type { Role } from '../../../peers/peer.ts'
import type { LiteralSource } from '../../../peers/plan.ts'
import type { Lists } from '../../chains/chain.ts'
import { shownText, type Value } from '../../shell/index.ts'
import { startedBy } from '../pod/command-line.ts'
import type { ContainerView } from '../pod/pod-view.ts'
import { composed } from './flag-lists.ts'
import { listsOf } from './list-values.ts'
import { listFormat, literal, preparers, type Search } from './source-search.ts'

/**
 * To the end of an entry: a blank, a separator, a quote, or what ends a sed expression. Hosts and ports have none of
 * these.
 */
const entryEnd = /[^\s,"'\\;|<>(){}$&]{0,600}/y

/** Characters before an entry in which the name of its list is looked for. */
const nameDistance = 80

export type ClearEntry = { readonly text: string; readonly role: Role }

/**
 * The entries of a chain's lists in any text, in order, each once, with what the text calls them. `name` is what the
 * whole text is called.
 */
export function entriesIn({ bare, entries: beginning }: Lists, text: string, name = ''): ClearEntry[] {
  const entries = new Map<string, ClearEntry>()
  if (!beginning) return []
  let role: Role | undefined
  let end = 0
  for (const match of text.matchAll(beginning)) {
    const start = match.index - (match[1]?.length ?? 0)
    if (start < end && end > 0) continue
    entryEnd.lastIndex = start
    const entry = entryEnd.exec(text)?.[0].replace(/(?<!\/)\/+$/, '') ?? ''
    role = roleNamed(text.slice(Math.max(end, start - nameDistance), start)) ?? role ?? roleNamed(name) ?? 'peer'
    end = start + Math.max(entry.length, 1)
    if (!entries.has(entry) && holdsPeers(bare, entry)) entries.set(entry, { text: entry, role })
  }
  return [...entries.values()]
}

/** What the last name in a text says of the list behind it. */
function roleNamed(text: string): Role | undefined {
  const name = [
    ...text.matchAll(
      /seeds?(?![a-z])|boot_?-?nodes?|persistent[_-]?peers|static[_-]?(?:nodes|peers)|reserved[_-]?nodes|peers/gi,
    ),
  ].at(-1)?.[0]
  return name === undefined ? undefined : /^(seed|boot)/i.test(name) ? 'seed' : 'peer'
}

/** The lists in the scripts of the node's container and of the init containers that prepare its volumes. */
export function scriptLists(search: Search): LiteralSource[] {
  const lists = new Map<string, { name: string; role: Role; entries: string[] }>()
  const seen = new Set<string>()
  const told = new Set<string>()
  for (const container of [search.container, ...preparers(search)]) {
    const owner = container === search.container ? '' : `init container ${container.name} `
    for (const { what, value } of textsOf(container)) {
      if (isComposed(what, value)) {
        // A list that grows (`PEERS=$PEERS,...`) is not composed of itself.
        const own = `variable ${what.split(' ').at(-1)},`
        const unknown = listsOf(search, value).unknown.filter(words => !words.startsWith(own))
        const parts = unknown.join(' ')
        // What is assigned, and then handed to sed, is composed of the same.
        if (unknown.length > 0 && !told.has(parts))
          search.unread(composed(`${owner}${what}`.slice(0, longestName), { unknown }))
        told.add(parts)
      }
      for (const { text, role } of entriesIn(search.chain.lists, ownText(search, value), what)) {
        // A list is assigned first and then put into a file: it counts at its first place.
        if (seen.has(text)) continue
        seen.add(text)
        const name = `${owner}${what}`.slice(0, longestName)
        const key = JSON.stringify([name, role])
        const list = lists.get(key) ?? { name, role, entries: [] }
        list.entries.push(text)
        lists.set(key, list)
      }
    }
  }
  return [...lists.values()].map(({ name, role, entries }) =>
    literal(name, listFormat(search.profile), role, entries.join(',')),
  )
}

/** Characters of a text in which a composed list is looked for: an assignment, an argument, a file. */
const longestComposed = 64 * 1024

/**
 * Whether a script makes a list of something that is not known here: what is called peers, with an ID or a host that a
 * program prints.
 */
function isComposed(what: string, value: Value): boolean {
  if (value.every(({ text }) => text !== undefined)) return false
  const text = `${what} ${shownText(value)}`
  return text.length <= longestComposed && /peers[^@]{0,200}@/i.test(text)
}

/** A plan's names have 300 characters at most. */
const longestName = 200

/** What a container's scripts assign, hand to programs and write, each with a name: "args[0] PEERS". */
function textsOf(container: ContainerView): { what: string; value: Value }[] {
  const { assigned, commands, writes } = startedBy(container)
  return [
    ...assigned.map(({ place, name, value }) => ({ what: `${place} ${name}`, value })),
    ...writes.map(({ place, path, value }) => ({ what: `${place} ${path}`, value })),
    ...commands.flatMap(({ program, words }) =>
      words
        .filter(word => word.script)
        .map(word => ({ what: `${word.place} ${programName.exec(program ?? '')?.[0] ?? ''}`, value: word.value })),
    ),
  ].map(({ what, value }) => ({ what: printable(what), value }))
}

/** As programs are called; a script of a ConfigMap that is none may have a key where its programs should be. */
const programName = /^[a-z][a-z0-9._-]{0,31}$/

function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, ' ').trim()
}

/** A value's text without what is the list of a variable or file: that is followed at its own place. */
function ownText(search: Search, value: Value): string {
  return value
    .map(({ text, from }) =>
      text === undefined || (from.length > 0 && holdsPeers(listFormat(search.profile), text)) ? ' ' : text,
    )
    .join('')
}

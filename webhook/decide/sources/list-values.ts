// What a value that should be a list is made of: variables and files that are lists themselves, and the rest as text.

import { holdsPeers } from '../../../peers/formats/index.ts'
import { own } from '../../../peers/own.ts'
import { type Origin, type Piece, textOf, type Value } from '../../shell/index.ts'
import { environment, fileOf } from '../pod/command-line.ts'
import type { MountedKey } from '../pod/mounted-files.ts'
import { listFormat, type Search } from './source-search.ts'

export type ListOf = {
  /** Variables of the container that are a list, or that may be one and cannot be read here. */
  readonly variables: readonly { readonly variable: string; readonly frozen: boolean }[]
  readonly files: readonly MountedKey[]
  /** What stands between them; '' where that is nothing, or is not known. */
  readonly text: string
  /** What keeps the list from being known, each as words: "variable X, which cannot be read here". */
  readonly unknown: readonly string[]
  /**
   * Whether the node is given this list for certain. A variable that nobody defines may be empty, and a file may be one
   * of the node's.
   */
  readonly known: boolean
  /** Keys whose files were made into a list, and are none themselves: hosts to which a script adds IDs and ports. */
  readonly ingredients: readonly MountedKey[]
}

/** Takes a value apart. */
export function listsOf(search: Search, value: Value): ListOf {
  const variables = new Map<string, { variable: string; frozen: boolean }>()
  const files: MountedKey[] = []
  const rest: Piece[] = []
  for (const [index, piece] of value.entries()) {
    const list = isAlone(value, index) ? listOf(search, piece, value.length === 1) : undefined
    if (list === undefined) rest.push(piece)
    else if (list.kind === 'variable') variables.set(list.name, { variable: list.name, frozen: list.frozen })
    else files.push(list.key)
  }
  const found = variables.size + files.length > 0
  const open = rest
    .filter(piece => piece.text === undefined)
    .flatMap(piece => piece.from.map(origin => unknownOrigin(search, origin)))
  const unknown = [...new Map(open.map(origin => [origin.words, origin])).values()]
  const text = textOf(rest)?.trim() ?? ''
  const isRest = found && !holdsPeers(listFormat(search.profile), text)
  return {
    variables: [...variables.values()],
    files,
    text: isRest ? '' : text,
    unknown: unknown.map(({ words }) => words),
    known: found || text !== '' || unknown.every(({ defined }) => defined),
    ingredients: rest.flatMap(piece => piece.from.flatMap(origin => ingredientOf(search, origin))),
  }
}

/** Between separators: what stands before and behind is no part of the same entry. */
function isAlone(value: Value, index: number): boolean {
  const before = value[index - 1]
  const after = value[index + 1]
  return (
    (before === undefined || /[\s,]$/.test(before.text ?? '')) &&
    (after === undefined || /^[\s,]/.test(after.text ?? ''))
  )
}

type List =
  | { readonly kind: 'variable'; readonly name: string; readonly frozen: boolean }
  | { readonly kind: 'file'; readonly key: MountedKey }

/** The variable or file that a piece is; undefined where it is none, or is known and holds no list. */
function listOf(search: Search, piece: Piece, whole: boolean): List | undefined {
  const [origin] = piece.from
  if (piece.from.length !== 1 || !origin || origin.kind === 'program') return undefined
  const text = originText(search, origin)
  // A value that is a variable and nothing else is its list, whatever it holds: the node would take it for one.
  const holds = (whole && piece.whole) || text === undefined || holdsPeers(listFormat(search.profile), text)
  if (!holds) return undefined
  if (origin.kind === 'variable')
    return isDefined(search, origin.name) ? { kind: 'variable', name: origin.name, frozen: origin.frozen } : undefined
  const key = fileOf(search.container)(origin.path)
  return key && { kind: 'file', key }
}

/** A key that can be read and holds no list. */
function ingredientOf(search: Search, origin: Origin): MountedKey[] {
  if (origin.kind !== 'file') return []
  const key = fileOf(search.container)(origin.path)
  const text = originText(search, origin)
  return key && text !== undefined && !holdsPeers(listFormat(search.profile), text) ? [key] : []
}

function isDefined({ container }: Search, name: string): boolean {
  const { variable, mayDefine } = environment(container)
  return variable(name) !== undefined || mayDefine(name)
}

function originText({ container, input }: Search, origin: Exclude<Origin, { kind: 'program' }>): string | undefined {
  if (origin.kind === 'variable')
    return textOf(environment(container).variable(origin.name) ?? [{ text: undefined, from: [], whole: false }])
  const key = fileOf(container)(origin.path)
  if (key?.kind !== 'ConfigMap') return undefined
  const view = input.configMap(key.name)
  return typeof view === 'object' ? own(view, key.key) : undefined
}

function unknownOrigin(search: Search, origin: Origin): { words: string; defined: boolean } {
  switch (origin.kind) {
    case 'variable':
      return isDefined(search, origin.name)
        ? { words: `variable ${origin.name}, which cannot be read here`, defined: true }
        : { words: `variable ${origin.name}, which the pod's spec does not define`, defined: false }
    case 'file':
      return { words: `file ${origin.path}`, defined: false }
    case 'program':
      return { words: `what ${origin.name} prints`, defined: false }
  }
}

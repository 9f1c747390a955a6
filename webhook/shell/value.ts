// What is known of a text that a shell makes: pieces, each with where it comes from. A piece whose text is not known
// still says whose it is.

/** Where a piece of a text comes from, beyond the script itself. */
export type Origin =
  /**
   * A variable of the container's environment. `frozen`: the kubelet wrote it into command or args when it created the
   * container.
   */
  | { readonly kind: 'variable'; readonly name: string; readonly frozen: boolean }
  /** A file, by its path in the container. */
  | { readonly kind: 'file'; readonly path: string }
  /** What a program prints. */
  | { readonly kind: 'program'; readonly name: string }

export type Piece = {
  /** Undefined where it is not known. */
  readonly text: string | undefined
  readonly from: readonly Origin[]
  /** The origin's own text and nothing else; otherwise something was made of it. */
  readonly whole: boolean
}

/** Pieces in their order; none is the empty text. */
export type Value = readonly Piece[]

export const empty: Value = []

/** A text that stands in the script or the spec itself. */
export function literalValue(text: string): Value {
  return text === '' ? empty : [{ text, from: [], whole: false }]
}

/** What an origin holds: its text where that is known. */
export function valueFrom(origin: Origin, text: string | undefined): Value {
  return [{ text, from: [origin], whole: true }]
}

/** Something unknown that was made of other values. */
export function derived(values: readonly Value[], program: string): Value {
  const from = uniqueOrigins(values.flatMap(value => value.flatMap(piece => piece.from)))
  return [{ text: undefined, from: from.length > 0 ? from : [{ kind: 'program', name: program }], whole: false }]
}

/** The known text; undefined where a piece is unknown. */
export function textOf(value: Value): string | undefined {
  let text = ''
  for (const piece of value) {
    if (piece.text === undefined) return undefined
    text += piece.text
  }
  return text
}

/** The text for people and patterns: what is unknown stands as the shell would write it. */
export function shownText(value: Value): string {
  return value.map(piece => piece.text ?? shownOrigins(piece.from)).join('')
}

function shownOrigins(from: readonly Origin[]): string {
  const [first] = from
  if (!first) return '$()'
  return first.kind === 'variable'
    ? `$${first.name}`
    : first.kind === 'file'
      ? `$(cat ${first.path})`
      : `$(${first.name})`
}

/** The one origin of which the value is the text, unchanged. */
export function wholeOrigin(value: Value): Origin | undefined {
  const [piece] = value
  return value.length === 1 && piece?.whole && piece.from.length === 1 ? piece.from[0] : undefined
}

/** Where the parts of a value come from, each origin once. */
export function originsOf(value: Value): Origin[] {
  return uniqueOrigins(value.flatMap(piece => piece.from))
}

/** The name of a variable or program, the path of a file. */
export function nameOf(origin: Origin): string {
  return origin.kind === 'file' ? origin.path : origin.name
}

function uniqueOrigins(origins: readonly Origin[]): Origin[] {
  return [...new Map(origins.map(origin => [`${origin.kind} ${nameOf(origin)}`, origin])).values()]
}

/** Values one behind the other; literal neighbours become one piece. */
export function joined(values: readonly Value[]): Value {
  const pieces: Piece[] = []
  for (const value of values) {
    for (const piece of value) {
      const last = pieces.at(-1)
      if (piece.text === '' && piece.from.length === 0) continue
      if (
        last &&
        last.text !== undefined &&
        piece.text !== undefined &&
        last.from.length === 0 &&
        piece.from.length === 0
      )
        pieces[pieces.length - 1] = { text: last.text + piece.text, from: [], whole: false }
      else pieces.push(piece)
    }
  }
  return pieces
}

/** The same origins with another text. A text that has not changed stays the origin's own. */
export function mapped(value: Value, change: (text: string) => string): Value {
  return value.map(piece => {
    if (piece.text === undefined) return { ...piece, whole: false }
    const text = change(piece.text)
    return text === piece.text ? piece : { ...piece, text, whole: false }
  })
}

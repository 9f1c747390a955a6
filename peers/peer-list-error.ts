// The one error for a peer list that cannot be read: every problem at once, each with where it is, what was found and
// what is expected.
import { detached } from './detached.ts'

export type PeerListProblem = {
  /** Which list: "ConfigMap node0/config.toml". */
  readonly source: string
  /** Where in it: "line 12", "entry 3", "[p2p] persistent_peers entry 2". */
  readonly where: string
  /** What stands there, escaped, at most 80 characters: never for a page, a log, an Event or a warning. */
  readonly found: string
  readonly expected: string
}

/**
 * Problems beyond this many are counted, not kept: 1 MiB of commas and letters would otherwise become half a million of
 * them.
 */
export const maxProblems = 100
/** Problems that the message spells out. Few, since the "list" may be a key file that was named by mistake. */
const maxInMessage = 5
const maxFoundLength = 80

/**
 * What of `found` a message may say: words of the parsers themselves, about the kind of a thing. Everything else stands
 * in a list that somebody else wrote, which may be a key file that was named by mistake, or have a seed phrase beside
 * its peers; and messages are shown on status pages, in logs, Events and admission warnings.
 */
const sayable =
  /^(an array of \d{1,7}|a table|true|false|\d{1,9} bytes|more than \d{1,7} entries|the end of the text|a byte order mark \(U\+FEFF\) before the array)$/

/**
 * Its message quotes nothing that stands in the list, and neither does anything that a logger would write of it. Who
 * reads has given the list as well (`repeer explain`) is told by `quoted`.
 */
export class PeerListError extends Error {
  override readonly name = 'PeerListError'
  /** Private, so that whoever logs the error does not log them. */
  readonly #problems: readonly PeerListProblem[]
  readonly #more: readonly string[]

  /**
   * Takes problems with `found` as it stands in the list; it is escaped and shortened here, so that nobody can forget
   * to.
   *
   * @param count of all problems, where `problems` are the first of them
   */
  constructor(problems: readonly PeerListProblem[], count = problems.length) {
    const shown = problems.slice(0, maxInMessage)
    const more = count > shown.length ? [`and ${count - shown.length} more`] : []
    super(
      [
        ...shown.map(({ source, where, found, expected }) => {
          const said = sayable.test(found) ? `found ${found}, ` : ''
          return `${source}, ${where}: ${said}expected ${expected}`
        }),
        ...more,
      ].join('; '),
    )
    this.#problems = problems.slice(0, maxProblems).map(problem => ({ ...problem, found: printable(problem.found) }))
    this.#more = more
  }

  get problems(): readonly PeerListProblem[] {
    return this.#problems
  }

  /** The message with what was found: only for whoever has given the list. */
  quoted(): string {
    const shown = this.#problems
      .slice(0, maxInMessage)
      .map(({ source, where, found, expected }) => `${source}, ${where}: found "${found}", expected ${expected}`)
    return [...shown, ...this.#more].join('; ')
  }
}

/**
 * One printable line of at most 80 characters: control, format and separator characters as \uXXXX, the rest of a long
 * text as an ellipsis.
 */
export function printable(text: string): string {
  const escaped = text
    .slice(0, maxFoundLength + 1)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
      character => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
  return detached(escaped.length > maxFoundLength ? `${escaped.slice(0, maxFoundLength - 1)}…` : escaped)
}

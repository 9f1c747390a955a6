// The one error for a peer list that cannot be read: every problem at once, each with where it is, what was found and
// what is expected.

export type PeerListProblem = {
  /** Which list: "ConfigMap node0/config.toml". */
  readonly source: string
  /** Where in it: "line 12", "entry 3", "[p2p] persistent_peers entry 2". */
  readonly where: string
  /** What stands there, escaped, at most 80 characters. */
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

export class PeerListError extends Error {
  override readonly name = 'PeerListError'
  readonly problems: readonly PeerListProblem[]
  /** The message without what was found: for a list that is not to be quoted, as a Secret's. */
  readonly unquoted: string

  /**
   * Takes problems with `found` as it stands in the list; it is escaped and shortened here, so that nobody can forget
   * to.
   *
   * @param count of all problems, where `problems` are the first of them
   */
  constructor(problems: readonly PeerListProblem[], count = problems.length) {
    const kept = problems.slice(0, maxProblems).map(problem => ({ ...problem, found: printable(problem.found) }))
    const shown = kept.slice(0, maxInMessage)
    const more = count > shown.length ? [`and ${count - shown.length} more`] : []
    super(
      [
        ...shown.map(
          ({ source, where, found, expected }) => `${source}, ${where}: found "${found}", expected ${expected}`,
        ),
        ...more,
      ].join('; '),
    )
    this.unquoted = [
      ...shown.map(({ source, where, expected }) => `${source}, ${where}: expected ${expected}`),
      ...more,
    ].join('; ')
    this.problems = kept
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
  return escaped.length > maxFoundLength ? `${escaped.slice(0, maxFoundLength - 1)}…` : escaped
}

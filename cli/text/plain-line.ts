// Text from a cluster on a terminal: names, reasons and addresses are other people's words, and a terminal obeys
// control characters.

/**
 * One line of at most `most` characters; control, format and separator characters as \uXXXX, the rest of a long text as
 * an ellipsis.
 */
export function plainLine(text: string, most = 200): string {
  const escaped = text
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
      character => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
  return escaped.length > most ? `${escaped.slice(0, most - 1)}…` : escaped
}

// V8 keeps a part of a text (a slice, what a pattern has found, the pieces of a split) as a view of the whole, where it
// has 13 characters or more. So a peer would keep the ConfigMap of 1 MiB in which it stood, and the beginning of a
// sentence all of a hostile page: hundreds of them ended the controller, and no count of bytes saw them.

/**
 * The same text in memory of its own, so that it keeps no other one. For what is kept of a text that may be much
 * longer. Half a character, which only a text that was cut has, becomes U+FFFD.
 */
export function detached(text: string): string {
  return Buffer.from(text).toString()
}

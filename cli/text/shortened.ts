// Texts made short enough for a line.

/** A hash as people compare it: its kind and 8 digits. */
export function short(hash: string | null): string {
  return hash === null ? 'none' : hash.slice(0, 11)
}

/** The first few, and how many more there are. */
export function someOf(texts: readonly string[], most: number): string {
  const more = texts.length - most
  return more > 0 ? `${texts.slice(0, most).join(', ')} and ${more} more` : texts.join(', ')
}

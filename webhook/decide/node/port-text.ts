// Ports as flags, variables and files write them.

/** The port at the end of an address, or that the text is; undefined where there is none. */
export function portIn(text: string): number | undefined {
  const port = Number(/(?:^|[:/])(\d{1,5})$/.exec(text.trim())?.[1] ?? 0)
  return port >= 1 && port <= 65_535 ? port : undefined
}

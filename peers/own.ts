// Reads what strangers name: a peer can be called `constructor`, and every object has that already.

/**
 * What a record has under this key itself, and never what JavaScript's objects inherit (`constructor`, `toString`,
 * `__proto__`). Undefined where it has none, and where there is no record. A record that was read back from JSON, or
 * spread, has a prototype again, whatever it had before: so it is the reading that has to be right.
 */
export function own<T>(record: Readonly<Record<string, T>> | null | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined
}

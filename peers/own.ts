// Records whose keys strangers name: hosts, variables, keys of ConfigMaps. Pure.

/**
 * What a record itself has under a key: never what it inherits. `constructor` is a legal name of a Service, and a plain
 * object would answer with a function.
 */
export function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

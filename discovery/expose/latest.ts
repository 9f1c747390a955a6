// Objects as they were last seen: by a watch, or in the API server's answer to a write, which counts until the watch
// has told of it.
import { isOlder } from '../../kubernetes/resource-version.ts'

export type Versioned = { readonly version: string }

export type Latest<T extends Versioned> = {
  wrote(name: string, object: T): void
  get(name: string): T | undefined
  all(): T[]
}

/** An object that the watch does not tell of within this is gone. Milliseconds. */
const believedMs = 10_000

/** @param seen what the watch has told @param now milliseconds */
export function createLatest<T extends Versioned>(seen: ReadonlyMap<string, T>, now: () => number): Latest<T> {
  const written = new Map<string, { readonly object: T; readonly at: number }>()

  function get(name: string): T | undefined {
    const [watched, own] = [seen.get(name), written.get(name)]
    if (own && (watched ? !isOlder(watched.version, own.object.version) : now() - own.at > believedMs)) {
      written.delete(name)
      return watched
    }
    return own?.object ?? watched
  }

  return {
    wrote: (name, object) => void written.set(name, { object, at: now() }),
    get,
    all: () => [...new Set([...seen.keys(), ...written.keys()])].flatMap(name => get(name) ?? []),
  }
}

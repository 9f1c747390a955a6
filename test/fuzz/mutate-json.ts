// Changes a JSON value: fields dropped, doubled, renamed, of another type, or taken from another value.
import { inherited, mostCharacters, mutateText } from './mutate-text.ts'
import type { Random } from './random.ts'

export type MutateOptions = {
  /** Values to take parts from: of the same place where they have one. */
  readonly donors: readonly unknown[]
  /**
   * Types stay as they are: what an API server has read into its own types can be odd, but no list where a text should
   * be. Default: false.
   */
  readonly keepTypes?: boolean
  /** Texts for values. Default: those of the donors' own kind. */
  readonly texts?: readonly string[]
}

type Container = Record<string, unknown> | unknown[]
type Place = { readonly container: Container; readonly key: string | number; readonly path: readonly string[] }

const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  65536,
  2 ** 31,
  2 ** 53,
  1e308,
  '',
  ' ',
  [],
  {},
  [null],
  { toString: 1 },
]
const oddNumbers = [0, -1, 1, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 53]

/** Objects and lists within one another; far from where a stack ends, and more than any real object has. */
const deepLevels = 500

/**
 * Characters of a text that is no annotation: it may be a script, whose evaluation takes 12 us a command, and those of
 * a pod are bounded so that they take a few hundred milliseconds.
 */
const mostInWord = 4096

/** Copies of one element of a list: more than any real pod has of anything. */
const manyCopies = 1000

/** A changed copy, with one to six changes; what was given stays as it is. */
export function mutateJson<T>(value: T, options: MutateOptions, random: Random): T {
  const root = { value: structuredClone(value) as unknown }
  for (let left = 1 + random.below(6); left > 0; left--) {
    const places = placesOf(root)
    const place = random.pick(places)
    changeAt(place, options, random)
  }
  return root.value as T
}

function changeAt(place: Place, options: MutateOptions, random: Random): void {
  const { container, key } = place
  const { donors, keepTypes = false, texts = [] } = options
  const found = get(container, key)
  const isRoot = place.path.length === 1
  switch (random.below(keepTypes ? 6 : 9)) {
    case 0:
      if (isRoot) return
      if (Array.isArray(container)) container.splice(Number(key), 1)
      else delete container[String(key)]
      return
    case 1:
      if (Array.isArray(container))
        for (let left = random.oneIn(200) ? manyCopies : 1 + random.below(2); left > 0; left--)
          container.push(structuredClone(found))
      else if (!isRoot && isFree(place)) set(container, random.pick(inherited), structuredClone(found))
      return
    case 2: {
      const other = at(random.pick(donors), place.path)
      if (other !== undefined && (!keepTypes || typeOf(other) === typeOf(found)))
        set(container, key, structuredClone(other))
      return
    }
    case 3:
    case 4:
    case 5:
      if (typeof found === 'string')
        set(container, key, mutateText(found, texts, random, isFree(place) ? mostCharacters : mostInWord))
      else if (typeof found === 'number') set(container, key, random.pick(oddNumbers))
      else if (typeof found === 'boolean') set(container, key, !found)
      else if (Array.isArray(found) && found.length > 1) found.reverse()
      return
    case 6:
      set(container, key, structuredClone(random.pick(odd)))
      return
    case 7: {
      if (isRoot || Array.isArray(container)) return
      delete container[String(key)]
      set(container, random.oneIn(2) ? random.pick(inherited) : mutateText(String(key), texts, random), found)
      return
    }
    default:
      set(container, key, wrapped(found, random))
  }
}

/** Whether any name can be a key here, as of labels, annotations, data: other objects of the API have fixed fields. */
function isFree({ path }: Place): boolean {
  return ['labels', 'annotations', 'data', 'matchLabels', 'nodeSelector', 'volumeAttributes'].includes(
    path.at(-2) ?? '',
  )
}

function wrapped(value: unknown, random: Random): unknown {
  let around = value
  for (let left = random.oneIn(10) ? deepLevels : 1; left > 0; left--)
    around = random.oneIn(2) ? [around] : { a: around }
  return around
}

/** Every value in it, the root's as the field of a holder. */
function placesOf(root: { value: unknown }): Place[] {
  const places: Place[] = [{ container: root, key: 'value', path: ['value'] }]
  for (let index = 0; index < places.length && index < 20_000; index++) {
    const { container, key, path } = places[index] as Place
    const value = get(container, key)
    if (typeof value !== 'object' || value === null) continue
    for (const name of Object.keys(value))
      places.push({ container: value as Container, key: name, path: [...path, Array.isArray(value) ? '*' : name] })
  }
  return places
}

/** What a donor has at that path; of a list any element. */
function at(donor: unknown, path: readonly string[]): unknown {
  return path.slice(1).reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined
    return name === '*'
      ? Object.values(value)[0]
      : Object.hasOwn(value, name)
        ? get(value as Container, name)
        : undefined
  }, donor)
}

function get(container: Container, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(container, key)?.value
}

/** Also of the name __proto__, as JSON.parse has it. */
function set(container: Container, key: string | number, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true })
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value
}

// Reads fields of a value from outside one by one, and remembers every problem with its path, so that all can be
// reported together.
import { isRecord } from './is-record.ts'
import { printable } from './peer-list-error.ts'

export type FieldProblem = { readonly path: string; readonly found: string; readonly expected: string }

type Values = Readonly<Record<string, unknown>>

/** The fields of one object. Each reader returns undefined where it has reported a problem. */
export class Fields {
  readonly path: string
  readonly problems: FieldProblem[]
  readonly #values: Values
  readonly #isObject: boolean
  readonly #known = new Set<string>()

  /** `problems` is shared by all objects of one value. What is no object is reported. */
  constructor(value: unknown, path: string, problems: FieldProblem[]) {
    this.path = path
    this.problems = problems
    if (!isRecord(value)) problems.push({ path: this.at(''), found: printable(shown(value)), expected: 'an object' })
    this.#isObject = isRecord(value)
    this.#values = isRecord(value) ? value : {}
  }

  /** Reports a problem of a field, or with '' of the object. What is no object has that one problem only. */
  problem(field: string, found: string, expected: string): undefined {
    if (this.#isObject) this.problems.push({ path: this.at(field), found: printable(found), expected })
    return undefined
  }

  at(field: string): string {
    return [this.path, field].filter(part => part !== '').join('.') || 'plan'
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#values, field) && this.#values[field] !== undefined
  }

  /** The field's value as it stands. Whatever is read this way, or by a reader below, is a known field. */
  get(field: string): unknown {
    this.#known.add(field)
    return this.has(field) ? this.#values[field] : undefined
  }

  /** A value that `fits`, where the field is present; absence is reported unless it is optional. */
  value<T>(
    field: string,
    expected: string,
    fits: (value: unknown) => value is T,
    presence: 'required' | 'optional' = 'required',
  ): T | undefined {
    const value = this.get(field)
    if (fits(value)) return value
    if (!this.has(field)) return presence === 'optional' ? undefined : this.problem(field, 'nothing', expected)
    return this.problem(field, shown(value), expected)
  }

  oneOf<T extends string>(field: string, values: readonly T[]): T | undefined {
    return this.value(field, `one of ${values.join(', ')}`, (value): value is T =>
      values.some(known => known === value),
    )
  }

  matching(field: string, pattern: RegExp, expected: string, presence?: 'optional'): string | undefined {
    return this.value(
      field,
      expected,
      (value): value is string => typeof value === 'string' && pattern.test(value),
      presence,
    )
  }

  boolean(field: string): boolean | undefined {
    return this.value(field, 'true or false', value => typeof value === 'boolean')
  }

  number(
    field: string,
    lowest: number,
    highest: number,
    kind: 'integer' | 'any',
    presence?: 'optional',
  ): number | undefined {
    const expected = `${kind === 'integer' ? 'a whole number' : 'a number'} from ${lowest} to ${highest}`
    const fits = (value: unknown): value is number =>
      typeof value === 'number' && value >= lowest && value <= highest && (kind === 'any' || Number.isInteger(value))
    return this.value(field, expected, fits, presence)
  }

  array(field: string): readonly unknown[] {
    return this.value(field, 'an array', (value): value is unknown[] => Array.isArray(value)) ?? []
  }

  object(field: string): Fields {
    return new Fields(this.get(field), this.at(field), this.problems)
  }

  /** Reports every field that nothing has asked for. Call it last. */
  rejectUnknown(): void {
    const known = [...this.#known].sort().join(', ')
    for (const field of Object.keys(this.#values)) {
      if (!this.#known.has(field)) this.problem(field, 'an unknown field', `none but ${known}`)
    }
  }
}

/**
 * A value from outside in a few words. Not String(): of an object whose toString is no function, it throws.
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? `"${value}"` : String(value)
}

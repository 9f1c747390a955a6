// The variables, functions and arguments of a shell while its script is evaluated, in layers: a subshell forgets its
// layer, and of the branches of an `if` whose condition is not known, each value stays possible.
import { bounds } from './bounds.ts'
import type { Parsed } from './parse.ts'
import type { Statement } from './syntax.ts'
import { shownText, type Value } from './value.ts'

/** The possible values, likeliest first. */
export type Variable = { readonly values: readonly Value[]; readonly exported: boolean }

export type Scope = {
  readonly parent: Scope | undefined
  readonly variables: Map<string, Variable>
  readonly functions: Map<string, Statement>
  /** Files that the script has written, by path: the texts one behind the other. */
  readonly files: Map<string, Value[]>
  positional: readonly Value[]
  /** $0 */
  name: string
  /** Whether nothing after this is run: exec, exit, return. */
  ended: boolean
}

/** The scope of a script: nothing is known yet but its name ($0) and its arguments. */
export function topScope(name: string, positional: readonly Value[]): Scope {
  return {
    parent: undefined,
    variables: new Map(),
    functions: new Map(),
    files: new Map(),
    positional,
    name,
    ended: false,
  }
}

/** A scope above `parent`: it sees what is there, and keeps its own changes to itself. */
export function layer(parent: Scope, changed: Partial<Pick<Scope, 'positional' | 'name'>> = {}): Scope {
  const { positional, name } = { ...parent, ...changed }
  return { parent, variables: new Map(), functions: new Map(), files: new Map(), positional, name, ended: false }
}

/** The variable as the innermost layer that has it says; undefined where no script has set it. */
export function variableIn(scope: Scope, name: string): Variable | undefined {
  return find(scope, layer => layer.variables.get(name))
}

/** The function's body, as the innermost layer that has it says; undefined where there is none. */
export function functionIn(scope: Scope, name: string): Statement | undefined {
  return find(scope, layer => layer.functions.get(name))
}

/** What scripts have written to the file, as the innermost layer that has it says; undefined where none has. */
export function fileIn(scope: Scope, path: string): Value[] | undefined {
  return find(scope, layer => layer.files.get(path))
}

function find<T>(scope: Scope, look: (layer: Scope) => T | undefined): T | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found = look(at)
    if (found !== undefined) return found
  }
  return undefined
}

/** The variables that a program started here gets from the script: those that it exported. */
export function exportedIn(scope: Scope): Map<string, Variable> {
  const found = new Map<string, Variable>()
  for (let at: Scope | undefined = scope; at; at = at.parent)
    for (const [name, variable] of at.variables) if (!found.has(name)) found.set(name, variable)
  return new Map([...found].filter(([, variable]) => variable.exported))
}

/**
 * Takes over what was changed in layers of which any may have been run; `before` says what counts where a layer did not
 * change a variable, and in case none was run at all (`orNone`). An empty value is not kept beside others: what matters
 * is what a flag may carry.
 */
export function merge(
  into: Scope,
  layers: readonly Scope[],
  orNone: boolean,
  before: (name: string) => readonly Value[],
): void {
  const names = new Set(layers.flatMap(({ variables }) => [...variables.keys()]))
  for (const name of names) {
    const exported = layers.some(({ variables }) => variables.get(name)?.exported === true)
    const values = layers.flatMap(({ variables }) => variables.get(name)?.values ?? before(name))
    into.variables.set(name, { values: distinct(orNone ? [...values, ...before(name)] : values), exported })
  }
  for (const { functions, files } of layers) {
    for (const [name, body] of functions) into.functions.set(name, body)
    for (const [path, text] of files) into.files.set(path, text)
  }
}

/** Each value once, at most as many as the bound, the empty one only where there is no other. */
export function distinct(values: readonly Value[]): readonly Value[] {
  const byText = new Map<string, Value>()
  for (const value of values) {
    const shown = shownText(value)
    if (!byText.has(shown)) byText.set(shown, value)
  }
  const all = [...byText].filter(([shown]) => shown !== '').map(([, value]) => value)
  return all.length > 0 ? all.slice(0, bounds.alternatives) : [[]]
}

/** A file that the container sees. */
export type Mounted = {
  /** Undefined where it may not or cannot be read. */
  readonly text: string | undefined
  /** "ConfigMap scripts/start.sh" */
  readonly place: string
  /** Its statements, where somebody remembers them. */
  readonly parsed?: () => Parsed
}

/**
 * What a script is evaluated against: the container's variables and files; undefined where nothing is known to be
 * there.
 */
export type Surroundings = {
  readonly variable: (name: string) => Value | undefined
  readonly file: (path: string) => Mounted | undefined
}

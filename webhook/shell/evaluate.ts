// Walks a script's statements in their order: what is known to be so decides which branch is taken, and where it is not
// known every branch is looked at and each value stays possible. Nothing is executed.
import { bounds, spend } from './bounds.ts'
import { matches, negated } from './conditions.ts'
import { bounded, type Context, type Status, type Streams, type Word, type Written, wordOf } from './context.ts'
import { expandFields, expandText, lookUp, undefinedVariable } from './expand.ts'
import { fileIn, layer, merge, type Scope, variableIn } from './scope.ts'
import type { Redirect, Statement } from './syntax.ts'
import { derived, joined, literalValue, shownText, textOf, type Value } from './value.ts'

export const silent: Streams = { input: undefined, out: undefined }

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>

/** Evaluates a list of statements, up to one that ends the shell. */
export function statements(context: Context, scope: Scope, body: readonly Statement[], streams: Streams): Status {
  let status: Status = 'yes'
  for (const statement of body) {
    if (scope.ended) break
    status = runStatement(context, scope, statement, streams)
  }
  return status
}

function runStatement(context: Context, scope: Scope, statement: Statement, streams: Streams): Status {
  switch (statement.kind) {
    case 'simple':
      return simple(context, scope, statement, streams)
    case 'pipe':
      return pipe(context, scope, statement, streams)
    case 'not':
      return negated(runStatement(context, scope, statement.body, streams))
    case 'list':
      return list(context, scope, statement, streams)
    case 'if':
      return branches(context, scope, statement, streams)
    case 'case':
      return arms(context, scope, statement, streams)
    case 'for':
      return loop(context, scope, statement, streams)
    case 'while': {
      statements(context, scope, statement.condition, streams)
      return perhaps(context, scope, [statement.body], true, streams)
    }
    case 'group':
      return group(context, scope, statement, streams)
    case 'function':
      scope.functions.set(statement.name, statement.body)
      return 'yes'
  }
}

/** What a body prints, without its commands counting as started. */
export function capture(context: Context, scope: Scope, body: readonly Statement[]): Value {
  const out: Value[] = []
  const { captured } = context
  context.captured = true
  statements(context, layer(scope), body, { input: undefined, out })
  context.captured = captured
  return joined(out)
}

/** Bodies of which each may be run: all are looked at, each from the same beginning. */
function perhaps(
  context: Context,
  scope: Scope,
  bodies: readonly (readonly Statement[])[],
  orNone: boolean,
  streams: Streams,
): Status {
  const layers = bodies.map(body => {
    const own = layer(scope)
    context.unsure += 1
    statements(context, own, body, streams)
    context.unsure -= 1
    return own
  })
  const going = layers.filter(({ ended }) => !ended)
  merge(
    scope,
    going,
    orNone,
    name => variableIn(scope, name)?.values ?? [context.surroundings.variable(name) ?? undefinedVariable(name)],
  )
  if (going.length === 0 && !orNone && bodies.length > 0) scope.ended = true
  return 'unknown'
}

function list(context: Context, scope: Scope, statement: Of<'list'>, streams: Streams): Status {
  let status = runStatement(context, scope, statement.first, streams)
  for (const { operator, body } of statement.rest) {
    if (scope.ended) return status
    const goesOn = operator === '&&' ? 'yes' : 'no'
    if (status === goesOn || (status === 'done' && operator === '&&'))
      status = runStatement(context, scope, body, streams)
    else if (status === 'unknown' || status === 'done') status = perhaps(context, scope, [[body]], true, streams)
  }
  return status
}

function branches(context: Context, scope: Scope, statement: Of<'if'>, streams: Streams): Status {
  const possible: (readonly Statement[])[] = []
  for (const { condition, body } of statement.branches) {
    const status = statements(context, scope, condition, streams)
    if (scope.ended) return 'unknown'
    if (status === 'no') continue
    if (status === 'yes' && possible.length === 0) return statements(context, scope, body, streams)
    possible.push(body)
    if (status === 'yes') return perhaps(context, scope, possible, false, streams)
  }
  if (statement.otherwise && possible.length === 0) return statements(context, scope, statement.otherwise, streams)
  return perhaps(
    context,
    scope,
    [...possible, ...(statement.otherwise ? [statement.otherwise] : [])],
    !statement.otherwise,
    streams,
  )
}

function arms(context: Context, scope: Scope, statement: Of<'case'>, streams: Streams): Status {
  const subject = textOf(expandText(context, scope, statement.subject))
  const possible: (readonly Statement[])[] = []
  for (const { patterns, body } of statement.arms) {
    spend(context.allowance, 'steps', 1)
    const found = patterns.map(pattern => {
      const text = textOf(expandText(context, scope, pattern))
      return subject === undefined || text === undefined ? (text === '*' ? true : undefined) : matches(subject, text)
    })
    if (found.every(matched => matched === false)) continue
    if (found.includes(true) && possible.length === 0) return statements(context, scope, body, streams)
    possible.push(body)
    if (found.includes(true)) return perhaps(context, scope, possible, false, streams)
  }
  return perhaps(context, scope, possible, true, streams)
}

function loop(context: Context, scope: Scope, statement: Of<'for'>, streams: Streams): Status {
  const words =
    statement.words === undefined
      ? [...scope.positional]
      : statement.words.flatMap(word => ranged(expandFields(context, scope, word)))
  const known = words.length <= bounds.rounds && words.every(word => textOf(word) !== undefined)
  const rounds = known ? words : [derived(words, `$${statement.name}`)]
  for (const value of rounds) {
    if (scope.ended) break
    spend(context.allowance, 'steps', 1)
    scope.variables.set(statement.name, { values: [value], exported: false })
    if (known) statements(context, scope, statement.body, streams)
    else perhaps(context, scope, [statement.body], true, streams)
  }
  return 'unknown'
}

function group(context: Context, scope: Scope, statement: Of<'group'>, streams: Streams): Status {
  const { streams: own, close } = redirected(context, scope, statement.redirects, streams)
  const inside = statement.subshell ? layer(scope) : scope
  const status = statements(context, inside, statement.body, own)
  close()
  return status
}

function pipe(context: Context, scope: Scope, statement: Of<'pipe'>, streams: Streams): Status {
  let { input } = streams
  let status = 'done' as Status
  statement.stages.forEach((stage, index) => {
    const isLast = index === statement.stages.length - 1
    const out: Value[] | undefined = isLast ? streams.out : []
    status = runStatement(context, layer(scope), stage, { input, out })
    input = out && joined(out)
  })
  return status === 'yes' || status === 'no' ? 'unknown' : status
}

function simple(context: Context, scope: Scope, statement: Of<'simple'>, streams: Streams): Status {
  const { pick, widest } = context
  let status: Status = 'done'
  if (context.captured) return command(context, scope, statement, streams)
  context.widest = 1
  for (context.pick = 0; context.pick < Math.min(context.widest, bounds.alternatives); context.pick += 1) {
    status = command(context, scope, statement, streams)
  }
  context.pick = pick
  context.widest = Math.max(widest, context.widest)
  return status
}

function command(context: Context, scope: Scope, statement: Of<'simple'>, streams: Streams): Status {
  spend(context.allowance, 'steps', 1)
  const alone = statement.words.length === 0
  // Variables written before a command are its own.
  const target = alone || statement.assignments.length === 0 ? scope : layer(scope)
  for (const { name, append, value, array } of statement.assignments) {
    const texts = value.map(word => expandText(context, target, word))
    const given = joined(texts.flatMap((text, index) => (index > 0 ? [literalValue(' '), text] : [text])))
    const before = append ? [lookUp(context, scope, name) ?? [], literalValue(array ? ' ' : '')] : []
    assign(context, target, name, bounded(context, joined([...before, given])), !alone)
  }
  const { streams: own, close } = redirected(context, scope, statement.redirects, streams)
  const words: Word[] = statement.words.flatMap(word =>
    expandFields(context, target, word).map(value => wordOf(context, value)),
  )
  // $(< FILE) prints the file.
  if (alone && statement.assignments.length === 0 && own.input) own.out?.push(own.input)
  const status = words.length > 0 ? context.run(context, target, words, own) : alone ? 'done' : 'unknown'
  if (target !== scope) keep(scope, target)
  close()
  return status
}

/** Opens what a command's redirections name; `close` records what was written. */
function redirected(
  context: Context,
  scope: Scope,
  redirects: readonly Redirect[],
  streams: Streams,
): { streams: Streams; close: () => void } {
  let { input, out } = streams
  const writes: { path: string; how: 'whole' | 'added'; out: Value[] }[] = []
  for (const { operator, descriptor, target } of redirects) {
    const value = expandText(context, scope, target)
    if (operator === '<<') input = value
    else if (operator === '<<<') input = joined([value, literalValue('\n')])
    else if (operator === '<') input = readFile(context, scope, value)
    else if (descriptor === '' || descriptor === '1') {
      out = []
      writes.push({ path: shownText(value), how: operator === '>' ? 'whole' : 'added', out })
    }
  }
  const close = () => {
    for (const write of writes) {
      if (write.path === '/dev/null' || /^\/(dev|proc)\//.test(write.path)) continue
      record(context, scope, write.path, joined(write.out), write.how)
    }
  }
  return { streams: { input, out }, close }
}

/** Sets a variable; for the second of several possible values, beside the first. */
export function assign(context: Context, scope: Scope, name: string, value: Value, exported: boolean): void {
  const before = scope.variables.get(name)
  const beside = context.pick > 0 && before ? before.values : []
  const isExported =
    exported || (variableIn(scope, name)?.exported ?? context.surroundings.variable(name) !== undefined)
  scope.variables.set(name, { values: [...beside, value], exported: isExported })
  if (!context.captured) context.found.assigned.push({ name, value, place: context.place })
}

/** What a command with variables of its own has done beyond them stays. */
function keep(scope: Scope, target: Scope): void {
  for (const [name, body] of target.functions) scope.functions.set(name, body)
  for (const [path, chunks] of target.files) scope.files.set(path, chunks)
  if (target.ended) scope.ended = true
}

/** A file's text: the script's own, or a mounted one. */
export function readFile(context: Context, scope: Scope, path: Value): Value {
  const name = textOf(path)
  if (name === undefined) return derived([path], 'a file')
  const own = fileIn(scope, name)
  if (own) return bounded(context, joined(own))
  return [{ text: context.surroundings.file(name)?.text, from: [{ kind: 'file', path: name }], whole: true }]
}

/** Notes that a file was written. It costs what the text is long: each file's text is looked through. */
export function record(context: Context, scope: Scope, path: string, text: Value, how: Written['how']): void {
  const value = bounded(context, text)
  const own = scope.files.get(path)
  if (own && how === 'added') own.push(value)
  else if (how === 'whole') scope.files.set(path, [value])
  else {
    const before = fileIn(scope, path) ?? [readFile(context, scope, literalValue(path))]
    scope.files.set(path, how === 'added' ? [...before, value] : [derived([...before, value], path)])
  }
  if (!context.captured)
    context.found.writes.push({ path, value, place: context.place, how, sure: context.unsure === 0 })
}

/** {0..3} */
function ranged(words: readonly Value[]): Value[] {
  return words.flatMap(word => {
    const [, from, to] = /^\{(\d{1,4})\.\.(\d{1,4})\}$/.exec(textOf(word) ?? '') ?? []
    if (from === undefined || to === undefined) return [word]
    const length = Math.min(Math.max(0, Number(to) - Number(from) + 1), bounds.rounds + 1)
    return Array.from({ length }, (_, index) => literalValue(String(Number(from) + index)))
  })
}

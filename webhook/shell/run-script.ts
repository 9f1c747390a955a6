// Scripts: in a word (sh -c), in a file that the container mounts or a script wrote, sourced or run.
import { spend } from './bounds.ts'
import type { Context, Status, Streams, Word } from './context.ts'
import { readFile, statements } from './evaluate.ts'
import { kubelet } from './expand.ts'
import { baseName, note } from './note.ts'
import { type Parsed, parse } from './parse.ts'
import { layer, type Scope } from './scope.ts'
import { literalValue, textOf } from './value.ts'

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'mksh'])

/** Whether a program of this name is a shell that runs scripts. */
export function isShell(name: string): boolean {
  return shells.has(name)
}

/** A shell with its options: a script in a word or in a file; undefined where it has neither. */
export function shell(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status | undefined {
  let at = 1
  let command = false
  for (; at < words.length; at += 1) {
    const text = words[at]?.text ?? ''
    if (text === '--' || text === '-') {
      at += 1
      break
    }
    if (!/^[-+]./.test(text)) break
    if (text.startsWith('--')) {
      if (text === '--rcfile' || text === '--init-file') at += 1
      continue
    }
    if (text.startsWith('-') && text.includes('c')) command = true
    // -o pipefail, also as -euo pipefail; -O extglob.
    if (/[oO]$/.test(text)) at += 1
  }
  if (at >= words.length) return undefined
  if (command) return runText(context, scope, words, at, undefined, at + 1, streams)
  const path = textOf(words[at]?.value ?? [])
  const read = path === undefined ? undefined : readScript(context, scope, path)
  if (read)
    return runScript(
      context,
      layer(scope, { positional: words.slice(at + 1).map(word => word.value), name: path ?? '' }),
      read,
      streams,
    )
  note(context, scope, words.slice(at))
  return 'done'
}

/** sh -c: the script is a word, and those behind it are $0, $1 and so on. */
export function runText(
  context: Context,
  scope: Scope,
  words: readonly Word[],
  at: number,
  joined: string | undefined,
  rest: number,
  streams: Streams,
): Status {
  const word = words[at]
  if (!word) return 'unknown'
  const [name, ...positional] = words.slice(rest)
  const text = joined ?? scriptText(word)
  if (text === undefined) return 'unknown'
  const inner = layer(scope, { positional: positional.map(value => value.value), name: name?.text ?? 'sh' })
  return runScript(context, inner, { text, place: word.place, parsed: undefined }, streams)
}

/**
 * A word as a script's text. What the kubelet has put in stays marked, so that its origin is known, unless it is shell
 * code itself; a text that the script's own shell does not know is no script.
 */
function scriptText({ value, script }: Word): string | undefined {
  let text = ''
  for (const piece of value) {
    const [origin] = piece.from
    const isCode = value.length === 1 || /[;&|<>()"'`$]/.test(piece.text ?? '')
    if (piece.from.length === 1 && origin?.kind === 'variable' && !script && !isCode)
      text += `${kubelet.open}${origin.name}${kubelet.close}`
    else if (piece.text === undefined) return undefined
    else text += piece.text
  }
  return text
}

export type Readable = {
  readonly text: string
  readonly place: string
  readonly parsed: (() => Parsed) | undefined
}

/**
 * A script that the container mounts or a script wrote; undefined where there is none to be read, or it is for another
 * interpreter.
 */
export function readScript(context: Context, scope: Scope, path: string): Readable | undefined {
  const mounted = context.surroundings.file(path)
  if (mounted && mounted.text === undefined) {
    context.found.unread.push(`${mounted.place}: its text cannot be read here`)
    return undefined
  }
  const value = mounted ? literalValue(mounted.text ?? '') : readFile(context, scope, literalValue(path))
  const text = textOf(value)
  if (text === undefined || text === '') return undefined
  const interpreter = /^#![ \t]*(\S{1,200})(?:[ \t]+(\S{1,200}))?/.exec(text)
  if (interpreter && ![interpreter[1], interpreter[2]].some(word => isShell(baseName(word ?? '')))) return undefined
  return { text, place: mounted?.place ?? `${context.place} (${path})`, parsed: mounted?.parsed }
}

/** Evaluates a script in its own place. */
export function runScript(context: Context, scope: Scope, { text, place, parsed }: Readable, streams: Streams): Status {
  const before = { place: context.place, script: context.script }
  context.place = place
  context.script = true
  const status = evaluateText(context, scope, text, streams, parsed)
  context.place = before.place
  context.script = before.script
  return status
}

/** What reading a script costs, whether or not somebody remembers it: so no memory changes an answer. */
const read = ['commands', 'words', 'parts'] as const

/** Evaluates a text as statements; `ready`: its statements, where somebody remembers them. */
export function evaluateText(
  context: Context,
  scope: Scope,
  text: string | undefined,
  streams: Streams,
  ready?: () => Parsed,
): Status {
  if (text === undefined) return 'unknown'
  spend(context.allowance, 'characters', text.length)
  // What is over already reads no other script: at most one is read beyond what is left.
  for (const what of read) spend(context.allowance, what, 0)
  const parsed = ready?.() ?? parse(text)
  for (const what of read) spend(context.allowance, what, parsed.size[what])
  if ('unread' in parsed) {
    context.found.unread.push(`${context.place}: ${parsed.unread}`)
    return 'unknown'
  }
  return statements(context, scope, parsed.body, streams)
}

/** Its variables are the caller's. */
export function source(context: Context, scope: Scope, words: readonly Word[], streams: Streams): Status {
  const path = textOf(words[0]?.value ?? [])
  const read = path === undefined ? undefined : readScript(context, scope, path)
  return read ? runScript(context, scope, read, streams) : 'unknown'
}

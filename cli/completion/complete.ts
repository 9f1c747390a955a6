// What a shell may offer behind what its user has typed, from the same tables that the parser and the help have.
import { own } from '../../peers/own.ts'
import { type Flag, type Flags, helpFlag } from '../command.ts'
import type { Entries } from '../run.ts'

/** The command that shells start, and kubectl by kubectl_complete-repeer. Cobra's programs have it by this name. */
export const completeCommand = '__complete'

export type Candidate = { readonly text: string; readonly help: string }

/** `files`: names of files fit as well. */
export type Completions = { readonly candidates: readonly Candidate[]; readonly files: boolean }

/** What is offered may be files; `4` is cobra's ShellCompDirectiveNoFileComp, which kubectl reads. */
const directives = { files: ':0', noFiles: ':4' } as const

/** Values of flags that are names of files. */
const fileValues = new Set(['FILE', 'DIRECTORY'])

/**
 * @param words all behind the program's name, the last being what is typed at the moment ("" behind a space). A shell
 *   that breaks words at `=` may do so.
 */
export async function completions(words: readonly string[], commands: Entries): Promise<Completions> {
  const typed = joined(words)
  const [name = '', ...rest] = typed
  if (typed.length <= 1) return none(namesOf(commands).filter(({ text }) => text.startsWith(name)))
  const entry = own(commands, name)
  if (entry === undefined) return none([])
  const { command } = await entry.load()
  return argumentCompletions(rest, { ...command.flags, help: helpFlag }, command.argument ?? [])
}

/** As `kubectl_complete-repeer` prints it: a candidate a line, its help behind a tab, and what else may be offered. */
export function completionText({ candidates, files }: Completions): string {
  const lines = candidates.map(({ text, help }) => (help === '' ? text : `${text}\t${help}`))
  return `${[...lines, files ? directives.files : directives.noFiles].join('\n')}\n`
}

function argumentCompletions(words: readonly string[], flags: Flags, argument: readonly string[]): Completions {
  const typed = words.at(-1) ?? ''
  const before = words.at(-2)
  const waiting = before === undefined ? undefined : flagNamed(before, flags)
  if (waiting?.type === 'string') return valueCompletions(waiting, typed, '')
  const assigned = /^(--[\w-]+)=(.*)$/s.exec(typed)
  if (assigned) {
    const [, name = '', value = ''] = assigned
    const flag = flagNamed(name, flags)
    return flag?.type === 'string' ? valueCompletions(flag, value, `${name}=`) : none([])
  }
  const given = new Set(words.slice(0, -1).map(word => word.replace(/=.*/s, '')))
  const isGiven = (name: string, { short }: Flag) => given.has(`--${name}`) || (short ? given.has(`-${short}`) : false)
  const own = Object.entries(flags)
    .filter(([name, flag]) => !flag.hidden && (flag.multiple === true || !isGiven(name, flag)))
    .map(([name, flag]) => ({ text: `--${name}`, help: flag.help }))
  const fitting = (argument.some(word => given.has(word)) ? [] : argument).map(text => ({ text, help: '' }))
  // Flags come behind the argument: whoever wants them first types a dash.
  const offered = typed === '' && fitting.length > 0 ? fitting : [...fitting, ...own]
  return none(offered.filter(({ text }) => text.startsWith(typed)))
}

function valueCompletions(flag: Flag, typed: string, prefix: string): Completions {
  const candidates = (flag.choices ?? [])
    .filter(choice => choice.startsWith(typed))
    .map(choice => ({ text: `${prefix}${choice}`, help: '' }))
  return { candidates, files: fileValues.has(flag.value ?? '') }
}

function flagNamed(word: string, flags: Flags): Flag | undefined {
  if (word.startsWith('--')) return own(flags, word.slice(2))
  return Object.values(flags).find(({ short }) => short !== undefined && word === `-${short}`)
}

function namesOf(commands: Entries): Candidate[] {
  return Object.entries(commands)
    .filter(([, entry]) => !entry.hidden)
    .map(([text, { summary }]) => ({ text, help: summary }))
}

/** Without the words that a shell makes of `=`: bash has it among its word breaks. */
function joined(words: readonly string[]): string[] {
  return words.at(-1) === '=' ? [...words.filter(word => word !== '='), ''] : words.filter(word => word !== '=')
}

function none(candidates: readonly Candidate[]): Completions {
  return { candidates, files: false }
}

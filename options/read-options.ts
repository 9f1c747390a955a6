// How the programs that run for long (webhook, controller, sidecar) read their options: once, from the arguments and
// the environment that are passed in, every problem reported together.
import { parseArgs } from 'node:util'

/** Flag, default and help: one table for parsing and for --help. An empty default: none, or the environment's. */
export type FlagTable = Readonly<Record<string, { readonly default: string; readonly help: string }>>

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads one value after the other. What does not fit is noted, and something is returned all the same. */
export type OptionReader<Name extends string> = {
  /** The flag's text, or its default; with `variable` the environment stands between, and an empty flag is none. */
  text(name: Name, variable?: string): string
  /** Notes a problem unless `fits`. */
  expect(fits: boolean, name: Name, found: string, expected: string): void
  /** Notes a sentence of its own. */
  problem(sentence: string): void
  /** The text `found`, by default the flag's own; a problem where the pattern does not match it. */
  matching(name: Name, pattern: RegExp, expected: string, found?: string): string
  /** One of the words that are allowed; the first where it is another. */
  choice<Word extends string>(name: Name, allowed: readonly Word[]): Word
  /** HOST:PORT, [IPV6]:PORT or :PORT. An empty host stands for every address. */
  listen(name: Name): Listen
  /** NAME=SECONDS, comma-separated; undefined, and no problem yet, where it is none, or has names not in `known`. */
  times<Key extends string>(name: Name, known: Readonly<Record<Key, number>>): Partial<Record<Key, number>> | undefined
  /** A file, or undefined for the service account of the pod; a problem where there is neither. */
  kubeconfig(name: Name): string | undefined
  /** A level of the log. */
  level(name: Name): string
  /** Throws one Error that lists every problem, in the order in which they were found, if there is any. */
  finish(): void
}

export type Listen = { readonly host: string; readonly port: number }

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** What the name of a namespace or a Service looks like (RFC 1123 label, as Kubernetes checks it). */
export const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** What the name of most other Kubernetes objects looks like (RFC 1123 subdomain). */
export const dnsName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** How the message ends that `finish` throws: where to read more. */
export function helpHint(program: string): string {
  return `\nSee repeer ${program} --help.`
}

/**
 * @param program its name behind `repeer`
 * Throws as parseArgs does for a flag that is not in the table, or an argument that is no flag.
 */
export function readOptions<Table extends FlagTable>(
  program: string,
  flags: Table,
  args: readonly string[],
  env: Environment = {},
): OptionReader<keyof Table & string> {
  type Name = keyof Table & string
  const options = Object.fromEntries(Object.keys(flags).map(name => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ args: [...args], options, strict: true })
  const problems: string[] = []

  function text(name: Name, variable?: string): string {
    const fallback = flags[name]?.default ?? ''
    if (variable === undefined) return values[name] ?? fallback
    return values[name] || env[variable] || fallback
  }

  function expect(fits: boolean, name: Name, found: string, expected: string): void {
    if (!fits) problems.push(`--${name}: found "${found}", expected ${expected}`)
  }

  function choice<Word extends string>(name: Name, allowed: readonly Word[]): Word {
    const found = allowed.find(word => word === text(name))
    expect(found !== undefined, name, text(name), `one of ${allowed.join(', ')}`)
    return found ?? (allowed[0] as Word)
  }

  return {
    text,
    expect,
    problem: sentence => problems.push(sentence),
    matching: (name, pattern, expected, found = text(name)) => {
      expect(pattern.test(found), name, found, expected)
      return found
    },
    choice,
    listen: name => {
      const found = listenOf(text(name))
      expect(found !== undefined, name, text(name), 'HOST:PORT, or :PORT for every address')
      return found ?? { host: '', port: 0 }
    },
    times: (name, known) => timesOf(text(name), known),
    kubeconfig: name => {
      const file = text(name, 'KUBECONFIG') || undefined
      if (file === undefined && !env.KUBERNETES_SERVICE_HOST)
        problems.push(
          `--${name}: found nothing, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set), expected a file`,
        )
      return file
    },
    level: name => choice(name, levels),
    finish: () => {
      if (problems.length > 0) throw new Error(`${problems.join('\n')}${helpHint(program)}`)
    },
  }
}

function listenOf(text: string): Listen | undefined {
  const [, ipv6, host, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65535) return undefined
  return Object.freeze({ host: ipv6 ?? host ?? '', port: Number(port) })
}

function timesOf<Key extends string>(
  text: string,
  known: Readonly<Record<Key, number>>,
): Partial<Record<Key, number>> | undefined {
  const entries = text
    .split(',')
    .filter(Boolean)
    .map(entry => /^(\w+)=(\d{1,9}(?:\.\d{1,3})?)$/.exec(entry.trim()))
  if (!entries.every(entry => entry !== null && Object.hasOwn(known, entry[1] ?? ''))) return undefined
  return Object.fromEntries(entries.map(entry => [entry?.[1], Number(entry?.[2])])) as Partial<Record<Key, number>>
}

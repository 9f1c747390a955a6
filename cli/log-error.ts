// An error as the log has it. What a parser throws quotes what it was reading (JSON.parse some characters, a TOML
// parser whole lines), and what a program that was run says may be anything: a log is read by more people than a
// Secret.

/** As much of an error as a line of the log has. */
export type LoggedError = {
  readonly type: string
  readonly message: string
  /** Where it was thrown; without the message, which V8 puts before it. */
  readonly stack?: string
  readonly code?: string
  readonly cause?: LoggedError
}

/** For a logger: `err` is how errors are logged in this code. */
export const serializers = { err: (error: unknown) => errorForLog(error) } as const

/** Causes of causes that are written. */
const mostCauses = 3

/** Parsers' errors, by name: their messages and properties quote the text. */
const quoting = /^(SyntaxError|TomlError|YAML\w*Error|Yaml\w*)$/

/**
 * Of an error: its kind, code and place, and its message where that is not a parser's or another program's. None of the
 * other properties: they hold lines of the text (smol-toml), or a command with its arguments (node:child_process).
 */
export function errorForLog(error: unknown, causes = mostCauses): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'something that is no Error was thrown' }
  const type = error.constructor.name || error.name
  const { code } = error as { code?: unknown }
  const isProgram = ['cmd', 'spawnargs', 'stderr'].some(field => field in error)
  const isQuoting = isProgram || quoting.test(type) || quoting.test(error.name)
  const stack = error.stack
    ?.split('\n')
    .filter(line => /^ {4}at /.test(line))
    .join('\n')
  return {
    type,
    message: isQuoting ? 'not written, since it may quote what was read' : error.message,
    ...(stack ? { stack } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: errorForLog(error.cause, causes - 1) }),
  }
}

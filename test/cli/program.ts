// Runs the `repeer` program in this process: arguments in, exit code and output out.
import type { Io } from '../../cli/command.ts'
import { commands } from '../../cli/commands.ts'
import { type Program, run } from '../../cli/run.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export async function repeer(
  args: readonly string[],
  more: Partial<Io> = {},
  program: Program = { name: 'repeer', commands },
): Promise<Ran> {
  let out = ''
  let err = ''
  const unexpected = () => {
    throw new Error('not expected here')
  }
  const code = await run(
    args,
    {
      out: text => {
        out += text
      },
      err: text => {
        err += text
      },
      stdin: async () => '',
      env: {},
      colour: false,
      columns: 100,
      signal: () => new AbortController().signal,
      kill: unexpected,
      exit: unexpected,
      platform: 'linux',
      pid: 1,
      execPath: '/bin/node',
      entry: '/repeer.ts',
      ...more,
    },
    program,
  )
  return { code, out, err }
}

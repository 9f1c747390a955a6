// STAND-IN, a part of node-utils.ts: reads the trace of a Cosmos SDK program from a FIFO as cosmopilot's node-utils
// does (pkg/tracer, with nxadm/tail): until the writer closes it. Then the reader ends ("illegal seek"), the pipe has
// no reader any more, and whoever opens it for writing waits.
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'

/**
 * Calls `height` for each block height in the trace, in order, and `ended` once, when the last writer has closed the
 * pipe.
 */
export function readTrace(
  path: string,
  { height, ended }: { height: (height: number) => void; ended: () => void },
): void {
  // The real one waits in open() until there is a writer. To a writer both are a reader; a thread that waits in open()
  // would keep Node from its exit.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: true, writable: false })
  let rest = ''
  pipe.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const found = /"blockHeight":(\d+)/.exec(line)
      if (found) height(Number(found[1]))
    }
  })
  pipe.once('close', ended).on('error', () => undefined)
}

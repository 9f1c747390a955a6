// Standard output and standard error: what is written is taken before the program ends, or the program says that it was
// not.
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { messageOf } from './cluster/cluster-error.ts'

/** Why nothing more can be written: the reader has gone away (EPIPE), or something that its user has to know. */
export type WriteFailure = { readonly isReaderGone: boolean; readonly message: string }

export type Output = {
  /** Never waits and never throws. What comes after a failure is dropped. */
  readonly write: (text: string) => void
  /** Resolves once everything that was written has been taken, or never can be. */
  readonly taken: () => Promise<void>
  readonly failure: () => WriteFailure | undefined
}

/**
 * Node writes to a pipe without waiting for it, so `process.exit` loses what a pipe (64 KiB on Linux) did not hold yet:
 * each write is counted here until it is taken. To a file Node writes at once, but takes a write that the disk had room
 * for only in part as done (its SyncWriteStream does not look at the count), so files are written here.
 * @param failed called once, at the first failure
 */
export function openOutput(
  stream: NodeJS.WriteStream & { readonly fd: number },
  failed: (failure: WriteFailure) => void,
): Output {
  let failure: WriteFailure | undefined
  let pending = 0
  let waiting: (() => void)[] = []

  function fail(error: unknown): void {
    if (failure) return
    failure = { isReaderGone: (error as NodeJS.ErrnoException).code === 'EPIPE', message: messageOf(error) }
    release()
    failed(failure)
  }

  function release(): void {
    if (pending > 0 && !failure) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  stream.on('error', fail)
  // A pipe, a socket or a terminal; a terminal's writes wait by themselves.
  const { fd } = stream
  const isStream = stream instanceof Socket
  return {
    write(text) {
      if (failure || text === '') return
      if (!isStream) {
        try {
          writeWhole(fd, Buffer.from(text))
        } catch (error) {
          fail(error)
        }
        return
      }
      pending++
      stream.write(text, error => {
        pending--
        if (error) fail(error)
        release()
      })
    },
    taken: () => (pending === 0 || failure ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
    failure: () => failure,
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

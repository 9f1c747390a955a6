// The body of a request, within what the webhook may hold. It is kept in pieces of one size that are used again: a body
// that comes byte by byte takes no more room than another, and what is thrown away waits for no collector.
import type { Readable } from 'node:stream'

export type BodyLimits = {
  /** Of one body. */
  readonly most: number
  /** Told of each piece before it is taken. False: the connection is closed, and nobody waits for the answer. */
  readonly hold: (bytes: number) => boolean
}

/** A body of more bytes than permitted. */
class TooLarge extends Error {
  readonly statusCode = 413
}

/** A body that did not come to its end: its client has gone, or its connection was closed for what it held. */
class Incomplete extends Error {
  readonly statusCode = 400
}

/** Bytes. A review of an ordinary pod, some 10 to 30 KB, is one or two of these. */
export const pieceBytes = 16 * 1024

/**
 * The text of a body (UTF-8; what is none becomes U+FFFD). Rejects with TooLarge as soon as it is known to be, with
 * Incomplete where it breaks off. The stream is always left flowing.
 * @param declared its Content-Length, where there is one
 */
export function readBody(body: Readable, declared: number | undefined, { most, hold }: BodyLimits): Promise<string> {
  if (declared !== undefined && declared > most) {
    body.resume()
    return Promise.reject(new TooLarge(`found ${declared} bytes`))
  }
  const pieces: Buffer[] = []
  let length = 0
  /** False where the connection may take no more. */
  function take(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      const within = length % pieceBytes
      if (within === 0) {
        if (!hold(pieceBytes)) return false
        pieces.push(free.pop() ?? Buffer.allocUnsafeSlow(pieceBytes))
      }
      const copied = chunk.copy(pieces[pieces.length - 1] as Buffer, within, at)
      at += copied
      length += copied
    }
    return true
  }
  return new Promise<string>((resolve, reject) => {
    const end = (settle: () => void) => {
      body.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      // Whoever answers with an error answers a client that may still be sending.
      body.on('error', () => undefined).resume()
      settle()
      free.push(...pieces.splice(0))
    }
    const onData = (chunk: Buffer) => {
      if (length + chunk.length > most) end(() => reject(new TooLarge(`found more than ${most} bytes`)))
      else if (!take(chunk)) end(() => reject(new Incomplete('the connection was closed for what it held')))
    }
    const onEnd = () => end(() => resolve(textOf(pieces, length)))
    const onClose = () => end(() => reject(new Incomplete('the body broke off')))
    body.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

/** As many as were ever in use at once, which the bytes that may be held bound. */
const free: Buffer[] = []
/** One body at a time is made a text of, and never across a turn of the event loop. */
let whole = Buffer.alloc(0)

function textOf(pieces: readonly Buffer[], length: number): string {
  if (pieces.length <= 1) return pieces[0]?.toString('utf8', 0, length) ?? ''
  const room = pieces.length * pieceBytes
  if (whole.length < room) whole = Buffer.allocUnsafeSlow(room)
  for (const [index, piece] of pieces.entries()) piece.copy(whole, index * pieceBytes)
  return whole.toString('utf8', 0, length)
}

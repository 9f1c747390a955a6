// The text of an answer that is not longer than permitted.
import type { IncomingMessage } from 'node:http'
import { ApiError } from './api-error.ts'

/** An answer of more bytes than permitted, of which nothing is kept. */
export class AnswerTooLong extends ApiError {
  constructor(maxBytes: number) {
    super(`The answer is longer than ${maxBytes} bytes.`, 0)
  }
}

/** As UTF-8. Rejects with AnswerTooLong as soon as it is, and closes the connection. */
export async function boundedText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) throw new AnswerTooLong(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

// One bounded HTTP exchange: a GET, or a POST of JSON. Whoever answers is a stranger: no redirect is followed, and no
// answer is taken that is too long or too slow. On node:http, because fetch loads undici, which costs the sidecar
// memory that it does not have.
import type { IncomingMessage } from 'node:http'

// Not `import`: that evaluates every export of a built-in module, and http.WebSocket among them loads undici too (12
// MB, seen with Node 24.21).
const { request: start } = process.getBuiltinModule('node:http')

export type Answer = { readonly code: number; readonly text: string }

export type ExchangeOptions = {
  /** For the whole exchange, from the connect to the last byte. */
  readonly timeoutMs: number
  /** Of the answer's body. Default: 4 MiB, since the net_info of a seed with 1,000 peers has 2 MB. */
  readonly maxBytes?: number
  /** Sent as JSON by POST; absent: GET. */
  readonly post?: unknown
  /** An answer with another status code is not read. Default: any will do. */
  readonly expectedCode?: number
  readonly userAgent?: string
  /** Ends the exchange. */
  readonly signal?: AbortSignal
}

/** Rejects with an ExchangeError where there is no answer. */
export type Exchange = (url: string, options: ExchangeOptions) => Promise<Answer>

/** Names the URL and says what went wrong; `code` is Node's, where it has one: ECONNREFUSED. */
export class ExchangeError extends Error {
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

const mostBytes = 4 * 1024 * 1024

export const exchange: Exchange = (url, options) => {
  const { timeoutMs, maxBytes = mostBytes, post, expectedCode, userAgent, signal } = options
  const content = post === undefined ? undefined : Buffer.from(JSON.stringify(post))
  return new Promise((resolve, reject) => {
    // No agent: a connection that is kept open would be one of the sockets that the sidecar looks at, and to the
    // controller, whose pods come and go, one of many.
    const request = start(url, {
      agent: false,
      method: content === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(content === undefined ? {} : { 'content-type': 'application/json', 'content-length': content.length }),
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      },
      ...(signal === undefined ? {} : { signal }),
    })
    const fail = (why: string, code?: string) => {
      clearTimeout(timer)
      reject(new ExchangeError(`${url} ${why}`, code))
      request.destroy()
    }
    const timer = setTimeout(() => fail(`did not answer within ${timeoutMs / 1000} s`), timeoutMs)
    request.on('error', (error: NodeJS.ErrnoException) =>
      fail(`cannot be asked: ${error.code ?? error.message}`, error.code),
    )
    request.on('response', (response: IncomingMessage) => {
      const code = response.statusCode ?? 0
      if (expectedCode !== undefined && code !== expectedCode)
        return fail(`answered with HTTP status ${code}, expected ${expectedCode}`)
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) fail(`answered with more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      response.on('error', (error: NodeJS.ErrnoException) =>
        fail(`stopped in the middle of its answer: ${error.code ?? error.message}`, error.code),
      )
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ code, text: Buffer.concat(chunks).toString('utf8') })
      })
    })
    request.end(content)
  })
}

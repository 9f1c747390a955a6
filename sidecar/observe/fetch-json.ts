// One bounded HTTP exchange: a GET, or a POST of JSON. On node:http, because fetch loads undici, which costs the
// sidecar memory that it does not have.

// Not `import`: that evaluates every export of a built-in module, and http.WebSocket among them loads undici too (12
// MB, seen with Node 24.21).
const { request: start } = process.getBuiltinModule('node:http')

export type TextAnswer = { readonly code: number; readonly text: string }
export type JsonAnswer = { readonly code: number; readonly body: unknown }

export type FetchOptions = {
  /** For the whole exchange, from the connect to the last byte. */
  readonly timeoutMs: number
  /** 4 MiB: the net_info of a seed with 1,000 peers has 2 MB. */
  readonly maxBytes?: number
  /** Sent as JSON by POST; absent: GET. */
  readonly post?: unknown
}

/**
 * Gets `url` and parses the answer, whatever its status code. Rejects with an Error that names the URL and says what
 * went wrong.
 */
export async function fetchJson(url: string, options: FetchOptions): Promise<JsonAnswer> {
  const { code, text } = await fetchText(url, options)
  try {
    return { code, body: JSON.parse(text) }
  } catch {
    throw new Error(`${url} answered with HTTP status ${code} and something that is not JSON`)
  }
}

/** As fetchJson, for answers that need not be JSON. */
export function fetchText(
  url: string,
  { timeoutMs, maxBytes = 4 * 1024 * 1024, post }: FetchOptions,
): Promise<TextAnswer> {
  const content = post === undefined ? undefined : Buffer.from(JSON.stringify(post))
  return new Promise((resolve, reject) => {
    // No agent: a connection that is kept open would be one of the sockets that the sidecar looks at.
    const request = start(url, {
      agent: false,
      method: content === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(content === undefined ? {} : { 'content-type': 'application/json', 'content-length': content.length }),
      },
    })
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`${url} ${why}`))
      request.destroy()
    }
    const timer = setTimeout(() => fail(`did not answer within ${timeoutMs / 1000} s`), timeoutMs)
    request.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be asked: ${error.code ?? error.message}`))
    request.on('response', response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) fail(`answered with more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      response.on('error', (error: NodeJS.ErrnoException) =>
        fail(`stopped in the middle of its answer: ${error.code ?? error.message}`),
      )
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      })
    })
    request.end(content)
  })
}

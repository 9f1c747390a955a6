// One bounded GET of JSON. On node:http, because fetch loads undici, which costs the sidecar memory that it does not have.

// Not `import`: that evaluates every export of a built-in module, and http.WebSocket among them loads undici too (12 MB, seen with Node 24.21).
const { get } = process.getBuiltinModule('node:http')

export type JsonAnswer = { readonly code: number; readonly body: unknown }

export type FetchOptions = {
  /** For the whole exchange, from the connect to the last byte. */
  readonly timeoutMs: number
  /** 4 MiB: the net_info of a seed with 1,000 peers has 2 MB. */
  readonly maxBytes?: number
}

/** Gets `url` and parses the answer, whatever its status code. Rejects with an Error that names the URL and says what went wrong. */
export function fetchJson(url: string, { timeoutMs, maxBytes = 4 * 1024 * 1024 }: FetchOptions): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    // No agent: a connection that is kept open would be one of the sockets that the sidecar looks at.
    const request = get(url, { agent: false, headers: { accept: 'application/json' } })
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
      response.on('error', (error: NodeJS.ErrnoException) => fail(`stopped in the middle of its answer: ${error.code ?? error.message}`))
      response.on('end', () => {
        clearTimeout(timer)
        try {
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) })
        } catch {
          fail(`answered with HTTP status ${response.statusCode} and something that is not JSON`)
        }
      })
    })
  })
}

// One bounded GET of a pod's status page. Whoever answers there is a stranger: no redirect is followed, and no answer
// is taken that is too long or too slow.
import { get } from 'node:http'
import { controllerAgent } from '../../peers/pod.ts'

/** `timeoutMs`: for the whole exchange, from the connect to the last byte. */
export type FetchOptions = { readonly timeoutMs: number; readonly maxBytes: number; readonly signal: AbortSignal }

/** The text of an answer with status 200. Rejects with an Error that says what went wrong. */
export type FetchPage = (url: string, options: FetchOptions) => Promise<string>

export const fetchPage: FetchPage = (url, { timeoutMs, maxBytes, signal }) => {
  return new Promise((resolve, reject) => {
    // No agent: connections that are kept open would be many, and pods come and go.
    const request = get(url, {
      agent: false,
      signal,
      headers: { accept: 'application/json', 'user-agent': controllerAgent },
    })
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`${url} ${why}`))
      request.destroy()
    }
    const timer = setTimeout(() => fail(`has not answered within ${timeoutMs / 1000} s`), timeoutMs)
    request.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be asked: ${error.code ?? error.message}`))
    request.on('response', response => {
      if (response.statusCode !== 200) return fail(`answers with HTTP status ${response.statusCode}, expected 200`)
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) fail(`answers with more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      response.on('error', (error: NodeJS.ErrnoException) =>
        fail(`stops in the middle of its answer: ${error.code ?? error.message}`),
      )
      response.on('end', () => {
        clearTimeout(timer)
        resolve(Buffer.concat(chunks).toString('utf8'))
      })
    })
  })
}

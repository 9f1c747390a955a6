// Whether an endpoint takes connections. Nothing is sent: a node's log shows a connection that ended at once.
import { connect } from 'node:net'
import pLimit from 'p-limit'

export type Endpoint = { readonly host: string; readonly port: number }

/** Undefined where it answers, else why it does not. Never rejects. */
export type Probe = (endpoint: Endpoint, timeoutMs: number, signal: AbortSignal) => Promise<string | undefined>

/** Probes at a time, over all PeerSets: a list whose peers are all dead must not take thousands of sockets. */
const atOnce = 64

export function createProbe(): Probe {
  const limit = pLimit(atOnce)
  return (endpoint, timeoutMs, signal) => limit(() => probeTcp(endpoint, timeoutMs, signal))
}

function probeTcp({ host, port }: Endpoint, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve('not asked')
    const socket = connect({ host, port })
    const end = (answer: string | undefined) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(answer)
    }
    const abort = () => end('not asked')
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(timeoutMs, () => end(`no answer within ${timeoutMs / 1000} s`))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

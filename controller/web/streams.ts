// Server-sent events: says that the state has changed, to few at a time. A stream ends after some seconds and its
// browser comes again by itself: so it stays within what any answer of the server may take, is the first to make room
// for whoever has more need (bounds.ts), and nobody holds a place for having come first.
import type { ServerResponse } from 'node:http'
import type { PageAnswer } from '../../http/page-server.ts'

export type StreamEvent = { readonly version: string; readonly headline: string }

export type StreamOptions = {
  readonly event: () => StreamEvent
  /** Milliseconds between two looks. */
  readonly everyMs: number
  /** Milliseconds after which a stream ends. Default: 8,000, less than an answer may take. */
  readonly lastsMs?: number
  /** At a time, in all and from one address: port-forwards all come from one. Default: 16 and 8. */
  readonly most?: { readonly inAll: number; readonly ofAddress: number }
}

export type Streams = {
  /** The answer that is a stream, or says that too many look. */
  open(address: string, headers: Readonly<Record<string, string>>): PageAnswer
  close(): void
}

/** Milliseconds after which a browser comes again. */
const retryMs = 500

type Stream = { readonly response: ServerResponse; readonly address: string; readonly endsAt: number; version: string }

export function createStreams({ event, everyMs, lastsMs = 8_000, most }: StreamOptions): Streams {
  const { inAll, ofAddress } = most ?? { inAll: 16, ofAddress: 8 }
  const open = new Set<Stream>()
  let timer: NodeJS.Timeout | undefined

  function tell(stream: Stream, now: StreamEvent): void {
    if (stream.version === now.version) return
    stream.version = now.version
    stream.response.write(`event: state\ndata: ${JSON.stringify(now)}\n\n`)
  }

  function tick(): void {
    const [now, at] = [event(), performance.now()]
    for (const stream of open) {
      tell(stream, now)
      if (at >= stream.endsAt) stream.response.end()
    }
  }

  function forget(stream: Stream): void {
    open.delete(stream)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  function start(response: ServerResponse, address: string): void {
    const stream: Stream = { response, address, endsAt: performance.now() + lastsMs, version: '' }
    open.add(stream)
    response.once('close', () => forget(stream))
    timer ??= setInterval(tick, everyMs)
    response.write(`retry: ${retryMs}\n\n`)
    tell(stream, event())
  }

  return {
    open: (address, headers) => {
      const own = [...open].filter(stream => stream.address === address).length
      if (open.size >= inAll || own >= ofAddress)
        return {
          status: 503,
          type: 'text/plain; charset=utf-8',
          text: `found ${open.size} pages open, ${own} of them from this address; expected fewer than ${inAll}, and ${ofAddress} from one\n`,
          headers: { ...headers, 'retry-after': '10' },
        }
      return { status: 200, type: 'text/event-stream', stream: response => start(response, address), headers }
    },
    close: () => {
      for (const { response } of open) response.end()
    },
  }
}

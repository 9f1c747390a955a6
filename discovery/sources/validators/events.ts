// Follows a provider chain's events over CometBFT's WebSocket: who has subscribed hears of an edit with its block. What
// an event says is not read, only that there was one; the state is then asked for. So a forged or lost event costs one
// look, and polling finds what events missed.
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { unlessAborted } from '../../../kubernetes/abort.ts'
import { printable } from '../../../peers/peer-list-error.ts'
import { type RetryTimes, retryDelay } from './endpoints.ts'
import { readEvent } from './event-message.ts'

/**
 * Transactions that edit a validator, by their event and by their message (either is enough; authz hides the message,
 * other SDK versions the event); whatever is done with consumers (create, update, remove, opt in and out); a consumer's
 * launch, which is no transaction; changes of who is bonded. Five are as many as CometBFT takes from one client
 * (rpc.max_subscriptions_per_client).
 */
export const subscriptions = [
  "tm.event='Tx' AND edit_validator.commission_rate EXISTS",
  "tm.event='Tx' AND message.action='/cosmos.staking.v1beta1.MsgEditValidator'",
  "tm.event='Tx' AND message.action CONTAINS 'interchain_security.ccv.provider'",
  "tm.event='NewBlockEvents' AND consumer_client_created.consumer_id EXISTS",
  "tm.event='ValidatorSetUpdates'",
] as const

export type EventHandlers = {
  /** Something may have changed: an event, or a new subscription, before which events may have been missed. */
  readonly changed: () => void
  readonly opened: (url: string) => void
  readonly closed: (url: string, reason: string) => void
}

export type EventTimes = RetryTimes & {
  /**
   * Between requests that prove that the other end still answers; CometBFT's own pings are answered by the WebSocket
   * itself.
   */
  readonly pingMs: number
  /** For the connection, for each subscription, and for the answer to a ping. */
  readonly timeoutMs: number
}

export const eventDefaults = {
  pingMs: 10_000,
  timeoutMs: 5000,
  minRetryMs: 500,
  maxRetryMs: 15_000,
  random: Math.random,
}

/** Runs until the signal aborts, over the endpoints in turn; never rejects. */
export async function followEvents(
  urls: readonly string[],
  handlers: EventHandlers,
  times: EventTimes,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  for (let turn = 0; !signal.aborted; turn++) {
    const url = urls[turn % urls.length] ?? ''
    const opened = () => {
      failures = 0
      handlers.opened(url)
      handlers.changed()
    }
    const reason = await subscribed(url, { ...handlers, opened }, times, signal)
    if (signal.aborted) return
    handlers.closed(url, reason)
    failures++
    await delay(retryDelay(failures, times), undefined, { signal }).catch(unlessAborted(signal))
  }
}

/** One connection, up to its end; what ended it. */
function subscribed(
  url: string,
  handlers: { readonly changed: () => void; readonly opened: () => void },
  times: EventTimes,
  signal: AbortSignal,
): Promise<string> {
  return new Promise(resolve => {
    // Not Node's own WebSocket, which holds messages of up to 128 MiB, and inflates compressed ones.
    const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/(?<!\/)\/+$/, '')}/websocket`, {
      maxPayload: maxLength,
      perMessageDeflate: false,
      followRedirects: false,
    })
    let waiting = new Set<number>(subscriptions.keys())
    let isOpen = false
    let timer = setTimeout(() => end(`no answer within ${times.timeoutMs / 1000} s`), times.timeoutMs)
    const abort = () => end('ended')

    const end = (reason: string) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      // At once: nobody waits for the other end to agree. What it says about that end is no news.
      socket.on('error', () => undefined).terminate()
      resolve(reason)
    }

    const request = (id: number, method: string, params: object) =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))

    const ping = () => {
      waiting = new Set([pingId])
      request(pingId, 'health', {})
      timer = setTimeout(() => end(`no answer to a ping within ${times.timeoutMs / 1000} s`), times.timeoutMs)
    }

    const acknowledge = (id: number) => {
      if (!waiting.delete(id) || waiting.size > 0) return
      clearTimeout(timer)
      timer = setTimeout(ping, times.pingMs)
      if (isOpen) return
      isOpen = true
      handlers.opened()
    }

    signal.addEventListener('abort', abort, { once: true })
    socket.on('open', () => {
      for (const [id, query] of subscriptions.entries()) request(id, 'subscribe', { query })
    })
    socket.on('close', (code, reason) =>
      end(`closed with code ${code}${reason.length > 0 ? `, ${printable(reason.toString())}` : ''}`),
    )
    socket.on('error', error =>
      end(isOpen ? `ended: ${printable(error.message)}` : `cannot connect: ${printable(error.message)}`),
    )
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? { is: 'malformed' as const } : readEvent(data.toString())
      if (message.is === 'malformed') return end('found what is no JSON-RPC')
      if (message.is === 'error') return end(`found the error ${message.text}`)
      if (message.is === 'event') return handlers.changed()
      if (message.id !== undefined) acknowledge(message.id)
    })
  })
}

const pingId = subscriptions.length
/**
 * Far above any event of these kinds. A longer one ends the connection, and the next one begins with a look: nothing is
 * missed by that.
 */
const maxLength = 4 * 1024 * 1024

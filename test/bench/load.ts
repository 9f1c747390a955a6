// Load on an admission server: HTTPS with kept-alive connections and a verified certificate, as an API server calls.
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { benchPod, review } from './pod.ts'

/** As the certificate has it, whatever address it is reached at. */
export const servername = 'repeer-webhook.repeer-system.svc'

export type Target = { readonly port: number; readonly ca: string }

type Caller = { readonly call: () => Promise<number>; readonly close: () => void }

/** `call` makes one admission and returns its time in ms; it throws where the answer is not HTTP 200. */
export function caller(target: Target, connections: number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const body = Buffer.from(review(benchPod(), 'bench'))
  const options = {
    host: '127.0.0.1',
    port: target.port,
    path: '/mutate',
    method: 'POST',
    ca: target.ca,
    servername,
    agent,
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  }
  const call = () =>
    new Promise<number>((resolve, reject) => {
      const start = performance.now()
      const sent = request(options, response => {
        response.resume()
        response.once('end', () =>
          response.statusCode === 200
            ? resolve(performance.now() - start)
            : reject(new Error(`HTTP ${response.statusCode}`)),
        )
      })
      sent.once('error', reject)
      sent.end(body)
    })
  return { call, close: () => agent.destroy() }
}

/**
 * A fixed rate, whatever the answers' times: `perSecond` calls a second for `seconds`. Returns each call's time in ms.
 */
export async function atRate(call: () => Promise<number>, perSecond: number, seconds: number): Promise<number[]> {
  const begin = performance.now()
  const calls: Promise<number>[] = []
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = begin + (index * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 1) await sleep(wait)
    calls.push(call())
  }
  return Promise.all(calls)
}

/** As fast as `lanes` callers go, one call after the other each. Returns calls a second. */
export async function flatOut(call: () => Promise<number>, lanes: number, seconds: number): Promise<number> {
  const begin = performance.now()
  const deadline = begin + seconds * 1000
  let count = 0
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (performance.now() < deadline) {
        await call()
        count++
      }
    }),
  )
  return count / ((performance.now() - begin) / 1000)
}

// What the demo believes of a node: only what the node's own RPC, the sidecar's status page and /proc say.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '../peers/page.ts'
import { statusPort, volumeName } from '../peers/pod.ts'
import type { RunningPod } from './pod-run.ts'
import { identityOf } from './processes.ts'

export type SeenPeer = { readonly id: string; readonly ip: string; readonly outbound: boolean }

type NetInfo = {
  readonly result: {
    readonly peers: readonly {
      readonly node_info: { readonly id: string }
      readonly remote_ip: string
      readonly is_outbound: boolean
    }[]
  }
}
type Status = { readonly result: { readonly sync_info: { readonly latest_block_height: string } } }

/** Each throws where there is no answer. */
export async function peersOf(rpcPort: number): Promise<SeenPeer[]> {
  const { result } = await ask<NetInfo>(`http://127.0.0.1:${rpcPort}/net_info`)
  return result.peers.map(peer => ({ id: peer.node_info.id, ip: peer.remote_ip, outbound: peer.is_outbound }))
}

/** The latest block that the node has, by its /status. Rejects where it does not answer within 2 s. */
export async function heightOf(rpcPort: number): Promise<number> {
  return Number((await ask<Status>(`http://127.0.0.1:${rpcPort}/status`)).result.sync_info.latest_block_height)
}

/** The sidecar's status page. Rejects where it does not answer within 2 s. */
export function pageOf(pod: RunningPod): Promise<Page> {
  return ask<Page>(`http://${pod.ip}:${statusPort.number}/status`)
}

/**
 * The node's process below the supervisor: its ID and start time, so that the same text means the same process.
 * undefined while there is none.
 */
export async function nodeIdentity(pod: RunningPod): Promise<string | undefined> {
  const state = await readFile(join(pod.volume(volumeName.control), 'state'), 'utf8').catch(() => '')
  const pid = /^pid (\d+)$/m.exec(state)?.[1]
  return pid ? identityOf(Number(pid)) : undefined
}

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: 'close' } })
  if (!response.ok) throw new Error(`${url}: found HTTP ${response.status}, expected 200`)
  return (await response.json()) as T
}

/**
 * Looks until it holds; throws with `what` after the deadline or when the signal aborts. A look that throws has not
 * held yet.
 */
export async function until<T>(
  what: string,
  seconds: number,
  signal: AbortSignal,
  look: () => Promise<T | undefined | false>,
  everyMs = 100,
): Promise<T> {
  const end = Date.now() + seconds * 1000
  let last = ''
  for (;;) {
    signal.throwIfAborted()
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      last = error instanceof Error ? ` (${error.message})` : ''
    }
    if (Date.now() > end) throw new Error(`${what}: did not happen within ${seconds} s${last}`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

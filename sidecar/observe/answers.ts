// Whether peers answer that the node is not connected to, where nothing depends on it but what the page says: asked
// seldom, since to a peer that is up each question is a connection that comes to nothing.
import { hostPort } from '../../peers/peer.ts'

/** How long an answer is good for, in ms. */
const goodMs = 60_000
/** Addresses asked at a look, and remembered. */
const most = 64

export type Answers = {
  /** By host:port, what is known of each of these addresses now. */
  of(addresses: readonly { address: string; port: number }[]): Promise<Readonly<Record<string, boolean>>>
}

export function createAnswers(
  reachable: (address: string, port: number) => Promise<boolean>,
  now: () => number,
): Answers {
  let known = new Map<string, { readonly at: number; readonly answers: boolean }>()
  return {
    async of(addresses) {
      const byName = new Map(
        addresses.map(({ address, port }) => [hostPort({ host: address, port }), { address, port }]),
      )
      const entries = await Promise.all(
        [...byName].slice(0, most).map(async ([name, { address, port }]) => {
          const before = known.get(name)
          if (before && Math.abs(now() - before.at) < goodMs) return [name, before] as const
          const at = now()
          return [name, { at, answers: await reachable(address, port) }] as const
        }),
      )
      known = new Map(entries)
      return Object.fromEntries(entries.map(([name, { answers }]) => [name, answers]))
    },
  }
}

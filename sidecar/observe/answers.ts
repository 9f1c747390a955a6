// Whether peers answer that the node is not connected to, where nothing depends on it but what the page says: asked
// seldom, since to a peer that is up each question is a connection that comes to nothing.
import { hostPort } from '../../peers/peer.ts'

/** How long an answer is good for, in ms. */
const keptMs = 60_000
/** Addresses asked at a look, and kept. */
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
      const wanted = [...new Map(addresses.map(one => [hostPort({ host: one.address, port: one.port }), one]))].slice(
        0,
        most,
      )
      const entries = await Promise.all(
        wanted.map(async ([name, one]) => {
          const before = known.get(name)
          if (before && Math.abs(now() - before.at) < keptMs) return [name, before] as const
          const at = now()
          return [name, { at, answers: await reachable(one.address, one.port) }] as const
        }),
      )
      known = new Map(entries)
      return Object.fromEntries(entries.map(([name, { answers }]) => [name, answers]))
    },
  }
}

// Which nodes of a group are connected to which, from what each says of the peers that it lists. Pure.
import type { PeerLink } from '../../rollout/pages/peer-links.ts'
import type { GroupView, LinkView } from './view.ts'

/** A pod with what its page says of its peers, for the lines of the picture. */
export type LinkedPod = {
  readonly key: string
  readonly name: string
  readonly id?: string
  readonly ip?: string
  readonly at: number
  readonly links: readonly PeerLink[]
}

/** Lines of one picture: 64 nodes that list all others have 2,016. */
const mostLines = 2_500

/**
 * A line for each pair of which one lists the other. Where both do and do not say the same, the page that was read
 * last counts. What a list names and is no pod of the group is counted.
 */
export function linksBetween(pods: readonly LinkedPod[]): Pick<GroupView, 'links' | 'outside'> {
  const find = finder(pods)
  const lines = new Map<string, LinkView & { readonly at: number }>()
  const outside = { connected: 0, missing: 0 }
  for (const { key: from, at, links } of pods) {
    for (const link of links) {
      if (link.standing === 'self') continue
      const connected = link.standing === 'connected'
      const to = find(link)
      if (to === from) continue
      if (to === undefined) {
        outside[connected ? 'connected' : 'missing']++
        continue
      }
      const pair = from < to ? `${from} ${to}` : `${to} ${from}`
      const known = lines.get(pair)
      if (known ? known.at < at : lines.size < mostLines) lines.set(pair, { from, to, connected, at })
    }
  }
  return { links: [...lines.values()].map(({ at: _, ...line }) => line), outside }
}

/** By the identity that is proven, else by address, else by a host that is named after its pod or its StatefulSet. */
function finder(pods: readonly LinkedPod[]): (link: LinkedPod['links'][number]) => string | undefined {
  const byId = new Map<string, string>()
  const byIp = new Map<string, string>()
  const byName = new Map<string, string>()
  for (const { key, name, id, ip } of pods) {
    if (id !== undefined) byId.set(id, key)
    if (ip !== undefined) byIp.set(ip, key)
    byName.set(name, key)
  }
  return ({ id, peer, address }) => {
    const known =
      (id === undefined ? undefined : byId.get(id)) ?? (address === undefined ? undefined : byIp.get(address))
    if (known !== undefined) return known
    const end = peer.search(/[.:]/)
    const first = end < 0 ? peer : peer.slice(0, end)
    return byName.get(first) ?? byName.get(`${first}-0`)
  }
}

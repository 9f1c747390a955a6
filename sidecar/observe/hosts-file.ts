// /etc/hosts, which the kubelet writes for each pod: its own name and the pod's hostAliases. Node programs ask it
// before DNS.
import { isAddress, normalHost } from '../../peers/peer.ts'

/**
 * The addresses of each name, in normal form; names in lower case, without a trailing dot. One line is `ADDRESS
 * NAME...`, `#` begins a comment, a name may stand on several lines (hosts(5)). Lines that cannot be read are passed
 * over, as resolvers do.
 */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [first = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const address = normalHost(first)
    if (address === undefined || !isAddress(address)) continue
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '')
      const known = addresses.get(key) ?? []
      if (!known.includes(address)) addresses.set(key, [...known, address])
    }
  }
  return addresses
}

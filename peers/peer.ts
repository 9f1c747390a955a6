// A peer as every chain's list can state it, in one normal form, so that equal peers are equal values.
import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import ipaddr from 'ipaddr.js'

/**
 * What a list uses an entry for. A seed (or bootnode) counts for the hash, but a node need not stay connected to it.
 */
export const roles = ['peer', 'seed'] as const
export type Role = (typeof roles)[number]

export type Peer = {
  /**
   * The identity that the chain's handshake proves: CometBFT node ID, enode public key, libp2p peer ID. Absent where
   * lists carry none.
   */
  readonly id?: string
  /** A normal host: see normalHost. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
  readonly role: Role
}

/**
 * What domainToASCII, which reads a host as a URL does, would cut off at (foo/bar is foo), decode (%62 is b) or drop
 * (tabs, line ends, invisible characters), where the node would look up the name as it stands.
 */
const notInNames = /[^a-z0-9._\-\u0080-\uffff]|[\u00ad\u200b\u2060\ufeff]/i

/** Its last label begins with a letter or an underscore: a number (0x7f, 1) would be read as a part of an address. */
const plain = /^(?:[a-z0-9_.-]*\.)?[a-z_][a-z0-9_-]*$/i

/**
 * The one spelling of a host: lower case, no trailing dot, no brackets, IDNs in ASCII (punycode), IPv6 as RFC 5952 has
 * it, IPv4-mapped IPv6 as IPv4. Returns undefined for what is neither a DNS name nor an address.
 */
export function normalHost(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  // Checked with node:net: ipaddr.js throws and catches within, 10 us a host, and a list of 1 MiB can have half a
  // million of them.
  if (isIPv4(bare)) return bare
  // A zone (fe80::1%eth0) means something on one machine only.
  if (bare.includes(':')) return isIPv6(bare) && !bare.includes('%') ? ipaddr.process(bare).toString() : undefined
  if (notInNames.test(bare)) return undefined
  const unrooted = bare.endsWith('.') ? bare.slice(0, -1) : bare
  const name = isPlain(unrooted) ? unrooted.toLowerCase() : domainToASCII(unrooted)
  return isName(name) ? name : undefined
}

/**
 * Of a name in ASCII that is no punycode and whose end is no number, domainToASCII makes lower case and nothing else,
 * and takes four times as long for it: a list of 1 MiB can have a hundred thousand of them.
 */
function isPlain(name: string): boolean {
  return plain.test(name) && !/xn--/i.test(name)
}

/** Whether a normal host is an address, and so never looked up. */
export function isAddress(host: string): boolean {
  return host.includes(':') || isIPv4(host)
}

/** host:port with IPv6 in brackets. */
export function hostPort(peer: Pick<Peer, 'host' | 'port'>): string {
  return peer.host.includes(':') ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`
}

/** The order-free identity of a peer within a list; equal for equal peers and only for them. */
export function peerKey(peer: Peer): string {
  return `${peer.role} ${peer.id ?? ''}@${hostPort(peer)}`
}

/** Sorted by key, each peer once. */
export function uniquePeers(peers: readonly Peer[]): Peer[] {
  const byKey = new Map(peers.map(peer => [peerKey(peer), peer]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, peer]) => peer)
}

/**
 * RFC 1123 labels, and the underscore that real clusters use; a last label of digits only would be an address that is
 * none.
 */
function isName(name: string): boolean {
  if (name.length === 0 || name.length > 253) return false
  const labels = name.split('.')
  return (
    labels.every(label => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  )
}

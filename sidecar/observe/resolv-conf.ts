// /etc/resolv.conf, as the node's own resolver reads it, so that the sidecar looks up what the node looks up.
import { isIP, isIPv4 } from 'node:net'

export type ResolvConf = {
  /** As dns.setServers takes them: ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. */
  readonly servers: readonly string[]
  /** Without dots at either end, in lower case. */
  readonly search: readonly string[]
  readonly ndots: number
}

/** resolv.conf(5): further name servers are ignored (MAXNS), and ndots is at most 15. */
const maxServers = 3
const maxNdots = 15
/** RFC 1035, as text and without the last dot. */
const maxNameLength = 253

/**
 * Parses resolv.conf(5): `nameserver`, the last of `search` and `domain`, `options ndots:N`; `#` and `;` begin a
 * comment. A name server may carry a port as c-ares reads it (127.0.0.1:5353, [::1]:5353). Without any, 127.0.0.1 as
 * resolv.conf(5) has it.
 */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = []
  let search: string[] = []
  let ndots = 1
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && isServer(values[0])) servers.push(values[0])
    if (keyword === 'search' || keyword === 'domain') {
      const domains = values
        .map(domain => domain.toLowerCase().replace(/^\.+|\.+$/g, ''))
        .filter(domain => domain !== '')
      search = keyword === 'domain' ? domains.slice(0, 1) : domains
    }
    if (keyword === 'options') {
      for (const [, dots] of values.map(value => /^ndots:(\d+)$/.exec(value) ?? [])) {
        if (dots !== undefined) ndots = Math.min(Number(dots), maxNdots)
      }
    }
  }
  return { servers: servers.length === 0 ? ['127.0.0.1'] : servers.slice(0, maxServers), search, ndots }
}

/**
 * The absolute names to try for a host, in order. A trailing dot says that the host is absolute. Else a host with at
 * least ndots dots is tried as it is first and with each search domain after, one with fewer the other way round: as Go
 * has it (net/dnsclient_unix.go, dnsConfig.nameList) and glibc (resolv/res_query.c, __res_context_search). Names that
 * are too long are left out.
 */
export function namesToTry(host: string, { search, ndots }: Pick<ResolvConf, 'search' | 'ndots'>): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const dots = host.split('.').length - 1
  const searched = search.map(domain => `${host}.${domain}`)
  const names = dots >= ndots ? [host, ...searched] : [...searched, host]
  return [...new Set(names)].filter(name => name.length <= maxNameLength)
}

function isServer(text: string | undefined): text is string {
  if (text === undefined || text.includes('%')) return false
  if (isIP(text) !== 0) return true
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? []
  return port !== undefined && Number(port) <= 65535 && (four === undefined ? isIP(six ?? '') === 6 : isIPv4(four))
}

// DNS queries with their TTL, through c-ares: absolute names only, since search domains are ours to try.
import { Resolver } from 'node:dns/promises'
import { isIPv6 } from 'node:net'

/** The answer for one name and family. */
export type DnsAnswer = {
  readonly addresses: readonly string[]
  /** The least of all records, aliases included; 0 without addresses. */
  readonly ttlSeconds: number
  readonly error?: string
  /** No answer was had, so nothing is known; else the name has these addresses, perhaps none. */
  readonly temporary: boolean
}

export type Dns = {
  /** Never rejects. `deadline`: the end of the wait, in performance.now()'s milliseconds. */
  query(name: string, family: 4 | 6, deadline: number): Promise<DnsAnswer>
  close(): void
}

/**
 * These say that the name server knows, and that there is nothing: NXDOMAIN, no record of the family, a name that
 * cannot exist.
 */
const definite = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])

/** How often a question is sent to each server; a lost datagram is common enough. */
const tries = 2

export function createDns({ servers, timeoutMs }: { servers: readonly string[]; timeoutMs: number }): Dns {
  // c-ares doubles its timeout at each try: a third, and then two thirds.
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(timeoutMs / 3)), tries, maxTimeout: timeoutMs })
  resolver.setServers(servers.map(server => (isIPv6(server) ? `[${server}]` : server)))
  return {
    async query(name, family, deadline) {
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(Object.assign(new Error('timeout'), { code: 'ETIMEOUT' })),
          deadline - performance.now(),
        )
      })
      try {
        const records = await Promise.race([
          family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true }),
          timeout,
        ])
        if (records.length === 0) return { addresses: [], ttlSeconds: 0, error: 'ENODATA', temporary: false }
        return {
          addresses: records.map(record => record.address),
          ttlSeconds: Math.min(...records.map(record => record.ttl)),
          temporary: false,
        }
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'EFORMERR'
        return { addresses: [], ttlSeconds: 0, error: code, temporary: !definite.has(code) }
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => resolver.cancel(),
  }
}

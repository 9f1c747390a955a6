// Looks up the hosts of a peer list as the node's own resolver does, and remembers what each answered: from memory
// until the answer expires.
import { readFile } from 'node:fs/promises'
import pLimit from 'p-limit'
import { backoffMs } from '../../peers/backoff.ts'
import { isAddress, normalHost } from '../../peers/peer.ts'
import { answered, failed, needsMore, unanswered, weighed } from '../decide/host-view.ts'
import type { HostView } from '../decide/observation.ts'
import { createDns, type Dns } from './dns.ts'
import { parseHosts } from './hosts-file.ts'
import { namesToTry, parseResolvConf, type ResolvConf } from './resolv-conf.ts'

export type ResolverOptions = {
  readonly now: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly hostsFile?: string
  readonly resolvConf?: string
  /** An answer is kept for at least this long: CoreDNS gives 5 s by default. */
  readonly minTtlSeconds?: number
  /** And for at most this long, however long its TTL: a peer that moves is seen within a minute. */
  readonly maxTtlSeconds?: number
  /** For one host, with all its search domains. */
  readonly timeoutMs?: number
  /** How many hosts are looked up together. */
  readonly atOnce?: number
  /**
   * So many questions, each from a source port of its own, have to be answered alike before a changed answer counts: by
   * its source port a question comes to one of several name servers behind an address, and each has a cache of its own.
   */
  readonly questions?: number
}

/** How a look treats some of its hosts. */
export type LookHow = {
  /** Asked about as often as a changed answer, though theirs may not have changed. */
  readonly contested?: readonly string[]
  /** Nothing waits for their answers. */
  readonly unhurried?: readonly string[]
}

export type Resolver = {
  /**
   * A view of each host, asking about those whose answer has expired or is doubted (each second at most). Hosts that
   * are not in the list any more are forgotten. Where several questions are answered differently, what was known stays
   * and the view is disputed, for two minutes at most: then they rotate. Never rejects.
   */
  look(hosts: readonly string[], doubted?: readonly string[], how?: LookHow): Promise<Record<string, HostView>>
  /**
   * When the next DNS answer expires; undefined where none does. Addresses and names in the hosts file need no answer.
   */
  dueAt(): number | undefined
  /** What is known now, without asking. */
  views(): Record<string, HostView>
  /** Goes on from what an earlier sidecar knew; each host is asked about anew at the next look. */
  restore(views: Readonly<Record<string, HostView>>): void
  close(): void
}

type Entry = {
  view: HostView
  /** When to ask DNS again; undefined while the hosts file answers, which is read at every look anyway. */
  dueAt: number | undefined
  askedAt: number
  asking?: Promise<void>
  /** When the first of a series of disputes was. */
  disputedSince?: number | undefined
}

type Outcome = { readonly addresses: readonly string[]; readonly ttlSeconds: number } | { readonly error: string }

/** What holds where an option is left out; the flags of `repeer sidecar` have the same (a test compares). */
export const resolverDefaults = {
  hostsFile: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  minTtlSeconds: 5,
  maxTtlSeconds: 60,
  timeoutMs: 5000,
  atOnce: 16,
  // Asked each second in the 4 s for which nobody may disagree: 16 questions miss one of two servers once in 32,768
  // times.
  questions: 8,
}

/**
 * The longest wait after failures; they begin with the least TTL and double. Peers that start together get their names
 * one after another.
 */
const maxRetrySeconds = 20

/** Between two questions about a doubted host, in ms: a look comes each second. */
const askAgainMs = 900

/** Addresses from `from` that are of the family; IPv6 have a colon. */
const ofFamily = (from: readonly string[], family: 4 | 6) =>
  from.filter(address => address.includes(':') === (family === 6))

export function createResolver(options: ResolverOptions): Resolver {
  const { now, random, hostsFile, resolvConf, minTtlSeconds, maxTtlSeconds, timeoutMs, atOnce, questions } = {
    ...resolverDefaults,
    ...options,
  }
  const limit = pLimit(atOnce)
  const readConf = remembered(resolvConf, parseResolvConf)
  const readHosts = remembered(hostsFile, parseHosts)
  const entries = new Map<string, Entry>()
  let dns: { readonly conf: ResolvConf; readonly clients: readonly Dns[] } | undefined

  /**
   * Clients for today's name servers. Each has sockets, and so source ports, of its own, new ones whenever it has been
   * idle (c-ares; seen).
   */
  function clientsFor(conf: ResolvConf): readonly Dns[] {
    if (dns?.conf !== conf) {
      for (const client of dns?.clients ?? []) client.close()
      dns = {
        conf,
        clients: Array.from({ length: Math.max(1, questions) }, () => createDns({ servers: conf.servers, timeoutMs })),
      }
    }
    return dns.clients
  }

  function delayMs(seconds: number): number {
    const clamped = Math.min(Math.max(seconds, minTtlSeconds), maxTtlSeconds)
    return Math.min(Math.max(clamped * (0.9 + 0.2 * random()), minTtlSeconds), maxTtlSeconds) * 1000
  }

  async function ask(entry: Entry, host: string, conf: ResolvConf, contested: boolean): Promise<void> {
    const [first, ...others] = clientsFor(conf)
    if (!first) return
    const outcome = await limit(() => query(host, entry.view, conf, first))
    const { view } = entry
    entry.askedAt = now()
    if ('error' in outcome) {
      entry.view = failed(view, outcome.error, now())
      const times = { minMs: minTtlSeconds * 1000, maxMs: Math.min(maxRetrySeconds, maxTtlSeconds) * 1000, random }
      // Never sooner than after an answer.
      entry.dueAt = now() + Math.max(minTtlSeconds * 1000, backoffMs(entry.view.failures, times))
      return
    }
    const beside = needsMore(view, outcome.addresses, contested, now()) ? others : []
    const answers = await Promise.all(beside.map(client => limit(() => query(host, view, conf, client))))
    const at = now()
    const { disputedSince } = entry
    const heard = answers.map(answer => ('addresses' in answer ? answer.addresses : null))
    const next = weighed(
      { view, ...(disputedSince === undefined ? {} : { disputedSince }) },
      outcome.addresses,
      heard,
      at,
    )
    entry.view = next.view
    entry.disputedSince = next.disputedSince
    entry.dueAt = at + delayMs(next.view.disputedAt === at ? 0 : outcome.ttlSeconds)
  }

  /**
   * Tries the names of a host in order, until one has addresses. A name that does not exist, or has none, leads to the
   * next; one whose answer fails does not: then the host may exist after all, and a wildcard of an outer domain must
   * not answer in its place (glibc and Go would go on).
   */
  async function query(host: string, view: HostView, conf: ResolvConf, client: Dns): Promise<Outcome> {
    const deadline = performance.now() + timeoutMs
    let error = 'ENOTFOUND'
    for (const name of namesToTry(host, conf)) {
      const [four, six] = await Promise.all([client.query(name, 4, deadline), client.query(name, 6, deadline)])
      const both = [...four.addresses, ...six.addresses]
      if (both.length > 0) {
        // Of a family whose answer failed, the last good one stays.
        const lastGood = [
          four.temporary ? ofFamily(view.addresses, 4) : [],
          six.temporary ? ofFamily(view.addresses, 6) : [],
        ].flat()
        const ttls = [four, six].filter(({ addresses }) => addresses.length > 0).map(({ ttlSeconds }) => ttlSeconds)
        return { addresses: [...both, ...lastGood], ttlSeconds: lastGood.length > 0 ? 0 : Math.min(...ttls) }
      }
      const temporary = [four, six].find(({ temporary }) => temporary)
      if (temporary) return { error: temporary.error ?? 'ESERVFAIL' }
      if (four.error === 'ENODATA' || six.error === 'ENODATA') error = 'ENODATA'
    }
    return { error }
  }

  function isDue({ dueAt }: Entry, at: number): boolean {
    // A time beyond the longest delay means that the clock was set back.
    return dueAt === undefined || dueAt <= at || dueAt > at + 2 * maxTtlSeconds * 1000
  }

  return {
    async look(hosts, doubted = [], { contested = [], unhurried = [] } = {}) {
      const conf = await readConf()
      const named = await readHosts()
      const at = now()
      const listed = new Set(hosts)
      const doubts = new Set([...doubted, ...contested])
      const contests = new Set(contested)
      const needless = new Set(unhurried)
      for (const host of entries.keys()) if (!listed.has(host)) entries.delete(host)
      const asked = [...listed].map(async host => {
        const entry = entries.get(host) ?? { view: literalView(host, at) ?? unanswered(at), dueAt: at, askedAt: 0 }
        entries.set(host, entry)
        if (isLiteral(host)) return
        const inFile = named.get(host.toLowerCase().replace(/\.$/, ''))
        if (inFile) {
          entry.view = { ...answered(entry.view, inFile, at), inHostsFile: true }
          entry.dueAt = undefined
          return
        }
        if (isDue(entry, at) || (doubts.has(host) && Math.abs(at - entry.askedAt) >= askAgainMs)) {
          entry.asking ??= ask(entry, host, conf, contests.has(host)).finally(() => {
            delete entry.asking
          })
        }
        if (!needless.has(host)) await entry.asking
      })
      await Promise.all(asked)
      return Object.fromEntries([...listed].flatMap(host => viewOf(entries, host)))
    },
    dueAt() {
      const times = [...entries].flatMap(([host, { dueAt }]) => (dueAt === undefined || isLiteral(host) ? [] : [dueAt]))
      return times.length > 0 ? Math.min(...times) : undefined
    },
    views: () => Object.fromEntries([...entries.keys()].flatMap(host => viewOf(entries, host))),
    restore(views) {
      for (const [host, view] of Object.entries(views)) entries.set(host, { view, dueAt: 0, askedAt: 0 })
    },
    close() {
      for (const client of dns?.clients ?? []) client.close()
      dns = undefined
    },
  }
}

function viewOf(entries: ReadonlyMap<string, Entry>, host: string): [string, HostView][] {
  const entry = entries.get(host)
  return entry ? [[host, entry.view]] : []
}

function isLiteral(host: string): boolean {
  const normal = normalHost(host)
  return normal !== undefined && isAddress(normal)
}

function literalView(host: string, at: number): HostView | undefined {
  return isLiteral(host) ? answered(unanswered(at), [host], at) : undefined
}

/** Reads a file at each call, parses it when it has changed. A file that cannot be read is an empty one. */
function remembered<T>(file: string, parse: (text: string) => T): () => Promise<T> {
  let known: { readonly text: string; readonly value: T } | undefined
  return async () => {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (known?.text !== text) known = { text, value: parse(text) }
    return known.value
  }
}

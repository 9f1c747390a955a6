// The ports of a consumer chain behind its validators' addresses, which everybody computes alike from the chain ID.
// Pure.
import { createHash } from 'node:crypto'
import type { Problem } from '../../source.ts'

export type Ports = { readonly p2p: number; readonly rpc: number; readonly grpc: number }
export type Chain = { readonly consumerId: string; readonly chainId: string }

/**
 * How ports follow from a chain's offset. `ics-operator`: as the program does it (sourcenetwork/ics-operator,
 * internal/subnet/ports.go: the provider chain's 26656, 26657 and 9090, 100 more, ten for each chain; gRPC-Web is the
 * next after gRPC, REST is RPC + 660), so that no P2P port is another's RPC port. `ics-guide`: as its guide has it,
 * which nobody runs, and repeer had by itself: 30100-31099, 30200-31199 and 30300-31299, which overlap.
 */
export const portFormulas = ['ics-operator', 'ics-guide'] as const
export type PortFormula = (typeof portFormulas)[number]
export const defaultPortFormula: PortFormula = 'ics-operator'

const formulas: Readonly<Record<PortFormula, { readonly bases: Ports; readonly step: number }>> = {
  'ics-operator': { bases: { p2p: 26_756, rpc: 26_757, grpc: 9_190 }, step: 10 },
  'ics-guide': { bases: { p2p: 30_100, rpc: 30_200, grpc: 30_300 }, step: 1 },
}
const offsets = 1000

/** Offset: the first 8 bytes of SHA-256 of the chain ID, a big-endian number, modulo 1000. */
export function portsOf(chainId: string, formula: PortFormula = defaultPortFormula): Ports {
  const offset = Number(createHash('sha256').update(chainId).digest().readBigUInt64BE(0) % BigInt(offsets))
  const { bases, step } = formulas[formula]
  return { p2p: bases.p2p + step * offset, rpc: bases.rpc + step * offset, grpc: bases.grpc + step * offset }
}

/** The lowest and the highest P2P port of a formula. */
export function portRange(formula: PortFormula): { readonly first: number; readonly last: number } {
  const { bases, step } = formulas[formula]
  return { first: bases.p2p, last: bases.p2p + step * (offsets - 1) }
}

export type Claim = {
  readonly chain: Chain
  readonly ports: Ports
  /**
   * The chain that has this chain's P2P port: it came first, and keeps it. This one has none until a port is stated for
   * it.
   */
  readonly takenBy?: Chain
}

/**
 * Who has which port, of the chains that share one address. Two chains with one P2P port cannot both be reached there:
 * the one with the lower consumer ID, which the provider chain gave first, keeps it, so that every operator decides
 * alike and a later chain takes nothing from an earlier one, whatever it is called. By consumer ID.
 */
export function claimPorts(
  chains: Iterable<Chain>,
  formula: PortFormula = defaultPortFormula,
): ReadonlyMap<string, Claim> {
  const holders = new Map<number, Chain>()
  const claims = new Map<string, Claim>()
  for (const chain of [...chains].sort(byConsumerId)) {
    const ports = portsOf(chain.chainId, formula)
    const takenBy = holders.get(ports.p2p)
    if (!takenBy) holders.set(ports.p2p, chain)
    claims.set(chain.consumerId, { chain, ports, ...(takenBy ? { takenBy } : {}) })
  }
  return claims
}

/**
 * What is to be known of one chain's ports: its P2P port is another's, or equals an RPC or gRPC port of another, or the
 * other way about. The latter does no harm while P2P ports alone are exposed, as repeer does: it is said, and nothing
 * is moved.
 */
export function portProblems(consumerId: string, claims: ReadonlyMap<string, Claim>): Problem[] {
  const own = claims.get(consumerId)
  if (!own) return []
  const subject = `consumer ${consumerId}`
  const problems: Problem[] = []
  if (own.takenBy) {
    const { chainId, consumerId: other } = own.takenBy
    const message = `P2P port ${own.ports.p2p} of ${own.chain.chainId} is also that of ${chainId} (consumer ${other}), which came first and keeps it`
    problems.push({ code: 'port-taken', subject, message })
  }
  for (const { chain, ports } of claims.values()) {
    if (chain.consumerId === consumerId) continue
    const meeting = overlap(own.ports, ports)
    if (meeting === undefined) continue
    const message = `port ${meeting.port} is ${meeting.own} of ${own.chain.chainId} and ${meeting.other} of ${chain.chainId} (consumer ${chain.consumerId}): expose only one of them at an address`
    problems.push({ code: 'ports-overlap', subject, message })
  }
  return problems
}

const names = { p2p: 'P2P', rpc: 'RPC', grpc: 'gRPC' } as const
const kinds = ['p2p', 'rpc', 'grpc'] as const

/** The first port that one of them has as P2P and the other as RPC or gRPC. */
function overlap(own: Ports, other: Ports): { port: number; own: string; other: string } | undefined {
  for (const mine of kinds) {
    for (const theirs of kinds) {
      if (mine !== theirs && (mine === 'p2p' || theirs === 'p2p') && own[mine] === other[theirs]) {
        return { port: own[mine], own: names[mine], other: names[theirs] }
      }
    }
  }
  return undefined
}

/** Consumer IDs are decimal numbers. */
function byConsumerId(a: Chain, b: Chain): number {
  return (
    a.consumerId.length - b.consumerId.length ||
    (a.consumerId < b.consumerId ? -1 : a.consumerId > b.consumerId ? 1 : 0)
  )
}

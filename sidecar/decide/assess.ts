// What a restart would change about each peer, given how the node stands with it. Pure.
import { own } from '../../peers/own.ts'
import { hostPort, type Peer, peerKey } from '../../peers/peer.ts'
import type { Look, PeerStanding, Standing } from './look.ts'
import type { Known } from './memory.ts'
import { type Teaches, wouldLearn } from './teaches.ts'

export type Assessed = PeerStanding & {
  /** What the node would learn about it by starting again. */
  readonly restartTeaches: Teaches
  /** Whether one of its present addresses answers; undefined where none was probed. */
  readonly reachable?: boolean
}

/** A look held against what the node knows. */
export type AssessedLook = Look & {
  readonly assessed: readonly Assessed[]
  /** Says how many peers the desired lists take away from it, where those are most and nobody permits it; else null. */
  readonly massRemoval: string | null
}

/** Every peer of the look, with what a node that knows this would learn about it; `null`: one that knows nothing. */
export function assess(look: Look, known: Known | null): Assessed[] {
  return look.standings.map(standing => {
    const { peer, addresses } = standing
    const reachable = isReachable(peer, addresses, look)
    return {
      ...standing,
      restartTeaches: teaches(peer, known, look),
      ...(reachable === undefined ? {} : { reachable }),
    }
  })
}

export function teaches(peer: Peer, known: Known | null, look: Look): Teaches {
  return known === null ? 'list' : wouldLearn(peer, known, look.hosts, look.pins)
}

export function isReachable(peer: Peer, addresses: readonly string[], look: Look): boolean | undefined {
  const answers = addresses
    .map(address => own(look.reachable, hostPort({ host: address, port: peer.port })))
    .filter(answer => answer !== undefined)
  return answers.length === 0 ? undefined : answers.includes(true)
}

/**
 * The addresses whose answer to a TCP connect would matter: those of missing peers that a restart would teach, or all
 * missing ones while one is verified. Of several, one of which the node is given, it says which.
 */
export function suspects(look: Look, known: Known | null, verifying: boolean): { address: string; port: number }[] {
  const missing = look.standings.filter(({ standing }) => isMissing(standing))
  // Whether these answer is known by the time that all say so.
  const heard = missing.flatMap(({ peer }) =>
    (own(look.hosts, peer.host)?.heard ?? []).map(address => ({ address, port: peer.port })),
  )
  const present = missing
    .filter(standing => verifying || isOneOfSeveral(standing, look) || teaches(standing.peer, known, look) !== null)
    .flatMap(({ peer, addresses }) => addresses.map(address => ({ address, port: peer.port })))
  return [...present, ...heard]
}

function isOneOfSeveral({ peer, addresses }: PeerStanding, look: Look): boolean {
  return addresses.length > 1 && own(look.pins, peerKey(peer)) !== undefined
}

/** Whether it answers; with a mesh proxy in the pod every connect succeeds, so whoever has an address counts. */
export function isAnswering({ reachable, addresses }: Assessed, { plan }: Pick<Look, 'plan'>): boolean {
  return reachable === true || (plan.mesh && addresses.length > 0)
}

/** Of those who are missing: for whose sake something is done. One that was not probed may answer. */
export function soughtOf(missing: readonly Assessed[]): Assessed[] {
  return missing.filter(listed => listed.reachable !== false)
}

export function isMissing(standing: Standing): boolean {
  return standing === 'absent' || standing === 'former' || standing === 'unseen'
}

/** The hosts that the node was seen to have dialled at a present address. */
export function dialledHosts(look: Look): string[] {
  return look.standings
    .filter(({ standing }) => standing === 'connected')
    .filter(({ addresses }) =>
      look.node.connections.some(connection => connection.port !== undefined && addresses.includes(connection.address)),
    )
    .map(({ peer }) => peer.host)
}

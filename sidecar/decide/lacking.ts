// Nothing is left to do, and the node is not connected to all of its peers: to which, since when, and why. For people;
// it decides nothing. Pure.
import { own } from '../../peers/own.ts'
import { hostPort, isAddress, peerKey } from '../../peers/peer.ts'
import { type LackReason, lackReasons } from '../../peers/reasons.ts'
import { type Assessed, isReachable, teaches } from './assess.ts'
import { rotationMs } from './host-view.ts'
import type { Look, PeerStanding } from './look.ts'
import type { Known, Memory, Met } from './memory.ts'

export type Lack = {
  readonly peer: Assessed['peer']
  readonly because: LackReason
  /** Since when it has not been connected, or should have been (ms since the epoch). */
  readonly since: number
  /** When time alone may end it. */
  readonly until?: number
}

/** Peers that are spelled out in one sentence; all of them are in the page's list. */
const mostNamed = 3

/** What is remembered of who has been connected. Where connections cannot be seen it stays as it is. */
export function meet(met: Met | undefined, standings: readonly PeerStanding[], now: number): Met {
  const before = new Map(Object.entries(met ?? {}))
  const after = standings.flatMap(({ peer, standing }): [string, number | null][] => {
    const key = peerKey(peer)
    const known = before.get(key)
    if (standing === 'connected') return [[key, null]]
    if (known === undefined) return []
    return [[key, standing === 'unseen' || known !== null ? known : now]]
  })
  return Object.fromEntries(after)
}

/** Those that are not connected. One that cannot be seen is not known to lack. */
export function lackingPeers(assessed: readonly Assessed[], look: Look, memory: Memory): Lack[] {
  const met = new Map(Object.entries(memory.met ?? {}))
  return assessed
    .filter(listed => listed.standing === 'absent' || listed.standing === 'former')
    .map(listed => {
      const lostAt = met.get(peerKey(listed.peer)) ?? undefined
      // A peer that was never connected should have been since both were there: the process, and its entry in the list.
      const expectedAt = Math.max(memory.process?.startedAt ?? 0, memory.desired?.since ?? 0) || look.now
      return {
        peer: listed.peer,
        ...reasonOf(listed, look, lostAt !== undefined),
        since: Math.min(look.now, lostAt ?? expectedAt),
      }
    })
}

function reasonOf(listed: Assessed, look: Look, wasConnected: boolean): Pick<Lack, 'because' | 'until'> {
  const view = isAddress(listed.peer.host) ? undefined : own(look.hosts, listed.peer.host)
  if (listed.addresses.length === 0 || (view?.failures ?? 0) > 0) return { because: 'name-unresolved' }
  if (listed.standing === 'former') return { because: 'former-address' }
  const answers = answerOf(listed, look)
  if (answers === false) return { because: 'no-answer' }
  if (view?.rotating) return { because: 'not-followed', until: view.since + rotationMs }
  return { because: wasConnected ? 'not-connected-again' : 'never-connected' }
}

/** Whether one of its addresses answers, as far as anybody has asked. */
export function answerOf({ peer, addresses, reachable }: Assessed, { answering }: Look): boolean | undefined {
  if (reachable !== undefined) return reachable
  const answers = addresses
    .map(address => own(answering, hostPort({ host: address, port: peer.port })))
    .filter(answer => answer !== undefined)
  return answers.length === 0 ? undefined : answers.includes(true)
}

/** The addresses whose answer would say why a peer is missing that no restart would teach the node anything about. */
export function toAskForWords(look: Look, known: Known | null): { address: string; port: number }[] {
  // With a mesh proxy in the pod every connect succeeds.
  if (look.plan.mesh) return []
  return look.standings
    .filter(
      ({ peer, addresses, standing }) =>
        (standing === 'absent' || standing === 'former') &&
        isReachable(peer, addresses, look) === undefined &&
        teaches(peer, known, look) === null,
    )
    .flatMap(({ peer, addresses }) => addresses.map(address => ({ address, port: peer.port })))
}

/** "node1:26656: its address does not answer; node2:26656: ... and 3 more". */
export function lackWords(lacking: readonly Lack[], time: (at: number) => string): string {
  const named = lacking
    .slice(0, mostNamed)
    .map(
      ({ peer, because, until }) =>
        `${hostPort(peer)}: ${lackReasons[because]}${until === undefined ? '' : ` until ${time(until)}`}`,
    )
  const more = lacking.length - named.length
  return `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

// The status page's content (peers/page.ts), from memory, look and decision. Pure.
import type { Page, Phase } from '../peers/page.ts'
import { hostPort, peerKey } from '../peers/peer.ts'
import { holdReasons } from '../peers/reasons.ts'
import { peerHash } from '../peers/snapshot.ts'
import type { Assessed } from './decide/assess.ts'
import { hashOf, peersOf } from './decide/given.ts'
import { answerOf, type Lack, lackingPeers, lackWords } from './decide/lacking.ts'
import { type Look, timeText } from './decide/look.ts'
import type { Memory } from './decide/memory.ts'
import type { Outcome } from './decide/reconcile.ts'
import { absentSentence } from './decide/status-api.ts'

type Iso = (at: number) => string

/** The page for one look. `previous` gives `since` where phase and reason have not changed. */
export function pageOf(look: Look, outcome: Outcome, previous: Page | null): Page {
  const { memory, decision, assessed } = outcome
  const iso = (at: number) => timeText(at, look)
  const phase = phaseOf(memory, decision)
  const reason =
    decision.do === 'wait' ? decision.reason : isWithKubelet(look, outcome) ? 'kubelet-back-off' : undefined
  const same = previous?.phase === phase && previous.reason === reason
  const lists = look.list.ok ? look.list.lists : null
  const lacking = phase === 'settled' ? lackingPeers(assessed, look, memory) : []
  const lacks = new Map(lacking.map(one => [peerKey(one.peer), one]))
  // How long the kubelet waits, only the kubelet knows.
  const until =
    'until' in decision && decision.until !== undefined && reason !== 'kubelet-back-off'
      ? iso(decision.until)
      : undefined
  const beside = 'identity' in look.process ? look.process.beside?.note : undefined
  const said = decision.do === 'wait' ? decision.detail : decision.do === 'verify' ? againWords(decision) : undefined
  const detail = [said, beside].filter(Boolean).join('; ')
  return {
    container: look.plan.container,
    profile: look.plan.profile,
    strategy: look.plan.reach.by,
    phase,
    since: same ? previous.since : iso(look.now),
    ...(reason ? { reason, sentence: holdReasons[reason] } : {}),
    ...(detail ? { detail } : {}),
    ...(until ? { until } : {}),
    ...(lacking.length > 0 ? lackingOf(lacking, assessed, look) : {}),
    applied: memory.settled?.hash ?? null,
    wanted: lists ? hashOf(lists, look.hosts) : null,
    list: lists ? peerHash(peersOf(lists)) : null,
    ...(look.turn === undefined ? {} : { turn: look.turn }),
    notes: look.blindTurn,
    connected: assessed.filter(one => one.standing === 'connected').length,
    peers: assessed.map(one => ({
      ...(one.peer.id ? { id: one.peer.id } : {}),
      peer: hostPort(one.peer),
      addresses: one.addresses,
      standing: one.standing,
      ...pinnedAt(look, peerKey(one.peer)),
      ...withAnswer(answerOf(one, look)),
      ...lackOf(lacks.get(peerKey(one.peer)), iso),
    })),
    node: nodeOf(look, memory),
    told: toldOf(memory, iso),
    restarts: memory.restarts.map(one => restartOf(one, iso)),
    lookups: Object.entries(look.hosts).flatMap(([host, { failures, error }]) =>
      failures > 0 ? [{ host, failures, ...(error ? { error } : {}) }] : [],
    ),
    ...(look.plan.notFollowed ? { notFollowed: look.plan.notFollowed } : {}),
    lookedAt: iso(look.now),
  }
}

/** A page that was written before somebody set the machine's clock by so many ms, for the next one to go on from. */
export function retold(page: Page, ms: number): Page {
  const moved = (time: string) => new Date(Date.parse(time) + ms).toISOString()
  return ms === 0
    ? page
    : { ...page, since: moved(page.since), ...(page.until === undefined ? {} : { until: moved(page.until) }) }
}

function pinnedAt({ pins = {} }: Look, key: string): { pinned?: string } {
  const address = pins[key]
  return address === undefined ? {} : { pinned: address }
}

/**
 * Settled, and not connected to everybody. Where repeer.dev/min-peers are connected, that is as its owner wants it, and
 * nothing lacks.
 */
function lackingOf(
  lacking: readonly Lack[],
  assessed: readonly Assessed[],
  look: Look,
): Pick<Page, 'sentence' | 'detail' | 'lacking'> {
  const iso = (at: number) => timeText(at, look)
  const connected = assessed.filter(one => one.standing === 'connected').length
  const isEnough = look.plan.minPeers !== undefined && connected >= look.plan.minPeers
  return {
    sentence: `nothing is left to do, and the node is connected to ${connected} of ${connected + lacking.length} peers`,
    detail: `not connected to ${lackWords(lacking, iso)}`,
    ...(isEnough ? {} : { lacking: { peers: lacking.length, since: iso(Math.min(...lacking.map(one => one.since))) } }),
  }
}

function lackOf(lack: Lack | undefined, iso: Iso): Pick<Page['peers'][number], 'because' | 'since' | 'until'> {
  if (!lack) return {}
  return {
    because: lack.because,
    since: iso(lack.since),
    ...(lack.until === undefined ? {} : { until: iso(lack.until) }),
  }
}

function withAnswer(reachable: boolean | undefined): { reachable?: boolean } {
  return reachable === undefined ? {} : { reachable }
}

/**
 * A restart of the container is under way, and the node is gone; or it was back, and has ended by itself: the next step is
 * the kubelet's.
 */
function isWithKubelet(look: Look, { memory, decision }: Outcome): boolean {
  const { intent } = memory
  if (decision.do !== 'verify' || intent === null || !('hold' in look.process)) return false
  return intent.backAt === undefined ? intent.level !== 'process' : decision.again === 'gone'
}

function againWords({ again }: { again?: 'gone' | 'started' }): string | undefined {
  if (again === undefined) return undefined
  const what = 'the node was back from its restart, and ended again, not by repeer'
  return again === 'gone' ? what : `${what}; it has been started anew, and has the time to connect anew`
}

function phaseOf(memory: Memory, decision: Outcome['decision']): Phase {
  if (decision.do === 'restart') return 'restarting'
  if (decision.do === 'verify') return memory.intent?.backAt === undefined ? 'restarting' : 'verifying'
  if (decision.do === 'tell' || decision.do === 'told') return 'telling'
  if (decision.do === 'nothing') return 'settled'
  return memory.process === null && memory.given === null ? 'starting' : 'waiting'
}

function restartOf(restart: Memory['restarts'][number], iso: Iso): Page['restarts'][number] {
  const { at, hash, level, why, outcome, endedAt, connectedBefore, height } = restart
  return {
    at: iso(at),
    snapshot: hash,
    level,
    why,
    outcome,
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    ...(connectedBefore === undefined ? {} : { connectedBefore }),
    ...(height === undefined ? {} : { height }),
  }
}

function toldOf({ told, telling }: Memory, iso: Iso): Page['told'] {
  const past = told.map(({ at, hash, outcome }) => ({ at: iso(at), snapshot: hash, outcome }))
  return telling ? [...past, { at: iso(telling.lastAt), snapshot: telling.hash, outcome: 'asked' }] : past
}

function nodeOf(look: Look, memory: Memory): Page['node'] {
  const { seenBy, status, listening } = look.node
  const iso = (at: number) => timeText(at, look)
  const noStatusApi = absentSentence(memory, look)
  return {
    ...(look.self.id === undefined ? {} : { id: look.self.id }),
    ...(memory.process ? { startedAt: iso(memory.process.startedAt) } : {}),
    seenBy,
    ...(status ? { height: status.height, catchingUp: status.catchingUp } : {}),
    ...(status?.votingPower === undefined ? {} : { votingPower: status.votingPower }),
    ...(status?.totalPower === undefined ? {} : { totalPower: status.totalPower }),
    ...(status?.signedHeight === undefined ? {} : { signedHeight: status.signedHeight }),
    ...(listening === undefined ? {} : { listening }),
    ...(noStatusApi === undefined ? {} : { noStatusApi }),
  }
}

// The status page's content (peers/page.ts), from memory, look and decision. Pure.
import { own } from '../peers/own.ts'
import type { Page } from '../peers/page.ts'
import { hostPort, peerKey } from '../peers/peer.ts'
import { present } from '../peers/present.ts'
import { holdReasons } from '../peers/reasons.ts'
import { askedSnapshot } from './decide/asked.ts'
import type { Assessed } from './decide/assess.ts'
import type { Decision, Outcome } from './decide/decision.ts'
import { answerOf, type Lack, lackingPeers, lackWords } from './decide/lacking.ts'
import { type Look, timeText } from './decide/look.ts'
import type { Memory } from './decide/memory.ts'
import type { Status } from './decide/status.ts'
import { absentSentence } from './decide/status-api.ts'

type Iso = (at: number) => string

/** The page for one look, at which the decision came to this status. */
export function pageOf(look: Look, outcome: Outcome, { phase, reason, since, until }: Status): Page {
  const { memory, decision, assessed } = outcome
  const iso = isoFor(look)
  const lacking = phase === 'settled' ? lackingPeers(assessed, look, memory) : []
  const lacks = new Map(lacking.map(lack => [peerKey(lack.peer), lack]))
  const beside = look.process.found ? look.process.beside?.note : undefined
  const detail = [detailOf(decision), beside].filter(Boolean).join('; ')
  return {
    container: look.plan.container,
    profile: look.plan.profile,
    strategy: look.plan.reach.by,
    phase,
    since: iso(since),
    ...(reason ? { reason, sentence: holdReasons[reason] } : {}),
    ...(detail ? { detail } : {}),
    ...(until === undefined ? {} : { until: iso(until) }),
    ...(lacking.length > 0 ? lackingOf(lacking, assessed, look) : {}),
    applied: memory.settled?.hash ?? null,
    wanted: look.list.ok ? askedSnapshot(memory, look) : null,
    list: look.list.ok ? look.desired.listHash : null,
    ...(look.turn === undefined ? {} : { turn: look.turn }),
    notes: look.blindTurn,
    connected: assessed.filter(listed => listed.standing === 'connected').length,
    peers: assessed.map(listed => ({
      ...(listed.peer.id ? { id: listed.peer.id } : {}),
      peer: hostPort(listed.peer),
      addresses: listed.addresses,
      standing: listed.standing,
      ...pinnedAt(look, peerKey(listed.peer)),
      ...withAnswer(answerOf(listed, look)),
      ...lackOf(lacks.get(peerKey(listed.peer)), iso),
    })),
    node: nodeOf(look, memory),
    told: toldOf(memory, iso),
    restarts: memory.restarts.map(restart => restartOf(restart, iso)),
    lookups: Object.entries(look.hosts).flatMap(([host, { failures, error }]) =>
      failures > 0 ? [{ host, failures, ...(error ? { error } : {}) }] : [],
    ),
    ...(look.plan.notFollowed ? { notFollowed: look.plan.notFollowed } : {}),
    lookedAt: iso(look.now),
  }
}

/** A page that says first that the state cannot be written: whatever else it says is not acted on. */
export function unsavedPage(page: Page, { phase, since }: Status, unsaved: string, look: Look): Page {
  const { until: _, ...rest } = page
  const reason = 'state-unwritable'
  const detail = [unsaved, page.reason].filter(part => part !== undefined).join('; besides: ')
  return { ...rest, phase, since: timeText(since, look), reason, sentence: holdReasons[reason], detail }
}

function pinnedAt({ pins = {} }: Look, key: string): { pinned?: string } {
  const address = own(pins, key)
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
  const iso = isoFor(look)
  const connected = assessed.filter(listed => listed.standing === 'connected').length
  const isEnough = look.plan.minPeers !== undefined && connected >= look.plan.minPeers
  return {
    sentence: `nothing is left to do, and the node is connected to ${connected} of ${connected + lacking.length} peers`,
    detail: `not connected to ${lackWords(lacking, iso)}`,
    ...(isEnough
      ? {}
      : { lacking: { peers: lacking.length, since: iso(Math.min(...lacking.map(listed => listed.since))) } }),
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

function restartOf(restart: Memory['restarts'][number], iso: Iso): Page['restarts'][number] {
  const { at, hash, turn, level, why, outcome, endedAt, connectedBefore, height } = restart
  return {
    at: iso(at),
    snapshot: hash,
    ...present('turn', turn),
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
  const iso = isoFor(look)
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

function detailOf(decision: Decision): string | undefined {
  if (decision.do === 'wait') return decision.detail
  if (decision.do !== 'verify' || decision.again === undefined) return undefined
  const what = 'the node was back from its restart, and ended again, not by repeer'
  return decision.again === 'gone' ? what : `${what}; it has been started anew, and has the time to connect anew`
}

/** Times are told as the machine has them. */
function isoFor(look: Look): Iso {
  return at => timeText(at, look)
}

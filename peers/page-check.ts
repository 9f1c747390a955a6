// Checks a status page, which is a stranger's word: whoever owns a pod can answer anything on its port. Every field is
// read one by one, and what comes out holds these fields only, each of bounded size.
//
// Sidecars of other versions are read, too: unknown fields are left out, and so is a reason that this version does not
// know.
import { detached } from './detached.ts'
import { type FieldProblem, Fields } from './fields.ts'
import { outcomes, type Page, phases, toldOutcomes } from './page.ts'
import { levels, mostNotFollowed, type OtherNode } from './plan.ts'
import { present } from './present.ts'
import { isHoldReason, type LackReason, lackReasons } from './reasons.ts'
import { isTurn } from './turn.ts'

/** Characters of a text for people; the rest is cut off. */
const maxText = 500
/** Characters of a name or an address. */
const maxName = 320
/** Newest entries of a history; a sidecar keeps 6 hours, in which it restarts its node 6 times. */
const maxHistory = 50
const maxPeers = 10_000
const maxAddresses = 1_000
/** Then nothing more of a list is looked at: a page of 500 KB had 270,000 of them, and took a quarter of a second. */
const mostProblems = 100
/** Problems that the message spells out. */
const maxInMessage = 5

/** peerHash, snapshotHash or blindTurn, of this version or a later one. */
const hash = /^[a-z]\d{1,3}:[0-9a-f]{8,128}$/
const code = /^[a-z][a-z0-9-]{0,63}$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/** The page that a JSON text holds. Throws an Error that lists what was found where, and what was expected. */
export function parsePage(text: string): Page {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(
      `the status page cannot be used: found ${text.length} characters that are not JSON, expected a JSON object`,
    )
  }
  const problems: FieldProblem[] = []
  const page = pageOf(new Fields(value, 'page', problems))
  if (problems.length === 0) return page
  const lines = problems
    .slice(0, maxInMessage)
    .map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`)
  const more = problems.length - lines.length
  const atLeast = problems.length >= mostProblems ? 'at least ' : ''
  throw new Error(
    `the status page cannot be used: ${lines.join('; ')}${more > 0 ? `; and ${atLeast}${more} more` : ''}`,
  )
}

/** Where a reader has reported a problem, what it returned does not matter: the page is not used. */
function pageOf(page: Fields): Page {
  const reason = page.matching('reason', code, 'a reason code', 'optional')
  return {
    container: name(page, 'container'),
    profile: name(page, 'profile'),
    strategy: page.oneOf('strategy', ['wrap', 'signal', 'observe'] as const) ?? 'observe',
    phase: page.oneOf('phase', phases) ?? 'starting',
    since: iso(page, 'since'),
    ...(reason !== undefined && isHoldReason(reason) ? { reason } : {}),
    ...present('sentence', words(page, 'sentence')),
    ...present('detail', words(page, 'detail')),
    ...present('until', page.has('until') ? iso(page, 'until') : undefined),
    ...(page.has('lacking') ? { lacking: lackingOf(page.object('lacking')) } : {}),
    applied: hashOrNull(page, 'applied'),
    wanted: hashOrNull(page, 'wanted'),
    list: hashOrNull(page, 'list'),
    ...present(
      'turn',
      page.value('turn', 'a hash, after `spent` or `withdrawn` where it counts no more', isTurnText, 'optional'),
    ),
    ...present('notes', page.matching('notes', hash, 'a hash', 'optional')),
    connected: page.number('connected', 0, 1e6, 'integer') ?? 0,
    peers: entries(page, 'peers', maxPeers, peerOf),
    node: nodeOf(page.object('node')),
    restarts: newest(page, 'restarts').map(restart => ({
      at: iso(restart, 'at'),
      snapshot: restart.matching('snapshot', hash, 'a hash') ?? '',
      ...present('turn', restart.matching('turn', hash, 'a hash', 'optional')),
      level: restart.oneOf('level', levels) ?? 'none',
      why: words(restart, 'why') ?? '',
      outcome: restart.oneOf('outcome', outcomes) ?? 'asked',
      ...present('endedAt', restart.has('endedAt') ? iso(restart, 'endedAt') : undefined),
      ...present('connectedBefore', restart.number('connectedBefore', 0, 1e6, 'integer', 'optional')),
      ...present('height', restart.number('height', 0, Number.MAX_VALUE, 'any', 'optional')),
    })),
    told: newest(page, 'told').map(told => ({
      at: iso(told, 'at'),
      snapshot: told.matching('snapshot', hash, 'a hash') ?? '',
      outcome: told.oneOf('outcome', toldOutcomes) ?? 'asked',
    })),
    lookups: entries(page, 'lookups', maxPeers, lookup => ({
      host: name(lookup, 'host'),
      failures: lookup.number('failures', 0, Number.MAX_SAFE_INTEGER, 'integer') ?? 0,
      ...present('error', words(lookup, 'error')),
    })),
    ...present(
      'notFollowed',
      page.has('notFollowed') ? entries(page, 'notFollowed', mostNotFollowed, otherNode) : undefined,
    ),
    lookedAt: iso(page, 'lookedAt'),
  }
}

function otherNode(other: Fields): OtherNode {
  return { container: name(other, 'container'), program: name(other, 'program') }
}

function lackingOf(lacking: Fields): NonNullable<Page['lacking']> {
  return { peers: lacking.number('peers', 0, 1e6, 'integer') ?? 0, since: iso(lacking, 'since') }
}

function peerOf(peer: Fields): Page['peers'][number] {
  const addresses = peer.array('addresses')
  const because = peer.matching('because', code, 'a reason code', 'optional')
  if (addresses.length > maxAddresses)
    peer.problem('addresses', `an array of ${addresses.length}`, `at most ${maxAddresses}`)
  const odd = addresses.findIndex(address => !isName(address))
  if (odd >= 0) peer.problem(`addresses[${odd}]`, typeof addresses.at(odd), 'an IP address')
  return {
    ...present('id', peer.has('id') ? name(peer, 'id') : undefined),
    peer: name(peer, 'peer'),
    addresses: addresses.slice(0, maxAddresses).filter(isName),
    standing: name(peer, 'standing'),
    ...present('reachable', flag(peer, 'reachable')),
    ...present('pinned', peer.has('pinned') ? name(peer, 'pinned') : undefined),
    ...(because !== undefined && Object.hasOwn(lackReasons, because) ? { because: because as LackReason } : {}),
    ...present('since', peer.has('since') ? iso(peer, 'since') : undefined),
    ...present('until', peer.has('until') ? iso(peer, 'until') : undefined),
  }
}

function nodeOf(node: Fields): Page['node'] {
  const count = (field: string) => node.number(field, 0, Number.MAX_VALUE, 'any', 'optional')
  return {
    ...present('id', node.has('id') ? name(node, 'id') : undefined),
    ...present('startedAt', node.has('startedAt') ? iso(node, 'startedAt') : undefined),
    seenBy: name(node, 'seenBy'),
    ...present('height', count('height')),
    ...present('catchingUp', flag(node, 'catchingUp')),
    ...present('listening', flag(node, 'listening')),
    ...present('votingPower', count('votingPower')),
    ...present('totalPower', count('totalPower')),
    ...present('noStatusApi', words(node, 'noStatusApi')),
    ...present('signedHeight', count('signedHeight')),
  }
}

function isTurnText(value: unknown): value is string {
  return typeof value === 'string' && isTurn(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxName && !/\p{Cc}/u.test(value)
}

function name(fields: Fields, field: string): string {
  return fields.value(field, `a text of at most ${maxName} characters, without control characters`, isName) ?? ''
}

/** A text for people, on one line. */
function words(fields: Fields, field: string): string | undefined {
  const text = fields.value(field, 'a text', value => typeof value === 'string', 'optional')
  return text && detached(text.slice(0, maxText).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' '))
}

function iso(fields: Fields, field: string): string {
  const isTime = (value: unknown): value is string =>
    typeof value === 'string' && time.test(value) && !Number.isNaN(Date.parse(value))
  return fields.value(field, 'a time such as 2026-11-21T08:00:00.000Z', isTime) ?? ''
}

function hashOrNull(fields: Fields, field: string): string | null {
  const fits = (value: unknown): value is string | null =>
    value === null || (typeof value === 'string' && hash.test(value))
  return fields.value(field, 'a hash, or null', fits) ?? null
}

function flag(fields: Fields, field: string): boolean | undefined {
  return fields.value(field, 'true or false', value => typeof value === 'boolean', 'optional')
}

/** The objects of a list; one that is absent is empty, since not every version's page has each of them. */
function entries<T>(fields: Fields, field: string, most: number, read: (entry: Fields) => T): T[] {
  const list = fields.has(field) ? fields.array(field) : []
  if (list.length > most) fields.problem(field, `an array of ${list.length}`, `at most ${most}`)
  const found: T[] = []
  for (const [index, entry] of list.slice(0, most).entries()) {
    if (fields.problems.length >= mostProblems) break
    found.push(read(new Fields(entry, `${fields.at(field)}[${index}]`, fields.problems)))
  }
  return found
}

/** The last of a list that has the newest at its end. */
function newest(fields: Fields, field: string): Fields[] {
  const list = fields.has(field) ? fields.array(field) : []
  const first = Math.max(0, list.length - maxHistory)
  return list
    .slice(first)
    .map((entry, index) => new Fields(entry, `${fields.at(field)}[${first + index}]`, fields.problems))
}

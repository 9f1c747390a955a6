// Whether a JSON value is a memory as its file has it. The file lies in a volume of the pod, and may be torn, damaged
// or anybody's: what passes here is good for a decision, whose look would else fail, and each one after it. Pure.
import { isRecord } from '../peers/is-record.ts'

type Is = (value: unknown) => boolean

/** The end of the year 9999, in ms since the epoch: a time that, with a week added, can still be written as a date. */
const lastMoment = 253_402_300_799_999

const text: Is = value => typeof value === 'string'
const flag: Is = value => typeof value === 'boolean'
const number: Is = value => typeof value === 'number' && Number.isFinite(value)
const moment: Is = value => typeof value === 'number' && Math.abs(value) <= lastMoment
const optional =
  (is: Is): Is =>
  value =>
    value === undefined || is(value)
/** Also absent: a sidecar of another version may not have known it. */
const nullable =
  (is: Is): Is =>
  value =>
    value === undefined || value === null || is(value)
const listOf =
  (is: Is): Is =>
  value =>
    Array.isArray(value) && value.every(is)
const recordOf =
  (is: Is): Is =>
  value =>
    isRecord(value) && Object.values(value).every(is)
/** Fields that are not named may be there: a newer sidecar may have written them. */
const object =
  (fields: Readonly<Record<string, Is>>): Is =>
  value =>
    isRecord(value) &&
    Object.entries(fields).every(([name, is]) => is(Object.hasOwn(value, name) ? value[name] : undefined))

const peer = object({ id: optional(text), host: text, port: number, role: text })
const lists = recordOf(listOf(peer))
const known = object({
  lists,
  addresses: recordOf(listOf(text)),
  uncertain: listOf(text),
  pins: optional(recordOf(text)),
})
const hostView = object({
  addresses: listOf(text),
  since: moment,
  former: listOf(object({ address: text, lastSeen: moment })),
  rotating: flag,
  answeredAt: nullable(moment),
  failures: number,
  behind: optional(listOf(text)),
  error: optional(text),
  disputedAt: optional(moment),
  heard: optional(listOf(text)),
})
const restart = object({
  id: text,
  hash: text,
  turn: optional(text),
  process: optional(text),
  level: text,
  at: moment,
  why: text,
  outcome: text,
  endedAt: optional(moment),
  connectedBefore: optional(number),
  height: optional(number),
  causes: optional(listOf(object({ of: text, peers: listOf(text) }))),
  missed: optional(listOf(text)),
})
const intent = object({
  id: text,
  hash: text,
  level: text,
  at: moment,
  identity: text,
  sake: listOf(text),
  giving: known,
  backAt: optional(moment),
})
const telling = object({
  hash: text,
  identity: text,
  since: moment,
  firstSince: optional(moment),
  lastAt: moment,
  knew: nullable(known),
})
const need = object({
  hash: text,
  since: moment,
  firstSince: moment,
  delaySeconds: number,
  heldBack: optional(listOf(text)),
  asked: optional(object({ hash: text, forPeers: listOf(text) })),
  doubtMs: optional(number),
  doubtAt: optional(moment),
})
const told = object({ at: moment, hash: text, identity: text, outcome: text, detail: optional(text) })
const api = object({
  identity: text,
  answered: flag,
  listeningSince: optional(moment),
  connectedSince: optional(moment),
  absentSince: optional(moment),
  deadPort: optional(number),
})

const memory = object({
  version: value => value === 1,
  clock: nullable(object({ boot: text, bootedAt: moment })),
  process: nullable(object({ identity: text, startedAt: moment, upAt: optional(moment) })),
  api: nullable(api),
  given: nullable(known),
  taught: nullable(known),
  telling: nullable(telling),
  told: optional(listOf(told)),
  wanted: nullable(object({ lists, since: moment })),
  before: nullable(lists),
  settled: nullable(object({ hash: text, at: moment, how: text })),
  need: nullable(need),
  intent: nullable(intent),
  usedTurn: optional(text),
  restarts: listOf(restart),
  met: optional(recordOf(nullable(moment))),
  heights: listOf(object({ at: moment, height: number })),
  lastStartSeconds: optional(number),
  starting: optional(text),
  learned: nullable(object({ program: text, variable: text, at: moment, listens: flag })),
  lostAt: optional(moment),
  prepared: optional(listOf(object({ token: text, pins: recordOf(text), hash: text, at: moment }))),
  hosts: recordOf(hostView),
})

/** Never throws. */
export function isMemory(value: unknown): boolean {
  return memory(value)
}

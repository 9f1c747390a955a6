// Reads what the pod gives the sidecar as files: the plan, the annotations and the peer lists. The kubelet refreshes
// them; here they are only read.

import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { PeerListError, parsePeers, writePeers } from '../../peers/formats/index.ts'
import { own } from '../../peers/own.ts'
import { type Pause, parsePause } from '../../peers/pause.ts'
import { type Peer, uniquePeers } from '../../peers/peer.ts'
import type { Plan, Source } from '../../peers/plan.ts'
import { parsePlan } from '../../peers/plan-check.ts'
import { inputFile, sourceFile } from '../../peers/pod.ts'
import { present } from '../../peers/present.ts'
import { parseTurnWait } from '../../peers/turn.ts'
import { type Chain, chains, type NodeSettings } from '../chains/index.ts'
import { type Lists, sourceKey } from '../decide/lists.ts'
import type { Learned } from '../decide/memory.ts'
import { longestVariable, type Pinnable } from '../decide/pin.ts'
import { withProgram } from '../decide/program.ts'

export type ListInput =
  | {
      readonly ok: true
      /** By sourceKey, without the sources whose file is absent. */
      readonly lists: Lists
      /** All of them. */
      readonly peers: readonly Peer[]
      /** Sentences about what is absent. */
      readonly problems: readonly string[]
    }
  | {
      readonly ok: false
      readonly reason: 'list-missing' | 'list-malformed' | 'list-empty' | 'list-too-long'
      readonly message: string
    }

export type Input = {
  readonly plan: Plan
  readonly list: ListInput
  /** What the settings beside the peers say; the defaults where there are none. */
  readonly settings: NodeSettings
  /**
   * Environment variables that the node's next start has to have, with their exact values (strategy wrap). None unless
   * the list is good.
   */
  readonly exports: Readonly<Record<string, string>>
  /**
   * Those of them that the node takes as its list, with the peers in it, which may be written with addresses in place
   * of names: see pin.ts.
   */
  readonly pinnable: Pinnable
  /** The annotations, trimmed; absent where empty. */
  readonly peerHash?: string
  readonly endpoints?: string
  readonly turn?: string
  readonly turnWait?: string
  readonly pause: Pause
  readonly allowMassRemoval: boolean
}

/** A list of the plan with its text; undefined where its file is absent. */
type Read = { readonly source: Source; readonly text: string | undefined }

type Exports = { readonly exports: Record<string, string>; readonly pinnable: Record<string, readonly Peer[]> }

const noSettings: NodeSettings = { doubleSignCheckHeight: 0, stateSync: false }

/**
 * How often reading begins anew because the kubelet has swapped the files meanwhile. It does so once a second at most.
 */
const maxTries = 10

/**
 * Reads everything below `dir`, of one version: the kubelet swaps all files of the volume together. A bad list is a
 * value that says what is wrong with it. `learned`: the node's program, where only the process told it. Rejects only
 * where the plan cannot be read or used, or another file cannot be read although it is there.
 */
export async function readInput(dir: string, learned?: Learned): Promise<Input> {
  for (let tries = 0; tries < maxTries; tries++) {
    const version = await versionOf(dir)
    const input = await readOnce(version, learned).then(
      value => ({ value }),
      (error: unknown) => ({ error }),
    )
    // The files of an old version are removed after the swap: what seemed absent may not have been.
    if (version !== (await versionOf(dir))) continue
    if ('error' in input) throw input.error
    return input.value
  }
  throw new Error(`${dir} changed ${maxTries} times while it was read; it will be read again`)
}

/**
 * The directory that `..data` points to, since the kubelet's AtomicWriter has one for each version; `dir` itself where
 * it is a plain one.
 */
async function versionOf(dir: string): Promise<string> {
  return realpath(join(dir, '..data')).catch(() => dir)
}

async function readOnce(dir: string, learned: Learned | undefined): Promise<Input> {
  const plan = withProgram(await readPlan(join(dir, inputFile.plan)), learned)
  const annotation = async (file: string) => (await readText(join(dir, file)))?.trim() || undefined
  const [peerHash, endpoints, turn, turnWait, pause, allowMassRemoval, ...read] = await Promise.all([
    annotation(inputFile.peerHash),
    annotation(inputFile.endpoints),
    annotation(inputFile.turn),
    annotation(inputFile.turnWait),
    annotation(inputFile.pause),
    annotation(inputFile.allowMassRemoval),
    ...plan.sources.map(
      async (source): Promise<Read> => ({
        source,
        text: source.kind === 'Literal' ? source.text : await readText(join(dir, sourceFile(source))),
      }),
    ),
  ])
  const { list, exports, pinnable } = withExports(listOf(read), read, plan)
  return {
    plan,
    list,
    settings: settingsOf(plan, read),
    exports,
    pinnable,
    ...(peerHash === undefined ? {} : { peerHash }),
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(turn === undefined ? {} : { turn }),
    ...present('turnWait', parseTurnWait(turnWait)),
    pause: parsePause(pause),
    // A mass removal needs the exact word.
    allowMassRemoval: allowMassRemoval === 'true',
  }
}

function settingsOf({ profile }: Plan, read: readonly Read[]): NodeSettings {
  const lists = read.flatMap(({ source, text }) => (text === undefined ? [] : [{ format: source.format, text }]))
  return chains[profile].settings?.(lists) ?? noSettings
}

async function readPlan(file: string): Promise<Plan> {
  const text = await readText(file)
  if (text === undefined) {
    throw new Error(
      `${file} is absent: found no plan, expected the annotation repeer.dev/plan; create the pod again, so that it is injected`,
    )
  }
  try {
    return parsePlan(text)
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/**
 * The lists of all sources. One that is absent (an optional ConfigMap) gives no peers, since the node sees none in it
 * either, unless all are absent. One that a PeerSet delivers and has not written yet is an empty list. One that is
 * malformed spoils the whole: the node might not start with it.
 */
function listOf(read: readonly Read[]): ListInput {
  const there = read.flatMap(({ source, text }) => (text === undefined ? [] : [{ source, text }]))
  const missing = read.filter(({ text }) => text === undefined).map(({ source }) => source)
  const toCome = missing.filter(source => isDelivered(source))
  const absent = missing.filter(source => !isDelivered(source)).map(source => `${nameOf(source)} is absent`)
  if (there.length === 0 && toCome.length === 0)
    return { ok: false, reason: 'list-missing', message: absent.join('; ') || 'the plan names no source' }
  const lists: Record<string, Peer[]> = Object.fromEntries(toCome.map(source => [sourceKey(source), []]))
  const malformed: string[] = []
  for (const { source, text } of there) {
    try {
      const peers = parsePeers(source.format, text, { source: nameOf(source), role: source.role })
      lists[sourceKey(source)] = [...(own(lists, sourceKey(source)) ?? []), ...peers]
    } catch (error) {
      malformed.push(faultOf(source, error))
    }
  }
  if (malformed.length > 0) return { ok: false, reason: 'list-malformed', message: malformed.join('; ') }
  const peers = uniquePeers(Object.values(lists).flat())
  if (peers.length > 0) return { ok: true, lists, peers, problems: absent }
  const empty = [...there.map(({ source }) => source), ...toCome].map(nameOf).join(', ')
  return { ok: false, reason: 'list-empty', message: [`no peer in ${empty}`, ...absent].join('; ') }
}

/** The status page, the log and an Event show it to anybody: nothing of the list is quoted in them. */
function faultOf(source: Source, error: unknown): string {
  if (error instanceof PeerListError) return error.message
  return `${nameOf(source)}: repeer failed to read it (${error instanceof Error ? error.name : typeof error})`
}

/** A list that cannot be handed to the node by a variable must not be: the node would not start. */
function withExports(list: ListInput, read: readonly Read[], plan: Plan): Exports & { list: ListInput } {
  if (!list.ok) return { list, exports: {}, pinnable: {} }
  const { exports, pinnable, spare } = exportsOf(read, list.lists, chains[plan.profile])
  for (const [name, value] of Object.entries(exports)) {
    const bytes = Buffer.byteLength(`${name}=${value}`)
    if (bytes > longestVariable && spare.has(name)) {
      // The file brings it, by name.
      delete exports[name]
      delete pinnable[name]
    } else if (bytes > longestVariable) {
      const message = `${name} would be ${bytes} bytes, and a variable may be ${longestVariable}; shorten the list, or mount it as a directory`
      return { list: { ok: false, reason: 'list-too-long', message }, exports: {}, pinnable: {} }
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these two bytes are what cannot be passed on.
    if (/[\u0000\u0001]/.test(value)) {
      const message = `the text for variable ${name} holds a byte 0 or 1; expected text`
      return { list: { ok: false, reason: 'list-malformed', message }, exports: {}, pinnable: {} }
    }
  }
  return { list, exports, pinnable: plan.pinAddresses === false ? {} : pinnable }
}

/**
 * Lists that are variables, as they are; and for lists that another variable outranks, that variable with the peers of
 * all sources of its role that it outranks: all files; and where a script makes something of variables, or the list
 * stands nowhere in the pod, the variables and literal lists as well.
 *
 * `spare`: variables without which the list would reach the node all the same.
 */
function exportsOf(read: readonly Read[], lists: Lists, chain: Chain): Exports & { spare: ReadonlySet<string> } {
  const exports: Record<string, string> = Object.create(null)
  const pinnable: Record<string, readonly Peer[]> = Object.create(null)
  for (const { source, text } of read) {
    if (source.kind === 'Literal' || text === undefined) continue
    if ((source.via !== 'env' && source.via !== 'envFrom') || source.variable === undefined) continue
    exports[source.variable] = text
    if (source.override === source.variable && source.role === 'peer')
      pinnable[source.variable] = own(lists, sourceKey(source)) ?? []
  }
  for (const { source } of read) {
    if (source.kind === 'Literal' || source.override === undefined || !chain.override) continue
    const { override, role } = source
    // The pod sets that variable itself from a list: it stays what that list says, unless somebody delivers another.
    if (exports[override] !== undefined && source.deliveredBy === undefined) continue
    const outranked = read.map(({ source }) => source).filter(listed => isFile(listed) || isBesideFiles(override, read))
    const peers = uniquePeers(
      outranked.flatMap(listed => own(lists, sourceKey(listed)) ?? []).filter(peer => peer.role === role),
    )
    // An empty variable would outrank what the node's file still lists.
    if (peers.length === 0) continue
    exports[override] = writePeers(chain.override.format, peers)
    // Seeds stay names: a node asks them once, when it knows nobody.
    if (role === 'peer') pinnable[override] = peers
  }
  return { exports, pinnable, spare: spareVariables(read) }
}

/** Those that carry nothing but files that the node sees change: by them it is only given addresses. */
function spareVariables(read: readonly Read[]): ReadonlySet<string> {
  const keys = read.flatMap(({ source }) =>
    source.kind === 'Literal' || source.override === undefined ? [] : [source],
  )
  const needed = new Set(
    keys.filter(({ via, unseen }) => via !== 'directory' || unseen).map(({ override }) => override),
  )
  return new Set(keys.flatMap(({ override }) => (override === undefined || needed.has(override) ? [] : [override])))
}

function isFile(source: Source): boolean {
  return source.kind !== 'Literal' && source.via !== 'env' && source.via !== 'envFrom'
}

/** Whether the variable carries more than files. */
function isBesideFiles(override: string, read: readonly Read[]): boolean {
  return read.some(
    ({ source }) =>
      source.kind !== 'Literal' && source.override === override && (!isFile(source) || source.unseen === true),
  )
}

function isDelivered(source: Source): boolean {
  return source.kind !== 'Literal' && source.deliveredBy !== undefined
}

function nameOf(source: Source): string {
  return source.kind === 'Literal' ? source.name : `${source.kind} ${source.name}/${source.key}`
}

/** Undefined where the file is absent. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

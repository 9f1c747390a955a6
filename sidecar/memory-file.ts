// The memory as it stands in its file. The file's words are those of the first version, so that a sidecar that is
// upgraded in place, or taken back, goes on with what the other one has written. Pure.
import { isRecord } from '../peers/is-record.ts'
import { blank, type Intent, type Memory } from './decide/memory.ts'

/** The file's words for what the code names otherwise. */
type Written = Omit<Memory, 'startedWith' | 'desired' | 'intent'> & {
  readonly given: Memory['startedWith']
  readonly wanted: Memory['desired']
  readonly intent: (Omit<Intent, 'forPeers'> & { readonly sake: Intent['forPeers'] }) | null
}

/** What the file holds for this memory, as JSON. */
export function writeMemory({ startedWith, desired, intent, ...same }: Memory): string {
  const written: Written = { ...same, given: startedWith, wanted: desired, intent: intent && intentToFile(intent) }
  return JSON.stringify(written)
}

function intentToFile({ forPeers, ...same }: Intent): Written['intent'] {
  return { ...same, sake: forPeers }
}

/**
 * The memory that the file's content is, with blanks for what an older sidecar did not write. Throws an Error that says
 * what was found instead.
 */
export function readMemory(text: string): Memory {
  const value = jsonOf(text)
  if (!isWritten(value)) throw new Error(`found ${kindOf(value)}, expected a memory of version 1`)
  const { given, wanted, intent, ...same } = value
  return {
    ...blank,
    ...same,
    startedWith: given ?? null,
    desired: wanted ?? null,
    intent: intent ? intentFromFile(intent) : null,
  }
}

/** Quotes nothing: the file may be anybody's. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`found ${text.length} characters that are not JSON, expected a memory of version 1`)
  }
}

function kindOf(value: unknown): string {
  if (!isRecord(value)) return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  const { version } = value
  return typeof version === 'number' ? `an object of version ${version}` : 'an object without a version'
}

function intentFromFile({ sake, ...same }: NonNullable<Written['intent']>): Intent {
  return { ...same, forPeers: sake }
}

/** As far as the decision would fail on another shape. */
function isWritten(value: unknown): value is Written {
  if (typeof value !== 'object' || value === null) return false
  const memory = value as Record<string, unknown>
  const { version, restarts, heights, hosts, told = [] } = memory
  const lists = [restarts, heights, told]
  return (
    version === 1 &&
    lists.every(Array.isArray) &&
    typeof hosts === 'object' &&
    hosts !== null &&
    (restarts as unknown[]).every(isRestart)
  )
}

function isRestart(value: unknown): boolean {
  const { id, hash, at, causes = [], missed = [] } = (value ?? {}) as Record<string, unknown>
  const hasCauses = Array.isArray(causes) && causes.every(isCause) && Array.isArray(missed)
  return typeof id === 'string' && typeof hash === 'string' && typeof at === 'number' && hasCauses
}

function isCause(value: unknown): boolean {
  const { of, peers } = (value ?? {}) as Record<string, unknown>
  return typeof of === 'string' && Array.isArray(peers)
}

// Applies the three operations of RFC 6902 that repeer writes, to show what a patch does.
import { own } from '../../peers/own.ts'
import type { PatchOperation } from '../decide/decision.ts'

/**
 * The value after the patch; the given one is not changed. Throws where a path does not exist, as an API server would
 * refuse the patch.
 */
export function applyPatch<T>(value: T, patch: readonly PatchOperation[]): T {
  const root = { value: structuredClone(value) as unknown }
  for (const operation of patch) apply(root, operation)
  return root.value as T
}

function apply(root: { value: unknown }, operation: PatchOperation): void {
  const tokens = operation.path
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  let parent: unknown = root
  let key = 'value'
  for (const token of tokens) {
    parent = member(parent, key)
    if (parent === undefined)
      throw new Error(`patch: ${operation.op} ${operation.path}: nothing is at the parent of "${token}"`)
    key = token
  }
  if (Array.isArray(parent)) changeArray(parent, key, operation)
  else changeObject(parent, key, operation)
}

function member(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return parent[indexOf(key)]
  return typeof parent === 'object' && parent !== null ? own(parent as Record<string, unknown>, key) : undefined
}

/** Digits without leading zeros (RFC 6901, section 4); NaN for anything else, at which nothing is. */
function indexOf(key: string): number {
  return /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN
}

function changeArray(array: unknown[], key: string, operation: PatchOperation): void {
  const index = key === '-' ? array.length : indexOf(key)
  const last = operation.op === 'add' ? array.length : array.length - 1
  if (!(index <= last))
    throw new Error(`patch: ${operation.op} ${operation.path}: found an array of ${array.length} items`)
  if (operation.op === 'add') array.splice(index, 0, structuredClone(operation.value))
  else if (operation.op === 'replace') array[index] = structuredClone(operation.value)
  else array.splice(index, 1)
}

/** As an assignment makes it. */
const field = { enumerable: true, configurable: true, writable: true } as const

function changeObject(parent: unknown, key: string, operation: PatchOperation): void {
  if (typeof parent !== 'object' || parent === null)
    throw new Error(`patch: ${operation.op} ${operation.path}: its parent is no object`)
  const object = parent as Record<string, unknown>
  if (operation.op !== 'add' && !Object.hasOwn(object, key))
    throw new Error(`patch: ${operation.op} ${operation.path}: nothing is there`)
  if (operation.op === 'remove') delete object[key]
  // Assigning to `__proto__` would be something else.
  else Object.defineProperty(object, key, { ...field, value: structuredClone(operation.value) })
}

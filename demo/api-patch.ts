// The two kinds of patch that the stand-in for the API server takes: JSON Patch (RFC 6902: test, add, replace, remove)
// and JSON Merge Patch (RFC 7396).
import { isDeepStrictEqual } from 'node:util'
import type { PatchOperation } from '../webhook/decide/decision.ts'
import { applyPatch } from '../webhook/patch/apply.ts'
import { StatusError } from './api-store.ts'

type Test = { readonly op: 'test'; readonly path: string; readonly value: unknown }

/**
 * The patched value; the given one is not changed. Throws StatusError: 415 for another kind of patch, 422 where it does
 * not apply.
 */
export function patched<T>(value: T, contentType: string, patch: unknown): T {
  if (contentType === 'application/merge-patch+json') return merged(value, patch) as T
  if (contentType !== 'application/json-patch+json')
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `found ${contentType}, expected application/json-patch+json or application/merge-patch+json`,
    )
  if (!Array.isArray(patch)) throw new StatusError(400, 'BadRequest', 'found no list, expected a JSON Patch')
  return (patch as (PatchOperation | Test)[]).reduce((current, operation) => {
    try {
      if (operation.op !== 'test') return applyPatch(current, [operation])
      if (isDeepStrictEqual(at(current, operation.path), operation.value)) return current
    } catch (error) {
      throw new StatusError(422, 'Invalid', error instanceof Error ? error.message : String(error))
    }
    throw new StatusError(422, 'Invalid', `test ${operation.path}: the value is another one`)
  }, value)
}

function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((current: unknown, token) => {
      if (Array.isArray(current)) return current[Number(token)]
      return typeof current === 'object' && current !== null && Object.hasOwn(current, token)
        ? (current as Record<string, unknown>)[token]
        : undefined
    }, value)
}

function merged(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  const result: Record<string, unknown> = { ...base }
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete result[key]
    else result[key] = merged(result[key], change)
  }
  return result
}

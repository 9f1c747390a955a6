// Our patches, applied by a library that somebody else wrote: whatever applyPatch makes of a patch, and whether it
// refuses it, RFC 6902 has to agree.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { applyPatch as applyByLibrary, type Operation } from 'rfc6902'
import t from 'tap'
import type { PatchOperation } from '../../../webhook/decide/decision.ts'
import { applyPatch } from '../../../webhook/patch/apply.ts'

const key = fc.constantFrom('a', 'a', '0', '0', 'b', 'a/b', '~', '~1', '1', '-', '')
const scalar = fc.constantFrom(0, 'x', true, null)
/** Any JSON value, with arrays or without. */
const treeOf = (arrays: boolean) =>
  fc.letrec<{ tree: unknown }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      arrays ? fc.array(tie('tree'), { maxLength: 3 }) : scalar,
      fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).tree
const escaped = (token: string) => token.replaceAll('~', '~0').replaceAll('/', '~1')
const path = fc
  .array(fc.oneof({ weight: 5, arbitrary: key }, fc.constantFrom('2', '01', 'x')), { minLength: 1, maxLength: 3 })
  .map(tokens => tokens.map(token => `/${escaped(token)}`).join(''))
const patchOf = (tree: fc.Arbitrary<unknown>): fc.Arbitrary<PatchOperation[]> =>
  fc.array(
    fc.oneof(
      fc.record({ op: fc.constant('add' as const), path, value: tree }),
      fc.record({ op: fc.constant('replace' as const), path, value: tree }),
      fc.record({ op: fc.constant('remove' as const), path }),
    ),
    { minLength: 1, maxLength: 2 },
  )

function ours(value: unknown, patch: readonly PatchOperation[]): unknown {
  try {
    return { is: applyPatch(value, patch) }
  } catch {
    return 'refused'
  }
}

function theirs(value: unknown, patch: readonly PatchOperation[]): unknown {
  const root = structuredClone(value)
  try {
    const errors = applyByLibrary(root, structuredClone(patch) as Operation[])
    return errors.some(error => error !== null) ? 'refused' : { is: root }
  } catch {
    return 'refused' // It throws where a path leads into a number or a text.
  }
}

t.test('any patch of any value that is taken: the same result', async t => {
  let taken = 0
  const same = (value: unknown, patch: readonly PatchOperation[]) => {
    const result = ours(value, patch)
    if (result === 'refused') return true
    taken += 1
    return isDeepStrictEqual(result, theirs(value, patch))
  }
  fc.assert(fc.property(treeOf(true), patchOf(treeOf(true)), same), { numRuns: 5000 })
  t.ok(taken > 200, `${taken} patches were taken`)
})

t.test('without arrays, of whose indexes the library takes any text: refused by both, or by neither', async t => {
  let refused = 0
  const same = (value: unknown, patch: readonly PatchOperation[]) => {
    const result = ours(value, patch)
    if (result === 'refused') refused += 1
    return isDeepStrictEqual(result, theirs(value, patch))
  }
  fc.assert(fc.property(treeOf(false), patchOf(treeOf(false)), same), { numRuns: 5000 })
  t.ok(refused > 200, `${refused} patches were refused`)
})

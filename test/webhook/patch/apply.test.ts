// RFC 6902, the operations that repeer writes.
import t from 'tap'
import { applyPatch } from '../../../webhook/patch/apply.ts'
import { inherited } from '../../fixtures/inherited.ts'

t.test('applies in order, without changing what it was given', async t => {
  const before = { metadata: { annotations: { 'a/b': '1', 'c~d': '2' } }, list: [1, 2] }
  const copy = structuredClone(before)
  const after = applyPatch<unknown>(before, [
    { op: 'add', path: '/metadata/annotations/a~1b', value: 'x' },
    { op: 'remove', path: '/metadata/annotations/c~0d' },
    { op: 'add', path: '/list/-', value: 3 },
    { op: 'add', path: '/list/0', value: 0 },
    { op: 'replace', path: '/list/1', value: 'one' },
    { op: 'remove', path: '/list/2' },
    { op: 'add', path: '/new', value: { deep: [] } },
    { op: 'add', path: '/new/deep/-', value: true },
  ])
  t.strictSame(after, { metadata: { annotations: { 'a/b': 'x' } }, list: [0, 'one', 3], new: { deep: [true] } })
  t.strictSame(before, copy)
})

t.test('refuses what an API server would refuse', async t => {
  t.throws(() => applyPatch({}, [{ op: 'add', path: '/a/b', value: 1 }]), /nothing is at the parent of "b"/)
  t.throws(() => applyPatch({}, [{ op: 'replace', path: '/a', value: 1 }]), /nothing is there/)
  t.throws(() => applyPatch({}, [{ op: 'remove', path: '/constructor' }]), /nothing is there/)
  t.throws(() => applyPatch({ a: [] }, [{ op: 'remove', path: '/a/0' }]), /array of 0 items/)
  t.throws(() => applyPatch({ a: [] }, [{ op: 'add', path: '/a/01', value: 1 }]), /array of 0 items/)
  for (const index of ['01', '', ' 0', '0x0', '1e0', '-'])
    t.throws(
      () => applyPatch({ a: [{}, {}] }, [{ op: 'add', path: `/a/${index}/b`, value: 1 }]),
      /nothing is at the parent/,
      index,
    )
  t.throws(() => applyPatch({ a: 'x' }, [{ op: 'add', path: '/a/b', value: 1 }]), /no object/)
})

t.test('a key that every object inherits is a key like any other', async t => {
  for (const name of inherited) {
    const path = `/${name}`
    t.throws(() => applyPatch({}, [{ op: 'replace', path, value: 1 }]), /nothing is there/)
    t.throws(() => applyPatch({}, [{ op: 'add', path: `${path}/x`, value: 1 }]), /nothing is at the parent/)
    const added = applyPatch({ a: 1 }, [{ op: 'add', path, value: { x: 1 } }])
    t.same(Object.entries(added as object), [
      ['a', 1],
      [name, { x: 1 }],
    ])
    t.equal(Object.getPrototypeOf(added), Object.prototype)
    t.same(Object.entries(applyPatch(added, [{ op: 'remove', path }]) as object), [['a', 1]])
  }
})

// ConfigMap, Secret, projected and downwardAPI volumes, and the `..data` swap.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { payloadOf, writeAtomically } from '../../demo/volumes.ts'

const sources = {
  metadata: { name: 'p', annotations: { 'repeer.dev/plan': '{}' } },
  configMap: (name: string) => (name === 'c' ? { a: '1', b: '2' } : undefined),
  secret: (name: string) => (name === 's' ? { k: 'v' } : undefined),
}

t.test('payloadOf', async t => {
  t.strictSame(
    [...(payloadOf({ name: 'v', configMap: { name: 'c' } }, sources) ?? [])],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  )
  t.strictSame(
    [...(payloadOf({ name: 'v', configMap: { name: 'c', items: [{ key: 'b', path: 'x/b' }] } }, sources) ?? [])],
    [['x/b', '2']],
  )
  t.strictSame([...(payloadOf({ name: 'v', secret: { secretName: 's' } }, sources) ?? [])], [['k', 'v']])
  const projected = {
    name: 'v',
    projected: {
      sources: [
        {
          downwardAPI: {
            items: [
              { path: 'pod/plan', fieldRef: { fieldPath: "metadata.annotations['repeer.dev/plan']" } },
              { path: 'pod/turn', fieldRef: { fieldPath: "metadata.annotations['repeer.dev/turn']" } },
            ],
          },
        },
        { configMap: { name: 'c', items: [{ key: 'a', path: 'sources/configmap/c/a' }] } },
        { secret: { name: 'gone', optional: true } },
      ],
    },
  }
  t.strictSame(
    [...(payloadOf(projected, sources) ?? [])],
    [
      ['pod/plan', '{}'],
      ['pod/turn', ''],
      ['sources/configmap/c/a', '1'],
    ],
  )
  t.equal(payloadOf({ name: 'v', emptyDir: {} }, sources), undefined)
  t.throws(() => payloadOf({ name: 'v', configMap: { name: 'none' } }, sources), /found no ConfigMap none/)
  t.throws(
    () => payloadOf({ name: 'v', configMap: { name: 'c', items: [{ key: 'z', path: 'z' }] } }, sources),
    /has no key z/,
  )
})

t.test('writeAtomically swaps ..data, adds and removes names, and leaves equal content alone', async t => {
  const directory = t.testdir({})
  t.equal(
    await writeAtomically(
      directory,
      new Map([
        ['a', '1'],
        ['pod/plan', 'p'],
      ]),
    ),
    true,
  )
  const first = await readlink(join(directory, '..data'))
  t.equal(await readlink(join(directory, 'a')), '..data/a')
  t.equal(await readlink(join(directory, 'pod')), '..data/pod')
  t.equal(
    await writeAtomically(
      directory,
      new Map([
        ['a', '1'],
        ['pod/plan', 'p'],
      ]),
    ),
    false,
  )
  t.equal(await readlink(join(directory, '..data')), first)
  t.equal(
    await writeAtomically(
      directory,
      new Map([
        ['a', '2'],
        ['b', '3'],
      ]),
    ),
    true,
  )
  t.not(await readlink(join(directory, '..data')), first)
  t.equal(await readFile(join(directory, 'a'), 'utf8'), '2')
  t.strictSame((await readdir(directory)).filter(name => !name.startsWith('..')).sort(), ['a', 'b'])
  t.equal((await readdir(directory)).filter(name => name.startsWith('..')).length, 2, '..data and its one directory')
})

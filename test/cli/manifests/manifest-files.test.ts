// Manifests as kubectl reads them, and errors that name file, document and line.
import { join } from 'node:path'
import t from 'tap'
import { parseManifests, readManifests } from '../../../cli/manifests/manifest-files.ts'
import { objectsOf, podsOf } from '../../../cli/manifests/workloads.ts'

const noInput = async () => ''

t.test('YAML 1.1 as Kubernetes has it: octal modes, yes as true; dates and times stay text', async t => {
  const { documents } = parseManifests(
    'f',
    'mode: 0644\non: yes\nday: 2026-01-02\ntime: 12:30\nbase: &b {x: 1}\nmerged: {<<: *b, z: 2}\n',
  )
  t.strictSame(documents[0]?.value, {
    mode: 420,
    true: true,
    day: '2026-01-02',
    time: '12:30',
    base: { x: 1 },
    merged: { x: 1, z: 2 },
  })
})

t.test('several documents, empty ones left out, each with its line', async t => {
  const { documents, problems } = parseManifests('f', '---\n# nothing\n---\na: 1\n---\n\n\nb: 2\n...\n')
  t.strictSame(
    documents.map(({ value, line }) => [value, line]),
    [
      [{ a: 1 }, 4],
      [{ b: 2 }, 8],
    ],
  )
  t.strictSame(problems, [])
})

t.test('JSON, also with tabs, and several JSON documents', async t => {
  t.strictSame(parseManifests('f', '{\n\t"a": [1,\n\t2]\n}').documents[0]?.value, { a: [1, 2] })
  t.strictSame(
    parseManifests('f', '{"a": 1}\n---\n{"b": 2}').documents.map(document => document.value),
    [{ a: 1 }, { b: 2 }],
  )
})

t.test('a broken document is a problem with its place; the others are read', async t => {
  const { documents, problems } = await readManifests(
    [join(import.meta.dirname, '../fixtures/broken.manifests')],
    noInput,
  )
  t.equal(documents.length, 4)
  t.equal(problems.length, 1)
  t.match(problems[0]?.message, /broken\.manifests: document 5, line 21: .*; expected valid YAML or JSON/)
  const { objects, problems: wrong } = objectsOf(documents)
  const found = podsOf(objects)
  t.strictSame(
    found.pods.map(pod => pod.name),
    ['good'],
  )
  const messages = [...wrong, ...found.problems].map(problem => problem.message)
  t.match(messages, [
    /document 3, line 12: found a list, expected a Kubernetes object/,
    /document 4, line 15: found an object without apiVersion/,
    /document 2, line 7: Pod empty: found nothing at spec\.containers, expected a list with at least one container/,
  ])
})

t.test('files that cannot be read, directories, standard input', async t => {
  const directory = t.testdir({ 'b.yaml': 'b: 1', 'a.yml': 'a: 1', 'notes.txt': 'x: [', empty: {} })
  const read = await readManifests([directory, '-'], async () => 'c: 1')
  t.strictSame(
    read.documents.map(document => [document.file, document.value]),
    [
      [join(directory, 'a.yml'), { a: 1 }],
      [join(directory, 'b.yaml'), { b: 1 }],
      ['-', { c: 1 }],
    ],
  )
  const { problems } = await readManifests([join(directory, 'none.yaml'), join(directory, 'empty')], noInput)
  t.match(
    problems.map(problem => problem.message),
    [/none\.yaml: cannot be read: found no such file/, /empty: cannot be read: found no \.yaml, \.yml or \.json file/],
  )
})

t.test('a bomb of aliases is a problem, not a crash', async t => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`
  const { problems } = parseManifests('f', bomb)
  t.match(problems[0]?.message, /f: document 1, line 1: .*alias/i)
})

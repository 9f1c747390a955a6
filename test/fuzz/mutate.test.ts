// A seed says the whole case, and changes keep what they promise to keep.
import t from 'tap'
import { mutateJson } from './mutate-json.ts'
import { mostCharacters, mutateBytes, mutateText } from './mutate-text.ts'
import { randomFrom } from './random.ts'
import { targets } from './targets/index.ts'

const pod = { metadata: { labels: { app: 'node' } }, spec: { containers: [{ name: 'node', ports: [1] }], on: true } }

t.test('one seed, one case; another seed, another', async t => {
  const made = (seed: number) => [
    mutateJson(pod, { donors: [pod] }, randomFrom(seed)),
    mutateText('id@node1:26656', ['a', 'b'], randomFrom(seed)),
    mutateBytes(Buffer.from('abc'), [], randomFrom(seed)).toString('hex'),
  ]
  t.same(made(7), made(7))
  t.notSame(made(7), made(8))
  t.same(pod.spec.containers[0], { name: 'node', ports: [1] }, 'what was given stays')
})

t.test('with the types kept, a text stays a text and a list a list', async t => {
  for (let seed = 0; seed < 2000; seed++) {
    const changed = mutateJson(pod, { donors: [pod], keepTypes: true }, randomFrom(seed))
    const { spec } = changed as { spec?: { containers?: { name?: unknown }[]; on?: unknown } }
    if (spec?.containers !== undefined && !Array.isArray(spec.containers)) t.fail(`seed ${seed}: no list`)
    for (const { name } of spec?.containers ?? [])
      if (name !== undefined && typeof name !== 'string') t.fail(`seed ${seed}: ${String(name)} is no text`)
    if (spec?.on !== undefined && typeof spec.on !== 'boolean') t.fail(`seed ${seed}: no truth`)
  }
})

t.test('names that all objects have come as names, and no text is too long', async t => {
  let own = 0
  let longest = 0
  for (let seed = 0; seed < 5000; seed++) {
    const labels = mutateJson(pod, { donors: [pod], keepTypes: true }, randomFrom(seed)).metadata?.labels ?? {}
    if (Object.hasOwn(labels, '__proto__')) own++
    longest = Math.max(longest, mutateText('id@node1:26656', [], randomFrom(seed)).length)
  }
  t.ok(own > 0, `${own} labels named __proto__`)
  t.equal(longest, mostCharacters)
})

t.test('every target has a name of its own and a weight', async t => {
  t.equal(new Set(targets.map(({ name }) => name)).size, targets.length)
  t.ok(targets.every(({ weight }) => weight > 0))
})

// How much of a pod's ConfigMaps is looked into, a row on each side of each bound; what a pod is told where they are
// larger; and that what was found out about a text is remembered by the text.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import type { ConfigMapView } from '../../../webhook/decide/decision.ts'
import { budgetedContent, contentBudget, costOf } from '../../../webhook/decide/pod/content-budget.ts'
import { createMemory } from '../../../webhook/decide/pod/remembering.ts'
import { injected, input, skipped, toml } from '../fixtures/pods/build.ts'

const { characters, units } = contentBudget
/** A key costs as much as so many characters. */
const perKey = 512
const parts = 16
/** Keys of no longer than 512 KiB each, of so many characters with what each key costs. */
const texts = (length: number, text = 'a') =>
  Object.fromEntries(
    Array.from({ length: parts }, (_, n) => [`k${n}`, text.repeat(Math.floor(length / parts) - perKey)]),
  )

t.test('what looking into a ConfigMap costs', t => {
  const rows: readonly [string, Record<string, string>, number, number][] = [
    ['nothing', {}, 0, 0],
    ['characters, and a key', { a: 'xyz' }, perKey + 3, 0],
    ['a setting', { a: 'x = 1' }, perKey + 5, 8],
    ['separators', { a: ',.[{\\' }, perKey + 5, 5],
    ['what is never parsed', { a: '='.repeat(512 * 1024 + 1) }, perKey, 0],
    ['as long as is parsed', { a: 'x'.repeat(512 * 1024) }, perKey + 512 * 1024, 0],
  ]
  for (const [what, data, length, work] of rows) t.same(costOf(data), { characters: length, units: work }, what)
  t.end()
})

t.test('each bound, on both sides', t => {
  const beyond = (maps: Readonly<Record<string, ConfigMapView>>) => {
    const { configMap, notRead } = budgetedContent(name => maps[name] ?? 'absent', 'full')
    const seen = Object.keys(maps).filter(name => configMap(name) === 'too-large')
    t.equal(notRead() === undefined, seen.length === 0, 'and it is said')
    return seen
  }
  t.same(beyond({ a: texts(characters) }), [], 'characters: within')
  t.same(beyond({ a: texts(characters), b: {} }), [], 'an empty one costs nothing')
  t.same(beyond({ a: texts(characters), b: { x: '' } }), ['b'], 'characters: one key beyond')
  t.same(beyond({ a: texts(characters + parts) }), ['a'], 'characters: within one')
  t.same(beyond({ a: texts(characters + parts), b: toMap() }), ['a'], 'a smaller one is looked into all the same')
  t.same(beyond({ a: { x: '='.repeat(units / 8) } }), [], 'settings: within')
  t.same(beyond({ a: { x: '='.repeat(units / 8) }, b: { x: ',' } }), ['b'], 'settings: one beyond')
  t.same(beyond({ a: 'unknown', b: 'absent' }), [], 'what cannot be read costs nothing')
  t.end()
})

function toMap(): Record<string, string> {
  return { 'config.toml': toml() }
}

t.test('a ConfigMap is asked for once, and its answer stays', t => {
  let asked = 0
  const { configMap } = budgetedContent(() => {
    asked += 1
    return texts(characters)
  }, 'full')
  t.equal(typeof configMap('a'), 'object')
  t.equal(typeof configMap('a'), 'object', 'it is charged once')
  t.equal(asked, 1)
  t.equal(configMap('b'), 'too-large')
  t.equal(configMap('b'), 'too-large')
  t.end()
})

t.test('a pod with more is let in, and is told', t => {
  const large = { 'config.toml': toml(), 'other.toml': '='.repeat(units / 8) }
  const skip = skipped(
    decide(
      input({ maps: { node: large }, container: { args: [], volumeMounts: [{ name: 'config', mountPath: '/x' }] } }),
    ),
  )
  t.equal(skip.reason, 'no-peers')
  t.match(
    skip.message,
    /ConfigMap node was not looked into: .*4194304 characters, or 50000 settings.*repeer.dev\/config/,
  )
  const guessed = injected(decide(input({ maps: { node: large } })))
  t.match(guessed.warnings.join('\n'), /ConfigMap node was not looked into/)
  t.match(guessed.warnings.join('\n'), /guessed from names alone/)
  const named = injected(
    decide(input({ maps: { node: large }, annotations: { 'repeer.dev/config': 'node/config.toml' } })),
  )
  t.match(named.plan.sources, [{ kind: 'ConfigMap', name: 'node', key: 'config.toml' }])
  t.equal(named.peerHash, undefined, 'what is in it is not known')
  t.notMatch(named.warnings.join('\n'), /not in the cache|does not exist/)
  t.end()
})

t.test('one ConfigMap for fifty nodes is within', t => {
  const settings = Array.from(
    { length: 120 },
    (_, n) => `# what setting ${n} is for, in some words\nsetting_${n} = "x.y"\n`,
  )
  const whole = `${settings.join('')}${toml()}`
  const maps = { node: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`node-${n}.toml`, whole])) }
  const decision = injected(decide(input({ maps })))
  t.match(decision.plan.sources, [{ name: 'node', key: 'node-0.toml' }])
  t.notMatch(decision.warnings.join('\n'), /not looked into/)
  t.end()
})

t.test('an answer is remembered by the text', t => {
  const found: string[] = []
  const memory = createMemory<string>(3000, answer => answer.length)
  const ask = (data: Record<string, string>, key: string, question = 'q') =>
    memory.ask(data, key, question, () => {
      found.push(`${key} ${question}`)
      return data[key] ?? ''
    })
  const first = { a: 'x', b: 'y' }
  t.equal(ask(first, 'a'), 'x')
  t.equal(ask(first, 'a'), 'x')
  t.same(found, ['a q'])
  ask({ a: 'x', b: 'edited' }, 'a')
  ask({ other: 'x' }, 'other')
  t.same(found, ['a q'], 'an edit of another key, and another ConfigMap, ask nothing anew')
  t.equal(ask(first, 'b'), 'y')
  t.equal(ask(first, 'a', 'r'), 'x')
  t.same(found, ['a q', 'b q', 'a r'], 'another text and another question do')
  const long = { a: 'z'.repeat(1200) }
  ask(long, 'a')
  ask(first, 'a')
  t.same(found.slice(3), ['a q'], 'the one asked for last was kept')
  ask({ a: 'w'.repeat(1900) }, 'a')
  ask(long, 'a')
  t.same(found.slice(4), ['a q', 'a q'], 'the oldest goes where there is no room')
  t.end()
})

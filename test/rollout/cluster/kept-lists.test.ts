import t from 'tap'
import { createKeptLists } from '../../../rollout/cluster/kept-lists.ts'
import { bytesOf, type ConfigMapLists, internedLists, type ParsedList } from '../../../rollout/cluster/lists.ts'

const parse = internedLists()
const listOf = (...hosts: string[]) =>
  parse({ format: 'generic-list', role: 'peer' }, hosts.map(host => `${host}:1`).join('\n'))
const holding = (...lists: (ParsedList | 'absent')[]): ConfigMapLists[] => [
  new Map(lists.map((list, index) => [`key${index}`, list])),
]

t.test('about how much memory a list takes', async t => {
  t.equal(bytesOf(listOf('a', 'bcd')), 204, 'its hosts, and 100 bytes for each peer')
  t.equal(bytesOf(parse({ format: 'cometbft-list', role: 'peer' }, `${'a'.repeat(40)}@b:1`)), 141, 'and its ID')
  t.equal(bytesOf(listOf('no port')), 64, 'of a text that is no list its digest is kept')
})

t.test('a list counts once, however many ConfigMaps have it', async t => {
  const kept = createKeptLists()
  const [first, second] = [listOf('a'), listOf('b', 'c')]
  kept.set('x', holding(first))
  t.equal(kept.bytes(), 400 + 101)
  kept.set('y', holding(first, second))
  t.equal(kept.bytes(), 400 + 600 + 101 + 202)
  kept.set('x', 'unknown')
  t.equal(kept.bytes(), 600 + 101 + 202, 'the other has it still')
  kept.set('y', holding(second))
  t.equal(kept.bytes(), 400 + 202)
  kept.set('y', holding(second, second))
  t.equal(kept.bytes(), 600 + 202, 'in two keys, too')
  kept.set('y', holding('absent'))
  t.equal(kept.bytes(), 400)
  kept.set('y', [])
  t.equal(kept.bytes(), 0, 'there is no such ConfigMap')
  kept.set('never', 'unknown')
  t.equal(kept.bytes(), 0)
})

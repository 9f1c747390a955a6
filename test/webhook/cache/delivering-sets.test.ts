// Which PeerSets may deliver to a namespace's pods, as namespaces and sets come and go.
import t from 'tap'
import type { DeliveringSet } from '../../../peers/peer-set/delivering.ts'
import { createDeliveringSets } from '../../../webhook/cache/delivering-sets.ts'

const set = (namespace: string, name: string, output = namespace): DeliveringSet =>
  ({ namespace, name, output: { namespace: output } }) as unknown as DeliveringSet

t.test('its own, and those of others whose list may be for it', async t => {
  const sets = createDeliveringSets()
  const reaching = (namespace: string) => sets.reaching(namespace).map(({ namespace, name }) => `${namespace}/${name}`)
  sets.replace('a', new Map([['own', set('a', 'own')]]))
  sets.set('hub', 'out', set('hub', 'out', 'chain-{chainId}'))
  t.same(reaching('a'), ['a/own'])
  t.same(reaching('chain-1'), ['hub/out'])
  t.same(reaching('hub'), [])

  sets.set('hub', 'out', set('hub', 'out'))
  t.same([reaching('chain-1'), reaching('hub')], [[], ['hub/out']], 'it stays at home now')
  sets.set('hub', 'out', set('hub', 'out', 'chain-{chainId}'))
  t.same([reaching('chain-1'), reaching('hub')], [['hub/out'], []], 'and goes out again')

  sets.replace('a', new Map([['other', set('a', 'other')]]))
  t.same(reaching('a'), ['a/other'])
  sets.remove('a', 'other')
  sets.drop('hub')
  t.same([reaching('a'), reaching('chain-1')], [[], []])
})

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

t.test('a namespace has a hundred, at home and abroad; it is told once', async t => {
  const told: string[] = []
  const sets = createDeliveringSets(namespace => told.push(namespace))
  const many = (count: number) =>
    new Map(
      Array.from({ length: count }, (_, n) => [`s${n}`, set('a', `s${n}`, n % 2 === 0 ? 'a' : 'chain-{chainId}')]),
    )
  const kept = () => sets.reaching('a').length + sets.reaching('chain-1').length
  sets.replace('a', many(100))
  t.same([kept(), told], [100, []])
  sets.replace('a', many(101))
  sets.set('a', 's200', set('a', 's200'))
  sets.replace('a', many(101))
  t.same([kept(), told], [100, ['a']])
  sets.remove('a', 's0')
  sets.set('a', 's200', set('a', 's200'))
  t.equal(kept(), 100, 'one that goes makes room')
  sets.set('a', 's2', set('a', 's2', 'chain-{chainId}'))
  t.equal(kept(), 100, 'one that is kept may change')
})

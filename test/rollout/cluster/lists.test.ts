import t from 'tap'
import type { Format } from '../../../peers/formats/index.ts'
import { internedLists, listId, parseList, readConfigMap, sameLists } from '../../../rollout/cluster/lists.ts'
import { source } from '../fixtures/objects.ts'

const generic = { format: 'generic-list', role: 'peer' } as const

t.test('a text that is not of the format is a value, and another text another', async t => {
  const [first, same, other] = ['no port', 'no port', 'none'].map(text => parseList(generic, text))
  t.match(first, { ok: false, digest: /^[0-9a-f]{64}$/ })
  t.strictSame(first, same)
  t.not(first?.ok === false && first.digest, other?.ok === false && other.digest)
  t.match(parseList(generic, 'a:1'), { ok: true, peers: [{ host: 'a', port: 1 }] })
})

t.test('a fault of repeer is no malformed list', async t => {
  t.throws(() => parseList({ ...generic, format: 'unheard-of' as Format }, 'a:1'), TypeError)
})

t.test('equal texts are one value, for each way to read them', async t => {
  const parse = internedLists()
  t.equal(parse(generic, 'a:1'), parse({ ...generic }, 'a:1'))
  t.not(parse(generic, 'a:1'), parse({ ...generic, role: 'seed' }, 'a:1'))
})

t.test('what a ConfigMap holds of the lists that are named', async t => {
  const parse = internedLists()
  const read = (object: object) => readConfigMap(object, [source('one')], parse).get(listId(source('one')))
  const { key } = source('one')
  t.equal(read({}), 'absent')
  t.equal(read({ data: null, binaryData: null }), 'absent')
  t.match(read({ data: { [key]: '' } }), { ok: true, peers: [] })
  t.strictSame(
    read({ binaryData: { [key]: Buffer.from('x').toString('base64') } }),
    read({ data: { [key]: 'x' } }),
    'as the file in the pod has it',
  )
  const lists = (text: string) => readConfigMap({ data: { [key]: text } }, [source('one')], parse)
  t.ok(sameLists(lists('x'), lists('x')))
  t.notOk(sameLists(lists('x'), lists('y')))
  t.notOk(sameLists(lists('x'), new Map()))
})

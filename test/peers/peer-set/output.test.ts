import t from 'tap'
import { type FieldProblem, Fields } from '../../../peers/fields.ts'
import { canBe, fill, placeFor, readOutput, valuesIn } from '../../../peers/peer-set/output.ts'

function read(output: object, templates = false) {
  const problems: FieldProblem[] = []
  const given = { configMap: 'peers', key: 'list', format: 'generic-list', ...output }
  return { output: readOutput(new Fields(given, 'spec.output', problems), 'home', templates), problems }
}

t.test('what is written where', async t => {
  t.strictSame(read({}), {
    output: {
      namespace: 'home',
      configMap: 'peers',
      key: 'list',
      format: 'generic-list',
      metadataKey: 'discovery_metadata',
    },
    problems: [],
  })
  t.strictSame(read({ namespace: 'other', metadataKey: '' }).output.namespace, 'other')
  const rows: [object, string][] = [
    [{ configMap: 'A' }, 'spec.output.configMap'],
    [{ configMap: 'a..b' }, 'spec.output.configMap'],
    [{ configMap: '' }, 'spec.output.configMap'],
    [{ key: '../k' }, 'spec.output.key'],
    [{ key: '..' }, 'spec.output.key'],
    [{ namespace: 'A' }, 'spec.output.namespace'],
    [{ namespace: 'a'.repeat(64) }, 'spec.output.namespace'],
    [{ metadataKey: '/' }, 'spec.output.metadataKey'],
    [{ format: 'x' }, 'spec.output.format'],
    [{ namespace: '{chainId}' }, 'spec.output.namespace'],
    [{ configMap: '{chainId}' }, 'spec.output.configMap'],
  ]
  for (const [given, path] of rows) t.match(read(given).problems, [{ path }], JSON.stringify(given))
})

t.test('templates, where there is a list for each consumer: each has a ConfigMap of its own', async t => {
  for (const given of [
    { namespace: '{chainId}' },
    { configMap: 'peers-{consumerId}' },
    { namespace: 'c-{chainId}', configMap: '{consumerId}', key: '{chainId}' },
  ])
    t.strictSame(read(given, true).problems, [], JSON.stringify(given))
  t.match(read({}, true).problems, [
    { path: 'spec.output.configMap', expected: /each consumer has a ConfigMap of its own/ },
  ])
  t.match(
    read({ key: '{chainId}' }, true).problems,
    [{ path: 'spec.output.configMap' }],
    'one manager cannot apply two keys of one ConfigMap',
  )
  t.match(read({ namespace: '{chainID}' }, true).problems[0], { path: 'spec.output.namespace' }, 'another placeholder')
  t.match(read({ configMap: '{chainId}_' }, true).problems, [{ path: 'spec.output.configMap' }])
})

t.test('filled in, and read back', async t => {
  t.equal(fill('a-{chainId}-{consumerId}', { chainId: 'x-1', consumerId: '7' }), 'a-x-1-7')
  t.equal(fill('{consumerId}', { chainId: 'x-1' }), undefined)
  t.equal(fill('plain', {}), 'plain')
  const rows: [template: string, name: string, values: object | undefined][] = [
    ['plain', 'plain', {}],
    ['plain', 'other', undefined],
    ['{chainId}', 'consumer-0-1', { chainId: 'consumer-0-1' }],
    ['c-{consumerId}', 'c-12', { consumerId: '12' }],
    ['c-{consumerId}', 'c-x', undefined],
    ['c-{consumerId}', 'c-', undefined],
    ['{chainId}.x', 'a.x', { chainId: 'a' }],
    ['{chainId}.x', 'a-x', undefined],
    ['{chainId}-{chainId}', 'a-a', { chainId: 'a' }],
    ['{chainId}-{chainId}', 'a-b', undefined],
    ['{consumerId}-{chainId}', '7-a-b', { consumerId: '7', chainId: 'a-b' }],
    ['{chainId}', 'a'.repeat(300), undefined],
  ]
  for (const [template, name, values] of rows) t.strictSame(valuesIn(template, name), values, `${template} ${name}`)
  t.ok(canBe({ namespace: '{chainId}', configMap: 'peers', key: 'k' }, 'a', 'peers'))
  t.notOk(canBe({ namespace: '{chainId}', configMap: 'peers', key: 'k' }, 'a', 'others'))
  t.notOk(canBe({ namespace: 'b', configMap: 'peers', key: 'k' }, 'a', 'peers'))
})

t.test('names that Kubernetes would not take, whatever a chain is called', async t => {
  const output = { namespace: '{chainId}', configMap: 'p-{consumerId}', key: '{chainId}' }
  t.strictSame(placeFor(output, { chainId: 'a-1', consumerId: '3' }), {
    namespace: 'a-1',
    configMap: 'p-3',
    key: 'a-1',
  })
  for (const chainId of ['A', 'a_b', '-a', 'a-', '', '../a', '..', 'a'.repeat(64), 'a/b', 'a.b'])
    t.match(placeFor(output, { chainId, consumerId: '3' }), { invalid: /^spec.output.namespace would be / }, chainId)
  t.match(placeFor(output, { chainId: 'a' }), {
    invalid: /nothing tells what spec.output.configMap "p-\{consumerId\}" stands for/,
  })
  t.match(placeFor({ ...output, namespace: 'n', configMap: 'c.{chainId}' }, { chainId: '-' }), { invalid: /configMap/ })
})

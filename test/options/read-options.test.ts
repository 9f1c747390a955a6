// How the long-running programs read their options: what counts, and every problem together.
import t from 'tap'
import { readOptions } from '../../options/read-options.ts'

const flags = {
  listen: { default: ':1', help: '' },
  word: { default: 'a', help: '' },
  times: { default: '', help: '' },
  kubeconfig: { default: '', help: '' },
  level: { default: 'info', help: '' },
} as const

const read = (args: readonly string[], env = {}) => readOptions('program', flags, args, env)

t.test('a flag, the environment, the default', async t => {
  t.equal(read(['--word=b'], { WORD: 'c' }).text('word', 'WORD'), 'b')
  t.equal(read(['--word='], { WORD: 'c' }).text('word', 'WORD'), 'c', 'an empty flag is none')
  t.equal(read(['--word='], { WORD: 'c' }).text('word'), '', 'but where no variable stands behind it')
  t.equal(read([]).text('word', 'WORD'), 'a')
})

t.test('where to listen', async t => {
  const rows = [
    [':0', { host: '', port: 0 }],
    [':65535', { host: '', port: 65_535 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
  ] as const
  for (const [text, found] of rows) t.same(read([`--listen=${text}`]).listen('listen'), found, text)
  for (const text of ['x', ':65536', '::1:80', ':', '80']) {
    const reader = read([`--listen=${text}`])
    reader.listen('listen')
    t.throws(() => reader.finish(), {
      message: `--listen: found "${text}", expected HOST:PORT, or :PORT for every address\nSee repeer program --help.`,
    })
  }
})

t.test('times by name, and no other names', async t => {
  const known = { aSeconds: 1, bSeconds: 2 }
  const times = (text: string) => read([`--times=${text}`]).times('times', known)
  t.same(times(''), {})
  t.same(times('bSeconds=0.5, aSeconds=60'), { aSeconds: 60, bSeconds: 0.5 })
  for (const text of ['toString=1', 'aSeconds', 'aSeconds=', 'aSeconds=-1', 'aSeconds=1e3', 'cSeconds=1'])
    t.equal(times(text), undefined, text)
})

t.test('every problem at once, in the order in which they were looked for', async t => {
  const reader = read(['--word=c', '--level=loud'])
  t.equal(reader.choice('word', ['a', 'b']), 'a')
  t.equal(reader.kubeconfig('kubeconfig'), undefined)
  reader.level('level')
  reader.matching('word', /^x$/, 'an x')
  t.throws(() => reader.finish(), {
    message: [
      '--word: found "c", expected one of a, b',
      '--kubeconfig: found nothing, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set), expected a file',
      '--level: found "loud", expected one of fatal, error, warn, info, debug, trace, silent',
      '--word: found "c", expected an x',
      'See repeer program --help.',
    ].join('\n'),
  })
  t.equal(read([], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).kubeconfig('kubeconfig'), undefined)
  t.doesNotThrow(() => read([]).finish())
})

import t from 'tap'
import { parseHosts } from '../../../sidecar/observe/hosts-file.ts'

t.test('parses a hosts file', async t => {
  const text =
    '127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.0.0.1 a A.b. # c\n10.0.0.1 a\nfoo bar\n10.0.0.2\n ::ffff:10.0.0.3 m\r\n'
  t.same(Object.fromEntries(parseHosts(text)), {
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    a: ['10.0.0.1'],
    'a.b': ['10.0.0.1'],
    m: ['10.0.0.3'],
  })
})

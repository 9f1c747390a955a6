import t from 'tap'
import { namesToTry, parseResolvConf } from '../../../sidecar/observe/resolv-conf.ts'

t.test('parses resolv.conf', async t => {
  const kubernetes =
    'search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n'
  const table: [string, ReturnType<typeof parseResolvConf>][] = [
    [
      kubernetes,
      { servers: ['10.96.0.10'], search: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 },
    ],
    ['', { servers: ['127.0.0.1'], search: [], ndots: 1 }],
    [
      '# c\n; c\nnameserver 1.1.1.1 # one\n\tnameserver\t2001:db8::1\n',
      { servers: ['1.1.1.1', '2001:db8::1'], search: [], ndots: 1 },
    ],
    [
      'nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4',
      { servers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'], search: [], ndots: 1 },
    ],
    [
      'nameserver 127.0.0.1:5353\nnameserver [::1]:53',
      { servers: ['127.0.0.1:5353', '[::1]:53'], search: [], ndots: 1 },
    ],
    [
      'nameserver dns\nnameserver fe80::1%eth0\nnameserver 1.1.1.1:99999\nnameserver\nnameserver [1.1.1.1]:53',
      { servers: ['127.0.0.1'], search: [], ndots: 1 },
    ],
    ['search a.\nsearch B.Example.Com. .\r\n', { servers: ['127.0.0.1'], search: ['b.example.com'], ndots: 1 }],
    ['search a b\ndomain c d', { servers: ['127.0.0.1'], search: ['c'], ndots: 1 }],
    ['options timeout:1 ndots:2 rotate\noptions edns0', { servers: ['127.0.0.1'], search: [], ndots: 2 }],
    ['options ndots:99', { servers: ['127.0.0.1'], search: [], ndots: 15 }],
    ['options ndots:x ndots: ndots:-1', { servers: ['127.0.0.1'], search: [], ndots: 1 }],
  ]
  for (const [text, expected] of table) t.same(parseResolvConf(text), expected, JSON.stringify(text))
})

t.test('search domains, in the order of ndots, as Go and glibc have it', async t => {
  const search = ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local']
  const searched = (host: string) => search.map(domain => `${host}.${domain}`)
  const table: [string, number, string[]][] = [
    ['node1', 5, [...searched('node1'), 'node1']],
    ['node1.ns', 5, [...searched('node1.ns'), 'node1.ns']],
    ['node1.ns.svc.cluster.local', 5, [...searched('node1.ns.svc.cluster.local'), 'node1.ns.svc.cluster.local']],
    [
      'node1-0.node1.ns.svc.cluster.local',
      5,
      ['node1-0.node1.ns.svc.cluster.local', ...searched('node1-0.node1.ns.svc.cluster.local')],
    ],
    ['peer.example.com', 1, ['peer.example.com', ...searched('peer.example.com')]],
    ['node1', 1, [...searched('node1'), 'node1']],
    ['node1', 0, ['node1', ...searched('node1')]],
    ['node1.', 5, ['node1']],
    ['a.b.c.', 0, ['a.b.c']],
    ['x'.repeat(63), 5, [...searched('x'.repeat(63)), 'x'.repeat(63)]],
  ]
  for (const [host, ndots, names] of table) t.same(namesToTry(host, { search, ndots }), names, `${host} ndots:${ndots}`)
  const long = `${'x'.repeat(60)}.`.repeat(4).slice(0, 243)
  t.same(namesToTry(long, { search, ndots: 9 }), [long], 'names that are too long are left out')
  t.same(namesToTry('node1', { search: [], ndots: 5 }), ['node1'])
})

// Hosts have one spelling each, and peers one key.
import { domainToASCII } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { hostPort, isAddress, normalHost, type Peer, peerKey, uniquePeers } from '../../peers/peer.ts'
import { anyPeer, host } from './lists.ts'

t.test('normal hosts', t => {
  const rows: [string, string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['[10.0.0.1]', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[::1]', '::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['Node0.Chain.SVC.cluster.local.', 'node0.chain.svc.cluster.local'],
    ['node_0.a', 'node_0.a'],
    ['bücher.EXAMPLE', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['日本。jp', 'xn--wgv71a.jp'],
    ['1e100.net', '1e100.net'],
    [`${'a'.repeat(63)}.b`, `${'a'.repeat(63)}.b`],
    ['__proto__', '__proto__'],
  ]
  for (const [text, normal] of rows) t.equal(normalHost(text), normal, text)
  t.end()
})

t.test('what is no host', t => {
  const texts = [
    '',
    '.',
    'a..b',
    'a..',
    '-a',
    'a-',
    'a b',
    ' a',
    'a\n',
    'a\tb',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'a%62',
    'u@a',
    'a:1',
    '*.a',
    '$(A)',
  ]
  texts.push(
    '1.2.3',
    '256.0.0.1',
    '010.0.0.1',
    '0x7f.1',
    '127.1',
    '2130706433',
    '10.0.0.1.',
    '１.２.３.４',
    'a.1',
    'a.0x1',
  )
  texts.push('[::1', '::1]', '1::2::3', '12345::', 'fe80::1%eth0', '::ffff:010.0.0.1', '[a', '[]')
  texts.push('a\u00adb', 'a\u200bb', '\ufeffa', 'xn--', `${'a'.repeat(64)}.b`, `${'a.'.repeat(126)}bc`)
  for (const text of texts) t.equal(normalHost(text), undefined, JSON.stringify(text))
  t.end()
})

t.test('a normal host is its own normal form, alone and in a URL', t => {
  fc.assert(
    fc.property(host, text => {
      t.equal(normalHost(text), text)
      t.equal(normalHost(text.toUpperCase()), text)
      if (!isAddress(text)) t.equal(normalHost(`${text}.`), text)
      if (text.includes(':')) t.equal(normalHost(`[${text}]`), text)
      return isAddress(text) || /^[a-z0-9._-]+$/.test(text)
    }),
  )
  t.end()
})

t.test('addresses', t => {
  for (const address of ['10.0.0.1', '::1', '2001:db8::1']) t.ok(isAddress(address), address)
  for (const name of ['a', 'node0.chain', '1e100.net', 'a.b.c.d']) t.notOk(isAddress(name), name)
  t.equal(hostPort({ host: '2001:db8::1', port: 80 }), '[2001:db8::1]:80')
  t.equal(hostPort({ host: 'a.b', port: 80 }), 'a.b:80')
  t.end()
})

t.test('keys are equal for equal peers and only for them', t => {
  const peer: Peer = { host: 'a', port: 1, role: 'peer' }
  t.equal(peerKey({ ...peer, id: 'x' }), 'peer x@a:1')
  t.equal(peerKey(peer), 'peer @a:1')
  const others: Peer[] = [
    peer,
    { ...peer, id: 'x' },
    { ...peer, host: 'b' },
    { ...peer, port: 2 },
    { ...peer, role: 'seed' },
  ]
  t.equal(new Set(others.map(peerKey)).size, others.length)
  fc.assert(
    fc.property(anyPeer, anyPeer, (peer, other) => {
      const same =
        peer.id === other.id && peer.host === other.host && peer.port === other.port && peer.role === other.role
      return same === (peerKey(peer) === peerKey(other))
    }),
  )
  t.end()
})

t.test('unique peers', t => {
  fc.assert(
    fc.property(fc.array(anyPeer), peers => {
      const keys = uniquePeers([...peers, ...peers].reverse()).map(peerKey)
      t.strictSame(keys, [...new Set(peers.map(peerKey))].sort())
    }),
  )
  t.end()
})

t.test('a plain name is what domainToASCII makes of it', t => {
  const letters = fc.constantFrom(...'abxnXN0179_-.', 'xn--', '0x', '..')
  const text = fc.array(letters, { minLength: 1, maxLength: 12 }).map(parts => parts.join(''))
  const label = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/
  fc.assert(
    fc.property(text, name => {
      const ascii = domainToASCII(name.endsWith('.') ? name.slice(0, -1) : name)
      const isName = ascii.split('.').every(part => label.test(part)) && !/(^|\.)\d+$/.test(ascii)
      return normalHost(name) === (isName ? ascii : undefined)
    }),
    { numRuns: 20_000, seed: 1 },
  )
  t.pass()
  t.end()
})

import fc from 'fast-check'
import t from 'tap'
import { readDetails } from '../../../../discovery/sources/validators/registry.ts'

const id = 'c502b9d12fefcc850b1b01fc2843a46d9d7939bb'
const endpoint = (host: string, withId?: string) => ({ kind: 'endpoint', host, ...(withId ? { id: withId } : {}) })

t.test('what validators publish', async t => {
  t.same(
    readDetails('Validator alice\np2p=alice-lb.us-east-1.elb.amazonaws.com', false),
    endpoint('alice-lb.us-east-1.elb.amazonaws.com'),
  )
  t.same(readDetails(`p2p=${id.toUpperCase()}@8.8.8.8`, false), endpoint('8.8.8.8', id))
  t.same(readDetails('192.168.97.100', true), endpoint('192.168.97.100'), 'a bare host')
  t.same(readDetails(`${id}@bob.validators.com.`, false), endpoint('bob.validators.com', id))
  t.same(readDetails('P2P=[2001:4860::8888]', false), endpoint('2001:4860::8888'))
  t.same(readDetails(`p2p=${id}@8.8.8.8 our motto p2p=${id}@8.8.8.8`, false), endpoint('8.8.8.8', id), 'the same twice')
  t.same(readDetails('p2p=bob', true), endpoint('bob'))
})

t.test("forms that the ICS operator's registry takes", async t => {
  const withPort = (host: string, port: number, withId?: string) => ({ ...endpoint(host, withId), port })
  const rows: readonly [details: string, object][] = [
    ['p2p=a.example.org:26656', withPort('a.example.org', 26_656)],
    [`p2p=${id}@8.8.8.8:1`, withPort('8.8.8.8', 1, id)],
    ['p2p=[2001:4860::8888]:26656', withPort('2001:4860::8888', 26_656)],
    ['p2p=2001:4860::8888', endpoint('2001:4860::8888')],
    ['moniker=alice,p2p=a.example.org,rpc=b.example.org:443', endpoint('a.example.org')],
    ['moniker=alice, p2p=a.example.org:26656, rpc=b.example.org', withPort('a.example.org', 26_656)],
    ['p2p=a.example.org,', endpoint('a.example.org')],
    ['We validate,p2p=a.example.org', endpoint('a.example.org')],
    ['alice,p2p=a.example.org,eu-west', endpoint('a.example.org')],
    ['a.example.org,p2p=a.example.org', endpoint('a.example.org')],
    ['{"p2p":"a.example.org"}', endpoint('a.example.org')],
    [`{"name": "x", "p2p" : "${id}@a.example.org:26656", "y": 1}`, withPort('a.example.org', 26_656, id)],
    ['Validator alice {"p2p":"a.example.org"} p2p=a.example.org', endpoint('a.example.org')],
  ]
  for (const [details, expected] of rows) t.same(readDetails(details, false), expected, details)
  for (const details of ['example.org:443', 'a.example.org:26656'])
    t.same(readDetails(details, false), { kind: 'nothing' }, `${details}: a bare host with a port is a website`)
  t.match(readDetails('{"p2p":"a.example.org"} p2p=b.example.org', false), { code: 'several-endpoints' })
  t.match(readDetails('{"p2p":"10.0.0.1:26656"}', false), { code: 'private-host' })
  t.match(readDetails('p2p=10.0.0.1:26656', false), { code: 'private-host' })
})

t.test('what publishes nothing', async t => {
  for (const details of [
    '',
    ' \n',
    'We validate.',
    'https://example.com/x',
    'Stake with us',
    'motto',
    'up2p=8.8.8.8',
    'visit node.example.com now',
  ]) {
    t.same(readDetails(details, false), { kind: 'nothing' }, details)
  }
})

t.test('what is refused', async t => {
  const refused: readonly [details: string, code: string][] = [
    ['p2p=$(reboot)', 'malformed'],
    ['p2p=`id`', 'malformed'],
    ['p2p=host.com;reboot', 'malformed'],
    ['p2p=a.com,b.com', 'malformed'],
    ['p2p=a.com\'"', 'malformed'],
    ['p2p=a.com"]\npersistent_peers="', 'malformed'],
    ['p2p=../../etc/passwd', 'malformed'],
    ['p2p=http://a.com', 'malformed'],
    ['p2p=a.com:0', 'malformed'],
    ['p2p=a.com:65536', 'malformed'],
    ['p2p=a.com:26656:1', 'malformed'],
    ['p2p=:26656', 'malformed'],
    ['{"p2p":""}', 'malformed'],
    ['{"p2p":"a.com\u0000"}', 'malformed'],
    [`p2p=${id}@${id}@a.com`, 'malformed'],
    [`p2p=${id.slice(1)}@a.com`, 'malformed'],
    ['p2p=', 'malformed'],
    ['p2p=ex\u0430mple.com', 'malformed'],
    ['p2p=a\u200bb.com', 'malformed'],
    ['p2p=a.com\u0000', 'malformed'],
    ['p2p=fe80::1%eth0', 'malformed'],
    ['p2p=2130706433', 'malformed'],
    ['p2p=0x7f.1', 'malformed'],
    ['p2p=a.0x1', 'malformed'],
    [`p2p=${'a'.repeat(301)}.com`, 'malformed'],
    [`p2p=${'x'.repeat(1_000_000)}`, 'too-long'],
    [`${'p2p=a.com '.repeat(100_000)}`, 'too-long'],
    ['p2p=a.com p2p=b.com', 'several-endpoints'],
    ['p2p=0.0.0.0', 'unusable-host'],
    ['p2p=255.255.255.255', 'unusable-host'],
    ['p2p=224.0.0.1', 'unusable-host'],
    ['p2p=192.0.2.1', 'unusable-host'],
    ['p2p=2002:7f00:1::', 'unusable-host'],
    ['p2p=64:ff9b::7f00:1', 'unusable-host'],
    ['p2p=a.b1', 'unusable-host'],
    ['p2p=10.0.0.1', 'private-host'],
    ['p2p=172.20.0.1', 'private-host'],
    ['p2p=192.168.97.100', 'private-host'],
    ['p2p=100.64.0.1', 'private-host'],
    ['p2p=127.0.0.1', 'private-host'],
    ['p2p=169.254.169.254', 'private-host'],
    ['p2p=::1', 'private-host'],
    ['p2p=::ffff:127.0.0.1', 'private-host'],
    ['p2p=fe80::1', 'private-host'],
    ['p2p=fd00::1', 'private-host'],
    ['p2p=localhost', 'private-host'],
    ['p2p=postgres', 'private-host'],
    ['p2p=kubernetes.default.svc', 'private-host'],
    ['p2p=kubernetes.default.svc.cluster.local', 'private-host'],
    ['p2p=metadata.google.internal', 'private-host'],
    ['p2p=router.home.arpa', 'private-host'],
    ['192.168.97.100', 'private-host'],
  ]
  for (const [details, code] of refused)
    t.match(readDetails(details, false), { kind: 'refused', code }, details.slice(0, 60))
  for (const details of ['p2p=10.0.0.1', 'p2p=localhost', 'p2p=169.254.1.1', 'p2p=a.svc.cluster.local']) {
    t.match(readDetails(details, true), { kind: 'endpoint' }, `${details} with allowPrivate`)
  }
  for (const details of ['p2p=224.0.0.1', 'p2p=0.0.0.0'])
    t.match(readDetails(details, true), { code: 'unusable-host' }, `${details} all the same`)
})

t.test('whatever is published, what is taken is harmless in a list', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.stringMatching(/^[a-z0-9.:@-]{0,40}$/),
    fc.ipV4(),
    fc.ipV6(),
  )
  fc.assert(
    fc.property(
      text,
      fc.constantFrom('p2p=', `p2p=${id}@`, '', 'a=b,p2p=', '{"p2p":"'),
      fc.boolean(),
      (value, prefix, allowPrivate) => {
        const published = readDetails(`${prefix}${value}`, allowPrivate)
        if (published.kind === 'endpoint')
          return /^[a-z0-9._:-]{1,253}$/.test(published.host) && (published.id ?? id) === id
        return published.kind === 'nothing' || (published.message.length < 500 && !/\p{Cc}/u.test(published.message))
      },
    ),
    { numRuns: 500 },
  )
})

t.test('a long text costs nothing', async t => {
  const texts = [
    'x'.repeat(1_000_000),
    ' '.repeat(4000),
    'p2p='.repeat(1000),
    `p2p=${'a.'.repeat(140)}`,
    `${'p2p=a '.repeat(600)}`,
    `"p2p"${' '.repeat(4000)}`,
    '"p2p":'.repeat(600),
    'a=,'.repeat(1300),
    ','.repeat(4000),
  ]
  const before = process.cpuUsage()
  for (let count = 0; count < 20; count++) for (const text of texts) readDetails(text, false)
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 500_000, `${(user + system) / 1000} ms`)
})

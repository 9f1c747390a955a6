import t from 'tap'
import { type ChainPeersOptions, chainPeers } from '../../../../discovery/sources/validators/chain-peers.ts'
import { byStake, type Validator } from '../../../../discovery/sources/validators/queries.ts'

const options: ChainPeersOptions = {
  chainId: 'chain',
  port: 30_301,
  operator: 'me',
  exclude: new Set(),
  allowPrivate: false,
  computedIds: undefined,
  unbonded: false,
}
const id = (digit: string) => digit.repeat(40)
const validator = (operator: string, details: string, more: Partial<Validator> = {}): Validator => ({
  operator,
  consensus: `cons-${operator}`,
  moniker: operator,
  details,
  bonded: true,
  tokens: 100,
  ...more,
})
const everyone = (validators: readonly Validator[]) => new Set(validators.map(({ consensus }) => consensus))
const wanted = (validators: readonly Validator[], more: Partial<ChainPeersOptions> = {}, settled = new Map()) =>
  chainPeers(byStake(validators), everyone(validators), settled, { ...options, ...more })

t.test('who has opted in, is bonded, and publishes an endpoint with an ID', async t => {
  const validators = [
    validator('me', `p2p=${id('0')}@me.example.com`),
    validator('bob', `p2p=${id('b')}@bob.example.org`),
    validator('out', `p2p=${id('c')}@out.example.org`),
    validator('jailed', `p2p=${id('d')}@jailed.example.org`, { bonded: false }),
    validator('quiet', 'We validate.'),
    validator('bare', 'p2p=bare.example.org'),
    validator('evil\u0000', 'p2p=$(x)'),
  ]
  const optedIn = new Set([...everyone(validators)].filter(address => address !== 'cons-out'))
  const found = chainPeers(validators, optedIn, new Map(), options)
  t.same([...found.peers], [['bob', { id: id('b'), host: 'bob.example.org', port: 30_301, role: 'peer' }]])
  t.same(found.problems.map(({ code }) => code).sort(), ['malformed', 'no-endpoint', 'no-node-id', 'not-bonded'])
  t.notMatch(JSON.stringify(found.problems), '\u0000')
  t.equal(found.considered, 5, 'opted in, without the reader')
  t.ok(wanted(validators, { unbonded: true }).peers.has('jailed'))
  t.equal(wanted(validators, { exclude: new Set(['bob']) }).peers.has('bob'), false, 'named to be left out')
})

t.test('computed node IDs only where they are asked for', async t => {
  const validators = [validator('charlie', 'p2p=charlie.example.org')]
  const chainId = 'consumer-0-1751686503-0'
  t.equal(wanted(validators, { chainId }).peers.size, 0)
  const { peers } = wanted(validators, { chainId, computedIds: 'ics-consumer' })
  t.equal(peers.get('charlie')?.id, 'c502b9d12fefcc850b1b01fc2843a46d9d7939bb')
})

t.test('a node ID has one owner', async t => {
  const bob = validator('bob', `p2p=${id('b')}@bob.example.org`, { tokens: 5 })
  const mallory = validator('mallory', `p2p=${id('b')}@mallory.example.org`, { tokens: 50 })
  const before = wanted([bob])
  const settled = new Map([['bob', { peer: before.peers.get('bob'), changes: 3, at: 0 }]])
  const moved = { ...bob, details: `p2p=${id('b')}@new.example.org` }
  for (const validators of [
    [bob, mallory],
    [mallory, moved],
  ]) {
    const found = wanted(validators, {}, settled)
    t.same([...found.peers.keys()], ['bob'], 'whoever is listed with it')
    t.match(found.problems, [{ code: 'id-claimed', subject: 'validator mallory' }])
  }
  t.same([...wanted([bob, mallory]).peers.keys()], ['mallory'], 'or else who has more stake')
})

t.test("someone else's host takes nothing from its owner", async t => {
  const found = wanted([
    validator('bob', `p2p=${id('b')}@bob.example.org`),
    validator('mallory', `p2p=${id('e')}@bob.example.org`),
  ])
  t.same([...found.peers.keys()].sort(), ['bob', 'mallory'])
  t.match(found.problems, [{ code: 'shared-host' }])
})

t.test('as many as a list may hold, those with most stake', async t => {
  const many = Array.from({ length: 1200 }, (_, index) =>
    validator(`v${index}`, `p2p=${index.toString(16).padStart(40, '0')}@v${index}.example.org`, { tokens: index }),
  )
  const found = wanted(many)
  t.equal(found.peers.size, 1000)
  t.notOk(found.peers.has('v0'))
  t.match(found.problems, [{ code: 'too-many', message: /^200 validators/ }])
})

t.test('a port that was published does not count, and is said where it is another', async t => {
  const at = (port: number) =>
    wanted([validator('bob', `p2p=${id('b')}@bob.example.org:${port}`)]).problems.filter(
      ({ code }) => code === 'port-ignored',
    )
  t.match(at(26_656), [
    {
      message: `"bob" publishes port 26656 with its host, which does not count: port ${options.port} follows from the chain ID`,
    },
  ])
  t.same(at(options.port), [])
})

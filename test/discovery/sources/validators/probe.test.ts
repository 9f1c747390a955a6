import t from 'tap'
import { type ProbeOptions, probePublished } from '../../../../discovery/sources/validators/probe.ts'
import { Prober } from '../../../../discovery/sources/validators/prober.ts'
import { until } from '../../../fixtures/until.ts'
import { greeting, listen } from './fixtures/greeter.ts'

const options: ProbeOptions = {
  kind: 'cometbft',
  timeoutMs: 150,
  allowPrivate: true,
  lookup: host => Promise.reject(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' })),
}
const { signal } = new AbortController()

t.test('what answers as a CometBFT node', async t => {
  const says: readonly [string, Buffer | string, RegExp | undefined][] = [
    ['the greeting', greeting, undefined],
    ['another program', 'SSH-2.0-OpenSSH_9.6\r\n', /another program than CometBFT/],
    ['nothing', 'nothing', /no answer within 0.15 s/],
    ['an end', 'end', /ends them at once/],
    ['half of it', greeting.subarray(0, 2), /no answer within/],
  ]
  for (const [name, text, expected] of says) {
    const listener = await listen('127.0.0.1', 0, text)
    const answer = await probePublished({ host: '127.0.0.1', port: listener.port }, options, signal)
    if (expected) t.match(answer, expected, name)
    else t.equal(answer, undefined, name)
    const tcp = await probePublished({ host: '127.0.0.1', port: listener.port }, { ...options, kind: 'tcp' }, signal)
    t.equal(tcp, undefined, `${name}: as TCP it answers`)
    await listener.close()
    t.equal(await probePublished({ host: '127.0.0.1', port: listener.port }, options, signal), 'ECONNREFUSED')
  }
})

t.test('where a name leads', async t => {
  const listener = await listen('127.0.0.1')
  t.teardown(() => listener.close())
  const to = (...addresses: string[]) => ({
    ...options,
    lookup: () => Promise.resolve(addresses.map(address => ({ address }))),
  })
  const endpoint = { host: 'node.example.org', port: listener.port }
  t.equal(await probePublished(endpoint, to('127.0.0.1'), signal), undefined)
  t.equal(listener.connections(), 1)
  const strict = { ...to('8.8.8.8', '127.0.0.1'), allowPrivate: false }
  t.match(
    await probePublished(endpoint, strict, signal),
    /node.example.org leads to 127.0.0.1 is loopback/,
    'one of its addresses',
  )
  for (const address of ['10.96.0.1', '169.254.169.254', 'fd00::1', '::ffff:10.0.0.1']) {
    t.match(
      await probePublished(endpoint, { ...to(address), allowPrivate: false, kind: 'none' }, signal),
      /leads to/,
      address,
    )
  }
  t.match(await probePublished(endpoint, options, signal), /cannot be looked up: ENOTFOUND/)
  t.match(await probePublished(endpoint, to(), signal), /has 0 addresses/)
  t.match(await probePublished(endpoint, to(...Array(17).fill('8.8.8.8')), signal), /has 17 addresses/)
  t.equal(listener.connections(), 1, 'nothing connects to what is refused')
})

t.test('asks again, with growing waits, and waits for nobody', async t => {
  let now = 0
  let changed = 0
  const answers: (string | undefined)[] = ['ECONNREFUSED', 'ECONNREFUSED', undefined]
  let asked = 0
  const probe = async ({ host }: { host: string }) => {
    if (host === 'slow') return new Promise<string>(() => undefined)
    return answers[asked++]
  }
  const retry = { minRetryMs: 1000, maxRetryMs: 60_000, random: () => 0 }
  const prober = new Prober({ probe, options, retry, now: () => now, changed: () => void changed++ })
  const endpoints = new Map(['bob', 'slow'].map(host => [host, { host, port: 1 }]))
  const bob = async () => (await prober.ask(endpoints, 20)).get('bob')
  const began = performance.now()
  t.match(await bob(), { state: 'silent', reason: 'ECONNREFUSED' })
  t.ok(performance.now() - began < 1000, 'the slow one holds nobody up')
  t.equal((await prober.ask(endpoints, 0)).get('slow')?.state, 'asking')
  await bob()
  t.equal(asked, 1, 'not yet')
  now = 1000
  await bob()
  t.equal(asked, 2)
  now = 2500
  await bob()
  t.equal(asked, 2, 'twice as long')
  now = 3000
  await bob()
  await until('it answers', async () => (await bob())?.state === 'answers')
  t.equal(changed, 2, 'it was silent, and then it answers')
  prober.close()
})

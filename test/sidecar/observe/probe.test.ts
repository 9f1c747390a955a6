import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import t from 'tap'
import { createLimitedProbe, probeAll, reachable } from '../../../sidecar/observe/probe.ts'
import { until } from '../../fixtures/until.ts'

async function listen(
  t: { teardown: (done: () => void) => void },
  host = '127.0.0.1',
): Promise<{ server: Server; port: number; accepted: () => number }> {
  let accepted = 0
  const server = createServer(socket => {
    accepted++
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host }, resolve)
  })
  t.teardown(() => server.close())
  return { server, port: (server.address() as AddressInfo).port, accepted: () => accepted }
}

t.test('a port that listens is reachable, on IPv4 and IPv6', async t => {
  const { port } = await listen(t)
  t.equal(await reachable('127.0.0.1', port), true)
  const six = await listen(t, '::1').catch(() => undefined)
  if (six) t.equal(await reachable('::1', six.port), true)
  else t.comment('no IPv6 on this machine')
})

t.test('a port that nobody listens on is not', async t => {
  const { server, port } = await listen(t)
  await new Promise(resolve => server.close(resolve))
  t.equal(await reachable('127.0.0.1', port), false)
})

t.test('nonsense is not reachable, and no error', async t => {
  t.equal(await reachable('256.1.1.1.invalid.', 1, 500), false)
})

t.test('silence counts as no after the timeout', async t => {
  // A listener that is stopped and whose queue is full: further SYNs are dropped, as by a firewall.
  const script = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    require('fs').writeSync(1, String(this.address().port))
    process.kill(process.pid, 'SIGSTOP')
  })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const port = Number(String((await once(child.stdout, 'data'))[0]))
  const filling = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => {
    for (const socket of filling) socket.destroy()
  })
  await until('a full queue', async () => !(await reachable('127.0.0.1', port, 100)))
  const before = performance.now()
  t.equal(await reachable('127.0.0.1', port, 200), false)
  const took = performance.now() - before
  t.ok(took >= 190 && took < 2000, `took ${took} ms`)
})

t.test('a yes is kept for a few seconds, and asked for anew after; a no for an instant', async t => {
  const { server, port, accepted } = await listen(t)
  let now = 1000
  const probe = createLimitedProbe({ keepMs: 5000, now: () => now })
  t.same(await Promise.all([probe('127.0.0.1', port), probe('127.0.0.1', port)]), [true, true])
  now += 4999
  t.equal(await probe('127.0.0.1', port), true)
  await until('the one connection', () => accepted() === 1)
  await new Promise(resolve => server.close(resolve))
  t.equal(await probe('127.0.0.1', port), true, 'as it was')
  now += 1
  t.equal(await probe('127.0.0.1', port), false, 'as it is')
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', () => resolve()))
  t.equal(await probe('127.0.0.1', port), false, 'as it was a moment ago')
  now += 200
  t.equal(await probe('127.0.0.1', port), true)
  await new Promise(resolve => server.close(resolve))
  now -= 60_000
  t.equal(await probe('127.0.0.1', port), false, 'a clock set back keeps nothing for long')
})

t.test('silence is kept for as long as it took', async t => {
  let now = 1000
  let asked = 0
  const slow = () => {
    asked++
    now += 2000
    return Promise.resolve(false)
  }
  const probe = createLimitedProbe({ now: () => now, ask: slow })
  t.equal(await probe('192.0.2.1', 1), false)
  now += 1999
  await probe('192.0.2.1', 1)
  t.equal(asked, 1)
  now += 1
  await probe('192.0.2.1', 1)
  t.equal(asked, 2)
})

t.test('no more than the limit are under way together, and all are done', async t => {
  let running = 0
  let most = 0
  const ask = async (_address: string, port: number) => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setImmediate(resolve))
    running--
    return port % 5 !== 0
  }
  const probe = createLimitedProbe({ atOnce: 3, ask })
  // Each that is done is followed by another, so that some come while others wait.
  const twice = async (port: number) => [await probe('192.0.2.1', port), await probe('192.0.2.2', port)]
  const done = await Promise.all(Array.from({ length: 20 }, (_, port) => twice(port)))
  t.equal(most, 3)
  t.equal(done.flat().filter(yes => !yes).length, 8)
})

/** Addresses of a hostile DNS answer, each with a port of its own. */
const many = (count: number) => Array.from({ length: count }, (_, n) => ({ address: '10.0.0.1', port: 1 + n }))
const bounds: [addresses: number, asked: number][] = [
  [0, 0],
  [1, 1],
  [63, 63],
  [64, 64],
  [65, 64],
  [5000, 64],
]
for (const [addresses, expected] of bounds) {
  t.test(`of ${addresses} addresses a look asks ${expected}`, async t => {
    const asked: number[] = []
    const answers = await probeAll(many(addresses), async (_, port) => asked.push(port) > 0)
    t.same(
      asked,
      many(expected).map(({ port }) => port),
      'the first ones',
    )
    t.equal(Object.keys(answers).length, expected, 'what was not asked has no answer')
  })
}

t.test('an address is asked once, and named as a peer is', async t => {
  const asked: string[] = []
  const answers = await probeAll(
    [...many(2), ...many(2), { address: '2001:db8::1', port: 1 }],
    async (address, port) => {
      asked.push(`${address} ${port}`)
      return address !== '10.0.0.1'
    },
  )
  t.same(asked, ['10.0.0.1 1', '10.0.0.1 2', '2001:db8::1 1'])
  t.same(answers, { '10.0.0.1:1': false, '10.0.0.1:2': false, '[2001:db8::1]:1': true })
})

import t, { type Test } from 'tap'
import { type EventTimes, followEvents, subscriptions } from '../../../../discovery/sources/validators/events.ts'
import { until } from '../../../fixtures/until.ts'
import { type FakeProvider, fakeProvider } from './fixtures/provider.ts'

const times: EventTimes = { pingMs: 20, timeoutMs: 400, minRetryMs: 5, maxRetryMs: 20, random: () => 0 }

async function following(t: Test, providers: readonly FakeProvider[], timeoutMs = times.timeoutMs) {
  const seen = { changed: 0, opened: [] as string[], closed: [] as string[] }
  const end = new AbortController()
  const handlers = {
    changed: () => void seen.changed++,
    opened: (url: string) => void seen.opened.push(url),
    closed: (_: string, reason: string) => void seen.closed.push(reason),
  }
  const done = followEvents(
    providers.map(({ url }) => url),
    handlers,
    { ...times, timeoutMs },
    end.signal,
  )
  t.teardown(async () => {
    end.abort()
    await done
    await Promise.all(providers.map(provider => provider.close()))
  })
  return { seen, end, done }
}

t.test('subscribes, hears events, and pings', async t => {
  const provider = await fakeProvider()
  const { seen, end, done } = await following(t, [provider], 5000)
  await until('subscribed', () => seen.opened.length === 1)
  t.equal(seen.changed, 1, 'what came before may have been missed')
  t.equal(provider.asked.get('socket subscribe'), subscriptions.length)
  t.ok(subscriptions.length <= 5, 'as many as CometBFT takes from one client')
  provider.emit()
  await until('an event for each subscription', () => seen.changed === 1 + subscriptions.length)
  await until('pings', () => (provider.asked.get('socket health') ?? 0) >= 3)
  t.same(seen.closed, [], 'one connection all along')
  end.abort()
  await done
  await until('the connection is ended', () => provider.sockets() === 0)
})

t.test('an end without a word', async t => {
  const provider = await fakeProvider()
  const { seen } = await following(t, [provider])
  await until('subscribed', () => seen.opened.length === 1)
  provider.answer.socket = ({ method }) => (method === 'health' ? 'silence' : undefined)
  await until('another connection', () => seen.opened.length >= 2)
  t.match(seen.closed[0], /no answer to a ping within 0.4 s/)
  t.ok(seen.changed >= 2, 'looked at again, since events may have been missed')
})

t.test('refused, cancelled, rubbish, ended, nobody there', async t => {
  const bad = await fakeProvider()
  const good = await fakeProvider()
  const error = (id: number) =>
    JSON.stringify({
      id,
      error: { code: -32000, message: 'Server error', data: 'max_subscriptions_per_client reached' },
    })
  const answers = [
    ({ id }: { id: number }) => error(id),
    () => 'rubbish',
    () => '"text"',
    () => 'end' as const,
    () => 'silence' as const,
  ]
  bad.answer.socket = message => answers[Math.min(turn, answers.length - 1)]?.(message)
  let turn = 0
  const { seen } = await following(t, [bad, good])
  for (; turn < answers.length; turn++) {
    const before = seen.closed.length
    await until(`the other after answer ${turn}`, () => seen.opened.length > turn)
    t.ok(seen.closed.length > before - 1)
    good.answer.socket = ({ method }) => (method === 'health' ? 'end' : undefined)
    await until('that ends as well', () => seen.closed.length >= 2 * (turn + 1))
  }
  t.match(seen.closed.join('\n'), /max_subscriptions_per_client reached/)
  t.match(seen.closed.join('\n'), /found what is no JSON-RPC/)
  t.match(seen.closed.join('\n'), /no answer within 0.4 s/)
  await bad.close()
  await until('connection refused', () => seen.closed.some(reason => reason.startsWith('cannot connect')))
})

t.test(
  'what is too long, binary, compressed or cut off ends the connection, and the next one begins with a look',
  async t => {
    const provider = await fakeProvider()
    const { seen } = await following(t, [provider], 5000)
    const frame = (first: number, length: number, payload: Buffer) => {
      const head = Buffer.alloc(10)
      head[0] = first
      head[1] = 127
      head.writeBigUInt64BE(BigInt(length), 2)
      return Buffer.concat([head, payload])
    }
    const begun = Buffer.alloc(70_000, 'x')
    const frames: readonly [what: string, bytes: readonly Buffer[], reason: RegExp][] = [
      [
        'a message of 100 MB, of which the beginning is there',
        [frame(0x81, 100_000_000, begun)],
        /Max payload size exceeded/,
      ],
      [
        'one that comes in many pieces',
        Array.from({ length: 80 }, (_, i) => frame(i === 0 ? 0x01 : 0x00, 70_000, begun)),
        /Max payload size exceeded/,
      ],
      ['a compressed one', [frame(0xc1, begun.length, begun)], /RSV1 must be clear/],
      ['a binary one', [frame(0x82, begun.length, begun)], /no JSON-RPC/],
      ['half of a JSON text', [frame(0x81, 7, Buffer.from('{"id":1'))], /no JSON-RPC/],
      ['bytes that are no text', [frame(0x81, 4, Buffer.from([0xff, 0xfe, 0xff, 0xfe]))], /invalid UTF-8/],
    ]
    for (const [index, [what, bytes, reason]] of frames.entries()) {
      await until('subscribed', () => seen.opened.length === index + 1)
      const before = seen.changed
      for (const chunk of bytes) provider.raw(chunk)
      await until(`${what}: the end`, () => seen.closed.length === index + 1)
      t.match(seen.closed[index], reason, what)
      await until('a look', () => seen.changed > before)
    }
    await until('subscribed', () => seen.opened.length === frames.length + 1)
    const before = seen.changed
    provider.emit()
    await until('events are heard as before', () => seen.changed > before)
  },
)

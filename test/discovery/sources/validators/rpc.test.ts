import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type RpcOptions, readStatus, rpcDefaults } from '../../../../discovery/sources/validators/rpc.ts'

const { signal } = new AbortController()
const status = JSON.stringify({
  result: {
    node_info: { network: 'p' },
    sync_info: { latest_block_height: '1', latest_block_time: '2026-01-01T00:00:00Z' },
  },
})

/** An endpoint that sends its answer a piece at a time, when told. */
function slow(maxBytes: number) {
  const bodies: ReadableStreamDefaultController<Uint8Array>[] = []
  let ended = 0
  const answer = () =>
    new Response(
      new ReadableStream({
        start: body => void bodies.push(body),
        cancel: () => void ended++,
      }),
    )
  const options: RpcOptions = {
    timeoutMs: 2000,
    maxBytes,
    held: { bytes: 0 },
    fetch: (async () => answer()) as typeof fetch,
  }
  const send = (index: number, text: string) => bodies[index]?.enqueue(Buffer.from(text))
  return { options, bodies, send, ended: () => ended }
}

t.test('one answer is bounded, and so are all that are on their way', async t => {
  const { options, bodies, send, ended } = slow(1000)
  const calls = [0, 1, 2].map(() => readStatus('http://a', options, signal))
  const outcomes = Promise.allSettled(calls)
  send(0, `${' '.repeat(900)}`)
  send(1, `${' '.repeat(900)}`)
  send(2, `${' '.repeat(900)}`)
  await t.rejects(Promise.race(calls), { message: 'status: found more than 2000 bytes in answers at one time' })
  t.equal(ended(), 1, 'its connection is ended')
  send(0, ' '.repeat(200))
  send(1, `\n${status.slice(0, 90)}`)
  await t.rejects(Promise.any([calls[0], calls[2]]), 'the one that is too long by itself as well')
  bodies[1]?.error(new Error('cut off'))
  await outcomes
  t.equal(options.held.bytes, 0, 'whatever became of them, nothing is held any more')
  const next = readStatus('http://a', options, signal)
  send(3, status)
  bodies[3]?.close()
  t.match(await next, { network: 'p', height: 1 })
  t.equal(options.held.bytes, 0)
})

t.test('an answer that never ends', async t => {
  const server = createServer((_, response) => void response.write('{'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const held = { bytes: 0 }
  const call = readStatus(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    { ...rpcDefaults, timeoutMs: 100, held },
    signal,
  )
  await t.rejects(call, { message: 'status: found no answer within 0.1 s' })
  t.equal(held.bytes, 0)
})

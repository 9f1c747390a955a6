// Answers of a name server over UDP, damaged on their way: c-ares reads them, and what it makes of them is ours.
import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { type Answer, decode, encode } from 'dns-packet'
import { normalHost } from '../../../peers/peer.ts'
import { createDns, type DnsAnswer } from '../../../sidecar/observe/dns.ts'
import { mutateBytes } from '../mutate-text.ts'
import { expect, type Target } from '../target.ts'

const name = 'node-0.node.chain.svc.cluster.local'
/** Milliseconds. A damaged answer is none to c-ares, which then waits for another: few cases, and short waits. */
const timeoutMs = 30

const records: readonly (readonly Answer[])[] = [
  [{ type: 'A', name, ttl: 5, data: '10.0.0.1' }],
  [
    { type: 'CNAME', name, ttl: 30, data: 'a.example.com' },
    { type: 'A', name: 'a.example.com', ttl: 0, data: '10.0.0.1' },
    { type: 'A', name: 'a.example.com', ttl: 2 ** 31 - 1, data: '10.0.0.2' },
  ],
  [{ type: 'AAAA', name, ttl: 5, data: 'fd00::1' }],
  [],
]
/** Bytes before the question in a message (RFC 1035, 4.1.1): an answer with another ID or question is none. */
const headerBytes = 12

export const dns: Target = {
  name: 'DNS answers',
  weight: 2,
  async open() {
    const server = createSocket('udp4')
    let reply: (question: Buffer) => Buffer = question => question
    server.on('message', (data, from) => server.send(reply(data), from.port, from.address))
    await new Promise<void>(resolve => server.bind(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return {
      make(random) {
        const answers = random.pick(records)
        const family = random.pick([4, 6] as const)
        const template = encode({
          type: 'response',
          id: 0,
          flags: 0x0180,
          questions: [{ type: 'A', name }],
          answers: [...answers],
        })
        const question = encode({ type: 'query', id: 0, questions: [{ type: 'A', name }] })
        const tail = template.subarray(question.length)
        const changed = random.oneIn(10) ? tail : mutateBytes(tail, [template], random)
        const header = random.oneIn(4)
          ? mutateBytes(template.subarray(2, headerBytes), [], random)
          : template.subarray(2, headerBytes)
        return {
          input: { family, header: header.toString('hex'), answer: changed.toString('hex') },
          run: async () => {
            reply = asked => {
              decode(asked)
              return Buffer.concat([
                asked.subarray(0, 2),
                header,
                asked.subarray(headerBytes, question.length),
                changed,
              ])
            }
            const client = createDns({ servers: [`127.0.0.1:${port}`], timeoutMs })
            try {
              return await client.query(name, family, performance.now() + timeoutMs)
            } finally {
              client.close()
            }
          },
          check: found => {
            const { addresses, ttlSeconds, error } = found as DnsAnswer
            expect(addresses.length > 0 || error !== undefined, 'neither addresses nor why there are none')
            expect(
              addresses.every(address => normalHost(address) !== undefined),
              `found ${JSON.stringify(addresses)}`,
            )
            expect(Number.isInteger(ttlSeconds) && ttlSeconds >= 0, `found a TTL of ${ttlSeconds}`)
          },
        }
      },
      close: () => void server.close(),
    }
  },
}

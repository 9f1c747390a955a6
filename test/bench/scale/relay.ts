// Between the measured process and the API server: counts what passes, and can cut every connection, as a load balancer
// does that is replaced. It passes TLS on as it is.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type Relay = {
  readonly port: number
  /** From the API server so far. */
  bytesIn(): number
  /** To the API server so far. */
  bytesOut(): number
  open(): number
  /** Connections so far. */
  total(): number
  cut(): void
  close(): void
}

export async function startRelay(target: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let [bytesIn, bytesOut, total] = [0, 0, 0]
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    total++
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end)
    upstream.on('data', (chunk: Buffer) => {
      bytesIn += chunk.length
    })
    client.on('data', (chunk: Buffer) => {
      bytesOut += chunk.length
    })
    client.pipe(upstream)
    upstream.pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.destroy()
      upstream.destroy()
    }
  }
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    bytesIn: () => bytesIn,
    bytesOut: () => bytesOut,
    open: () => pairs.size,
    total: () => total,
    cut,
    close: () => {
      server.close()
      cut()
    },
  }
}

// Three rotations under clients that never stop connecting, with real keys over real TLS. The keeper's clock runs 3600 times as fast:
// the 15 minutes' wait lasts a quarter of a second. The certificates' dates hold for the real clock, by which TLS judges them.
import { once } from 'node:events'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import t from 'tap'
import { issueFresh } from '../../certs/issue.ts'
import { startKeeper } from '../../certs/keeper.ts'
import { day, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'
import { MemoryCluster } from './fixtures/memory-stores.ts'
import { until } from './fixtures/until.ts'

const speed = 3600
const start = Date.now()
const now = () => start + (Date.now() - start) * speed
const name = 'repeer-webhook.repeer-system.svc'

t.test('three rotations under 20 concurrent TLS clients: no handshake fails, no connection is closed', async t => {
  const cluster = new MemoryCluster()
  // Every caBundle with the time since which it is published, so that a client can hold one that is up to 10 minutes old.
  const history: { at: number; bundle: string }[] = []
  cluster.published = ([bundle]) => void history.push({ at: now(), bundle: bundle ?? '' })
  const log = keptLog()
  const replica = () =>
    startKeeper({
      ...cluster.stores(),
      service,
      log,
      now,
      // Two thirds of the life are over half an hour after the issuing, by the keeper's clock.
      issue: now => issueFresh({ service, now: now - 20 * day * 1000, lifetimeSeconds: 30 * day + 2700, clockSkewSeconds: 300 }),
      dropAfterSeconds: 3600,
      intervalSeconds: 0.02,
    })
  const [keeper, other] = await Promise.all([replica(), replica()])
  await until(() => keeper.published() && other.published(), 'published')

  const server = createServer({ ...keeper.current(), requestTimeout: 0, headersTimeout: 0 }, (_request, response) => response.end('ok'))
  let switches = 0
  keeper.onChange(certificate => {
    server.setSecureContext(certificate)
    switches += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  // A connection from before the first rotation, to be used after the last.
  const old = connectTls({ host: '127.0.0.1', port, servername: name, ca: keeper.current().ca })
  await once(old, 'secureConnect')

  const failed: string[] = []
  const counts = { handshakes: 0, withOldBundle: 0 }
  const served = new Set<string>()
  const connect = () =>
    new Promise<void>(resolve => {
      const age = Math.random() * 600_000
      const ca = (history.findLast(({ at }) => at <= now() - age) ?? history[0])?.bundle ?? ''
      if (ca !== history.at(-1)?.bundle) counts.withOldBundle += 1
      const request = get({ host: '127.0.0.1', port, servername: name, ca, agent: false }, response => {
        counts.handshakes += 1
        if (response.socket instanceof TLSSocket) served.add(response.socket.getPeerX509Certificate()?.fingerprint256 ?? '')
        response.resume().on('close', resolve)
      })
      request.on('error', error => {
        failed.push(error.message)
        resolve()
      })
    })
  let running = true
  const client = async () => {
    while (running) await connect()
  }
  const clients = Array.from({ length: 20 }, client)
  await until(() => switches >= 3, 'three rotations', 40)
  const handshakes = counts.handshakes
  await until(() => counts.handshakes > handshakes + 20, 'handshakes after the last one')
  running = false
  await Promise.all(clients)

  t.same(failed, [])
  old.end(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
  t.match(String(await once(old, 'data')), /^HTTP\/1.1 200 OK/, 'the connection from before is still good')
  t.ok(served.size >= 4, `${served.size} certificates seen by clients`)
  t.ok(counts.handshakes > 200, `${counts.handshakes} handshakes`)
  t.ok(counts.withOldBundle > 0, `${counts.withOldBundle} with a caBundle that has been replaced since`)
  t.notOk(
    log.lines.some(line => line.level !== 'info'),
    'nothing went wrong',
  )
  await Promise.all([keeper.close(), other.close()])
  await new Promise(resolve => server.close(resolve))
})

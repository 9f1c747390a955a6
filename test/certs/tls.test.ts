// Three rotations under clients that never stop connecting, with real keys over real TLS. The clock is the test's own:
// it moves on by three minutes when every replica has looked and every handshake that was under way has ended, so that
// a busy machine does not turn a slow handshake into one of many minutes. The certificates' dates hold for the real
// clock too, by which TLS judges them.
import { once } from 'node:events'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import t from 'tap'
import { issueFresh } from '../../certs/issue.ts'
import { startKeeper } from '../../certs/keeper.ts'
import { until } from '../fixtures/until.ts'
import { day, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'
import { MemoryCluster } from './fixtures/memory-stores.ts'

const name = 'repeer-webhook.repeer-system.svc'
const tickMs = 3 * 60_000
const propagationMs = 10 * 60_000

t.test('three rotations under 20 concurrent TLS clients: no handshake fails, no connection is closed', async t => {
  let clock = Date.now()
  const now = () => clock
  const cluster = new MemoryCluster()
  // Every caBundle with the time since which it is published, so that a client can hold one that is up to 10 minutes
  // old.
  const history: { at: number; bundle: string }[] = []
  cluster.published = ([bundle]) => void history.push({ at: now(), bundle: bundle ?? '' })
  const log = keptLog()
  const looks = [0, 0]
  const replica = (index: number) =>
    startKeeper({
      ...cluster.stores(call => {
        if (call === 'after get') looks[index] = (looks[index] ?? 0) + 1
      }),
      service,
      log,
      now,
      // Twenty minutes after the issuing, two thirds of the life are over.
      issue: now =>
        issueFresh({ service, now: now - 20 * day * 1000, lifetimeSeconds: 30 * day + 1800, clockSkewSeconds: 300 }),
      dropAfterSeconds: 240,
      intervalSeconds: 0.005,
    })
  const keepers = await Promise.all([replica(0), replica(1)])
  const [keeper] = keepers
  await until('published', () => keepers.every(keeper => keeper.published()))

  const server = createServer({ ...keeper.current(), requestTimeout: 0, headersTimeout: 0 }, (_request, response) =>
    response.end('ok'),
  )
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
  const startedAt = new Map<number, number>()
  const connect = (client: number) =>
    new Promise<void>(resolve => {
      startedAt.set(client, now())
      const age = Math.random() * propagationMs
      const ca = (history.findLast(({ at }) => at <= now() - age) ?? history[0])?.bundle ?? ''
      if (ca !== history.at(-1)?.bundle) counts.withOldBundle += 1
      const request = get({ host: '127.0.0.1', port, servername: name, ca, agent: false }, response => {
        counts.handshakes += 1
        if (response.socket instanceof TLSSocket)
          served.add(response.socket.getPeerX509Certificate()?.fingerprint256 ?? '')
        response.resume().on('close', resolve)
      })
      request.on('error', error => {
        failed.push(error.message)
        resolve()
      })
    })
  let running = true
  const clients = Array.from({ length: 20 }, async (_, client) => {
    while (running) await connect(client)
  })
  while (switches < 3 && clock < Date.now() + day * 1000) {
    const before = [...looks]
    await until('looks of both replicas', () => looks.every((count, index) => count >= (before[index] ?? 0) + 2))
    await until('the end of earlier handshakes', () => [...startedAt.values()].every(at => at === clock))
    clock += tickMs
  }
  const handshakes = counts.handshakes
  await until('handshakes after the last one', () => counts.handshakes > handshakes + 20)
  running = false
  await Promise.all(clients)

  t.same(failed, [])
  old.end(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
  t.match(String(await once(old, 'data')), /^HTTP\/1.1 200 OK/, 'the connection from before is still good')
  t.equal(switches, 3)
  t.equal(served.size, 4, 'certificates seen by clients')
  t.ok(counts.handshakes > 300, `${counts.handshakes} handshakes`)
  t.ok(counts.withOldBundle > 20, `${counts.withOldBundle} with a caBundle that has been replaced since`)
  t.ok(log.lines.filter(line => line.fields.step === 'forget').length >= 2, 'earlier CAs were dropped')
  t.notOk(
    log.lines.some(line => line.level !== 'info'),
    'nothing went wrong',
  )
  await Promise.all(keepers.map(keeper => keeper.close()))
  await new Promise(resolve => server.close(resolve))
})

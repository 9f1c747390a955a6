import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import t from 'tap'
import { buildServer } from '../../controller/server.ts'

t.test('health, readiness and metrics', async t => {
  const registry = new Registry()
  let age: number | undefined
  let missing: string[] = ['the pods of namespace chain have not been read yet']
  let degraded: string[] = []
  const server = buildServer({ registry, watchAge: () => age, missing: () => missing, degraded: () => degraded })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method })
    return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
  }
  t.match(await get('/healthz'), { status: 200 }, 'a replica that watches nothing is well')
  age = 299
  t.match(await get('/healthz'), { status: 200 })
  age = 301
  t.match(await get('/healthz'), { status: 503, text: /last contact of a watch with the API server was 301 s ago/ })
  t.match(await get('/readyz'), { status: 503, text: /namespace chain/ })
  missing = []
  t.match(await get('/readyz?verbose'), { status: 200, text: /"ready":true/ })
  degraded = ['PeerSets: found status 404']
  t.match(
    await get('/readyz'),
    { status: 200, text: /"degraded":\["PeerSets: found status 404"\]/ },
    'shown, and still ready',
  )
  t.match(await get('/metrics'), { status: 200, type: registry.contentType })
  t.match(await get('/metrics', 'POST'), { status: 405 })
  t.match(await get('//'), { status: 404, text: /expected \/metrics, \/healthz or \/readyz/ })
})

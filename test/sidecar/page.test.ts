import t from 'tap'
import type { Page } from '../../peers/page.ts'
import { blindTurn } from '../../peers/turn.ts'
import { createMetrics } from '../../sidecar/metrics.ts'
import { buildServer } from '../../sidecar/server.ts'
import { plan, start, withBeside, world } from './fixtures/look.ts'

/** The page after each look, as the loop makes it. */
function pages(w: ReturnType<typeof world>) {
  return (seconds: number): Page => {
    return w.page(w.after(seconds))
  }
}

t.test('what a person reads, through a move', async t => {
  const w = world()
  const next = pages(w)
  const settled = next(0)
  t.match(settled, {
    phase: 'settled',
    connected: 3,
    container: 'node',
    strategy: 'wrap',
    restarts: [],
    node: { height: 100, seenBy: 'net_info' },
  })
  t.equal(settled.applied, settled.wanted)
  t.notOk('reason' in settled)
  w.move(2, '10.0.0.22')
  const waiting = next(1)
  t.match(waiting, { phase: 'waiting', reason: 'settling', sentence: /younger than the settle time/, connected: 2 })
  t.not(waiting.applied, waiting.wanted)
  t.equal(next(5).since, waiting.since, 'since tells when the phase began')
  w.turn = w.memory.need?.hash
  t.ok(w.turn)
  w.blindTurn = blindTurn(undefined, '{}')
  t.match(next(0), { turn: w.turn, notes: w.blindTurn }, 'what it has read of the controller')
  t.equal(next(5).phase, 'restarting')
  w.restarted('b', false)
  t.equal(next(1).phase, 'verifying')
  w.restarted('b')
  t.match(next(1), { phase: 'settled', restarts: [{ level: 'process', outcome: 'verified', why: /node2/ }] })
})

t.test('what is not as it should be with the container beside the node is said, whatever the phase', async t => {
  const w = world({ plan: plan({ reach: withBeside() }) })
  const next = pages(w)
  w.process = {
    identity: 'a',
    startedAt: w.now,
    phase: 'running',
    beside: { note: 'node-utils is older', stuck: false },
  }
  t.match(next(0), { phase: 'settled', detail: 'node-utils is older' })
  w.permit = { hold: 'operator-upgrade', detail: 'it answers 426' }
  w.move(2, '10.0.0.22')
  next(1)
  t.match(next(10), {
    reason: 'operator-upgrade',
    sentence: /no upgrade or halt/,
    detail: 'it answers 426; node-utils is older',
  })
})

t.test('while the kubelet holds the container back, the page says so', async t => {
  const w = world({ plan: plan({ reach: { by: 'signal', uid: 1000, names: ['gaiad'] } }) })
  w.process = { identity: 'a', startedAt: start }
  const next = pages(w)
  next(0)
  w.move(2, '10.0.0.22')
  next(1)
  t.equal(next(10).phase, 'restarting')
  w.process = { hold: 'process-not-found', detail: 'none' }
  const held = next(60)
  t.match(held, { phase: 'restarting', reason: 'kubelet-back-off', sentence: /kubelet starts its container again/ })
  t.notOk('until' in held, 'only the kubelet knows how long')
})

t.test('how long the kubelet will wait is said before a second restart of the container, and with it', async t => {
  const w = world({ plan: plan({ reach: { by: 'signal', uid: 1000, names: ['gaiad'] } }) })
  w.process = { identity: 'a', startedAt: start }
  const next = pages(w)
  next(0)
  w.move(2, '10.0.0.22')
  t.notMatch(next(1).detail ?? '', /kubelet/, 'the first costs no wait')
  t.notMatch(next(10).restarts.at(-1)?.why ?? '', /kubelet/)
  w.restarted('b')
  t.equal(next(1).phase, 'settled')
  w.move(2, '10.0.0.23')
  const held = next(1)
  t.match(held, { phase: 'waiting', detail: /wait for 10 s before it starts it again \(CrashLoopBackOff\)/ })
  const begun = next(120)
  t.match(begun, { phase: 'restarting', restarts: [{}, { why: /present address; the kubelet .* wait for 10 s/ }] })
})

t.test('counters begin at zero, so that increase() sees the first of each', async t => {
  const metrics = createMetrics()
  const read = async () => (await metrics.registry.metrics()).split('\n')
  const lines = await read()
  const expected = ['verified', 'unverified', 'overtaken', 'not-taken'].flatMap(outcome =>
    ['process', 'container', 'all-containers'].map(
      level => `repeer_sidecar_restarts_total{level="${level}",outcome="${outcome}"} 0`,
    ),
  )
  expected.push(
    ...['connected', 'in-vain', 'refused'].map(outcome => `repeer_sidecar_told_total{outcome="${outcome}"} 0`),
  )
  expected.push('repeer_sidecar_looks_total 0', 'repeer_sidecar_look_failures_total 0')
  for (const line of expected) t.ok(lines.includes(line), line)
  const counted = /^repeer_sidecar_(restarts|told|looks|look_failures)_total/
  t.equal(lines.filter(line => counted.test(line)).length, expected.length, 'no other: nobody counts what is under way')
  metrics.show(pages(world())(0))
  const shown = await read()
  for (const [standing, count] of Object.entries({ connected: 3, former: 0, absent: 0, unseen: 0, self: 0 }))
    t.ok(
      shown.includes(`repeer_sidecar_peers{standing="${standing}"} ${count}`),
      `${standing}: nobody is a number, too`,
    )
})

t.test('the status page, its health and its metrics over HTTP', async t => {
  const metrics = createMetrics()
  let page: Page | null = null
  let unwell: string | null = null
  const server = buildServer({ page: () => page, unwell: () => unwell, registry: metrics.registry })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as { port: number }
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return { status: response.status, text: await response.text() }
  }
  t.match(await get('/status'), { status: 503, text: /first comparison/ })
  page = pages(world())(0)
  metrics.show(page)
  metrics.describe(plan())
  t.match(JSON.parse((await get('/status')).text), { phase: 'settled' })
  t.match(await get('/healthz'), { status: 200 })
  unwell = 'the last comparison was finished 200 s ago'
  t.match(await get('/healthz'), { status: 503, text: /200 s ago/ })
  t.match(
    (await get('/metrics')).text,
    /repeer_sidecar_phase\{phase="settled"\} 1[\s\S]*repeer_sidecar_peers\{standing="connected"\} 3/,
  )
  const info = `repeer_sidecar_info{group="${plan().group}",profile="cometbft",reach="wrap"} 1\n`
  t.match((await get('/metrics')).text, info, 'what the pod is')
  t.match(await get('/status', 'POST'), { status: 405 })
  t.match(await get('//'), { status: 404 }, 'no URL, and no reason to fall over')
  t.match(await get('/%2e%2e/etc'), { status: 404, text: /expected \/status/ })
})

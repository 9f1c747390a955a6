import t from 'tap'
import { type KeeperOptions, startKeeper } from '../../certs/keeper.ts'
import { entry, firstData, type SecretData } from '../../certs/secret.ts'
import { until } from '../fixtures/until.ts'
import { day, quickIssue, service } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'
import { type Hook, MemoryCluster } from './fixtures/memory-stores.ts'

function setup(hook?: Hook, more: Partial<KeeperOptions> = {}) {
  const cluster = new MemoryCluster()
  const log = keptLog()
  const options: KeeperOptions = {
    ...cluster.stores(hook),
    service,
    log,
    issue: async now => quickIssue(now),
    intervalSeconds: 0.01,
    retrySeconds: 0.002,
    ...more,
  }
  return { cluster, log, options }
}

t.test('returns with a certificate, and publishes it', async t => {
  const { cluster, options } = setup()
  const keeper = await startKeeper(options)
  t.match(keeper.current(), { key: /PRIVATE KEY/, cert: /CERTIFICATE/, ca: /CERTIFICATE/ })
  await until('published', keeper.published)
  t.same(cluster.bundles, [keeper.current().ca])
  t.equal(keeper.failures(), 0)
  await keeper.close()
})

t.test('without options, it issues 2048-bit keys for 90 days', async t => {
  const cluster = new MemoryCluster()
  const keeper = await startKeeper({ ...cluster.stores(), service, log: keptLog() })
  t.match(keeper.current().key, /PRIVATE KEY/)
  await keeper.close()
})

t.test('at start it tries until the stores answer', async t => {
  let refusals = 3
  const { log, options } = setup(call => {
    if (call === 'before get' && refusals-- > 0) throw new Error('connection refused')
  })
  const keeper = await startKeeper(options)
  t.equal(keeper.failures(), 3)
  t.match(
    log.lines.filter(line => line.level === 'error').map(line => line.fields),
    [{ failures: 1, serving: false }, { failures: 2 }, { failures: 3 }],
  )
  await keeper.close()
})

t.test('waiting for the first certificate can be given up', async t => {
  const down: Hook = () => {
    throw new Error('connection refused')
  }
  const stop = new AbortController()
  const { options } = setup(down, { signal: stop.signal })
  const starting = startKeeper(options)
  stop.abort(new Error('SIGTERM'))
  await t.rejects(starting, { message: 'SIGTERM' })
  await t.rejects(startKeeper(setup(down, { signal: AbortSignal.abort(new Error('SIGTERM')) }).options), {
    message: 'SIGTERM',
  })
})

t.test('errors later keep the last good certificate, are counted, and pass', async t => {
  let down = false
  const { log, options } = setup(() => {
    if (down) throw new Error('connection refused')
  })
  const keeper = await startKeeper(options)
  await until('published', keeper.published)
  const before = keeper.current()
  down = true
  await until('three failures', () => keeper.failures() >= 3)
  t.equal(keeper.current(), before)
  t.ok(keeper.published(), 'as far as is known')
  t.match(log.lines.at(-1), { level: 'error', fields: { err: { message: 'connection refused' }, serving: true } })
  down = false
  const failures = keeper.failures()
  await until('works again', () => keeper.failures() <= failures + 1)
  t.equal(keeper.current(), before)
  await keeper.close()
})

t.test('caBundles that cannot be read: what is in the Secret is served, nothing is written', async t => {
  const { cluster, options } = setup(call => {
    if (call === 'before read') throw new Error('forbidden')
  })
  const stored = firstData(quickIssue(Date.now()), [], Date.now())
  cluster.setSecret(stored)
  const keeper = await startKeeper(options)
  t.equal(keeper.current().cert, stored[entry.cert])
  await until('failures', () => keeper.failures() >= 2)
  t.notOk(keeper.published())
  t.equal(cluster.secret?.data, stored)
  await keeper.close()
})

t.test('an expired, broken or incomplete Secret is replaced, loudly', async t => {
  const now = Date.now()
  const good = firstData(quickIssue(now), [], now)
  const cases: [string, SecretData, RegExp][] = [
    ['expired', firstData(quickIssue(now - 100 * day * 1000), [], now), /expired/],
    ['broken', { ...good, [entry.cert]: 'x' }, /tls\.crt/],
    ['missing key', { ...good, [entry.key]: '' }, /tls\.key/],
    ['empty', {}, /tls\.crt/],
  ]
  for (const [name, data, problem] of cases) {
    const { cluster, log, options } = setup()
    cluster.setSecret(data)
    const keeper = await startKeeper(options)
    t.not(keeper.current().cert, data[entry.cert], name)
    t.equal(cluster.secret?.data[entry.cert], keeper.current().cert)
    t.match(
      log.lines.filter(line => line.level === 'error'),
      [{ fields: { step: 'replace', problem }, message: /could not be served; replaced/ }],
    )
    await until('published', keeper.published)
    await keeper.close()
  }
})

t.test('listeners hear of each new certificate; one that throws keeps nothing from the others', async t => {
  const { cluster, log, options } = setup()
  const keeper = await startKeeper(options)
  await until('published', keeper.published)
  const heard: string[] = []
  keeper.onChange(() => {
    throw new Error('mine alone')
  })
  keeper.onChange(certificate => heard.push(certificate.cert))
  // Nobody trusts what is held any more, so the Secret's is taken at once.
  cluster.setSecret(firstData(quickIssue(Date.now()), [], Date.now()))
  cluster.setBundles(() => '')
  await until('heard', () => heard.length > 0)
  t.same(heard, [keeper.current().cert])
  t.equal(cluster.secret?.data[entry.cert], keeper.current().cert)
  t.match(log.lines, [{}, {}, {}, { fields: { err: { message: 'mine alone' } } }])
  await keeper.close()
})

t.test('published is false while a webhook has another CA or none, or there is no configuration', async t => {
  const { cluster, options } = setup(call => {
    if (call === 'before patch') throw new Error('forbidden')
  })
  const keeper = await startKeeper(options)
  await until('a failed patch', () => keeper.failures() > 0)
  t.notOk(keeper.published())
  cluster.setBundles(() => quickIssue(Date.now()).ca)
  const failures = keeper.failures()
  await until('another look', () => keeper.failures() > failures + 1)
  t.notOk(keeper.published())
  cluster.setBundles(() => keeper.current().ca)
  await until('published by somebody else', keeper.published)
  cluster.addWebhook('second.repeer.dev')
  await until('a webhook without a caBundle', () => !keeper.published())
  cluster.setBundles(() => keeper.current().ca)
  await until('in both', keeper.published)
  cluster.configuration = undefined
  await until('no configuration', () => !keeper.published())
  await keeper.close()
})

t.test('closed, it looks no more', async t => {
  let calls = 0
  const { options } = setup(() => {
    calls += 1
  })
  const keeper = await startKeeper(options)
  await keeper.close()
  const before = calls
  await new Promise(resolve => setTimeout(resolve, 60))
  t.equal(calls, before)
})

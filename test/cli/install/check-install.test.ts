// `repeer check --pre` and `--install`, over HTTP against a stand-in for the API server.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { InstallReport } from '../../../cli/install/lines.ts'
import { StatusError } from '../../../demo/api-store.ts'
import { type StandIn, startStandIn } from '../fixtures/cluster.ts'
import { emptyCluster, installation, objects } from '../fixtures/installation.ts'
import { optedIn } from '../fixtures/scene.ts'
import { repeer } from '../program.ts'
import { home } from './installed-facts.ts'

async function standIn(t: Test): Promise<{
  cluster: StandIn
  args: string[]
  look: (...more: string[]) => Promise<InstallReport & { code: number; alarms: string[] }>
}> {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  const args = ['check', '--kubeconfig', join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')]
  const look = async (...more: string[]) => {
    const { code, out, err } = await repeer([...args, '-o', 'json', ...more])
    t.equal(err, '')
    const report = JSON.parse(out) as InstallReport
    const alarms = report.lines
      .filter(({ level }) => level !== 'ok')
      .map(({ check, level, found }) => `${level} ${check}: ${found}`)
    return { code, ...report, alarms }
  }
  return { cluster, args, look }
}

const lease = '/apis/coordination.k8s.io/v1/namespaces/repeer-system/leases/repeer-controller'

t.test('--pre on an empty cluster, and what it asks', async t => {
  const { cluster, args, look } = await standIn(t)
  emptyCluster(cluster)
  const report = await look('--pre')
  t.strictSame(report.alarms, [])
  t.match(report, { code: 0, mode: 'pre', namespace: home, ok: true })
  const posts = cluster.requests.filter(request => request.startsWith('POST'))
  const asked = new Set(posts.filter(request => !request.endsWith('/selfsubjectaccessreviews')))
  t.ok(asked.has('POST /api/v1/namespaces/default/pods'), 'a pod, where there is a namespace')
  t.ok(asked.has('POST /api/v1/namespaces'))
  t.notOk(
    [...asked].some(request => request.includes(home)),
    'nothing in a namespace that is not there',
  )
  t.equal(
    posts.filter(request => request.endsWith('/selfsubjectaccessreviews')).length,
    new Set(objects.map(({ kind }) => kind)).size * 3 + 1,
  )
  t.notOk(cluster.requests.some(request => request.startsWith('PATCH')))

  const text = await repeer([...args, '--pre'])
  t.equal(text.code, 0)
  t.match(text.out, /^ok {7}kubernetes {6}Kubernetes v1\.36\.0\n/)
  t.match(
    text.out,
    /\n9 ok, no warning, no failure: nothing is in the way of an installation in namespace repeer-system\.\n$/,
  )
})

t.test('whatever is posted is a dry run or a review', async t => {
  const { cluster, look } = await standIn(t)
  await installation(cluster)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const wet: string[] = []
  const { onPost } = cluster
  cluster.onPost = (path, body, dryRun) => {
    if (dryRun !== 'All' && !path.endsWith('/selfsubjectaccessreviews')) wet.push(path)
    return onPost(path, body, dryRun)
  }
  await look('--pre')
  await look('--install', '--wait', '0')
  t.strictSame(wet, [])
})

t.test('--pre: rights that lack, refusals, and a namespace of one’s own', async t => {
  const { cluster, look } = await standIn(t)
  emptyCluster(cluster)
  cluster.objects.set('/api/v1/namespaces/peers', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'peers' } })
  const { onPost } = cluster
  cluster.onPost = (path, body, dryRun) => {
    const { resourceAttributes } = (body.spec ?? {}) as { resourceAttributes?: { resource: string; verb: string } }
    if (resourceAttributes)
      return {
        status: { allowed: !(resourceAttributes.resource === 'clusterroles' && resourceAttributes.verb === 'create') },
      }
    if (path === '/api/v1/namespaces/peers/pods') throw new StatusError(403, 'Forbidden', 'exceeded quota: small')
    if (path.endsWith('/clusterroles')) throw new StatusError(403, 'Forbidden', 'cannot create')
    if (path.endsWith('/deployments')) throw new StatusError(409, 'AlreadyExists', 'there')
    if (path.endsWith('/services')) throw new StatusError(400, 'BadRequest', 'webhook x does not support dry run')
    return onPost(path, body, dryRun)
  }
  const report = await look('--pre', '--namespace', 'peers')
  t.equal(report.code, 1)
  t.match(report.alarms, [
    /^failure rights: you may not create clusterroles\.rbac\.authorization\.k8s\.io$/,
    /^failure pods: a pod of repeer-webhook would be refused: .*exceeded quota: small/,
    /^failure pods: a pod of repeer-controller/,
  ])
  t.equal(report.alarms.length, 3)
})

t.test('--pre of somebody who may not create pods: none is tried, which is said', async t => {
  const { cluster, look } = await standIn(t)
  emptyCluster(cluster)
  const { onPost } = cluster
  cluster.onPost = (path, body, dryRun) => {
    const { resourceAttributes } = (body.spec ?? {}) as { resourceAttributes?: { resource: string } }
    if (resourceAttributes) return { status: { allowed: resourceAttributes.resource !== 'pods' } }
    return onPost(path, body, dryRun)
  }
  const { alarms, code } = await look('--pre')
  t.equal(code, 0)
  t.match(alarms, [/warning pods: not looked at: .*you may not create pods in default/, /warning pods/])
  t.notOk(cluster.requests.includes('POST /api/v1/namespaces/default/pods'))
})

t.test('--install: fresh, then with what breaks', async t => {
  const { cluster, args, look } = await standIn(t)
  await installation(cluster)
  const fresh = await look('--install')
  t.strictSame(fresh.alarms, [])
  t.match(fresh, { code: 0, mode: 'install', namespace: home, notKnown: [] })
  t.match(
    (await repeer([...args, '--install'])).out,
    /\n10 ok, no warning, no failure: repeer works in namespace repeer-system\.\n$/,
  )

  cluster.deny = (_, path) => (/secrets|validatingadmission|customresource|proxy/.test(path) ? 'no' : undefined)
  const without = await look('--install', '--wait', '0')
  t.equal(without.code, 0, 'what may not be read is no failure')
  t.match(without.alarms, [/warning certificate/, /warning reach/, /warning peersets/, /warning policies/])
  cluster.deny = () => undefined

  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const bare = await look('--install')
  t.equal(bare.code, 1)
  t.match(bare.alarms, [/failure injection: .*chain came back without the sidecar/], 'the stand-in asks no webhook')
  cluster.objects.delete('/api/v1/namespaces/chain')

  const proxy = `/api/v1/namespaces/${home}/services/https:repeer-webhook:443/proxy/readyz`
  const readyz = cluster.objects.get(proxy)
  cluster.objects.delete(proxy)
  t.match((await look('--install', '--wait', '0')).alarms, [/failure reach: the API server does not reach the webhook/])
  cluster.objects.set(proxy, readyz)
})

t.test('--install looks again while something is not there yet', async t => {
  const { cluster, look } = await standIn(t)
  await installation(cluster)
  const held = cluster.objects.get(lease)
  cluster.objects.delete(lease)
  t.match((await look('--install', '--wait', '0')).alarms, [/failure leader: found no Lease/], 'at once')
  cluster.deny = (_, path) => {
    // The second look finds it.
    if (path.endsWith('/leases')) queueMicrotask(() => cluster.objects.set(lease, held))
    return undefined
  }
  const report = await look('--install')
  t.strictSame(report.alarms, [])
  t.notOk(report.lines.some(line => 'isPassing' in line))
})

t.test('a Lease that a clock of the past renews is held; one that nobody renews is not', async t => {
  const { cluster, look } = await standIn(t)
  await installation(cluster)
  const { spec, ...rest } = cluster.objects.get(lease) as { spec: object }
  let seconds = 0
  const renew = () =>
    cluster.objects.set(lease, {
      ...rest,
      spec: { ...spec, renewTime: new Date(1e12 + seconds++ * 1000).toISOString() },
    })
  renew()
  cluster.deny = (_, path) => {
    if (path.endsWith('/leases')) renew()
    return undefined
  }
  t.strictSame((await look('--install', '--wait', '0')).alarms, [])
})

t.test('flags that do not go together, and no cluster', async t => {
  for (const [more, message] of [
    [['--pre', '--install'], /found --pre and --install, expected one of them/],
    [['--install', '-f', 'x'], /found --filename without --pre/],
    [['-f', 'x'], /found --filename without --pre/],
    [['--pre', '-A'], /found --pre and --all-namespaces/],
    [['--install', '--watch'], /found --install and --watch/],
    [['--install', '--wait', 'long'], /--wait: found "long"/],
    [
      ['--pre', '-f', join(import.meta.dirname, '../fixtures/chain.yaml')],
      /found no Deployment repeer-webhook in the files/,
    ],
  ] as const) {
    const { code, err } = await repeer(['check', ...more])
    t.equal(code, 2, more.join(' '))
    t.match(err, message)
  }
  t.equal((await repeer(['check', '--pre'])).code, 3)
  t.equal((await repeer(['check', '--install'])).code, 3)
})

// The webhook's certificate rotates three times while pods are created without pause: no creation fails, none goes uninjected.
// The intervals are seconds instead of weeks; each phase and each wait is as in life.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { install, kubectl, uninstall } from '../install.ts'
import { plainPod } from '../plain-node.ts'
import { namespaceFor } from '../scenario.ts'
import { until } from '../watch.ts'

const system = 'repeer-system'
const rotations = 3
const times = 'lifetimeSeconds=30,clockSkewSeconds=1,propagationSeconds=4,dropAfterSeconds=6,intervalSeconds=1'

/** A fresh installation whose webhook keeps its certificate by the times above; what it left would be no use to other scenarios. */
function installQuick(t: Test): void {
  t.teardown(() => uninstall())
  install()
  const deployment = kubectl('-n', system, 'get', 'deployment', '-o', 'name').trim()
  kubectl('-n', system, 'scale', deployment, '--replicas=0')
  kubectl('-n', system, 'wait', 'pod', '--all', '--for=delete', '--timeout=60s')
  kubectl('-n', system, 'delete', 'secret', 'repeer-webhook-tls', '--ignore-not-found')
  const argument = { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: `--certificate-times=${times}` }
  kubectl('-n', system, 'patch', deployment, '--type=json', '-p', JSON.stringify([argument]))
  kubectl('-n', system, 'scale', deployment, '--replicas=2')
  kubectl('-n', system, 'rollout', 'status', deployment, '--timeout=90s')
}

/** `kubectl proxy`, so that a creation is one request and not one process. */
async function startProxy(t: Test): Promise<string> {
  const proxy: ChildProcess = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => proxy.kill())
  if (!proxy.stdout) throw new Error('no pipe')
  const [line] = (await once(createInterface(proxy.stdout), 'line')) as [string]
  const address = /127\.0\.0\.1:\d+/.exec(line)?.[0]
  if (!address) throw new Error(`kubectl proxy says ${line}`)
  return `http://${address}`
}

type Created = { metadata: { name: string }; spec: { initContainers?: { name: string }[] } }

/** Creates and deletes pods, one after the other, until `stop` aborts. Nobody schedules them: only admission matters. */
async function create(api: string, namespace: string, stop: AbortSignal, failures: string[]): Promise<number> {
  const pods = `${api}/api/v1/namespaces/${namespace}/pods`
  const headers = { 'content-type': 'application/json' }
  let count = 0
  while (!stop.aborted) {
    const { metadata, ...pod } = plainPod(namespace, 'any', {
      script: 'exec busybox sleep 9999',
      peers: 'other:30303',
      pod: { schedulerName: 'nobody' },
    })
    const body = JSON.stringify({ ...pod, metadata: { ...metadata, name: undefined, generateName: 'any-' } })
    const answer = await fetch(pods, { method: 'POST', headers, body })
    const text = await answer.text()
    count++
    if (!answer.ok) {
      failures.push(`${new Date().toISOString()} ${answer.status} ${text.slice(0, 300)}`)
      continue
    }
    const created = JSON.parse(text) as Created
    if (!created.spec.initContainers?.some(one => one.name === 'repeer')) {
      failures.push(`${new Date().toISOString()} ${created.metadata.name} is not injected ${answer.headers.get('warning') ?? ''}`)
    }
    await (await fetch(`${pods}/${created.metadata.name}?gracePeriodSeconds=0`, { method: 'DELETE' })).text()
  }
  return count
}

/** A handshake as the API server makes it: with the published CAs. Gives the fingerprint of what is served. */
function handshake(host: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 8443, ca, servername: `repeer-webhook.${system}.svc`, timeout: 5000 }, () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error('timeout')))
  })
}

function webhookAddresses(): string[] {
  return kubectl('-n', system, 'get', 'pods', '-o', 'jsonpath={.items[*].status.podIP}').split(' ').filter(Boolean)
}

function published(): string {
  const bundle = kubectl('get', 'mutatingwebhookconfiguration', 'repeer', '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}')
  return Buffer.from(bundle, 'base64').toString()
}

t.test('three rotations under load', async t => {
  installQuick(t)
  const ns = namespaceFor(t, 'rotation')
  const api = await startProxy(t)
  const addresses = webhookAddresses()
  t.equal(addresses.length, 2)
  await until('both replicas serve what is published', 60, () => Promise.all(addresses.map(host => handshake(host, published()))))

  const stop = new AbortController()
  const failures: string[] = []
  const creating = Promise.all([create(api, ns, stop.signal, failures), create(api, ns, stop.signal, failures)])
  const served = addresses.map(() => new Set<string>())
  const bundles = new Set<string>()
  const began = Date.now()
  try {
    await until('each replica has changed its certificate three times', 240, async () => {
      const bundle = published()
      bundles.add(bundle)
      for (const [index, host] of addresses.entries()) {
        const fingerprint = await handshake(host, bundle).catch(error => failures.push(`handshake with ${host}: ${String(error)}`))
        if (typeof fingerprint === 'string') served[index]?.add(fingerprint)
      }
      return served.every(one => one.size > rotations)
    })
    // The API server goes on with the last of them.
    await sleep(3000)
  } finally {
    stop.abort()
  }
  const count = (await creating).reduce((sum, one) => sum + one, 0)
  t.comment(`${count} pods in ${Math.round((Date.now() - began) / 1000)} s, ${bundles.size} bundles`)
  t.strictSame(failures.slice(0, 10), [], 'every creation succeeded and was injected, every handshake verified')
  t.ok(count > 100, 'without pause')
  t.ok(bundles.size >= 2 * rotations, 'each CA was published beside the one before')
  const logs = addresses.length > 0 ? kubectl('-n', system, 'logs', '-l', 'app.kubernetes.io/name=repeer', '--tail=-1') : ''
  t.notMatch(logs, /"level":50/, 'no error in the log')
})

// The webhook's certificate rotates three times while pods are created without pause: no creation fails, none goes
// uninjected. The intervals are seconds instead of weeks; each phase and each wait is as in life.
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { createPod, createWithoutPause, scaleWebhook, system, webhookPods } from '../testbed/admissions.ts'
import { client } from '../testbed/client.ts'
import { install, kubectl, uninstall } from '../testbed/install.ts'
import { namespaceFor } from '../testbed/scenario.ts'
import { isInjected, until } from '../testbed/watch.ts'

const rotations = 3
// From the start of a rotation to the switch 4 s, and then 16 s to the end of the certificate: a busy machine may be
// late.
const times = 'lifetimeSeconds=60,clockSkewSeconds=1,propagationSeconds=3,dropAfterSeconds=6,intervalSeconds=1'

/**
 * A fresh installation whose webhook keeps its certificate by the times above; what it left would be no use to other
 * scenarios.
 */
async function installQuick(t: Test): Promise<void> {
  t.teardown(() => uninstall())
  install()
  await scaleWebhook(0)
  kubectl('-n', system, 'delete', 'secret', 'repeer-webhook-tls', '--ignore-not-found')
  const argument = { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: `--certificate-times=${times}` }
  kubectl('-n', system, 'patch', 'deployment', 'repeer-webhook', '--type=json', '-p', JSON.stringify([argument]))
  await scaleWebhook(2)
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

function published(): string {
  const bundle = kubectl(
    'get',
    'mutatingwebhookconfiguration',
    'repeer',
    '-o',
    'jsonpath={.webhooks[0].clientConfig.caBundle}',
  )
  return Buffer.from(bundle, 'base64').toString()
}

/**
 * The control's webhook: repeer's replicas, with a CA that does not follow, for pods of one namespace. Where a
 * certificate is replaced at once, every API server is in this position for a while.
 */
async function callWith(ca: string, name: string, namespace: string): Promise<void> {
  const { webhooks = [] } = await client().admission.readMutatingWebhookConfiguration({ name: 'repeer' })
  const changed = webhooks.map(webhook => ({
    ...webhook,
    name: `${name}.example.com`,
    // API servers share connections between webhooks with the same bundle, and an open one outlives the certificate: so
    // not quite the same.
    clientConfig: { ...webhook.clientConfig, caBundle: Buffer.from(`# ${name}\n${ca}`).toString('base64') },
    failurePolicy: 'Fail',
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  }))
  await client().admission.createMutatingWebhookConfiguration({ body: { metadata: { name }, webhooks: changed } })
}

function callNoMore(name: string): Promise<unknown> {
  return client().admission.deleteMutatingWebhookConfiguration({ name })
}

t.test('three rotations under load', async t => {
  await installQuick(t)
  const ns = await namespaceFor(t, 'rotation')
  const addresses = (await webhookPods()).map(pod => pod.status.podIP ?? '')
  t.equal(addresses.length, 2)
  await until('both replicas serve what is published', 60, () =>
    Promise.all(addresses.map(host => handshake(host, published()))),
  )
  const control = await namespaceFor(t, 'rotation-control', { control: true })
  const firstCa = published()
  await callWith(firstCa, 'before', control)
  await until('it injects with the CA of now', 20, async () => isInjected(await createPod(control)))
  await callNoMore('before')

  const load = createWithoutPause(ns)
  const failures: string[] = []
  const served = addresses.map(() => new Set<string>())
  const bundles = new Set<string>()
  const began = Date.now()
  try {
    await until('each replica has changed its certificate three times', 240, async () => {
      const bundle = published()
      bundles.add(bundle)
      for (const [index, host] of addresses.entries()) {
        const fingerprint = await handshake(host, bundle).catch(error =>
          failures.push(`handshake with ${host}: ${String(error)}`),
        )
        if (typeof fingerprint === 'string') served[index]?.add(fingerprint)
      }
      return served.every(certificates => certificates.size > rotations)
    })
    // The API server goes on with the last of them.
    await sleep(3000)
  } finally {
    await load.stop()
  }
  const { count, refused, uninjected } = await load.stop()
  t.comment(`${count} pods in ${Math.round((Date.now() - began) / 1000)} s, ${bundles.size} bundles`)
  t.strictSame(failures.slice(0, 10), [], 'every handshake verified')
  t.strictSame(refused.slice(0, 10), [], 'every creation succeeded')
  t.strictSame(uninjected.slice(0, 10), [], 'every pod was injected')
  t.ok(count > 100, 'without pause')
  t.ok(bundles.size >= 2 * rotations, 'each CA was published beside the one before')
  t.teardown(() => callNoMore('after'))
  await callWith(firstCa, 'after', control)
  await until('without the two phases the same replicas are refused', 20, async () => {
    const answer = await createPod(control).then(
      pod => `a pod, ${isInjected(pod) ? '' : 'not '}injected`,
      (error: Error) => error.message,
    )
    if (/failed to verify certificate/.test(answer)) return true
    throw new Error(`the API server answers ${answer}`)
  })
  const logs = kubectl('-n', system, 'logs', '-l', 'app.kubernetes.io/name=repeer', '--tail=-1')
  t.notMatch(logs, /"level":50/, 'no error in the log')
})

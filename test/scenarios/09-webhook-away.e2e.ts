// Without the webhook pods are created all the same, uninjected, which is the control; when it returns, new pods are
// injected, and a drain under load loses none. fail-closed refuses, clearly.
import t from 'tap'
import { createPod, createWithoutPause, scaleWebhook, system, webhookIs, webhookPods } from '../testbed/admissions.ts'
import { makeChain } from '../testbed/chain.ts'
import { client } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { deletePods, namespaceFor, openRpc } from '../testbed/scenario.ts'
import { getPod, isInjected, until } from '../testbed/watch.ts'

t.test('both replicas away, and back', async t => {
  install()
  const ns = await namespaceFor(t, 'webhook-away')
  await scaleWebhook(0)
  apply(makeChain({ namespace: ns, config: openRpc }).objects)
  await until('a pod is created', 60, async () => (await getPod(ns, 'node0-0')).status.phase === 'Running')
  t.equal(isInjected(await getPod(ns, 'node0-0')), false, 'let in, uninjected')
  await scaleWebhook(2)
  await deletePods(ns, 'node0-0')
  await until('a new pod', 60, () => getPod(ns, 'node0-0'))
  t.equal(isInjected(await getPod(ns, 'node0-0')), true, 'injected again')
})

t.test('a drain under load loses no admission', async t => {
  install()
  const ns = await namespaceFor(t, 'drained')
  const load = createWithoutPause(ns)
  try {
    kubectl('-n', system, 'rollout', 'restart', 'deployment', 'repeer-webhook')
    await webhookIs(2)
    // As `kubectl drain` does it: by eviction, which the PodDisruptionBudget permits for one.
    const [pod] = await webhookPods()
    const name = pod?.metadata.name ?? ''
    await client().core.createNamespacedPodEviction({
      namespace: system,
      name,
      body: { metadata: { name, namespace: system } },
    })
    await until(
      'the evicted replica is gone',
      60,
      async () => !(await webhookPods()).some(pod => pod.metadata.name === name),
    )
    await webhookIs(2)
  } finally {
    await load.stop()
  }
  const { count, refused, uninjected } = await load.stop()
  t.comment(`${count} pods created during a rollout and an eviction`)
  t.ok(count > 100, 'without pause')
  t.strictSame(refused.slice(0, 10), [], 'none refused')
  t.strictSame(uninjected.slice(0, 10), [], 'none uninjected')
})

t.test('control: the same load notices when both are killed', async t => {
  install()
  const ns = await namespaceFor(t, 'killed-webhook')
  const load = createWithoutPause(ns)
  try {
    for (const { metadata } of await webhookPods()) {
      await client().core.deleteNamespacedPod({ namespace: system, name: metadata.name, gracePeriodSeconds: 0 })
    }
    await webhookIs(2)
  } finally {
    await load.stop()
  }
  const { count, refused, uninjected } = await load.stop()
  t.comment(`${uninjected.length} of ${count} pods went uninjected`)
  t.ok(uninjected.length > 0, 'some went uninjected')
  t.strictSame(refused.slice(0, 10), [], 'and yet none was refused')
})

t.test('fail-closed refuses while the webhook is away', async t => {
  install('manifests/overlays/fail-closed')
  t.teardown(() => install())
  const ns = await namespaceFor(t, 'fail-closed')
  t.ok(isInjected(await createPod(ns)), 'it lets in what it injects')
  await scaleWebhook(0)
  await t.rejects(createPod(ns), /failed calling webhook/, 'refused, and why')
  const control = await namespaceFor(t, 'fail-closed-control', { control: true })
  t.ok(await createPod(control), 'a namespace that has not opted in goes on')
})

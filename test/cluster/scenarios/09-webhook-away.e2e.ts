// Without the webhook pods are created all the same, uninjected; when it returns, new pods are injected. fail-closed refuses, clearly.
import t from 'tap'
import { makeChain } from '../chain.ts'
import { apply, install, kubectl } from '../install.ts'
import { namespaceFor, openRpc } from '../scenario.ts'
import { getPod, until } from '../watch.ts'

const injected = (namespace: string, index: number) =>
  getPod(namespace, `node${index}-0`).spec.initContainers?.some(one => one.name === 'repeer') ?? false

t.test('both replicas away, and back', async t => {
  install()
  const ns = namespaceFor(t, 'webhook-away')
  kubectl('-n', 'repeer-system', 'scale', 'deployment', '--all', '--replicas=0')
  await until('no webhook pod', 60, () => kubectl('-n', 'repeer-system', 'get', 'pods', '-o', 'name').trim() === '')
  const chain = makeChain({ namespace: ns, config: openRpc })
  apply(chain.objects)
  await until('a pod is created', 60, () => getPod(ns, 'node0-0').status.phase === 'Running')
  t.equal(injected(ns, 0), false, 'let in, uninjected')
  kubectl('-n', 'repeer-system', 'scale', 'deployment', '--all', '--replicas=2')
  kubectl('-n', 'repeer-system', 'rollout', 'status', 'deployment', '--timeout=90s')
  const { uid } = getPod(ns, 'node0-0').metadata
  kubectl('-n', ns, 'delete', 'pod', 'node0-0', '--wait=true')
  await until('a new pod', 60, () => getPod(ns, 'node0-0').metadata.uid !== uid)
  t.equal(injected(ns, 0), true, 'injected again')
})

t.test('fail-closed refuses while the webhook is away', async t => {
  install('manifests/overlays/fail-closed')
  t.teardown(() => install())
  const ns = namespaceFor(t, 'fail-closed')
  kubectl('-n', 'repeer-system', 'scale', 'deployment', '--all', '--replicas=0')
  await until('no webhook pod', 60, () => kubectl('-n', 'repeer-system', 'get', 'pods', '-o', 'name').trim() === '')
  t.throws(() => kubectl('-n', ns, 'run', 'any', '--image=localhost/busybox:1'), { message: /failed calling webhook/ })
  kubectl('-n', 'repeer-system', 'scale', 'deployment', '--all', '--replicas=2')
})

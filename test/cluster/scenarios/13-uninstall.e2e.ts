// Uninstall by the README: nothing is left but the running sidecars, and those go with the next rollout.
import t from 'tap'
import { makeChain } from '../chain.ts'
import { apply, install, kubectl, uninstall } from '../install.ts'
import { allRun, namespaceFor, openRpc } from '../scenario.ts'
import { getPod, until } from '../watch.ts'

t.test('nothing is left', async t => {
  install()
  const ns = namespaceFor(t, 'uninstall')
  apply(makeChain({ namespace: ns, config: openRpc }).objects)
  await until('all pods run', 90, () => allRun(ns))
  uninstall()
  const kinds = 'mutatingwebhookconfigurations,validatingadmissionpolicies,clusterroles,clusterrolebindings,namespaces'
  const left = kubectl('get', kinds, '-o', 'name')
    .split('\n')
    .filter(line => line.includes('repeer'))
  t.strictSame(left, [])
  t.ok(
    getPod(ns, 'node0-0').spec.initContainers?.some(one => one.name === 'repeer'),
    'a running sidecar goes on',
  )
  const { uid } = getPod(ns, 'node0-0').metadata
  kubectl('-n', ns, 'rollout', 'restart', 'statefulset', 'node0')
  await until('the next pod', 60, () => getPod(ns, 'node0-0').metadata.uid !== uid && getPod(ns, 'node0-0').status.phase === 'Running')
  t.notOk(
    getPod(ns, 'node0-0').spec.initContainers?.some(one => one.name === 'repeer'),
    'and is gone after the next rollout',
  )
})

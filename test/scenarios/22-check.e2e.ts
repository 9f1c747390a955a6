// `repeer check` on a real cluster: what it says of settled pods, of a broken list, of pods that are older than the
// opt-in, and without permissions.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { CheckReport } from '../../cli/check/report.ts'
import { runRepeer } from '../cli/process.ts'
import { makeChain } from '../testbed/chain.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { plainPod } from '../testbed/plain-node.ts'
import { allRun, deletePods, editConfigMap, indexes, namespaceFor, nudge, openRpc } from '../testbed/scenario.ts'
import { getPod, until } from '../testbed/watch.ts'

async function report(...args: string[]): Promise<{ code: number | null; report: CheckReport }> {
  const { code, out, err } = await runRepeer('check', '-o', 'json', ...args)
  if (out === '') throw new Error(err)
  return { code, report: JSON.parse(out) }
}

/** A kubeconfig for a service account that may list and get pods in the namespace, and nothing else. */
function withoutProxy(namespace: string): string {
  kubectl('-n', namespace, 'create', 'serviceaccount', 'looker')
  kubectl('-n', namespace, 'create', 'role', 'looker', '--verb=get,list', '--resource=pods')
  kubectl('-n', namespace, 'create', 'rolebinding', 'looker', '--role=looker', `--serviceaccount=${namespace}:looker`)
  const token = kubectl('-n', namespace, 'create', 'token', 'looker').trim()
  const file = join(mkdtempSync(join(tmpdir(), 'looker-')), 'kubeconfig')
  writeFileSync(file, readFileSync(process.env.KUBECONFIG ?? ''))
  kubectl('--kubeconfig', file, 'config', 'set-credentials', 'looker', `--token=${token}`)
  const current = kubectl('--kubeconfig', file, 'config', 'current-context').trim()
  const cluster = kubectl(
    '--kubeconfig',
    file,
    'config',
    'view',
    '-o',
    `jsonpath={.contexts[?(@.name=="${current}")].context.cluster}`,
  )
  kubectl(
    '--kubeconfig',
    file,
    'config',
    'set-context',
    'looker',
    `--cluster=${cluster}`,
    '--user=looker',
    `--namespace=${namespace}`,
  )
  return file
}

t.test('check', async t => {
  install()
  const ns = await namespaceFor(t, 'check', { control: true })
  apply([plainPod(ns, 'early', { script: 'exec busybox sleep 99999', peers: 'node0:26656' })])
  await until('an early pod runs', 60, async () => (await getPod(ns, 'early')).status.phase === 'Running')
  const out = await report('--namespace', ns)
  t.equal(out.code, 1, 'a namespace that has not opted in')
  t.match(out.report.notes[0], /has not opted in/)
  kubectl('label', 'namespace', ns, 'repeer.dev/inject=enabled')
  const chain = makeChain({ namespace: ns, config: openRpc })
  apply(chain.objects)
  await until('all pods run', 90, () => allRun(ns))
  const { value } = await until('all but the early pod are settled', 150, async () => {
    const { report: found } = await report('-n', ns)
    return found.pods.length === 4 && found.pods.every(pod => pod.verdict === 'settled') ? found : undefined
  })
  t.match(value.notInjected, [{ pod: 'early', kind: 'create-again', why: /before the namespace opted in/ }])
  t.match(value.pods[0], { pod: 'node0-0', connected: 3, peers: 3, strategy: 'wrap', list: { state: 'agrees' } })
  const text = await runRepeer('check', '-n', ns)
  t.comment(text.out)
  t.equal(text.code, 1, 'the early pod has to be created again')

  await deletePods(ns, 'early')
  t.equal((await runRepeer('check', '-n', ns)).code, 0, 'all settled')
  const everywhere = await report('--all-namespaces')
  t.ok(everywhere.report.pods.filter(pod => pod.namespace === ns).length === 4)

  const without = await runRepeer('check', '--kubeconfig', withoutProxy(ns), '--context', 'looker')
  t.comment(without.out)
  t.equal(without.code, 1)
  t.match(
    without.out.replace(/\s+/g, ' '),
    /expected the permission get on pods\/proxy .*cannot get resource "pods\/proxy"/,
  )
  t.match(without.out, /node0-0 +unseen/)

  const broken = chain.configOf(0, [1, 2, 3]).replace(/^persistent_peers = "/m, 'persistent_peers = "no-id:26656,')
  await editConfigMap(ns, { name: 'node0-config', data: { 'config.toml': broken } })
  for (const index of indexes) await nudge(ns, `node${index}-0`)
  const seen = await until('the broken list is told', 90, async () => {
    const { report: found, code } = await report('-n', ns)
    const pod = found.pods.find(row => row.pod === 'node0-0')
    return pod?.reason === 'list-malformed' ? { pod, code } : undefined
  })
  t.equal(seen.value.code, 1)
  t.match(seen.value.pod, { verdict: 'problem', why: /cannot be parsed: .*entry 1: expected NODEID@HOST:PORT/ })
  t.comment((await runRepeer('check', '-n', ns)).out)

  const nowhere = join(mkdtempSync(join(tmpdir(), 'nowhere-')), 'kubeconfig')
  const away = {
    clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  }
  writeFileSync(
    nowhere,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      ...away,
      users: [{ name: 'a', user: {} }],
      'current-context': 'a',
    }),
  )
  const unreachable = await runRepeer('check', '-n', ns, '--kubeconfig', nowhere)
  t.equal(unreachable.code, 3)
  t.match(unreachable.err, /no answer from https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)
})

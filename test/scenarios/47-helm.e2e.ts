// Installed by Helm as docs/install.md says: what is installed injects, an upgrade changes what it says and nothing
// else, and what is left after the removal is what that page names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chart, helm } from '../manifests/helm.ts'
import { createPod, system } from '../testbed/admissions.ts'
import { makeChain } from '../testbed/chain.ts'
import { apply, imageName, kubectl, kubectlWith, uninstall } from '../testbed/install.ts'
import { configData, listBecomes, peerSetObject } from '../testbed/peer-sets.ts'
import { allRun, namespaceFor, openRpc } from '../testbed/scenario.ts'
import { traces } from '../testbed/traces.ts'
import { containerStatus, getPod, isInjected, page, until } from '../testbed/watch.ts'

const root = join(import.meta.dirname, '..', '..')
const [, repository = '', tag = '', digest = ''] = /^(.+?)(?::([\w.-]+))?(?:@(sha256:.*))?$/.exec(imageName) ?? []
const values = { image: { repository, tag, digest }, extraLabels: { team: 'nodes' } }
const on = { enabled: true }

/** By the release's name and namespace, as docs/install.md has them. */
function release(verb: 'install' | 'upgrade', more: object = {}): void {
  helm(
    [verb, 'repeer', chart, '--namespace', system, ...(verb === 'install' ? ['--create-namespace'] : []), ...waiting],
    {
      ...values,
      ...more,
    },
  )
}
const waiting = ['--wait', '--timeout', '120s']

const get = (...args: string[]) => kubectl('get', ...args)
const caBundle = () =>
  get('mutatingwebhookconfiguration', 'repeer', '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}')

/** Counts up when anything but status and metadata changes. */
const generations = () =>
  get(
    'mutatingwebhookconfiguration,validatingadmissionpolicy,deployment',
    '-A',
    '-l',
    'team=nodes',
    '-o',
    'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{"\\n"}{end}',
  )

/** Kind and name, sorted, without what each namespace has. */
const left = () =>
  traces()
    .map(line => line.split(/\s+/))
    .filter(([kind, , name]) => !(kind === 'ServiceAccount' && name === 'default') && name !== 'kube-root-ca.crt')
    .map(([kind, namespace, name]) => `${kind} ${namespace === '<none>' ? '' : `${namespace}/`}${name}`)
    .sort()

/** What was there before this scenario began. */
let older: ReadonlySet<string> = new Set()

/** What is left outside of a chain's own namespace. */
function beside(namespace: string): string[] {
  return left().filter(
    line => !older.has(line) && !line.includes(` ${namespace}/`) && line !== `Namespace ${namespace}`,
  )
}

t.test('installed, upgraded and removed by Helm', async t => {
  // Helm does not take over what kubectl has applied.
  uninstall()
  await until('it is gone', 90, async () => !left().some(line => line.includes(system)))
  // Another scenario's pods may be on a machine that was lost, and stay.
  older = new Set(left())

  release('install')
  t.teardown(() => kubectl('delete', 'namespace', system, '--ignore-not-found', '--wait=true'))
  const ns = await namespaceFor(t, 'helm')
  apply(makeChain({ namespace: ns, validators: 2, config: openRpc }).objects)
  const peers = ['10.1.2.3:11625']
  const output = { configMap: 'found', key: 'peers', format: 'generic-list' }
  apply([peerSetObject(ns, 'static', { source: { static: { peers } }, output })])
  await until('all pods run', 90, () => allRun(ns, [0, 1]))
  await until('its page answers', 60, async () => (await page(ns, 0)) !== undefined)
  await listBecomes(ns, 'found', 'peers', '10.1.2.3:11625\n', 60)
  const before = await getPod(ns, 'node0-0')
  t.ok(isInjected(before), 'a pod of a chain is injected')
  t.equal(before.spec.initContainers?.find(({ name }) => name === 'repeer')?.image, imageName, 'with the image named')

  await t.test('the API server takes every object as it is, also of what is switched on later', async t => {
    const all = helm(['template', 'repeer', chart, '--namespace', system], {
      ...values,
      expose: on,
      failClosed: on,
      providerChain: on,
      stellar: on,
    })
    const said = kubectlWith(all, 'apply', '--dry-run=server', '--validate=strict', '-f', '-')
    t.match(said, 'validatingadmissionpolicy.admissionregistration.k8s.io/repeer-expose-slices')
  })

  await t.test('an upgrade that says the same changes nothing', async t => {
    const [was, ca] = [generations(), caBundle()]
    t.ok(ca.length > 100, 'there is a caBundle that Helm did not write')
    release('upgrade')
    t.equal(generations(), was)
    t.equal(caBundle(), ca)
  })

  await t.test('an upgrade changes what it says', async t => {
    const ca = caBundle()
    release('upgrade', { failClosed: on, stellar: on, webhook: { extraArgs: ['--log-level=debug'] } })
    t.equal(get('mutatingwebhookconfiguration', 'repeer', '-o', 'jsonpath={.webhooks[0].failurePolicy}'), 'Fail')
    t.equal(get('-n', system, 'deployment', 'repeer-webhook', '-o', 'jsonpath={.status.readyReplicas}'), '3')
    t.match(get('-n', system, 'deployment', 'repeer-webhook', '-o', 'yaml'), '--log-level=debug')
    t.match(get('clusterrole', '-o', 'name'), 'repeer-discovery-stellar')
    t.equal(caBundle(), ca, 'the caBundle stays')
    t.ok(isInjected(await createPod(ns)), 'and it injects')
    release('upgrade')
    t.notMatch(get('clusterrole', '-o', 'name'), 'repeer-discovery-stellar', 'and back')
  })

  await t.test('PeerSets outlive the removal; what else is left is what the page says', async t => {
    helm(['uninstall', 'repeer', '--namespace', system, ...waiting])
    kubectl('label', 'namespace', ns, 'repeer.dev/inject-')
    // Pods end after their Deployments are gone.
    await until('its pods are gone', 90, async () => !beside(ns).some(line => line.startsWith('Pod ')))
    t.strictSame(beside(ns), [
      // The API server's own, for as long as there is the definition.
      'APIService v1alpha1.repeer.dev',
      'CustomResourceDefinition peersets.repeer.dev',
      `Lease ${system}/repeer-controller`,
      `Namespace ${system}`,
      `Secret ${system}/repeer-webhook-tls`,
    ])
    t.match(get('-n', ns, 'peersets', '-o', 'name'), 'static')
    t.match(await configData(ns, 'found'), { peers: '10.1.2.3:11625\n' })
    const after = await getPod(ns, 'node0-0')
    t.equal(after.metadata.uid, before.metadata.uid, 'the pod runs on')
    t.match(containerStatus(after, 'repeer'), { ready: true, restartCount: 0 }, 'its sidecar, too')
  })

  await t.test('installed again, it finds them', async t => {
    release('install')
    t.match(get('-n', ns, 'peersets', '-o', 'name'), 'static')
    helm(['uninstall', 'repeer', '--namespace', system, ...waiting])
  })

  await t.test('the last two commands of the page take what is left', async t => {
    const block =
      /^## Remove\n.*?```sh\n(.*?)```/ms.exec(readFileSync(join(root, 'docs/install.md'), 'utf8'))?.[1] ?? ''
    const commands = block
      .split('\n')
      .map(line => line.replace(/#.*/, '').trim())
      .filter(line => line.startsWith('kubectl delete'))
    t.equal(commands.length, 2)
    for (const command of commands) kubectl(...command.split(' ').slice(1))
    t.strictSame(beside(ns), [])
  })
})

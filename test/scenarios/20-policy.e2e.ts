// Who may write what, as the API server enforces it: the controller its five annotations of injected pods, nobody else
// any of those, the webhook the caBundle of its configuration.
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { type ApiCall, apiRequest } from '../../kubernetes/api-request.ts'
import { annotation } from '../../peers/pod.ts'
import { type Entity, render } from '../manifests/objects.ts'
import { busyboxImage } from '../testbed/chain.ts'
import { apply, kubectl } from '../testbed/install.ts'
import { namespaceFor } from '../testbed/scenario.ts'
import { getPod, until } from '../testbed/watch.ts'

const own = [
  annotation.peerHash,
  annotation.endpoints,
  annotation.turn,
  annotation.turnGrantedAt,
  annotation.nudge,
] as const

/** The policies and the accounts that they are about. They hold whether a webhook and a controller run or not. */
const wanted = [
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
]
const objects = render('manifests').filter(({ kind }) =>
  wanted.some(name => kind === name || kind === `${name}Binding`),
)

type Caller = (call: Omit<ApiCall, 'expected'>) => Promise<Entity>

/** Requests with the service account's own token; kubectl would read the pod first, which the controller may not. */
function account(namespace: string, name: string): Caller {
  const config = new KubeConfig()
  config.loadFromDefault()
  const token = kubectl('-n', namespace, 'create', 'token', name).trim()
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error('the kubeconfig names no cluster')
  config.loadFromClusterAndUser(cluster, { name, token })
  return async call => (await apiRequest(config, { ...call, expected: [] })) as Entity
}

function merge(namespace: string, pod: string, body: unknown, subresource = ''): Omit<ApiCall, 'expected'> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}${subresource && `/${subresource}`}`
  return { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }
}

const annotate = (annotations: Record<string, string | null>) => ({ metadata: { annotations } })

function pod(namespace: string, name: string, more: { annotations?: Record<string, string>; spec?: object } = {}) {
  const command = ['sh', '-c', 'sleep 3600']
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...(more.annotations ? { annotations: more.annotations } : {}) },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'node', image: busyboxImage, command }],
      ...more.spec,
    },
  }
}

/** Somebody who may do everything to a pod, in one namespace. */
function somebody(namespace: string): Caller {
  const metadata = { name: 'somebody', namespace }
  const resources = ['pods', 'pods/status', 'pods/ephemeralcontainers', 'pods/resize', 'pods/binding', 'bindings']
  const api = 'rbac.authorization.k8s.io'
  apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${api}/v1`, kind: 'Role', metadata, rules: [{ apiGroups: [''], resources, verbs: ['*'] }] },
    {
      apiVersion: `${api}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: api, kind: 'Role', name: 'somebody' },
      subjects: [{ kind: 'ServiceAccount', name: 'somebody', namespace }],
    },
  ])
  return account(namespace, 'somebody')
}

apply(objects)
const ns = await namespaceFor(t, 'policy', { control: true })
// A bare pod is refused until the namespace has it.
await until(
  'the default service account',
  30,
  () => kubectl('-n', ns, 'get', 'serviceaccount', 'default', '-o', 'name') !== '',
)
const injected = { annotations: { [annotation.plan]: '{}', 'example.com/mine': 'a' } }
apply([pod(ns, 'injected', injected), pod(ns, 'other', { annotations: { 'example.com/mine': 'a' } })])
const controller = account('repeer-system', 'repeer-controller')
const stranger = somebody(ns)
/** In every message of the policies, and in no other. */
const refusal = /repeer's (controller|webhook)/
const present = async (name: string) => (await getPod(ns, name)).metadata.annotations ?? {}

await until('the pods run', 60, async () =>
  (await Promise.all(['injected', 'other'].map(name => getPod(ns, name)))).every(pod => pod.status.phase === 'Running'),
)
await until('the policies of pods are in force', 60, async () => {
  const calls = [
    controller(merge(ns, 'injected', annotate({ probe: '' }))),
    stranger(merge(ns, 'injected', annotate({ [annotation.turn]: '' }))),
  ]
  const results = await Promise.allSettled(calls)
  return results.every(result => result.status === 'rejected' && refusal.test(String(result.reason)))
})

t.test('the API server has checked the types of the policies and warns of nothing', async t => {
  for (const name of ['repeer-controller', 'repeer-annotations', 'repeer-webhook']) {
    // Written by kube-controller-manager.
    const { value } = await until('type checked', 30, () => {
      const policy = JSON.parse(kubectl('get', 'validatingadmissionpolicy', name, '-o', 'json')) as Entity
      return policy.status?.typeChecking as { expressionWarnings?: unknown[] } | undefined
    })
    t.same(value.expressionWarnings ?? [], [], name)
  }
})

t.test('the controller writes, changes and removes its own annotations', async t => {
  const all = Object.fromEntries(own.map(key => [key, 'first']))
  await controller(merge(ns, 'injected', annotate(all)))
  t.match(await present('injected'), all)
  await controller(merge(ns, 'injected', annotate({ [annotation.turn]: 'second', [annotation.nudge]: null })))
  t.match(await present('injected'), { ...all, [annotation.turn]: 'second', [annotation.nudge]: undefined })
})

t.test('and nothing else of a pod', async t => {
  const before = await getPod(ns, 'injected')
  const changes: [string, unknown][] = [
    ['another annotation', annotate({ 'example.com/mine': 'b' })],
    ['a new annotation', annotate({ 'example.com/new': '' })],
    ['an annotation less', annotate({ 'example.com/mine': null })],
    ["another of repeer's", annotate({ [annotation.plan]: '{"version":1}' })],
    ["an operator's of repeer's", annotate({ [annotation.pause]: 'false' })],
    ['its own and another', annotate({ [annotation.turn]: 'third', 'example.com/mine': 'b' })],
    ['a label', { metadata: { labels: { app: 'else' } } }],
    ['a finalizer', { metadata: { finalizers: ['example.com/mine'] } }],
    [
      'an owner',
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'other', uid: before.metadata.uid }] } },
    ],
    ['an image', { spec: { containers: [{ ...before.spec.containers[0], image: 'localhost/else:1' }] } }],
    ['a deadline', { spec: { activeDeadlineSeconds: 1 } }],
  ]
  for (const [name, body] of changes)
    await t.rejects(controller(merge(ns, 'injected', body)), { message: refusal }, name)
  await t.rejects(
    controller(merge(ns, 'other', annotate({ [annotation.turn]: '' }))),
    { message: /repeer.dev\/plan/ },
    'a pod without a plan',
  )
  const { metadata, spec } = await getPod(ns, 'injected')
  t.same([metadata.annotations, spec], [before.metadata.annotations, before.spec])
})

t.test('the controller has no permission for other ways', async t => {
  const forbidden = { message: /answers 403/ }
  const path = `/api/v1/namespaces/${ns}`
  for (const subresource of ['status', 'ephemeralcontainers', 'resize']) {
    await t.rejects(
      controller(merge(ns, 'injected', annotate({ [annotation.turn]: '' }), subresource)),
      forbidden,
      subresource,
    )
  }
  for (const resource of ['secrets', 'serviceaccounts', 'persistentvolumeclaims']) {
    await t.rejects(controller({ method: 'GET', path: `${path}/${resource}` }), forbidden, resource)
  }
  await t.rejects(controller({ method: 'PUT', path: `${path}/services/any`, body: {} }), forbidden, 'replace a Service')
  await t.rejects(controller({ method: 'GET', path: '/api/v1/nodes' }), forbidden, 'nodes')
  await t.rejects(controller({ method: 'POST', path: `${path}/pods`, body: pod(ns, 'new') }), forbidden, 'create a pod')
  await t.rejects(controller({ method: 'GET', path: `${path}/pods/injected/exec?command=true` }), forbidden, 'exec')
  const lease = '/apis/coordination.k8s.io/v1/namespaces'
  await t.rejects(
    controller({ method: 'GET', path: `${lease}/repeer-system/leases/other` }),
    forbidden,
    'another Lease',
  )
  await t.rejects(
    controller({ method: 'GET', path: `${lease}/${ns}/leases/repeer-controller` }),
    forbidden,
    'a Lease elsewhere',
  )
})

t.test('nobody else sets or changes them, nor a plan, by no way', async t => {
  for (const key of [...own, annotation.plan]) {
    await t.rejects(stranger(merge(ns, 'injected', annotate({ [key]: 'mine' }))), { message: refusal }, key)
    await t.rejects(
      stranger(merge(ns, 'injected', annotate({ [key]: 'mine' }), 'status')),
      { message: refusal },
      `${key} by pods/status`,
    )
    await t.rejects(
      stranger(merge(ns, 'other', annotate({ [key]: 'mine' }))),
      { message: refusal },
      `${key} on a pod without any`,
    )
  }
  t.throws(
    () => kubectl('-n', ns, 'annotate', 'pod', 'injected', '--overwrite', 'repeer.dev/turn=mine'),
    { message: refusal },
    'an admin neither',
  )
  // No admission needed: the API server drops it there.
  for (const subresource of ['ephemeralcontainers', 'resize']) {
    await stranger(merge(ns, 'injected', annotate({ [annotation.turn]: 'mine' }), subresource))
    t.match(await present('injected'), { [annotation.turn]: 'second' }, `pods/${subresource} takes no annotation along`)
  }
})

t.test('nor by binding a pod to a node, which copies annotations', async t => {
  apply([pod(ns, 'unbound', { spec: { schedulerName: 'nobody' } })])
  const node = JSON.parse(kubectl('-n', ns, 'get', 'pod', 'injected', '-o', 'json')).spec.nodeName
  const binding = (annotations: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'unbound', namespace: ns, annotations },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  })
  const ways = [`/api/v1/namespaces/${ns}/pods/unbound/binding`, `/api/v1/namespaces/${ns}/bindings`]
  for (const path of ways) {
    await t.rejects(
      stranger({ method: 'POST', path, body: binding({ [annotation.turn]: 'mine' }) }),
      { message: refusal },
      path,
    )
  }
  await stranger({ method: 'POST', path: ways[0] ?? '', body: binding({ 'example.com/bound': 'yes' }) })
  t.match(await present('unbound'), { 'example.com/bound': 'yes', [annotation.turn]: undefined })
})

t.test('others go on writing what is theirs, and may take a turn back', async t => {
  await stranger(merge(ns, 'injected', annotate({ [annotation.pause]: 'true', 'example.com/mine': 'c' })))
  await stranger(merge(ns, 'injected', { metadata: { labels: { app: 'mine' } } }))
  await stranger(merge(ns, 'injected', annotate({ [annotation.turn]: 'second', 'example.com/mine': 'd' })))
  t.match(
    await present('injected'),
    { [annotation.turn]: 'second', 'example.com/mine': 'd' },
    'the same value again is no change',
  )
  await stranger(merge(ns, 'injected', annotate({ [annotation.turn]: null })))
  t.notOk(annotation.turn in (await present('injected')))
})

t.test('the kubelet goes on reporting, but writes none of them', async t => {
  const asItWas = JSON.parse(kubectl('-n', ns, 'get', 'pod', 'injected', '-o', 'json')) as Entity
  const put = (annotations: object) => {
    const metadata = {
      ...asItWas.metadata,
      resourceVersion: undefined,
      annotations: { ...asItWas.metadata.annotations, ...annotations },
    }
    const file = join(t.testdir({ 'pod.json': JSON.stringify({ ...asItWas, metadata }) }), 'pod.json')
    const asKubelet = [`--as=system:node:${asItWas.spec.nodeName}`, '--as-group=system:nodes']
    return kubectl(...asKubelet, 'replace', `--raw=/api/v1/namespaces/${ns}/pods/injected/status`, '-f', file)
  }
  t.throws(() => put({ [annotation.turn]: 'mine' }), { message: refusal })
  t.match(put({}), '"injected"', 'the whole status, put with all annotations as they are')
  await controller(merge(ns, 'injected', annotate({ [annotation.turn]: 'third' })))
  await stranger(merge(ns, 'injected', { spec: { activeDeadlineSeconds: 1 } }))
  await until(
    'the kubelet has reported the end',
    30,
    async () => (await getPod(ns, 'injected')).status.phase === 'Failed',
  )
  t.match(await present('injected'), { [annotation.turn]: 'third', [annotation.peerHash]: 'first' })
})

t.test('the webhook changes the caBundle of its configuration, and nothing else of it', async t => {
  const webhook = account('repeer-system', 'repeer-webhook')
  // Tried only: a webhook may be running.
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/repeer?dryRun=All'
  const change = (...operations: [path: string, value: unknown][]) => {
    const body = operations.map(([path, value]) => ({ op: 'add', path, value }))
    return webhook({ method: 'PATCH', path, body, contentType: 'application/json-patch+json' })
  }
  const ca = JSON.parse(kubectl('-n', ns, 'get', 'configmap', 'kube-root-ca.crt', '-o', 'json')).data[
    'ca.crt'
  ] as string
  const bundle: [string, unknown] = ['/webhooks/0/clientConfig/caBundle', Buffer.from(ca).toString('base64')]
  t.equal((await change(bundle)).webhooks[0].clientConfig.caBundle, bundle[1])
  const { webhooks } = JSON.parse(kubectl('get', 'mutatingwebhookconfiguration', 'repeer', '-o', 'json')) as Entity
  const refused: [string, unknown][] = [
    ['/webhooks/0/namespaceSelector', {}],
    ['/webhooks/0/objectSelector', { matchLabels: { app: 'else' } }],
    ['/webhooks/0/matchConditions', []],
    ['/webhooks/0/rules/0/resources', ['pods', 'secrets']],
    ['/webhooks/0/rules/-', { ...webhooks[0].rules[0], resources: ['configmaps'] }],
    ['/webhooks/0/failurePolicy', 'Fail'],
    ['/webhooks/0/timeoutSeconds', 30],
    ['/webhooks/0/clientConfig/service/name', 'else'],
    ['/webhooks/0/reinvocationPolicy', 'Never'],
    ['/webhooks/-', { ...webhooks[0], name: 'more.repeer.dev' }],
    ['/webhooks', []],
    ['/metadata/labels/app', 'else'],
    ['/metadata/annotations', { 'cert-manager.io/inject-ca-from': 'mine/mine' }],
  ]
  for (const operation of refused) await t.rejects(change(bundle, operation), { message: refusal }, operation[0])
})

t.test('no expression has failed: under failurePolicy Ignore nobody would notice', t => {
  const lines = kubectl('get', '--raw', '/metrics').split('\n')
  const of = (...parts: string[]) => lines.filter(line => parts.every(part => line.includes(part)))
  t.ok(
    of('match_condition_evaluation_seconds_count', 'name="repeer-annotations"').length > 0,
    'the metrics are of this cluster',
  )
  t.same(of('match_condition_evaluation_errors_total', 'name="repeer-'), [])
  // An admission is counted only where it was let in by an error (policy/validating/dispatcher.go).
  t.same(of('validating_admission_policy_check_total', 'enforcement_action="allow"', 'policy="repeer-'), [])
  t.end()
})

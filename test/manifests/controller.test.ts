// The controller's objects as they are written: what it may do, and what keeps it and others from doing more.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import { command } from '../../cli/commands/controller.ts'
import { annotation, optIn, statusPort } from '../../peers/pod.ts'
import { baseFiles, type Entity, of, parse, root, single, spreadProblems } from './objects.ts'
import { restrictedProblems } from './restricted.ts'

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

const all = baseFiles().flatMap(file => file.objects)
const objects = of('controller', all)
const deployment = single(objects, 'Deployment')
const pod = deployment.spec.template
const container = pod.spec.containers[0]
const cluster: Rule[] = single(objects, 'ClusterRole', 'repeer-controller').rules
const own: Rule[] = single(objects, 'Role').rules
const account = single(objects, 'ServiceAccount').metadata
const user = `system:serviceaccount:${account.namespace}:${account.name}`

t.test('the permissions are these and no others', async t => {
  const said = (rules: Rule[]) => rules.map(({ apiGroups, resources, verbs }) => `${apiGroups}/${resources}: ${verbs}`)
  t.same(said(cluster), [
    '/pods: list,watch',
    '/pods: patch',
    '/configmaps: get,list,watch',
    'discovery.k8s.io/endpointslices: list,watch',
    '/namespaces: list,watch',
    '/events: create,patch',
  ])
  t.same(said(own), ['coordination.k8s.io/leases: get,update', 'coordination.k8s.io/leases: create'])
  t.equal(single(objects, 'Role').metadata.namespace, account.namespace)
})

t.test('no Secrets, no exec, no deletion, no wildcard, whatever else changes', async t => {
  const texts = [...cluster, ...own].flatMap(({ apiGroups, resources, verbs }) => [
    ...apiGroups,
    ...resources,
    ...verbs,
  ])
  for (const never of [
    'secrets',
    'pods/exec',
    'pods/attach',
    'pods/ephemeralcontainers',
    'nodes',
    'services',
    'delete',
    'deletecollection',
    '*',
  ]) {
    t.notOk(texts.includes(never), never)
  }
  t.notOk(
    texts.some(text => text.includes('/')),
    'no subresources',
  )
})

t.test('everything that binds a role binds it to the one account', async t => {
  for (const { roleRef, subjects } of objects.filter(
    ({ kind }) => kind === 'ClusterRoleBinding' || kind === 'RoleBinding',
  )) {
    t.ok(single(objects, roleRef.kind, roleRef.name))
    t.same(subjects, [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }])
  }
  t.equal(pod.spec.serviceAccountName, account.name)
  t.equal(pod.spec.automountServiceAccountToken, true)
  t.equal(single(objects, 'ServiceAccount').automountServiceAccountToken, false)
})

t.test('its pods fit the Pod Security Standard restricted', async t => {
  t.same(restrictedProblems(pod.spec), [])
  t.equal(container.securityContext.readOnlyRootFilesystem, true)
  t.ok(container.resources.requests.memory && container.resources.limits.memory)
})

t.test('two replicas, apart where possible, that a drain cannot take down together', async t => {
  t.equal(deployment.spec.replicas, 2)
  t.strictSame(spreadProblems(deployment), [])
  const budget = single(objects, 'PodDisruptionBudget').spec
  t.equal(budget.minAvailable, 1)
  const [{ podAffinityTerm }] = pod.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution
  for (const selector of [
    deployment.spec.selector,
    budget.selector,
    podAffinityTerm.labelSelector,
    pod.spec.topologySpreadConstraints[0].labelSelector,
    single(objects, 'NetworkPolicy').spec.podSelector,
  ]) {
    t.same(selector.matchLabels, { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'controller' })
    t.match(pod.metadata.labels, selector.matchLabels)
  }
})

t.test('the Lease that it asks for is the one that it may change', async t => {
  const name = own.find(rule => rule.resourceNames)?.resourceNames?.[0]
  t.ok(container.args.includes(`--lease-name=${name}`))
  const fields = Object.fromEntries(
    container.env.map((variable: { name: string; valueFrom?: { fieldRef: { fieldPath: string } } }) => [
      variable.name,
      variable.valueFrom?.fieldRef.fieldPath,
    ]),
  )
  t.match(fields, { POD_NAMESPACE: 'metadata.namespace', POD_NAME: 'metadata.name' })
})

t.test('the arguments are flags that `repeer controller` has', async t => {
  const [name, ...flags] = container.args as string[]
  t.equal(name, command.name)
  for (const flag of flags) t.ok(Object.hasOwn(command.flags, flag.replace(/^--|=.*$/g, '')), flag)
  t.match(command.flags.listen, { default: `:${container.ports[0].containerPort}` })
})

t.test('it speaks to API servers and to status pages in opted-in namespaces, and answers on one port', async t => {
  const { ingress, egress, policyTypes } = single(objects, 'NetworkPolicy').spec
  t.same(policyTypes, ['Ingress', 'Egress'])
  t.same(
    ingress.flatMap((rule: { ports: { port: string }[] }) => rule.ports.map(({ port }) => port)),
    [container.ports[0].name],
  )
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
    t.equal(container[probe].httpGet.port, container.ports[0].name)
  const [apiServer, pages] = egress
  t.notOk('to' in apiServer)
  t.same(pages.to, [{ namespaceSelector: { matchLabels: { [optIn.label]: optIn.value } } }])
  t.same(pages.ports, [{ port: statusPort.number, protocol: 'TCP' }])
})

t.test(
  'only discovery of validators looks names up and opens connections of its own: what the overlay provider-chain permits',
  async t => {
    const using = (pattern: RegExp) =>
      ['controller', 'discovery', 'rollout', 'kubernetes'].flatMap(room =>
        readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
          .filter(name => name.endsWith('.ts') && pattern.test(readFileSync(join(root, room, name), 'utf8')))
          .map(name => `${room}/${name}`),
      )
    const validators = 'discovery/sources/validators'
    t.same(using(/from 'node:(dns|dgram)/), [`${validators}/probe.ts`])
    t.same(using(/\bconnect\b.* from 'node:net'/).sort(), ['discovery/probe.ts', `${validators}/probe.ts`])
    t.same(using(/globalThis\.fetch|new WebSocket\(/).sort(), [`${validators}/events.ts`, `${validators}/rpc.ts`])
    for (const { egress } of objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec)) {
      for (const { ports } of egress ?? [])
        t.notOk(
          ports.some(({ port }: { port: number }) => port === 53),
          'the base allows no DNS',
        )
    }
  },
)

t.test('a namespace that denies by default can admit the controller with the example', async t => {
  const [policy] = parse(readFileSync(join(root, 'docs/examples/status-page-networkpolicy.yaml'), 'utf8')) as [Entity]
  t.same(policy.spec.policyTypes, ['Ingress'])
  const [{ from, ports }] = policy.spec.ingress
  t.same(from, [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': deployment.metadata.namespace } },
      podSelector: { matchLabels: deployment.spec.selector.matchLabels },
    },
  ])
  t.same(ports, [{ port: statusPort.number, protocol: 'TCP' }])
})

t.test('the policies', async t => {
  const policy = (name: string) => single(objects, 'ValidatingAdmissionPolicy', name).spec
  const { peerHash, endpoints, turn, turnWait, turnGrantedAt, nudge } = annotation
  const written = [peerHash, endpoints, turn, turnWait, turnGrantedAt, nudge].join("', '")
  const list = `['${written}']`
  const guarded = `['${annotation.plan}', '${written}']`
  const variable = (name: string, of: string): string =>
    policy(of).variables.find((variable: { name: string }) => variable.name === name).expression

  t.test('each is bound, and denies', async t => {
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')) {
      t.same(spec, { policyName: metadata.name, validationActions: ['Deny'] })
      t.ok(policy(spec.policyName))
    }
    t.equal(objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding').length, 3)
  })

  t.test('the lists of annotations are the names that the code writes', async t => {
    t.equal(variable('own', 'repeer-controller'), list)
    t.ok(variable('changed', 'repeer-annotations').startsWith(`${guarded}.filter(`))
    t.match(policy('repeer-annotations').matchConditions[0].expression, `${guarded}.exists(`)
  })

  t.test('the user is the service account', async t => {
    t.equal(policy('repeer-controller').matchConditions[0].expression, `request.userInfo.username == '${user}'`)
    t.equal(policy('repeer-annotations').matchConditions[1].expression, `request.userInfo.username != '${user}'`)
  })

  t.test('an error in one holds the controller back, in the other nobody: least of all the kubelet', async t => {
    t.equal(policy('repeer-controller').failurePolicy, 'Fail')
    t.equal(policy('repeer-annotations').failurePolicy, 'Ignore')
  })

  t.test('every way that takes annotations along is matched, and no more', async t => {
    const ways = policy('repeer-annotations').matchConstraints.resourceRules.map(
      ({ resources, operations }: { resources: string[]; operations: string[] }) => `${operations} ${resources}`,
    )
    t.same(ways, ['UPDATE pods,pods/status', 'CREATE pods/binding,bindings'])
  })
})

t.test('the replacements name fields that there are', async t => {
  const { targets } = parseYaml(readFileSync(join(root, 'manifests/base/policy-namespace.yaml'), 'utf8'))
  for (const { select, fieldPaths } of targets) {
    const [, name] = /matchConditions\.\[name=([a-z-]+)\]/.exec(fieldPaths[0]) ?? []
    if (name === undefined) continue
    const { spec, webhooks } = single(all, select.kind, select.name)
    const conditions: { name: string }[] = (spec ?? webhooks[0]).matchConditions
    t.ok(conditions.some(condition => condition.name === name))
  }
})

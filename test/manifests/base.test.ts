// The base as it is written: what an admin reviews before letting a webhook in. The controller's objects:
// controller.test.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command } from '../../cli/commands/webhook.ts'
import { baseFiles, of, root, single, spreadProblems } from './objects.ts'
import { restrictedProblems } from './restricted.ts'

const files = baseFiles()
const all = files.flatMap(file => file.objects)
const objects = of('webhook', all)
const configuration = single(objects, 'MutatingWebhookConfiguration')
const webhook = configuration.webhooks[0]
const deployment = single(objects, 'Deployment')
const pod = deployment.spec.template
const container = pod.spec.containers[0]

t.test('the kustomization lists every file', async t => {
  const text = readFileSync(join(root, 'manifests/base/kustomization.yaml'), 'utf8')
  for (const { file } of files) t.match(text, `- ${file}\n`, file)
})

t.test('the webhook configuration', async t => {
  t.equal(configuration.webhooks.length, 1)
  t.notOk('caBundle' in webhook.clientConfig, 'holds no caBundle, so that GitOps tools see no drift')
  t.equal(webhook.failurePolicy, 'Ignore', 'fails open')
  t.equal(webhook.sideEffects, 'None')
  t.equal(webhook.timeoutSeconds, 5)
  t.equal(webhook.reinvocationPolicy, 'IfNeeded')
  t.same(webhook.admissionReviewVersions, ['v1'])
  t.same(webhook.rules, [
    { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' },
  ])
})

t.test('namespaces are opted in by label, and the system and repeer itself never are', async t => {
  const terms = webhook.namespaceSelector.matchExpressions
  t.same(terms[0], { key: 'repeer.dev/inject', operator: 'In', values: ['enabled'] })
  t.equal(terms[1].operator, 'NotIn')
  t.ok(['kube-system', 'repeer-system'].every(name => terms[1].values.includes(name)))
  t.notOk('objectSelector' in webhook, "no label of a pod keeps it from the webhook: labels are anybody's to set")
  for (const own of objects.filter(({ kind }) => kind === 'Deployment'))
    t.equal(
      own.spec.template.metadata.annotations['repeer.dev/inject'],
      'false',
      "repeer's own pods opt out as any other",
    )
})

t.test('match conditions keep mirror pods, opted-out pods and repeer away', async t => {
  t.same(
    webhook.matchConditions.map((condition: { name: string }) => condition.name),
    ['not-a-mirror-pod', 'not-opted-out', 'not-repeer'],
  )
})

t.test('the webhook configuration, the Service and the Deployment point at each other', async t => {
  const service = single(objects, 'Service')
  t.match(webhook.clientConfig.service, { name: service.metadata.name, namespace: service.metadata.namespace })
  const port = service.spec.ports[0]
  t.equal(port.port, webhook.clientConfig.service.port)
  t.ok(container.ports.some((candidate: { name: string }) => candidate.name === port.targetPort))
  for (const selector of [
    service.spec.selector,
    deployment.spec.selector.matchLabels,
    single(objects, 'PodDisruptionBudget').spec.selector.matchLabels,
    single(objects, 'NetworkPolicy').spec.podSelector.matchLabels,
  ]) {
    t.match(pod.metadata.labels, selector)
  }
})

t.test('every RBAC rule has its reason right above it', async t => {
  const isRole = ({ kind }: { kind: string }) => kind.endsWith('Role')
  const withRules = files.filter(file => file.objects.some(isRole))
  t.same(
    withRules.map(({ file }) => file),
    ['controller-rbac.yaml', 'discovery-rbac.yaml', 'rbac.yaml'],
  )
  for (const { file, text, objects } of withRules) {
    const lines = text.split('\n')
    const rules = lines.flatMap((line, index) => (/^ {2}- apiGroups:/.test(line) ? [index] : []))
    t.equal(rules.length, objects.filter(isRole).flatMap(({ rules }) => rules).length, file)
    for (const index of rules) t.match(lines[index - 1], /^ {2}# ./, `${file}, line ${index + 1}: ${lines[index]}`)
  }
})

t.test('every object says whose it is', async t => {
  for (const { kind, metadata } of all.filter(({ kind }) => kind !== 'Namespace')) {
    const component = metadata.labels?.['app.kubernetes.io/component']
    t.ok(component === 'webhook' || component === 'controller', `${kind} ${metadata.name}`)
  }
})

t.test('the permissions are the least that the program needs', async t => {
  const cluster = single(objects, 'ClusterRole').rules
  const own = single(objects, 'Role').rules
  t.equal(single(objects, 'Role').metadata.namespace, 'repeer-system')
  const rules = [...cluster, ...own]
  const verbs = (resource: string) => rules.filter((rule: { resources: string[] }) => rule.resources.includes(resource))
  t.same(verbs('pods'), [], 'nothing on pods')
  t.same(
    cluster.filter((rule: { resources: string[] }) => rule.resources.includes('secrets')),
    [],
    'no Secrets in the cluster',
  )
  t.ok(
    rules.every((rule: { verbs: string[]; resources: string[] }) =>
      [...rule.verbs, ...rule.resources].every(text => text !== '*'),
    ),
    'no wildcard',
  )
  for (const rule of [...verbs('configmaps'), ...verbs('namespaces')])
    t.same(rule.verbs, ['list', 'watch'], 'read only')
  const writes = rules.filter((rule: { verbs: string[] }) =>
    rule.verbs.some(verb => ['update', 'patch', 'delete'].includes(verb)),
  )
  for (const rule of writes) t.equal(rule.resourceNames?.length, 1, `${rule.resources} are written by name only`)
  t.same(verbs('mutatingwebhookconfigurations')[0].resourceNames, [configuration.metadata.name])
})

t.test('a policy holds the patch of the configuration to its caBundle', async t => {
  const { failurePolicy, matchConditions, validations } = single(objects, 'ValidatingAdmissionPolicy').spec
  t.same(single(objects, 'ValidatingAdmissionPolicyBinding').spec, {
    policyName: 'repeer-webhook',
    validationActions: ['Deny'],
  })
  t.equal(failurePolicy, 'Fail')
  const { name, namespace } = single(objects, 'ServiceAccount').metadata
  t.equal(matchConditions[0].expression, `request.userInfo.username == 'system:serviceaccount:${namespace}:${name}'`)
  const compared: string = validations[0].expression
  for (const field of Object.keys(webhook).filter(field => field !== 'clientConfig'))
    t.match(compared, `now.${field === 'name' ? '' : '?'}${field}`)
  t.notMatch(compared, 'caBundle')
})

t.test("repeer's own pods fit the Pod Security Standard restricted, which their namespace enforces", async t => {
  t.same(restrictedProblems(pod.spec), [])
  t.equal(single(all, 'Namespace').metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted')
  t.equal(container.securityContext.readOnlyRootFilesystem, true)
})

t.test('the token is mounted in the webhook pods only', async t => {
  t.equal(single(objects, 'ServiceAccount').automountServiceAccountToken, false)
  t.equal(pod.spec.automountServiceAccountToken, true)
})

t.test('two replicas, apart where possible, that a drain cannot take down together', async t => {
  t.equal(deployment.spec.replicas, 2)
  t.strictSame(spreadProblems(deployment), [])
  t.equal(single(objects, 'PodDisruptionBudget').spec.minAvailable, 1)
  t.ok(container.resources.requests.memory && container.resources.limits.memory)
})

t.test('the arguments are flags that `repeer webhook` has', async t => {
  const [name, ...flags] = container.args as string[]
  t.equal(name, command.name)
  const overlay = readFileSync(join(root, 'manifests/components/cert-manager/kustomization.yaml'), 'utf8')
  for (const flag of [...flags, ...(overlay.match(/--[a-z-]+(?==)/g) ?? [])]) {
    t.ok(Object.hasOwn(command.flags, flag.replace(/^--|=.*$/g, '')), flag)
  }
  t.ok(flags.includes('--turns=controller'), 'no restart without a turn')
})

// What the chart's values set that kustomize leaves to patches, and what its schema refuses.
import t from 'tap'
import { hasHelm, template } from './helm.ts'
import { type Entity, single } from './objects.ts'
import { restrictedProblems } from './restricted.ts'

const skip = hasHelm ? false : 'helm is not on PATH, nor built by `npm run e2e`'
const digest = `sha256:${'0a'.repeat(32)}`

const deployments = (objects: readonly Entity[]) => objects.filter(({ kind }) => kind === 'Deployment')
const podsOf = (values: object): Entity[] => deployments(template(values)).map(({ spec }) => spec.template)
const [webhook, controller] = ['repeer-webhook', 'repeer-controller'] as const

t.test('the image: by tag, by the version, by digest, for what runs and for what is injected', { skip }, async t => {
  for (const [image, name] of [
    [{ repository: 'registry.example.com/a' }, 'registry.example.com/a:0.1.0'],
    [{ repository: 'registry.example.com/a', tag: 'x' }, 'registry.example.com/a:x'],
    [{ repository: 'registry.example.com/a', tag: 'x', digest }, `registry.example.com/a@${digest}`],
  ] as const) {
    const pods = podsOf({ image })
    t.same(
      pods.map(({ spec }) => spec.containers[0].image),
      [name, name],
    )
    t.same(
      pods.flatMap(({ spec }) => spec.containers[0].args).filter(arg => arg.startsWith('--image=')),
      [`--image=${name}`],
    )
  }
  t.same(
    podsOf({ image: { pullPolicy: 'Always' } }).map(({ spec }) => spec.containers[0].imagePullPolicy),
    ['Always', 'Always'],
  )
})

t.test(
  'pull secrets, tolerations, node selector, labels and annotations: on both, beside what is there',
  { skip },
  async t => {
    const plain = podsOf({})
    const imagePullSecrets = [{ name: 'registry' }]
    const toleration = { key: 'dedicated', operator: 'Exists' }
    const values = {
      imagePullSecrets,
      tolerations: [toleration],
      nodeSelector: { pool: 'system' },
      extraLabels: { team: 'nodes' },
      podAnnotations: { note: 'x' },
    }
    for (const [index, { metadata, spec }] of podsOf(values).entries()) {
      const before = plain[index]
      t.same(spec.imagePullSecrets, imagePullSecrets)
      t.same(spec.tolerations, [...(before?.spec.tolerations ?? []), toleration])
      t.same(spec.nodeSelector, { 'kubernetes.io/os': 'linux', pool: 'system' })
      t.same(metadata.labels, { ...before?.metadata.labels, team: 'nodes' })
      t.same(metadata.annotations, { ...before?.metadata.annotations, note: 'x' })
      t.same(restrictedProblems(spec), [])
    }
    const on = { enabled: true }
    const all = { certManager: on, expose: on, monitoring: on, providerChain: on, stellar: on }
    const objects = template({ ...values, ...all })
    const without = objects
      .filter(({ metadata }) => metadata.labels?.team !== 'nodes')
      .map(({ metadata }) => metadata.name)
    t.same(without, [])
    t.notMatch(JSON.stringify(deployments(objects).map(({ spec }) => spec.selector)), 'team', 'selectors never change')
  },
)

t.test('replicas, resources, priority and flags: of each program by itself', { skip }, async t => {
  const resources = { requests: { memory: '1Gi' } }
  for (const [key, name, other] of [
    ['webhook', webhook, controller],
    ['controller', controller, webhook],
  ] as const) {
    const objects = template({
      [key]: { replicas: 3, resources, priorityClassName: 'high', extraArgs: ['--log-level=debug'] },
    })
    const { spec } = single(objects, 'Deployment', name)
    t.equal(spec.replicas, 3)
    t.equal(spec.template.spec.priorityClassName, 'high')
    t.same(spec.template.spec.containers[0].resources, resources)
    t.equal(spec.template.spec.containers[0].args.at(-1), '--log-level=debug')
    t.same(single(objects, 'Deployment', other), single(template(), 'Deployment', other), 'the other stays')
  }
})

t.test('fail-closed keeps what is said about replicas and priority', { skip }, async t => {
  const objects = template({ failClosed: { enabled: true }, webhook: { replicas: 5, priorityClassName: 'own' } })
  const { spec } = single(objects, 'Deployment', webhook)
  t.match(spec, { replicas: 5, template: { spec: { priorityClassName: 'own' } } })
})

t.test('alerts link to the runbooks that are named', { skip }, async t => {
  const rules = template({ monitoring: { enabled: true, runbooks: 'https://wiki.example.com/repeer' } })
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => spec.groups)
    .flatMap(({ rules }) => rules)
    .filter(({ alert }) => alert !== undefined)
  t.ok(rules.length > 5)
  for (const { alert, annotations } of rules)
    t.equal(annotations.runbook_url, `https://wiki.example.com/repeer#${alert.toLowerCase()}`)
})

t.test('the schema lets in what is harmless', { skip }, async t => {
  for (const values of [
    { global: { anything: [1, { a: 'b' }] } },
    { 'x-anchors': { a: 1 } },
    { enabled: true, tags: { a: true } },
    { extraLabels: { 'example.com/team': 'a' } },
    { webhook: { replicas: null, resources: { claims: [{ name: 'a' }], limits: { 'example.com/gpu': 1 } } } },
    { imagePullSecrets: null, tolerations: null, nodeSelector: null, extraLabels: null, podAnnotations: null },
    { tolerations: [{ operator: 'Exists', something: 'new' }] },
    { image: { repository: 'localhost:5000/a/b', tag: null, digest: null } },
  ])
    t.doesNotThrow(() => template(values), JSON.stringify(values))
})

t.test('the schema names what is a mistake', { skip }, async t => {
  for (const [values, message] of [
    [{ failclosed: { enabled: true } }, /failclosed/],
    [{ failClosed: true }, /failClosed/],
    [{ certManager: { enable: true } }, /enable/],
    [{ controller: { enabled: 'no' } }, /controller/],
    [{ webhook: { replicas: 0 } }, /replicas/],
    [{ image: { digest: 'sha256:abc' } }, /digest/],
    [{ image: { repository: '' } }, /repository/],
    [{ imagePullSecrets: ['registry'] }, /imagePullSecrets/],
    [{ extraLabels: { 'app.kubernetes.io/name': 'other' } }, /app.kubernetes.io.name/],
    [{ tolerations: { key: 'a' } }, /tolerations/],
  ] as const)
    t.throws(() => template(values), { message }, JSON.stringify(values))
})

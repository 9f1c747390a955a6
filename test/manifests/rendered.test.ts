// What kustomize makes of the base, of the overlays, of components that are combined, and of a layer of one's own.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { byName, combined } from './combined.ts'
import { type Entity, kubectl, of, render, root, single } from './objects.ts'
import { restrictedProblems } from './restricted.ts'

const skip = kubectl ? false : 'kubectl is not on PATH'
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

t.test('kubectl kustomize manifests', { skip }, async t => {
  const objects = render('manifests')
  const container = single(objects, 'Deployment', 'repeer-webhook').spec.template.spec.containers[0]
  t.equal(
    container.image,
    `repeer.example/set-this-image:${version}`,
    'it says what to do, and has the version of package.json',
  )
  t.ok(container.args.includes(`--image=${container.image}`), 'what is injected is what runs here')
  const { clientConfig, failurePolicy } = single(objects, 'MutatingWebhookConfiguration').webhooks[0]
  t.notOk('caBundle' in clientConfig)
  t.equal(failurePolicy, 'Ignore')
  for (const { spec } of objects.filter(({ kind }) => kind === 'Deployment')) {
    t.same(restrictedProblems(spec.template.spec), [])
    t.equal(spec.template.spec.containers[0].image, container.image, 'one image for all')
  }
  const named = objects.filter(object => object.metadata.namespace !== undefined)
  t.ok(
    named.every(object => object.metadata.namespace === 'repeer-system'),
    'nothing in another namespace',
  )
})

t.test('overlay fail-closed differs where it says so', { skip }, async t => {
  const base = render('manifests')
  const closed = render('manifests/overlays/fail-closed')
  t.equal(single(closed, 'MutatingWebhookConfiguration').webhooks[0].failurePolicy, 'Fail')
  const replicas = (objects: typeof base) => single(objects, 'Deployment', 'repeer-webhook').spec.replicas
  t.ok(replicas(closed) > replicas(base))
  t.same(
    of('controller', closed),
    of('controller', base),
    'nodes keep running without the controller, so it needs no more',
  )
  t.same(
    closed.map(object => `${object.kind} ${object.metadata.name}`),
    base.map(object => `${object.kind} ${object.metadata.name}`),
  )
  const conditions = single(closed, 'MutatingWebhookConfiguration').webhooks[0].matchConditions
  t.ok(
    conditions.some((condition: { name: string }) => condition.name === 'not-opted-out'),
    'an opted-out pod still starts while no webhook answers',
  )
})

t.test(
  'overlay cert-manager takes the certificate from a mounted Secret and drops the permissions for it',
  { skip },
  async t => {
    const objects = render('manifests/overlays/cert-manager')
    const webhook = single(objects, 'MutatingWebhookConfiguration')
    t.equal(webhook.metadata.annotations?.['cert-manager.io/inject-ca-from'], 'repeer-system/repeer-webhook')
    const { spec } = single(objects, 'Deployment', 'repeer-webhook').spec.template
    const certificate = single(objects, 'Certificate', 'repeer-webhook').spec
    t.equal(spec.volumes[0].secret.secretName, certificate.secretName)
    t.ok(spec.containers[0].args.includes(`--cert-dir=${spec.containers[0].volumeMounts[0].mountPath}`))
    const { name, namespace } = webhook.webhooks[0].clientConfig.service
    t.ok(certificate.dnsNames.includes(`${name}.${namespace}.svc`), 'the name by which API servers call')
    t.notOk(of('webhook', objects).some(object => object.kind === 'Role'))
    t.same(
      single(objects, 'ClusterRole', 'repeer-webhook').rules.map((rule: { resources: string[] }) => rule.resources),
      [['configmaps'], ['namespaces'], ['peersets']],
    )
    t.same(restrictedProblems(spec), [])
  },
)

t.test(
  'overlay without-controller is the webhook alone, and sidecars that decide for themselves',
  { skip },
  async t => {
    const base = render('manifests')
    const objects = render('manifests/overlays/without-controller')
    const names = (some: typeof base) => some.map(object => `${object.kind} ${object.metadata.name}`)
    t.same(of('controller', objects), [])
    t.ok(of('controller', base).length > 0)
    t.same(
      names(objects),
      names(base.filter(object => !of('controller', base).includes(object))),
      'all others are there',
    )
    t.notMatch(JSON.stringify(objects), 'repeer-controller')
    const args = (some: typeof base): string[] =>
      single(some, 'Deployment', 'repeer-webhook').spec.template.spec.containers[0].args
    t.same(
      args(objects),
      args(base).map(arg => arg.replace('--turns=controller', '--turns=self')),
    )
    t.ok(args(objects).includes('--turns=self'))
  },
)

const adding = ['fail-closed', 'cert-manager', 'stellar', 'provider-chain', 'expose']

t.test('another namespace, said once in the base, reaches every text of every component', { skip }, async t => {
  const objects = combined(t, adding, 'elsewhere')
  const text = JSON.stringify(objects)
  t.notMatch(text, 'repeer-system')
  t.match(text, "username != 'system:serviceaccount:elsewhere:repeer-controller'")
  t.match(text, "username == 'system:serviceaccount:elsewhere:repeer-webhook'")
  t.same(
    byName(JSON.parse(text.replaceAll('elsewhere', 'repeer-system')) as Entity[]),
    byName(combined(t, adding)),
    'and changes nothing but the namespace',
  )
})

t.test('components combine: each adds what it adds alone', { skip }, async t => {
  const keys = (objects: readonly Entity[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  const base = keys(render('manifests'))
  const all = keys(combined(t, adding))
  for (const component of adding) {
    const alone = keys(render(`manifests/overlays/${component}`))
    t.same(
      alone.filter(key => !all.includes(key)),
      component === 'cert-manager' ? [] : ['Role repeer-webhook', 'RoleBinding repeer-webhook'],
    )
    for (const key of alone.filter(key => !base.includes(key))) t.ok(all.includes(key), `${component}: ${key}`)
  }
})

t.test('the components that take away come last, and leave nothing of theirs', { skip }, async t => {
  const objects = combined(t, [...adding, 'without-controller', 'without-network-policies'])
  t.same(of('controller', objects), [])
  t.notOk(objects.some(({ kind }) => kind === 'NetworkPolicy'))
  t.ok(of('webhook', objects).length > 0)
})

t.test('manifests/kustomization.yaml names every component', async t => {
  const text = readFileSync(join(root, 'manifests/kustomization.yaml'), 'utf8')
  for (const name of readdirSync(join(root, 'manifests/components'))) t.match(text, `#   - components/${name}\n`)
})

t.test('the layers of docs/configuration.md do what it says', { skip }, async t => {
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
  const section = page.slice(page.indexOf('## Your own kustomization'))
  const layers = [...section.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text)
  t.equal(layers.length, 2)
  const folder = t.testdir()
  cpSync(join(root, 'manifests'), join(folder, 'repeer/manifests'), { recursive: true })
  const [own, several] = layers.map((text, index) => {
    mkdirSync(join(folder, `${index}`))
    // kustomize reads no file outside of the layer's folder, so the checkout lies in it.
    cpSync(join(folder, 'repeer'), join(folder, `${index}/repeer`), { recursive: true })
    writeFileSync(join(folder, `${index}/kustomization.yaml`), text.replace('sha256:...', `sha256:${'a'.repeat(64)}`))
    return render(join(folder, `${index}`))
  })
  if (!own || !several) return
  const image = `registry.example.com/repeer@sha256:${'a'.repeat(64)}`
  for (const name of ['repeer-webhook', 'repeer-controller'])
    t.equal(single(own, 'Deployment', name).spec.template.spec.containers[0].image, image)
  t.ok(
    single(own, 'Deployment', 'repeer-webhook').spec.template.spec.containers[0].args.includes(`--image=${image}`),
    'what is injected is what runs here',
  )
  const wanted = ['fail-closed', 'stellar', 'provider-chain', 'expose'].flatMap(name =>
    render(`manifests/overlays/${name}`).map(object => `${object.kind} ${object.metadata.name}`),
  )
  t.strictSame(new Set(several.map(object => `${object.kind} ${object.metadata.name}`)), new Set(wanted))
  t.equal(single(several, 'MutatingWebhookConfiguration').webhooks[0].failurePolicy, 'Fail')
})

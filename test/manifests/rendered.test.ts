// What kustomize makes of the base and of the overlays.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { kubectl, one, render, root } from './objects.ts'
import { restrictedProblems } from './restricted.ts'

const skip = kubectl ? false : 'kubectl is not on PATH'
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

t.test('kubectl kustomize manifests', { skip }, async t => {
  const objects = render('manifests')
  const container = one(objects, 'Deployment').spec.template.spec.containers[0]
  t.equal(container.image, `repeer:${version}`, 'the image has the version of package.json')
  t.ok(container.args.includes(`--image=${container.image}`), 'what is injected is what runs here')
  const { clientConfig, failurePolicy } = one(objects, 'MutatingWebhookConfiguration').webhooks[0]
  t.notOk('caBundle' in clientConfig)
  t.equal(failurePolicy, 'Ignore')
  t.same(restrictedProblems(one(objects, 'Deployment').spec.template.spec), [])
  const named = objects.filter(object => object.metadata.namespace !== undefined)
  t.ok(
    named.every(object => object.metadata.namespace === 'repeer-system'),
    'nothing in another namespace',
  )
})

t.test('overlay fail-closed differs where it says so', { skip }, async t => {
  const base = render('manifests')
  const closed = render('manifests/overlays/fail-closed')
  t.equal(one(closed, 'MutatingWebhookConfiguration').webhooks[0].failurePolicy, 'Fail')
  t.ok(one(closed, 'Deployment').spec.replicas > one(base, 'Deployment').spec.replicas)
  t.same(
    closed.map(object => `${object.kind} ${object.metadata.name}`),
    base.map(object => `${object.kind} ${object.metadata.name}`),
  )
  const conditions = one(closed, 'MutatingWebhookConfiguration').webhooks[0].matchConditions
  t.ok(
    conditions.some((condition: { name: string }) => condition.name === 'not-opted-out'),
    'an opted-out pod still starts while no webhook answers',
  )
})

t.test('overlay cert-manager takes the certificate from a mounted Secret and drops the permissions for it', { skip }, async t => {
  const objects = render('manifests/overlays/cert-manager')
  const webhook = one(objects, 'MutatingWebhookConfiguration')
  t.equal(webhook.metadata.annotations?.['cert-manager.io/inject-ca-from'], 'repeer-system/repeer-webhook')
  const { spec } = one(objects, 'Deployment').spec.template
  const certificate = one(objects, 'Certificate', 'repeer-webhook').spec
  t.equal(spec.volumes[0].secret.secretName, certificate.secretName)
  t.ok(spec.containers[0].args.includes(`--cert-dir=${spec.containers[0].volumeMounts[0].mountPath}`))
  const { name, namespace } = webhook.webhooks[0].clientConfig.service
  t.ok(certificate.dnsNames.includes(`${name}.${namespace}.svc`), 'the name by which API servers call')
  t.notOk(objects.some(object => object.kind === 'Role'))
  t.same(
    one(objects, 'ClusterRole').rules.map((rule: { resources: string[] }) => rule.resources),
    [['configmaps'], ['namespaces']],
  )
  t.same(restrictedProblems(spec), [])
})

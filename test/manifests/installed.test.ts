// What the code knows of repeer's own objects (peers/installed.ts), against the manifests that make them, the image
// and the pages that name them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { controller, ownNamespace, webhook } from '../../peers/installed.ts'
import { statusPort } from '../../peers/pod.ts'
import { baseFiles, of, root, single } from './objects.ts'

const objects = baseFiles().flatMap(file => file.objects)
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const containersOf = (component: 'webhook' | 'controller') =>
  single(of(component, objects), 'Deployment').spec.template.spec.containers as {
    name: string
    ports: { containerPort: number }[]
  }[]

t.test('all of it is in one namespace', async t => {
  t.equal(single(objects, 'Namespace').metadata.name, ownNamespace)
  const elsewhere = objects.filter(
    ({ metadata }) => metadata.namespace !== undefined && metadata.namespace !== ownNamespace,
  )
  t.same(elsewhere, [])
})

t.test("the webhook's names and port", async t => {
  const own = of('webhook', objects)
  t.ok(single(own, 'Deployment', webhook.name))
  t.ok(single(own, 'Service', webhook.name))
  t.ok(single(own, 'MutatingWebhookConfiguration', webhook.configuration))
  t.same(
    containersOf('webhook').map(({ name, ports }) => [name, ports.map(port => port.containerPort)]),
    [[webhook.container, [webhook.port]]],
  )
  const secrets = single(own, 'Role').rules.filter((rule: { resources: string[] }) =>
    rule.resources.includes('secrets'),
  )
  const named = secrets.flatMap((rule: { resourceNames?: string[] }) => rule.resourceNames ?? [])
  t.same([...new Set(named)], [webhook.secret], 'the Secret that it may read and write')
})

t.test("the controller's names and port", async t => {
  const own = of('controller', objects)
  t.ok(single(own, 'Deployment', controller.name))
  t.same(
    containersOf('controller').map(({ ports }) => ports.map(port => port.containerPort)),
    [[controller.port]],
  )
  const leases = single(own, 'Role').rules.filter((rule: { resources: string[] }) => rule.resources.includes('leases'))
  const named = leases.flatMap((rule: { resourceNames?: string[] }) => rule.resourceNames ?? [])
  t.same([...new Set(named)], [controller.name], 'the Lease that it may write')
})

t.test('the controller may reach the status pages', async t => {
  const { egress } = single(of('controller', objects), 'NetworkPolicy').spec
  const inNamespaces = egress.filter((rule: { to?: unknown }) => rule.to !== undefined)
  t.same(
    inNamespaces.flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port)),
    [statusPort.number],
  )
})

t.test('the image and the pages name the same ports', async t => {
  t.match(read('manifests/image/Dockerfile'), `EXPOSE ${webhook.port}\n`)
  const security = read('docs/security.md')
  for (const text of [
    `Port 443 to ${webhook.port}`,
    `webhook, TCP ${webhook.port}; controller, TCP ${controller.port}; sidecars, TCP ${statusPort.number}`,
  ])
    t.match(security, text)
  t.match(read('docs/operations.md'), `on \`/metrics\` of port ${controller.port}`)
  t.match(read('docs/operations.md'), `\`GET /status\` on TCP ${statusPort.number}`)
  t.match(read('docs/examples/status-page-networkpolicy.yaml'), `port: ${statusPort.number}\n`)
  t.match(read('README.md'), `:${statusPort.number}/proxy/status`)
})

t.test('the placeholder for the image is the one that the README has replaced', async t => {
  const [, placeholder = ''] = /^ +newName: (\S+)/m.exec(read('manifests/base/kustomization.yaml')) ?? []
  t.match(read('README.md'), `in place of \`${placeholder}\``)
})

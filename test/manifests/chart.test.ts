// The Helm chart: made of the kustomize files, and equal to what kustomize renders, for the default and for each
// switch. What only the chart has (pull secrets, resources and the like) is in chart-values.test.ts.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import { chartTemplates, sources } from '../../manifests/chart.ts'
import { byName, combined } from './combined.ts'
import { chart, hasHelm, helm, template } from './helm.ts'
import { type Entity, kubectl, root, single } from './objects.ts'

const skip = hasHelm ? (kubectl ? false : 'kubectl is not on PATH') : 'helm is not on PATH, nor built by `npm run e2e`'
const read = (file: string) => readFileSync(join(root, 'manifests', file), 'utf8')
const components = readdirSync(join(root, 'manifests/components'))

t.test('the templates are what `npm run chart` writes', async t => {
  const templates = chartTemplates(read)
  const own = ['NOTES.txt', '_helpers.tpl', 'dashboard.yaml']
  t.same(
    readdirSync(join(chart, 'templates')).filter(name => !own.includes(name)),
    [...templates.keys()].sort(),
  )
  const dashboard = (folder: string) => read(`${folder}/dashboard.json`)
  t.equal(dashboard('chart'), dashboard('components/monitoring'), 'run `npm run chart`')
  for (const [name, text] of templates)
    t.equal(readFileSync(join(chart, 'templates', name), 'utf8'), text, `${name}: run \`npm run chart\``)
})

/** Helm makes the namespace; and the settings are kustomize's alone. */
const elsewhere = ['base/namespace.yaml', 'components/monitoring/settings.yaml']

t.test('every other file that kustomize reads objects from is a source of the chart', async t => {
  const listed = ['base', ...components.map(name => `components/${name}`)].flatMap(folder => {
    const { resources = [] } = parseYaml(read(`${folder}/kustomization.yaml`)) as { resources?: string[] }
    return resources.map(file => `${folder}/${file}`)
  })
  t.same(sources.map(({ file }) => file).sort(), listed.filter(file => !elsewhere.includes(file)).sort())
})

t.test('a manifest that has changed under an edit is an error that names it', async t => {
  const changed = (file: string) => read(file).replace('timeoutSeconds: 5', 'timeoutSeconds: 6')
  t.throws(() => chartTemplates(changed), {
    message: /mutatingwebhookconfiguration.yaml: found 0 times, expected 1 times:\ntimeoutSeconds: 5/,
  })
  const foreign = (file: string) => `${read(file)}# {{ x }}\n`
  t.throws(() => chartTemplates(foreign), { message: /serviceaccount.yaml: found \{\{, which Helm/ })
})

t.test('the versions are those of package.json', async t => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  t.match(parseYaml(read('chart/Chart.yaml')), { version, appVersion: version })
})

/** As kustomize has it: without the Namespace, which `helm install --create-namespace` makes. */
function expected(entities: readonly Entity[]): Record<string, object> {
  return byName(entities.filter(({ kind }) => kind !== 'Namespace'))
}

/** Without what only Helm reads; it has to be there. */
function withoutPolicy(entities: readonly Entity[]): Entity[] {
  return entities.map(entity => {
    if (entity.kind !== 'CustomResourceDefinition') return entity
    const { annotations, ...metadata } = entity.metadata
    t.same(annotations, { 'helm.sh/resource-policy': 'keep' }, 'PeerSets outlive the release')
    return { ...entity, metadata }
  })
}

const on = { enabled: true }
const off = { enabled: false }
const additions = { certManager: on, expose: on, failClosed: on, providerChain: on, stellar: on }
const added = ['cert-manager', 'expose', 'fail-closed', 'provider-chain', 'stellar']

for (const [chosen, values] of [
  [[], {}],
  [['fail-closed'], { failClosed: on }],
  [['cert-manager'], { certManager: on }],
  [['stellar'], { stellar: on }],
  [['provider-chain'], { providerChain: on }],
  [['expose'], { expose: on }],
  [['without-controller'], { controller: off }],
  [['without-network-policies'], { networkPolicies: off }],
  [added, additions],
  [['monitoring'], { monitoring: on }],
  [['cert-manager', 'monitoring', 'monitoring/cert-manager'], { certManager: on, monitoring: on }],
  [['monitoring', 'without-controller'], { controller: off, monitoring: on }],
  [[...added, 'without-network-policies'], { ...additions, networkPolicies: off }],
  [[...added, 'without-controller'], { ...additions, controller: off }],
  [
    ['fail-closed', 'without-controller', 'without-network-policies'],
    { failClosed: on, controller: off, networkPolicies: off },
  ],
] as const) {
  t.test(`kustomize and Helm render the same: ${chosen.join(', ') || 'the default'}`, { skip }, async t => {
    t.strictSame(byName(withoutPolicy(template(values))), expected(combined(t, chosen)))
  })
}

t.test('the same in another namespace, also one whose name is a number', { skip }, async t => {
  t.strictSame(
    byName(withoutPolicy(template({ ...additions, monitoring: on, certManager: off }, 'elsewhere'))),
    expected(combined(t, [...added.filter(name => name !== 'cert-manager'), 'monitoring'], 'elsewhere')),
  )
  t.strictSame(byName(withoutPolicy(template(additions, 'elsewhere'))), expected(combined(t, added, 'elsewhere')))
  const text = JSON.stringify(template(additions, '1234'))
  t.notMatch(text, 'repeer-system')
  t.notMatch(text, /:1234[,}\]]/, 'a text everywhere')
  t.match(text, '"namespace":"1234"')
})

t.test('no component of kustomize lacks a switch', async t => {
  const compared = [...added, 'monitoring', 'without-controller', 'without-network-policies']
  t.same(components.sort(), compared.sort())
})

t.test('every object is rendered once, and none holds a certificate or a caBundle', { skip }, async t => {
  const objects = template(additions)
  t.equal(Object.keys(byName(objects)).length, objects.length)
  t.notOk(objects.some(({ kind }) => kind === 'Secret'))
  t.notMatch(JSON.stringify(objects), 'caBundle":')
  t.same(template(), template(), 'nothing is made up anew: a second rendering is the same')
})

t.test('the definition of PeerSets can be left to somebody else', { skip }, async t => {
  t.ok(single(template(), 'CustomResourceDefinition'))
  t.notOk(template({ crds: off }).some(({ kind }) => kind === 'CustomResourceDefinition'))
})

t.test('helm lint finds nothing', { skip }, async t => {
  for (const values of [{}, additions, { controller: off, networkPolicies: off }])
    t.match(helm(['lint', chart, '--strict'], values), '1 chart(s) linted, 0 chart(s) failed')
})

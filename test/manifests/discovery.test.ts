// What PeerSets add to the manifests: the CRD, which has to say what the code reads, and the permissions.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { exposeDefaults, readExposeSpec, trafficPolicies } from '../../discovery/expose/spec.ts'
import { outputLabel, peerSetLabel, peerSets, serviceLabel, sliceManager } from '../../discovery/names.ts'
import { conditionTypes, limits, readSpec, serviceAddresses, sourceKinds } from '../../discovery/peer-set.ts'
import { maxConsumers } from '../../discovery/sources/validators/consumers.ts'
import { addressFault } from '../../discovery/sources/validators/hosts.ts'
import { defaultPortFormula, portFormulas, portRange } from '../../discovery/sources/validators/ports.ts'
import { probeKinds } from '../../discovery/sources/validators/probe.ts'
import { formats } from '../../peers/formats/index.ts'
import { profiles } from '../../peers/plan.ts'
import { baseFiles, kubectl, of, parse, render, root, single } from './objects.ts'

const objects = baseFiles().flatMap(file => file.objects)
const crd = single(objects, 'CustomResourceDefinition')
const [version] = crd.spec.versions
const schema = version.schema.openAPIV3Schema
const { source, output, deliver, limit, minPeers, interval, expose } = schema.properties.spec.properties

type Schema = {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
}

/** Every place of a schema, with its path. */
function places(of: Schema, path: string): [path: string, schema: Schema][] {
  const below = Object.entries(of.properties ?? {}).flatMap(([name, field]) => places(field, `${path}.${name}`))
  return [
    [path, of],
    ...below,
    ...(of.items?.properties ? places({ properties: of.items.properties }, `${path}[]`).slice(1) : []),
  ]
}

t.test('the CRD is the one that the code asks for', async t => {
  t.equal(`${crd.spec.group}/${version.name}`, peerSets.apiVersion)
  t.equal(crd.spec.names.kind, peerSets.kind)
  t.equal(crd.metadata.name, `${crd.spec.names.plural}.${crd.spec.group}`)
  t.same(version.subresources, { status: {} })
  t.same(
    version.additionalPrinterColumns
      .filter((column: { priority?: number }) => !column.priority)
      .map(({ name }: { name: string }) => name),
    ['Source', 'Peers', 'Hash', 'Age', 'Ready'],
  )
})

t.test('its values and bounds are those of the code', async t => {
  t.same(Object.keys(source.properties).sort(), [...sourceKinds].sort())
  t.same(output.properties.format.enum, [...formats])
  t.same(source.properties.services.properties.address.enum, [...serviceAddresses])
  t.same(source.properties.validators.properties.probe.enum, [...probeKinds])
  for (const { properties } of [source.properties.validators, expose])
    t.match(properties.portFormula, { enum: [...portFormulas], default: defaultPortFormula })
  for (const formula of portFormulas) {
    const { first, last } = portRange(formula)
    t.match(
      source.properties.validators.properties.portFormula.description.replace(/\s+/g, ' '),
      `${first} to ${last}`,
      formula,
    )
  }
  t.same(source.properties.validators.properties.consumers.enum, ['all'])
  t.equal(schema.properties.status.properties.consumers.maxItems, maxConsumers)
  t.same(deliver.properties.profile.enum, [...profiles])
  t.equal(source.properties.stellarNodes.properties.port.default, 11_625)
  t.match(
    { limit, minPeers },
    { limit: { default: limits.defaultLimit, maximum: limits.most }, minPeers: { default: 1 } },
  )
  const { externalTrafficPolicy, maxPorts, keepSeconds } = expose.properties
  t.same(externalTrafficPolicy.enum, [...trafficPolicies])
  t.match(maxPorts, { default: exposeDefaults.maxPorts, maximum: exposeDefaults.mostPorts })
  t.match(keepSeconds, { default: exposeDefaults.keepSeconds, maximum: exposeDefaults.mostKeepSeconds })
  t.match(expose.properties.chainIdLabel.description, `Default: ${exposeDefaults.chainIdLabel}.`)
  t.equal(interval.default, `${limits.intervalMs / 1000}s`)
  for (const type of conditionTypes) t.match(schema.properties.status.properties.conditions.description, `${type}:`)
})

t.test('every field says what it is for, in a sentence', async t => {
  for (const [path, field] of places(schema, 'PeerSet')) t.match(field.description ?? '', /^["A-Z].{10,}\.$/s, path)
})

t.test('every rule has a message that says what is expected', async t => {
  const rules = JSON.stringify(schema).match(/"x-kubernetes-validations":\[.*?\}\]/g) ?? []
  t.ok(rules.length >= 7)
  for (const text of rules) {
    for (const rule of JSON.parse(text.slice(text.indexOf('['))) as { message?: string }[])
      t.match(rule.message, /expected/)
  }
})

t.test('what the schema calls required, the code insists on', async t => {
  t.same(schema.properties.spec.required, ['source', 'output'])
  t.match(readSpec({}, 'a'), { invalid: /spec\.source/ })
  for (const field of output.required as string[]) {
    const given = { configMap: 'c', key: 'k', format: 'generic-list' }
    t.match(readSpec({ source: { static: { peers: ['a:1'] } }, output: { ...given, [field]: undefined } }, 'a'), {
      invalid: new RegExp(`output.${field}`),
    })
  }
  t.same(deliver.required, ['podSelector'])
  const given = { source: { static: { peers: ['a:1'] } }, output: { configMap: 'c', key: 'k', format: 'generic-list' } }
  t.match(readSpec({ ...given, deliver: {} }, 'a'), { invalid: /spec.deliver.podSelector/ })
  t.match(readSpec({ ...given, deliver: { podSelector: { matchLabels: { a: 'b' } } } }, 'a'), {
    deliver: { query: 'a=b' },
  })
})

t.test('patterns of the schema take what the code takes: names, and templates of names', async t => {
  const { configMap, key, namespace } = output.properties
  for (const [field, good, bad] of [
    [
      configMap,
      ['peers', 'p.a-1', '{chainId}', 'p-{consumerId}', '{chainId}-peers'],
      ['', 'A', '-a', 'a-', '{chain}', 'a_b', '{chainId'],
    ],
    [key, ['list', 'KNOWN_PEERS', '{chainId}.txt'], ['', 'a/b', '{}', '{x}']],
    [namespace, ['a-1', '{chainId}', 'c-{consumerId}'], ['', 'A', '{x}', 'a b']],
  ] as const) {
    for (const text of good) t.match(text, new RegExp(field.pattern), text)
    for (const text of bad) t.notMatch(text, new RegExp(field.pattern), text || 'an empty text')
  }
})

const exposing = ['expose-rbac.yaml', 'expose-policy.yaml'].flatMap(file =>
  parse(readFileSync(join(root, 'manifests/components/expose', file), 'utf8')),
)

t.test('the permissions are these and no others', async t => {
  const said = (name: string, from = objects) =>
    single(from, 'ClusterRole', name).rules.map(
      ({ apiGroups, resources, verbs }: { apiGroups: string[]; resources: string[]; verbs: string[] }) =>
        `${apiGroups}/${resources}: ${verbs}`,
    )
  t.same(said('repeer-discovery'), [
    'repeer.dev/peersets: list,watch',
    'repeer.dev/peersets/status: patch',
    '/services: list,watch',
    '/configmaps: create,patch',
  ])
  const stellar = parse(readFileSync(join(root, 'manifests/components/stellar/stellar-rbac.yaml'), 'utf8'))
  t.same(said('repeer-discovery-stellar', stellar), ['stellar.org/stellarnodes: list,watch'])
  t.notMatch(JSON.stringify(objects), 'stellarnodes"]', 'StellarNodes only where they are used')
  t.same(said('repeer-expose', exposing), ['/services: create,patch', 'discovery.k8s.io/endpointslices: create,patch'])
  t.match(
    single(stellar, 'ClusterRoleBinding').subjects,
    [single(of('controller', objects), 'ServiceAccount').metadata].map(({ name, namespace }) => ({
      kind: 'ServiceAccount',
      name,
      namespace,
    })),
  )
})

t.test('a policy holds the writes of ConfigMaps to lists', async t => {
  const { spec } = single(objects, 'ValidatingAdmissionPolicy', 'repeer-discovery')
  t.equal(spec.failurePolicy, 'Fail')
  t.match(spec.matchConstraints.resourceRules, [{ resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] }])
  const text = JSON.stringify(spec.validations)
  t.match(text, outputLabel.name)
  t.match(text, `== '${outputLabel.value}'`)
  for (const { message } of spec.validations) t.match(message, /^found .*, expected /)
})

t.test('policies hold the writes of Services and EndpointSlices to what is exposed', async t => {
  for (const [name, resource, labels] of [
    ['repeer-expose-services', 'services', [serviceLabel.name]],
    ['repeer-expose-slices', 'endpointslices', [sliceManager.name, `== '${sliceManager.value}'`, peerSetLabel]],
  ] as const) {
    const { spec } = single(exposing, 'ValidatingAdmissionPolicy', name)
    t.equal(spec.failurePolicy, 'Fail')
    t.match(spec.matchConstraints.resourceRules, [{ resources: [resource], operations: ['CREATE', 'UPDATE'] }])
    for (const text of labels) t.match(JSON.stringify(spec.validations), text)
    for (const { message } of spec.validations) t.match(message, /^found .*, expected /)
    t.match(single(exposing, 'ValidatingAdmissionPolicyBinding', name).spec, {
      policyName: name,
      validationActions: ['Deny'],
    })
  }
})

t.test(
  'overlay expose is the base, one role and two policies',
  { skip: kubectl ? false : 'kubectl is not on PATH' },
  async t => {
    const names = (some: readonly { kind: string; metadata: { name: string } }[]) =>
      some.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    const base = names(render('manifests'))
    t.same(
      names(render('manifests/overlays/expose'))
        .filter(name => !base.includes(name))
        .sort(),
      names(exposing).sort(),
    )
  },
)

t.test('overlay stellar is the base and one role', { skip: kubectl ? false : 'kubectl is not on PATH' }, async t => {
  const names = (some: readonly { kind: string; metadata: { name: string } }[]) =>
    some.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  const base = names(render('manifests'))
  t.same(
    names(render('manifests/overlays/stellar')).filter(name => !base.includes(name)),
    ['ClusterRole repeer-discovery-stellar', 'ClusterRoleBinding repeer-discovery-stellar'],
  )
})

const chainPolicy = single(
  parse(readFileSync(join(root, 'manifests/components/provider-chain/provider-chain-networkpolicy.yaml'), 'utf8')),
  'NetworkPolicy',
)

t.test(
  'overlay provider-chain is the base and one NetworkPolicy',
  { skip: kubectl ? false : 'kubectl is not on PATH' },
  async t => {
    const names = (some: readonly { kind: string; metadata: { name: string } }[]) =>
      some.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    const base = names(render('manifests'))
    t.same(
      names(render('manifests/overlays/provider-chain')).filter(name => !base.includes(name)),
      ['NetworkPolicy repeer-controller-provider-chain'],
    )
  },
)

t.test('it permits DNS, the RPC, and probes of what the code lists: no port more, and no private address', async t => {
  const { podSelector, policyTypes, egress } = chainPolicy.spec
  t.same(podSelector, single(of('controller', objects), 'NetworkPolicy').spec.podSelector)
  t.same(policyTypes, ['Egress'])
  const [dns, rpc, probes] = egress
  t.equal(egress.length, 3)
  t.same(
    dns.ports.map(({ port, protocol }: { port: number; protocol: string }) => `${protocol} ${port}`),
    ['UDP 53', 'TCP 53'],
  )
  t.same(rpc, { ports: [{ port: 26657, protocol: 'TCP' }] })
  const ranges = portFormulas.map(portRange)
  const [first, last] = [Math.min(...ranges.map(range => range.first)), Math.max(...ranges.map(range => range.last))]
  t.same(probes.ports, [{ port: first, endPort: last, protocol: 'TCP' }], 'of all formulas, and no other')
  for (const { ipBlock } of probes.to) {
    for (const range of ipBlock.except as string[]) {
      const [address = ''] = range.split('/')
      t.match(addressFault(address, false), { code: 'private-host' }, range)
      t.equal(addressFault(address, true), undefined, range)
    }
  }
  // Of each kind that only allowPrivate permits, one.
  for (const address of [
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '127.0.0.1',
    'fd00::1',
    'fe80::1',
  ]) {
    t.match(addressFault(address, false), { code: 'private-host' }, address)
    const denied = probes.to.flatMap(({ ipBlock }: { ipBlock: { except: string[] } }) => ipBlock.except)
    t.ok(
      denied.some((range: string) => within(address, range)),
      `${address} is out of reach`,
    )
  }
})

function within(address: string, range: string): boolean {
  const [host, of] = [ipaddr.parse(address), ipaddr.parseCIDR(range)]
  return host.kind() === of[0].kind() && host.match(of)
}

t.test('the example of a policy for health checks selects the controller', async t => {
  const [policy] = parse(readFileSync(join(root, 'docs/examples/health-check-networkpolicy.yaml'), 'utf8'))
  const controller = single(of('controller', objects), 'NetworkPolicy')
  t.equal(policy?.metadata.namespace, controller.metadata.namespace)
  t.same(policy?.spec.podSelector, controller.spec.podSelector)
  t.same(policy?.spec.policyTypes, ['Egress'])
})

t.test('the examples are PeerSets that the code reads', async t => {
  const folder = join(root, 'docs/examples')
  const files = readdirSync(folder).filter(name => name.startsWith('peerset-'))
  t.ok(files.length >= 3 && existsSync(join(root, 'docs/discovery.md')))
  for (const file of files) {
    for (const object of parse(readFileSync(join(folder, file), 'utf8')).filter(({ kind }) => kind === 'PeerSet')) {
      t.notMatch(
        readSpec(object.spec, object.metadata.namespace ?? 'a'),
        { invalid: String },
        `${file}: ${object.metadata.name}`,
      )
      t.equal(object.apiVersion, peerSets.apiVersion)
      if (object.spec.expose)
        t.notMatch(readExposeSpec(object.spec.expose, 'a'), { invalid: String }, `${file}: expose`)
    }
  }
})

import type { V1PodSpec, V1ResourceRequirements } from '@kubernetes/client-node'
import t from 'tap'
import { nanos } from '../../../webhook/patch/quantity.ts'
import { ourResources, qosClass } from '../../../webhook/patch/resources.ts'

t.test('quantities', t => {
  const equal: [string, string][] = [
    ['1', '1000m'],
    ['0.1', '100m'],
    ['1Gi', '1024Mi'],
    ['1.5Ki', '1536'],
    ['1e3', '1k'],
    ['1E3', '1000'],
    ['12E', '12e18'],
    ['.5', '500m'],
    ['5.', '5'],
    ['+2', '2'],
    ['0.5n', '1n'],
    ['1000u', '1m'],
  ]
  for (const [a, b] of equal) {
    t.not(nanos(a), undefined, a)
    t.equal(nanos(a), nanos(b), `${a} = ${b}`)
  }
  t.equal(nanos('-1'), -1_000_000_000n)
  for (const bad of ['', '.', 'm', '1 Gi', '1gi', '1ki', 'one', '1e', '0x10', '1MiB'])
    t.equal(nanos(bad), undefined, JSON.stringify(bad))
  t.end()
})

type Part = V1ResourceRequirements | undefined
const pod = (containers: Part[], initContainers: Part[] = [], resources?: V1ResourceRequirements): V1PodSpec => {
  const named = (parts: Part[]) =>
    parts.map((part, index) => ({ name: `c${index}`, ...(part ? { resources: part } : {}) }))
  return { containers: named(containers), initContainers: named(initContainers), ...(resources ? { resources } : {}) }
}
const both = { cpu: '1', memory: '1Gi' }

// One row a rule of ComputePodQOS.
const rows: [what: string, expected: string, spec: V1PodSpec][] = [
  ['nothing stated', 'BestEffort', pod([undefined, {}])],
  ['zero is nothing', 'BestEffort', pod([{ requests: { cpu: '0' }, limits: { memory: '0' } }])],
  [
    'other resources do not count',
    'BestEffort',
    pod([{ requests: { 'ephemeral-storage': '1Gi' }, limits: { 'nvidia.com/gpu': '1' } }]),
  ],
  ['requests and limits equal', 'Guaranteed', pod([{ requests: both, limits: both }])],
  ['equal, written otherwise', 'Guaranteed', pod([{ requests: { cpu: '1000m', memory: '1024Mi' }, limits: both }])],
  ['limits alone are requests too', 'Guaranteed', pod([{ limits: both }])],
  ['requests alone', 'Burstable', pod([{ requests: both }])],
  ['one resource alone', 'Burstable', pod([{ requests: { cpu: '1' }, limits: { cpu: '1' } }])],
  ['one container without', 'Burstable', pod([{ limits: both }, undefined])],
  ['an init container without', 'Burstable', pod([{ limits: both }], [undefined])],
  ['an init container with', 'Guaranteed', pod([{ limits: both }], [{ limits: both }])],
  ['requests below limits', 'Burstable', pod([{ requests: { cpu: '500m', memory: '1Gi' }, limits: both }])],
  ['the pod states them', 'Guaranteed', pod([undefined], [], { requests: both, limits: both })],
  ['the pod states some', 'Burstable', pod([{ limits: both }], [], { requests: both })],
]
for (const [what, expected, spec] of rows) {
  t.equal(qosClass(spec), expected, what)
  const ours = ourResources(spec)
  const changed = {
    ...spec,
    initContainers: [
      ...(spec.initContainers ?? []),
      { name: 'a', ...part(ours?.install) },
      { name: 'b', ...part(ours?.sidecar) },
    ],
  }
  t.equal(qosClass(changed), expected, `${what}: the same with our containers`)
}

t.test('what is stated', t => {
  t.equal(ourResources(pod([undefined])), undefined, 'nothing for BestEffort')
  t.equal(ourResources(pod([undefined], [], { limits: both })), undefined, 'nothing where the pod states its own')
  for (const spec of [pod([{ limits: both }]), pod([{ requests: both }])]) {
    for (const resources of Object.values(ourResources(spec) ?? {})) {
      t.strictSame(Object.keys(resources.requests ?? {}), ['cpu', 'memory'], 'a quota can demand each')
      t.strictSame(Object.keys(resources.limits ?? {}), ['cpu', 'memory'])
    }
  }
  t.end()
})

function part(resources: V1ResourceRequirements | undefined): { resources?: V1ResourceRequirements } {
  return resources ? { resources } : {}
}

// Golden patches lie beside their pods in fixtures/patches; UPDATE_GOLDEN=1 writes them anew after a change that is
// meant.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node'
import t from 'tap'
import { parse } from 'yaml'
import type { Plan } from '../../../peers/plan.ts'
import { annotation, containerName, path, volumeName } from '../../../peers/pod.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import type { DecideInput, PatchOperation } from '../../../webhook/decide/decision.ts'
import { applyPatch } from '../../../webhook/patch/apply.ts'
import { patchOf } from '../../../webhook/patch/patch.ts'
import { qosClass } from '../../../webhook/patch/resources.ts'
import { istio, linkerd, serviceAccount, vault } from '../fixtures/other-webhooks.ts'
import { image, injection } from '../fixtures/plans.ts'
import { restrictedViolations } from '../fixtures/pod-security.ts'
import { inputOf } from '../fixtures/pods/load.ts'

const folder = new URL('../fixtures/patches/', import.meta.url)
const cases = readdirSync(folder)
  .filter(file => file.endsWith('.yaml'))
  .map(file => file.replace('.yaml', ''))
const deployers = readdirSync(new URL('../fixtures/pods/', import.meta.url))
  .filter(file => file.endsWith('.yaml'))
  .map(file => file.replace('.yaml', ''))

function caseOf(name: string): { pod: V1Pod; patch: PatchOperation[]; patched: V1Pod } {
  const { pod, plan, peerHash } = parse(readFileSync(new URL(`${name}.yaml`, folder), 'utf8')) as {
    pod: V1Pod
    plan: Partial<Plan>
    peerHash?: string
  }
  const patch = patchOf(pod, injection(plan, peerHash === undefined ? {} : { peerHash }), { image })
  return { pod, patch, patched: applyPatch(pod, patch) }
}

function ours(pod: V1Pod): { sidecar: V1Container; install: V1Container | undefined } {
  const find = (name: string) => pod.spec?.initContainers?.find(container => container.name === name)
  return { sidecar: find(containerName.sidecar) as V1Container, install: find(containerName.install) }
}

/** Decides and patches, as the webhook does. */
function admit(input: DecideInput, pod: V1Pod): { patch: PatchOperation[]; patched: V1Pod } {
  const patch = patchOf(pod, decide({ ...input, pod }), input.settings)
  return { patch, patched: applyPatch(pod, patch) }
}

for (const name of cases) {
  t.test(`golden: ${name}`, t => {
    const { pod, patch } = caseOf(name)
    const before = structuredClone(pod)
    const golden = new URL(`${name}.patch.json`, folder)
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, `${JSON.stringify(patch, undefined, 2)}\n`)
    t.strictSame(patch, JSON.parse(readFileSync(golden, 'utf8')))
    t.strictSame(pod, before, 'the pod is not changed')
    t.end()
  })
}

t.test('the plan arrives whole, and what only the controller may write is gone', t => {
  const { annotations } = caseOf('wrap').patched.metadata as { annotations: Record<string, string> }
  t.match(JSON.parse(annotations[annotation.plan] ?? ''), { version: 1, container: 'node', reach: { by: 'wrap' } })
  t.equal(annotations[annotation.peerHash], 'p1:00112233445566778899aabbccddeeff')
  t.match(annotations[annotation.status], /^injected, the pod spec gives a command$/)
  t.equal(annotations['prometheus.io/scrape'], 'true')
  t.notOk(annotation.turn in annotations)
  t.notOk(annotation.endpoints in annotations)
  t.notOk(annotation.peerHash in (caseOf('observe').patched.metadata?.annotations ?? {}), "another pod's hash goes too")
  t.end()
})

t.test('a pod that is not injected only loses what no creator may set', t => {
  const decision = { inject: false, reason: 'not-a-node', message: '' } as const
  const annotations = { [annotation.turn]: 'x', [annotation.endpoints]: 'y', [annotation.peerHash]: 'z', other: '1' }
  const pod = { metadata: { annotations }, spec: { containers: [{ name: 'db' }] } } as V1Pod
  t.strictSame(patchOf(pod, decision, { image }), [
    { op: 'remove', path: '/metadata/annotations/repeer.dev~1turn' },
    { op: 'remove', path: '/metadata/annotations/repeer.dev~1endpoints' },
  ])
  t.strictSame(patchOf({ spec: { containers: [] } } as V1Pod, decision, { image }), [])
  t.end()
})

t.test('only the keys that hold peers are mounted, each once, and nothing of the volumes of the node', t => {
  const { patched } = caseOf('wrap')
  const sources = patched.spec?.volumes?.find(volume => volume.name === volumeName.input)?.projected?.sources ?? []
  t.strictSame(
    sources.slice(1).map(source => source.configMap ?? source.secret),
    [
      {
        name: 'node0',
        items: [
          { key: 'config.toml', path: 'sources/configmap/node0/config.toml' },
          { key: 'seeds', path: 'sources/configmap/node0/seeds' },
        ],
        optional: true,
      },
      { name: 'private-peers', items: [{ key: 'list', path: 'sources/secret/private-peers/list' }], optional: true },
    ],
  )
  const names = new Set<string>(Object.values(volumeName))
  const { sidecar, install } = ours(patched)
  for (const mount of [...(sidecar.volumeMounts ?? []), ...(install?.volumeMounts ?? [])])
    t.ok(names.has(mount.name), mount.name)
  t.end()
})

t.test('the node: its command wrapped, its arguments untouched; programs read-only, control writable', t => {
  const { pod, patched } = caseOf('wrap')
  const node = patched.spec?.containers[1] as V1Container
  t.strictSame(node.command, [
    '/repeer/wrap/sh',
    '/repeer/wrap/supervise',
    '/repeer/control',
    '25',
    '--',
    'cometbft',
    'node',
    '--home=$(HOME)',
  ])
  t.strictSame(node.args, pod.spec?.containers[1]?.args)
  t.strictSame(node.volumeMounts?.slice(1), [
    { name: volumeName.wrap, mountPath: path.wrap, readOnly: true },
    { name: volumeName.control, mountPath: path.control },
  ])
  t.end()
})

t.test('what a plan cannot do with the pod is an error', t => {
  const pod = { spec: { containers: [{ name: 'node' }] } } as V1Pod
  t.throws(() => patchOf(pod, injection(), { image }), /wraps the command of container "node"/)
  t.throws(() => patchOf({}, injection(), { image }), /no spec/)
  t.end()
})

t.test('security contexts', t => {
  const together = caseOf('wrap-beside')
  const asNodeUtils = {
    runAsUser: 1000,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'], add: undefined },
    allowPrivilegeEscalation: false,
  }
  t.match(ours(together.patched).sidecar.securityContext, asNodeUtils, 'it may signal node-utils')
  t.match(
    ours(together.patched).install?.securityContext,
    asNodeUtils,
    'the same user for the directory that both write in',
  )
  t.notOk(
    together.patch.some(({ path }) => path === '/spec/shareProcessNamespace'),
    'which is shared already, or not at all',
  )
  t.strictSame(
    together.patched.spec?.initContainers?.[0],
    together.pod.spec?.initContainers?.[0],
    'node-utils itself is not changed',
  )
  t.match(ours(caseOf('signal').patched).sidecar.securityContext, {
    runAsUser: 10001,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'], add: undefined },
  })
  t.match(ours(caseOf('signal-root').patched).sidecar.securityContext, {
    runAsUser: 0,
    runAsNonRoot: false,
    capabilities: { drop: ['ALL'], add: ['KILL'] },
  })
  const root = injection({ reach: { by: 'signal', uid: 0, names: [] } })
  const pod = { metadata: { annotations: {} }, spec: { containers: [{ name: 'node' }] } } as V1Pod
  t.match(ours(applyPatch(pod, patchOf(pod, root, { image }))).sidecar.securityContext, {
    runAsUser: 0,
    runAsNonRoot: false,
    capabilities: { drop: ['ALL'], add: undefined },
  })
  t.match(
    ours(caseOf('host-network').patched).sidecar.securityContext,
    { runAsUser: 65532, runAsNonRoot: true },
    'not root with the pod',
  )
  t.notOk(
    'runAsUser' in (ours(caseOf('wrap').patched).sidecar.securityContext ?? {}),
    'left to clusters that assign one',
  )
  t.end()
})

const fit = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

/** The pod as one that fits the restricted policy. */
function restricted(pod: V1Pod): V1Pod {
  const copy = structuredClone(pod)
  const spec = copy.spec as V1PodSpec
  spec.hostNetwork = false
  delete spec.securityContext?.runAsUser
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) container.securityContext = fit
  spec.volumes = (spec.volumes ?? []).filter(volume => !volume.hostPath)
  return copy
}

for (const name of deployers.filter(each => decide(inputOf(each)).inject)) {
  t.test(`as deployed by ${name}`, t => {
    const input = inputOf(name)
    const once = admit(input, input.pod)
    t.strictSame(admit(input, once.patched).patch, [], 'applied twice is applied once')
    for (const [webhook, change] of Object.entries({ istio, linkerd, vault, serviceAccount })) {
      t.strictSame(admit(input, change(structuredClone(once.patched))).patch, [], `nothing more after ${webhook}`)
      const first = change(structuredClone(input.pod))
      const injected = admit(input, first).patched
      t.strictSame(admit(input, injected).patch, [], `once after ${webhook} has been there first`)
    }
    const forged = structuredClone(once.patched)
    if (forged.metadata?.annotations) forged.metadata.annotations[annotation.turn] = 'forged'
    t.strictSame(
      admit(input, forged).patch,
      [{ op: 'remove', path: '/metadata/annotations/repeer.dev~1turn' }],
      'a turn is let in never',
    )

    t.equal(qosClass(once.patched.spec as V1PodSpec), qosClass(input.pod.spec as V1PodSpec), 'the same QoS class')
    const safe = restricted(input.pod)
    const labels = { ...input.namespace.labels, 'pod-security.kubernetes.io/enforce': 'restricted' }
    const inRestricted = { ...input, pod: safe, namespace: { ...input.namespace, labels } }
    t.strictSame(restrictedViolations(safe), [])
    t.strictSame(restrictedViolations(admit(inRestricted, safe).patched), [], 'still fits Pod Security restricted')

    onlyWhatThePlanStates(t, input.pod, once.patched)
    const { sidecar, install } = ours(serviceAccount(structuredClone(once.patched)))
    for (const container of [sidecar, ...(install ? [install] : [])]) {
      t.equal(
        container.volumeMounts?.find(mount => mount.mountPath === path.token)?.name,
        volumeName.noToken,
        'no token in ours',
      )
    }
    t.end()
  })
}

type TapTest = Pick<typeof t, 'strictSame'>

function onlyWhatThePlanStates(t: TapTest, before: V1Pod, after: V1Pod): void {
  const plan = JSON.parse(after.metadata?.annotations?.[annotation.plan] ?? '{}') as Plan
  const names = (containers: readonly V1Container[] | undefined) => (containers ?? []).map(container => container.name)
  t.strictSame(after.metadata?.labels, before.metadata?.labels, 'no label')
  t.strictSame(names(after.spec?.containers), names(before.spec?.containers), 'no container moved')
  const inits = before.spec?.initContainers ?? []
  t.strictSame(after.spec?.initContainers?.slice(0, inits.length), inits, 'ours come last')
  const volumes = before.spec?.volumes ?? []
  t.strictSame(after.spec?.volumes?.slice(0, volumes.length), volumes)
  for (const [index, container] of (before.spec?.containers ?? []).entries()) {
    const now = after.spec?.containers[index] as V1Container
    if (container.name !== plan.container || plan.reach.by !== 'wrap') t.strictSame(now, container, container.name)
    else
      t.strictSame(
        { ...now, command: 0, volumeMounts: 0 },
        { ...container, command: 0, volumeMounts: 0 },
        container.name,
      )
  }
  const touched = new Set(['containers', 'initContainers', 'volumes', 'shareProcessNamespace'])
  for (const [field, value] of Object.entries(after.spec ?? {})) {
    if (!touched.has(field)) t.strictSame(value, before.spec?.[field as keyof V1PodSpec], field)
  }
}

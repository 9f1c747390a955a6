// Each rule by a pod that breaks it, and the bounds from both sides.
import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { nodePod } from '../webhook/fixtures/reviews.ts'
import { breaches } from './pod-rules.ts'

const container = { name: 'a', image: 'i' }
const withContainers = (...containers: object[]): V1Pod => ({ spec: { containers } }) as V1Pod
const withMounts = (...volumeMounts: object[]) => ({
  spec: { containers: [{ ...container, volumeMounts }], volumes: [{ name: 'v', emptyDir: {} }] },
})
const withVolume = (volume: object) => ({ spec: { containers: [container], volumes: [{ name: 'v', ...volume }] } })
const ofBytes = (bytes: number) => ({
  metadata: { annotations: { a: 'x'.repeat(bytes - 1) } },
  spec: { containers: [container] },
})

const good: readonly object[] = [
  nodePod,
  withContainers({ ...container, ports: [{ containerPort: 1 }, { containerPort: 65535, name: 'p2p' }] }),
  withContainers({ ...container, securityContext: { runAsUser: 2 ** 31 - 1 } }),
  ofBytes(262_144),
]

const bad: readonly (readonly [pod: object, breach: RegExp])[] = [
  [ofBytes(262_145), /annotations of more/],
  [{ metadata: { annotations: { 'a b': '' } }, spec: { containers: [container] } }, /an annotation named a b/],
  [{ metadata: { namespace: 'A' }, spec: { containers: [container] } }, /the namespace A/],
  [withContainers(container, container), /two containers named a/],
  [withContainers({ ...container, name: 'A' }), /a container named A/],
  [withContainers({ name: 'a' }), /without an image/],
  [withContainers({ ...container, ports: [{ containerPort: 0 }] }), /port 0/],
  [withContainers({ ...container, ports: [{ containerPort: 65536 }] }), /port 65536/],
  [withContainers({ ...container, ports: [{ containerPort: 1, name: '1' }] }), /a port named 1/],
  [withContainers({ ...container, env: [{ name: 'A=B' }] }), /a variable named A=B/],
  [withContainers({ ...container, envFrom: [{ configMapRef: { name: 'A' } }] }), /a reference to A/],
  [withContainers({ ...container, securityContext: { runAsUser: 2 ** 31 } }), /UID 2147483648/],
  [withMounts({ name: 'v', mountPath: '/a' }, { name: 'v', mountPath: '/a' }), /two mount paths of a named \/a/],
  [withMounts({ name: 'w', mountPath: '/a' }), /a mounts w, which is no volume/],
  [withMounts({ name: 'v', mountPath: '/a:b' }), /a mounts at "\/a:b"/],
  [withVolume({ emptyDir: {}, configMap: { name: 'c' } }), /volume v of 2 kinds/],
  [withVolume({ configMap: { name: 'C' } }), /a reference to C/],
  [withVolume({ configMap: { name: 'c', items: [{ key: 'k', path: '../k' }] } }), /with path "\.\.\/k"/],
  [withVolume({ configMap: { name: 'c', items: [{ key: '..', path: 'k' }] } }), /a reference to key \.\./],
  [{ spec: { ...withContainers(container).spec, hostPID: true, shareProcessNamespace: true } }, /hostPID and/],
]

t.test('a pod that an API server takes breaks none', async t => {
  for (const pod of good) t.same(breaches(pod as V1Pod), [])
})

t.test('each of these breaks one', async t => {
  for (const [pod, breach] of bad) {
    const found = breaches(pod as V1Pod)
    t.equal(found.length, 1, JSON.stringify(found))
    t.match(found[0], breach)
  }
})

// Pods that are no nodes, together and each beside the real thing.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { decide } from '../../../webhook/decide/decide.ts'
import { injected, input, skipped } from '../fixtures/pods/build.ts'
import { settings } from '../fixtures/pods/load.ts'

const documents = parseAllDocuments(
  readFileSync(new URL('../fixtures/pods/ordinary/pods.yaml', import.meta.url), 'utf8'),
).map(document => document.toJS())
const pods = documents.filter(document => document.kind === 'Pod')
const maps = new Map(
  documents.filter(document => document.kind === 'ConfigMap').map(document => [document.metadata.name, document.data]),
)
const namespace = { name: 'ns', labels: { 'repeer.dev/inject': 'enabled' }, annotations: {} }

t.ok(pods.length >= 10)
for (const pod of pods) {
  const decision = decide({ pod, namespace, configMap: name => maps.get(name) ?? 'absent', settings })
  t.equal(skipped(decision).reason, 'not-a-node', pod.metadata.name)
}

t.test('each of their containers beside a node', t => {
  for (const pod of pods) {
    const node = {
      name: 'gaiad',
      image: 'gaia',
      command: ['gaiad', 'start', '--home', '/home'],
      volumeMounts: [{ name: 'config', mountPath: '/home/config' }],
    }
    const both = input({ pod: { containers: [...pod.spec.containers, node] } })
    t.equal(injected(decide(both)).plan.container, 'gaiad', pod.metadata.name)
  }
  t.end()
})

t.test('helpers with the node image and the node volumes are no nodes', t => {
  for (const name of [
    'healthcheck',
    'version-check-interval',
    'node-utils',
    'istio-proxy',
    'vault-agent',
    'chain-exporter',
    'promtail',
    'linkerd-proxy',
  ]) {
    const { containers } = input().pod.spec ?? { containers: [] }
    const helper = { ...containers[0], name }
    t.equal(injected(decide(input({ pod: { containers: [helper, ...containers] } }))).plan.container, 'gaiad', name)
  }
  t.end()
})

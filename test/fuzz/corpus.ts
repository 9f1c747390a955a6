// What cases begin with: the project's own examples and fixtures.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { V1Pod } from '@kubernetes/client-node'
import { parseManifests } from '../../cli/manifests/manifest-files.ts'
import { objectsOf, podsOf } from '../../cli/manifests/workloads.ts'
import { type DeliveringSet, readDelivering } from '../../peers/peer-set/delivering.ts'
import { configMapValues } from '../../webhook/cache/config-map-values.ts'
import type { ConfigMapView } from '../../webhook/decide/decision.ts'
import { nodeData, nodePod } from '../webhook/fixtures/reviews.ts'

const root = join(import.meta.dirname, '..', '..')

/** A pod, and what a webhook would know beside it. */
export type Scene = {
  readonly pod: V1Pod
  readonly configMaps: ReadonlyMap<string, ConfigMapView>
  readonly peerSets: readonly DeliveringSet[]
}

/** The text of each file that fits one of the patterns, in their order: a seed says the same on every machine. */
export function textsOf(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: root })
    .sort()
    .map(file => readFileSync(join(root, file), 'utf8'))
}

/** Every pod, also those of workloads' templates, of all YAML that the project has for its tests and its readers. */
export function scenes(): Scene[] {
  const files = textsOf('docs/examples/*.yaml', 'test/webhook/fixtures/**/*.yaml', 'test/cli/fixtures/*.yaml')
  const found = files.flatMap(sceneOf)
  return [...found, { pod: nodePod, configMaps: new Map([['node', nodeData]]), peerSets: [] }]
}

function sceneOf(text: string): Scene[] {
  const { objects } = objectsOf(parseManifests('fixture', text).documents)
  const configMaps = new Map(
    objects.filter(({ kind }) => kind === 'ConfigMap').map(({ name, value }) => [name, configMapValues(value)]),
  )
  const peerSets = objects.flatMap(({ kind, value }) => (kind === 'PeerSet' ? (readDelivering(value) ?? []) : []))
  return podsOf(objects).pods.map(({ pod }) => ({ pod: structuredClone(pod), configMaps, peerSets }))
}

// The manifests as values: the plain files, and what kustomize makes of them where kubectl is on PATH.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const root = join(import.meta.dirname, '../..')

/** As much of a Kubernetes object as the tests look at. */
export type Entity = {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into many kinds of objects
  readonly [field: string]: any
}

export function parse(text: string): Entity[] {
  return parseAllDocuments(text).map(document => {
    const [error] = document.errors
    if (error) throw error
    return document.toJS() as Entity
  })
}

/** What kustomize reads and the cluster does not. */
const noObjects = ['kustomization.yaml', 'image-argument.yaml', 'policy-namespace.yaml']

/** All objects of manifests/base as they are written, with the file of each. */
export function baseFiles(): { file: string; text: string; objects: Entity[] }[] {
  const folder = join(root, 'manifests/base')
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml') && !noObjects.includes(file))
    .map(file => {
      const text = readFileSync(join(folder, file), 'utf8')
      return { file, text, objects: parse(text) }
    })
}

export const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0

/** What `kubectl kustomize FOLDER` prints. The folder is the repository's, or an absolute path. */
export function render(folder: string): Entity[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', resolve(root, folder)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`)
  return parse(stdout)
}

/** The only object of a kind, or the one with the name. */
export function single(objects: readonly Entity[], kind: string, name?: string): Entity {
  const found = objects.filter(object => object.kind === kind && (name === undefined || object.metadata.name === name))
  const [first] = found
  if (!first || found.length > 1) throw new Error(`found ${found.length} of ${kind} ${name ?? ''}, expected one`)
  return first
}

/** Those of one component: the webhook or the controller. */
export function of(component: 'webhook' | 'controller', objects: readonly Entity[]): Entity[] {
  return objects.filter(object => object.metadata.labels?.['app.kubernetes.io/component'] === component)
}

/**
 * What lacks for a Deployment's replicas to be on nodes and in zones of their own where they can, also after a rollout,
 * and not to stay away with a lost node.
 */
export function spreadProblems({ spec }: Entity): string[] {
  const { affinity, topologySpreadConstraints = [], tolerations = [] } = spec.template.spec
  const preferred = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const terms = [
    ['kubernetes.io/hostname', preferred.map((term: { podAffinityTerm: object }) => term.podAffinityTerm)],
    ['topology.kubernetes.io/zone', topologySpreadConstraints],
  ] as const
  const problems = terms.flatMap(([key, some]) => {
    const term = some.find(({ topologyKey }: { topologyKey: string }) => topologyKey === key)
    if (term === undefined) return [`nothing keeps them apart by ${key}`]
    const isOwn = JSON.stringify(term.labelSelector) === JSON.stringify(spec.selector)
    const isOfRollout = term.matchLabelKeys?.includes('pod-template-hash')
    return [
      ...(isOwn ? [] : [`by ${key} it is kept from other pods than its own`]),
      ...(isOfRollout ? [] : [`by ${key} the replicas of the rollout before count`]),
      ...('whenUnsatisfiable' in term && term.whenUnsatisfiable !== 'ScheduleAnyway'
        ? [`${key} may keep it away`]
        : []),
    ]
  })
  for (const key of ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready']) {
    const found = tolerations.find((toleration: { key: string }) => toleration.key === key)
    if (!(found?.effect === 'NoExecute' && found.tolerationSeconds <= 60))
      problems.push(`it stays for minutes with a node that is ${key}`)
  }
  return problems
}

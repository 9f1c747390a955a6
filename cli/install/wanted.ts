// The objects that an installation consists of: those of this release's manifests, or rendered ones that were handed
// in. Pure.

import { ownNamespace } from '../../peers/installed.ts'
import { isRecord } from '../../peers/is-record.ts'
import { parseManifests } from '../manifests/manifest-files.ts'

/** As much of a Kubernetes object as is read here; the rest is sent along as it is. */
export type KubeObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly [field: string]: unknown
}

/** The objects of values that were read from manifests, Lists taken apart; what is no object is left out. */
export function kubeObjects(values: readonly unknown[]): KubeObject[] {
  return values.flatMap(value => {
    if (!isRecord(value)) return []
    if (value.kind === 'List' && Array.isArray(value.items)) return kubeObjects(value.items)
    const { apiVersion, kind, metadata } = value
    const isObject = typeof apiVersion === 'string' && typeof kind === 'string' && isRecord(metadata)
    return isObject && typeof metadata.name === 'string' ? [value as KubeObject] : []
  })
}

/**
 * The objects of manifests/base, in another namespace where that is asked for. The image is the one that nobody has
 * set.
 */
export function baseObjects(texts: Readonly<Record<string, string>>, namespace = ownNamespace): KubeObject[] {
  return kubeObjects(
    Object.entries(texts).flatMap(([file, text]) =>
      parseManifests(file, text.replaceAll(ownNamespace, namespace)).documents.map(({ value }) => value),
    ),
  )
}

/** Of one of repeer's programs, by the label that all its objects have. */
export function isOf(component: 'webhook' | 'controller', { metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.labels?.['app.kubernetes.io/component'] === component && isOurs({ metadata })
}

/** Whether somebody has made it for repeer: by a label that kustomize and Helm set on each object. */
export function isOurs({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  const { labels = {} } = metadata
  return labels['app.kubernetes.io/part-of'] === 'repeer' || labels['app.kubernetes.io/name'] === 'repeer'
}

/** What a Deployment makes pods of. */
export type PodTemplate = {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly containers: readonly {
      readonly name: string
      readonly image?: string
      readonly args?: readonly string[]
      readonly env?: readonly { readonly name: string; readonly value?: string }[]
    }[]
    readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName?: string } }[]
    readonly [field: string]: unknown
  }
}

/** The template of a Deployment; undefined for any other kind. */
export function templateOf({ kind, spec }: KubeObject): PodTemplate | undefined {
  return kind === 'Deployment' && isRecord(spec) ? (spec.template as PodTemplate) : undefined
}

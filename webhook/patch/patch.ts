// From a decision to the JSON Patch (RFC 6902) that carries it out: minimal, in a fixed order, and nothing of other
// containers but what the plan states. Pure: the pod is not changed.
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node'
import type { Plan } from '../../peers/plan.ts'
import { annotation, containerName, path, volumeName } from '../../peers/pod.ts'
import type { Decision, PatchOperation, Settings } from '../decide/decision.ts'
import { annotationsOf, controllersOwn } from './annotations.ts'
import { containersOf } from './containers.ts'
import { volumesOf } from './volumes.ts'

type Injection = Extract<Decision, { inject: true }>

/**
 * The patch for this pod: empty where there is nothing to change. A pod that is not injected, also one that has been
 * before, only loses annotations that no creator of a pod may set; a plan, too, where there is no sidecar to follow it.
 * Throws an Error where the plan does not fit the pod.
 */
export function patchOf(pod: V1Pod, decision: Decision, settings: Pick<Settings, 'image'>): PatchOperation[] {
  if (!decision.inject) return removals(pod, hasSidecar(pod) ? controllersOwn : [...controllersOwn, annotation.plan])
  const spec = pod.spec
  if (!spec) throw new Error('the pod has no spec')
  return [
    ...annotationsPatch(pod, decision),
    ...append('/spec/volumes', spec.volumes, volumesOf(decision.plan)),
    ...append('/spec/initContainers', spec.initContainers, containersOf(spec, decision.plan, settings.image)),
    ...targetPatch(spec, decision.plan),
  ]
}

function annotationsPatch(pod: V1Pod, injection: Injection): PatchOperation[] {
  const values = annotationsOf(injection)
  if (!pod.metadata?.annotations) {
    const metadata: PatchOperation[] = pod.metadata ? [] : [{ op: 'add', path: '/metadata', value: {} }]
    return [...metadata, { op: 'add', path: '/metadata/annotations', value: values }]
  }
  // A hash copied from another pod's manifest would be somebody else's.
  const foreign = injection.peerHash === undefined ? [...controllersOwn, annotation.peerHash] : controllersOwn
  return [
    ...removals(pod, foreign),
    ...Object.entries(values).map(
      ([name, value]): PatchOperation => ({ op: 'add', path: annotationPath(name), value }),
    ),
  ]
}

/** Injected before, be it by the webhook or by `repeer inject`. */
function hasSidecar({ spec }: V1Pod): boolean {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(
    ({ name }) => name === containerName.sidecar,
  )
}

function removals(pod: V1Pod, names: readonly string[]): PatchOperation[] {
  const present = pod.metadata?.annotations ?? {}
  return names.filter(name => Object.hasOwn(present, name)).map(name => ({ op: 'remove', path: annotationPath(name) }))
}

/**
 * What the plan changes outside of our own containers: the target's command and mounts, or the pod's process namespace.
 */
function targetPatch(spec: V1PodSpec, plan: Plan): PatchOperation[] {
  if (plan.reach.by === 'signal')
    return spec.shareProcessNamespace ? [] : [{ op: 'add', path: '/spec/shareProcessNamespace', value: true }]
  if (plan.reach.by !== 'wrap') return []
  const index = spec.containers.findIndex(container => container.name === plan.container)
  const target = spec.containers[index]
  if (!target?.command?.length)
    throw new Error(`the plan wraps the command of container "${plan.container}", which the pod does not have`)
  const supervisor = [`${path.wrap}/sh`, `${path.wrap}/supervise`, path.control, String(plan.times.graceSeconds), '--']
  const mounts = [
    { name: volumeName.wrap, mountPath: path.wrap, readOnly: true },
    { name: volumeName.control, mountPath: path.control },
  ]
  return [
    { op: 'replace', path: `/spec/containers/${index}/command`, value: [...supervisor, ...target.command] },
    ...append(`/spec/containers/${index}/volumeMounts`, target.volumeMounts, mounts),
  ]
}

/** Adds to the end of an array that may be missing. */
function append(
  at: string,
  present: readonly unknown[] | null | undefined,
  values: readonly unknown[],
): PatchOperation[] {
  if (!present) return [{ op: 'add', path: at, value: values }]
  return values.map(value => ({ op: 'add', path: `${at}/-`, value }))
}

/** A JSON Pointer (RFC 6901): "~" is written ~0, "/" is written ~1. */
function annotationPath(name: string): string {
  return `/metadata/annotations/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

// The volumes that injection adds to a pod.
import type { V1KeyToPath, V1Volume, V1VolumeProjection } from '@kubernetes/client-node'
import type { KeySource, Plan } from '../../peers/plan.ts'
import { annotation, inputFile, sourceFile, volumeName } from '../../peers/pod.ts'

/** The volumes for this plan, in a fixed order. */
export function volumesOf(plan: Plan): V1Volume[] {
  const volumes = [
    inputVolume(plan),
    // A few KiB of JSON, written by rename: there are two of them for a moment.
    emptyDir(volumeName.state, '8Mi'),
    // Nothing is ever written to it. Not smaller: an empty directory itself counts as 4 KiB, and too much evicts the
    // pod.
    emptyDir(volumeName.noToken, '1Mi'),
  ]
  if (plan.reach.by !== 'wrap') return volumes
  // A static busybox of 2 MiB and the supervisor; twice that while a container that starts again replaces them.
  volumes.push(emptyDir(volumeName.wrap, '8Mi'))
  // In memory, as the kubelet keeps Secrets: the environment variables handed to the node may come from one. An object
  // is at most 1 MiB.
  volumes.push(emptyDir(volumeName.control, '4Mi', 'Memory'))
  return volumes
}

/**
 * The sidecar's only view of the cluster: some of the pod's own annotations, and of each ConfigMap or Secret the keys
 * that hold peers, never a key beside them. `optional`, so that the pod starts as before where an object or a key is
 * missing.
 */
function inputVolume(plan: Plan): V1Volume {
  const annotations = Object.entries(inputFile).map(([name, file]) => ({
    path: file,
    fieldRef: { fieldPath: `metadata.annotations['${annotation[name as keyof typeof inputFile]}']` },
  }))
  return {
    name: volumeName.input,
    // Readable by any UID, since ours may be assigned by the cluster.
    projected: { defaultMode: 0o444, sources: [{ downwardAPI: { items: annotations } }, ...sourceProjections(plan)] },
  }
}

/** One projection an object, each key once: two files at one path would make the pod invalid. */
function sourceProjections(plan: Plan): V1VolumeProjection[] {
  const objects = new Map<string, { kind: KeySource['kind']; name: string; items: Map<string, V1KeyToPath> }>()
  for (const source of plan.sources) {
    if (source.kind === 'Literal') continue
    const id = `${source.kind}/${source.name}`
    const object = objects.get(id) ?? { kind: source.kind, name: source.name, items: new Map() }
    object.items.set(source.key, { key: source.key, path: sourceFile(source) })
    objects.set(id, object)
  }
  return [...objects.values()].map(({ kind, name, items }) => {
    const projection = { name, items: [...items.values()], optional: true }
    return kind === 'Secret' ? { secret: projection } : { configMap: projection }
  })
}

function emptyDir(name: string, sizeLimit: string, medium?: 'Memory'): V1Volume {
  return { name, emptyDir: { ...(medium ? { medium } : {}), sizeLimit } }
}

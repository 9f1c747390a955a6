// The stand-in kubelet's volumes: files written as the kubelet's AtomicWriter does (a new directory, then the `..data`
// link swapped), so that what watches them sees what it would see in a pod.

import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { V1KeyToPath, V1ObjectMeta, V1Volume, V1VolumeProjection } from '@kubernetes/client-node'

/** Relative path to content. */
export type Payload = ReadonlyMap<string, string>

/** What volumes are made from. */
export type VolumeSources = {
  readonly metadata: V1ObjectMeta
  /** undefined where there is no such object. */
  readonly configMap: (name: string) => Readonly<Record<string, string>> | undefined
  readonly secret: (name: string) => Readonly<Record<string, string>> | undefined
}

/**
 * The files of a volume that is filled from the API; undefined for one that is a plain directory (emptyDir,
 * persistentVolumeClaim). Throws where an object is missing.
 */
export function payloadOf(volume: V1Volume, sources: VolumeSources): Payload | undefined {
  if (volume.configMap) return projection({ configMap: volume.configMap }, sources)
  if (volume.secret) {
    const { secretName, items, optional } = volume.secret
    return projection(
      {
        secret: {
          name: secretName ?? '',
          ...(items ? { items } : {}),
          ...(optional === undefined ? {} : { optional }),
        },
      },
      sources,
    )
  }
  if (volume.downwardAPI) return projection({ downwardAPI: { items: volume.downwardAPI.items ?? [] } }, sources)
  if (volume.projected)
    return new Map((volume.projected.sources ?? []).flatMap(source => [...projection(source, sources)]))
  return undefined
}

function projection(source: V1VolumeProjection, from: VolumeSources): Payload {
  if (source.configMap) return keys('ConfigMap', source.configMap, from.configMap)
  if (source.secret) return keys('Secret', source.secret, from.secret)
  const items = source.downwardAPI?.items ?? []
  return new Map(items.map(item => [item.path, fieldOf(item.fieldRef?.fieldPath ?? '', from.metadata)]))
}

function keys(
  kind: string,
  reference: { name?: string; items?: V1KeyToPath[]; optional?: boolean },
  read: (name: string) => Readonly<Record<string, string>> | undefined,
): Payload {
  const name = reference.name ?? ''
  const data = read(name)
  if (!data && !reference.optional) throw new Error(`volume: found no ${kind} ${name}`)
  if (!reference.items) return new Map(Object.entries(data ?? {}))
  return new Map(
    reference.items.flatMap(item => {
      const value = data?.[item.key]
      if (value === undefined && !reference.optional) throw new Error(`volume: ${kind} ${name} has no key ${item.key}`)
      return value === undefined ? [] : [[item.path, value] as const]
    }),
  )
}

/** A fieldRef of the pod's metadata; an absent annotation or label is empty, as with the kubelet. */
export function fieldOf(fieldPath: string, metadata: V1ObjectMeta): string {
  const keyed = /^metadata\.(annotations|labels)\['([^']+)'\]$/.exec(fieldPath)
  if (keyed?.[1] && keyed[2]) return metadata[keyed[1] as 'annotations' | 'labels']?.[keyed[2]] ?? ''
  const plain: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
  }
  return plain[fieldPath] ?? ''
}

/**
 * Brings a volume's directory to the payload with one swap of `..data`; does nothing where it holds that already.
 * Whether it changed.
 */
export async function writeAtomically(directory: string, payload: Payload): Promise<boolean> {
  await mkdir(directory, { recursive: true })
  const dataLink = join(directory, '..data')
  const old = await readlink(dataLink).catch(() => undefined)
  if (old && (await holds(join(directory, old), payload))) return false
  const fresh = await mkdtemp(`${directory}/..`)
  for (const [path, content] of payload) {
    await mkdir(dirname(join(fresh, path)), { recursive: true })
    await writeFile(join(fresh, path), content)
  }
  await symlink(basename(fresh), `${dataLink}_tmp`)
  await rename(`${dataLink}_tmp`, dataLink)
  await linkVisible(directory, payload)
  if (old) await rm(join(directory, old), { recursive: true, force: true })
  return true
}

async function linkVisible(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map(path => path.split('/')[0] ?? path))
  const present = (await readdir(directory)).filter(name => !name.startsWith('..'))
  for (const name of wanted) if (!present.includes(name)) await symlink(join('..data', name), join(directory, name))
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { recursive: true })
}

async function holds(directory: string, payload: Payload): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  if (entries.filter(entry => entry.isFile()).length !== payload.size) return false
  for (const [path, content] of payload) {
    if ((await readFile(join(directory, path), 'utf8').catch(() => undefined)) !== content) return false
  }
  return true
}

// PeerSets as the scenarios write and read them.
import type { PeerSetStatus } from '../../controller/discovery/peer-set.ts'
import { kubectl } from './install.ts'
import { until } from './watch.ts'

export function peerSetObject(namespace: string, name: string, spec: object) {
  return { apiVersion: 'repeer.dev/v1alpha1', kind: 'PeerSet', metadata: { name, namespace }, spec }
}

export function peerSetStatus(namespace: string, name: string): PeerSetStatus {
  return (JSON.parse(kubectl('-n', namespace, 'get', 'peerset', name, '-o', 'json')) as { status?: PeerSetStatus }).status ?? {}
}

export function condition(namespace: string, name: string, type: string) {
  return peerSetStatus(namespace, name).conditions?.find(one => one.type === type)
}

/** The data of a ConfigMap; undefined where there is none. */
export function configData(namespace: string, name: string): Record<string, string> | undefined {
  try {
    return (JSON.parse(kubectl('-n', namespace, 'get', 'configmap', name, '-o', 'json')) as { data?: Record<string, string> }).data ?? {}
  } catch {
    return undefined
  }
}

/** Waits until a key holds a text; returns the seconds it took. */
export async function listBecomes(namespace: string, configMap: string, key: string, text: string, seconds = 30): Promise<number> {
  const what = `ConfigMap ${namespace}/${configMap}, key ${key} is "${text}"`
  let last: string | undefined
  try {
    return (
      await until(what, seconds, () => {
        last = configData(namespace, configMap)?.[key]
        return last === text
      })
    ).seconds
  } catch (error) {
    throw new Error(`${(error as Error).message}; it is "${last}"`)
  }
}

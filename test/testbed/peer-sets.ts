// PeerSets as the scenarios write and read them.

import { ApiException } from '@kubernetes/client-node'
import type { PeerSetStatus } from '../../discovery/peer-set.ts'
import { client } from './client.ts'
import { until } from './watch.ts'

export function peerSetObject(namespace: string, name: string, spec: object) {
  return { apiVersion: 'repeer.dev/v1alpha1', kind: 'PeerSet', metadata: { name, namespace }, spec }
}

export async function peerSetStatus(namespace: string, name: string): Promise<PeerSetStatus> {
  const peerSets = { group: 'repeer.dev', version: 'v1alpha1', plural: 'peersets' }
  const peerSet = (await client().custom.getNamespacedCustomObject({ ...peerSets, namespace, name })) as {
    status?: PeerSetStatus
  }
  return peerSet.status ?? {}
}

export async function condition(namespace: string, name: string, type: string) {
  return (await peerSetStatus(namespace, name)).conditions?.find(condition => condition.type === type)
}

/** The data of a ConfigMap; undefined where there is none. */
export async function configData(namespace: string, name: string): Promise<Record<string, string> | undefined> {
  try {
    return (await client().core.readNamespacedConfigMap({ namespace, name })).data ?? {}
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined
    throw error
  }
}

/** Waits until a key holds a text; returns the seconds it took. */
export async function listBecomes(
  namespace: string,
  configMap: string,
  key: string,
  text: string,
  seconds = 30,
): Promise<number> {
  const { seconds: taken } = await until(
    `ConfigMap ${namespace}/${configMap}, key ${key} is "${text}"`,
    seconds,
    async () => {
      const now = (await configData(namespace, configMap))?.[key]
      if (now === text) return true
      throw new Error(`it is "${now}"`)
    },
  )
  return taken
}

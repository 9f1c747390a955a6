// Finds the kubeconfig. The one file of the cluster commands that needs client-node: it is loaded when it is needed.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import type { Io } from '../command.ts'
import { ClusterError, messageOf } from './cluster-error.ts'

/**
 * As kubectl does: --kubeconfig, then KUBECONFIG (several files), then ~/.kube/config; in a pod its service account.
 * Throws ClusterError where there is none, or one that cannot be used.
 */
export function loadConfig(file: string | undefined, env: Io['env']): KubeConfig {
  const home = env.HOME ? join(env.HOME, '.kube', 'config') : ''
  const named = file === undefined ? (env.KUBECONFIG ?? '').split(delimiter).filter(name => name !== '') : [file]
  const files = named.length > 0 ? named : home !== '' && existsSync(home) ? [home] : []
  const config = new KubeConfig()
  if (files.length === 0) {
    if (!env.KUBERNETES_SERVICE_HOST)
      throw new ClusterError(
        'found no kubeconfig; expected --kubeconfig FILE, KUBECONFIG, ~/.kube/config or the service account of a pod',
      )
    config.loadFromCluster()
  }
  files.forEach((name, index) => {
    try {
      const loaded = index === 0 ? config : new KubeConfig()
      loaded.loadFromFile(name)
      if (index > 0) config.mergeConfig(loaded)
    } catch (error) {
      throw new ClusterError(`the kubeconfig ${name} cannot be used: ${messageOf(error)}`, { cause: error })
    }
  })
  return config
}

// Finds the kubeconfig. The one file of the cluster commands that needs client-node: it is loaded when it is needed.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { type Io, UsageError } from '../command.ts'
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

/**
 * That of loadConfig with a current cluster, in the context that is named. Throws as loadConfig does, UsageError for a
 * context that it does not have, and ClusterError where there is no current cluster.
 */
export function kubeConfigOf(file: string | undefined, context: string | undefined, env: Io['env']): KubeConfig {
  const config = loadConfig(file, env)
  if (context !== undefined) {
    const names = config.getContexts().map(known => known.name)
    if (!names.includes(context))
      throw new UsageError(
        `--context: found "${context}", expected one of the kubeconfig's: ${names.join(', ') || 'it has none'}`,
      )
    config.setCurrentContext(context)
  }
  if (!config.getCurrentCluster()?.server)
    throw new ClusterError(
      'the kubeconfig names no current cluster; expected a context with a cluster (kubectl config use-context)',
    )
  return config
}

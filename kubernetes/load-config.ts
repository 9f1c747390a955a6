// Where the webhook and the controller find the API server.
import { KubeConfig } from '@kubernetes/client-node'

/**
 * @param file a kubeconfig; undefined: the service account of the pod
 * Throws where the file cannot be read, or is no kubeconfig.
 */
export function loadConfig(file: string | undefined): KubeConfig {
  const config = new KubeConfig()
  if (file === undefined) config.loadFromCluster()
  else config.loadFromFile(file)
  return config
}

// Whether the cluster knows restartPolicyRules with RestartAllContainers (KEP-5532): on by default from Kubernetes
// 1.36.
import type { ApiReader } from '../kubernetes/api-client.ts'

/**
 * Asks the API server for its version. False where that is not known: a rule that is not known there would make pods
 * invalid. Kubelets can be up to three minor versions older than the API server; on such a node exit 88 restarts the
 * sidecar alone, and the sidecar then reports that the list has not reached the node.
 */
export async function canRestartAll(api: ApiReader): Promise<boolean> {
  const { major, minor } = (await api.get('/version')) as { major?: string; minor?: string }
  // Managed clusters write "36+".
  const release = Number.parseInt(minor ?? '', 10)
  return Number(major) > 1 || (Number(major) === 1 && release >= 36)
}

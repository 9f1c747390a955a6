// Where the kubelet of this test bed has a pod's emptyDirs: beside its kubeconfig, which is KUBECONFIG's folder.
import { dirname, join } from 'node:path'

export function clusterFolder(): string {
  const { KUBECONFIG } = process.env
  if (!KUBECONFIG) throw new Error("found no KUBECONFIG, expected the test bed's")
  return dirname(KUBECONFIG)
}

/** The folder of a pod's emptyDir, of either medium. */
export function podRoom(uid: string, volume: string): string {
  return join(clusterFolder(), 'kubelet', 'pods', uid, 'volumes', 'kubernetes.io~empty-dir', volume)
}

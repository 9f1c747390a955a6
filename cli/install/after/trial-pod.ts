// A node's pod that is tried and never made: what the API server answers tells whether pods are injected. It fits the
// strictest Pod Security, asks for next to nothing, and is of the image that is injected anyway, so that nothing of a
// namespace is in its way.
import { annotation } from '../../../peers/pod.ts'

export function trialPod(namespace: string, image: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'repeer-check-',
      namespace,
      annotations: {
        [annotation.container]: 'node',
        [annotation.profile]: 'generic',
        // Names nobody: RFC 2606.
        [annotation.peers]: 'peer.invalid:26656',
        [annotation.p2pPort]: '26656',
      },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'node',
          image,
          command: ['/bin/true'],
          resources: {
            requests: { cpu: '1m', memory: '16Mi', 'ephemeral-storage': '1Mi' },
            limits: { cpu: '10m', memory: '16Mi', 'ephemeral-storage': '1Mi' },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
        },
      ],
    },
  }
}

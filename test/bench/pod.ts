// The pod of the admission benchmark: a CometBFT validator whose JSON is 20 KB, and the ConfigMap behind it, 20 KB too,
// as `cometbft init` writes it.
import type { V1Pod } from '@kubernetes/client-node'

export const podBytes = 20 * 1024

export function benchPod(): V1Pod {
  const pod: V1Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'node0-',
      namespace: 'chain',
      labels: { app: 'node0', 'chain-id': 'bench' },
      annotations: { 'example.com/note': '' },
    },
    spec: {
      terminationGracePeriodSeconds: 30,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'node',
          image: 'registry.example.com/cometbft:0.38.19',
          command: ['cometbft', 'start', '--home', '/home/node'],
          env: Array.from({ length: 60 }, (_, index) => ({
            name: `SETTING_${index}`,
            value: `value-${index}-${'x'.repeat(40)}`,
          })),
          ports: [
            { name: 'p2p', containerPort: 26656 },
            { name: 'rpc', containerPort: 26657 },
          ],
          resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '4Gi' } },
          volumeMounts: [
            { name: 'data', mountPath: '/home/node' },
            { name: 'config', mountPath: '/home/node/config/config.toml', subPath: 'config.toml' },
          ],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data-node0' } },
        { name: 'config', configMap: { name: 'node0-config' } },
      ],
    },
  }
  const missing = podBytes - Buffer.byteLength(JSON.stringify(pod))
  if (pod.metadata) pod.metadata.annotations = { 'example.com/note': 'n'.repeat(Math.max(0, missing)) }
  return pod
}

export function benchConfigMap(): Record<string, string> {
  const peers = Array.from(
    { length: 20 },
    (_, index) => `${index.toString(16).padStart(40, '0')}@node${index}.chain.svc:26656`,
  )
  const settings = Array.from(
    { length: 130 },
    (_, index) =>
      `# What setting ${index} is for, in one or two lines, as cometbft init writes it into its file.\nsetting_${index} = "${index} seconds of something"\n`,
  )
  return { 'config.toml': `[p2p]\npersistent_peers = "${peers.join(',')}"\n\n[other]\n${settings.join('\n')}` }
}

export function review(pod: V1Pod, uid: string, namespace = 'chain'): string {
  const resource = { group: '', version: 'v1', resource: 'pods' }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:statefulset-controller' },
      object: pod,
      oldObject: null,
      dryRun: false,
    },
  })
}

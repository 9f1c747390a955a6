// What the Stellar operator makes of a validator (stellar-k8s, src/controller/resources.rs): a StatefulSet whose
// container `stellar-node` has no command, a user of its own and a root that is read-only, its configuration in a
// mounted directory, and a health sidecar. Both programs are stand-ins, and the data lies on an emptyDir.
import type { KubernetesObject } from './chain.ts'
import { stellarImage } from './seed-images.ts'

export type Validator = {
  readonly namespace: string
  readonly name: string
  /** Environment variables beside the operator's own. */
  readonly env?: readonly object[]
  readonly annotations?: Readonly<Record<string, string>>
}

export function validatorLabels(name: string) {
  return {
    'app.kubernetes.io/name': 'stellar-node',
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/component': 'validator',
    'app.kubernetes.io/managed-by': 'stellar-operator',
    'stellar.org/node-type': 'Validator',
    'stellar-network': 'testnet',
  }
}

/** The last line lets the scenario see the node's HTTP port; the operator's nodes listen on loopback there. */
const config = `[VALIDATORS]
vALiDaTor1 = "GCZST3XVCDTUJ76ZAV2HA72KYQJWKCQXVFQ3YGUQR5DAKT4QC6FCGX2"

# Recent History Mode
CATCHUP_COMPLETE=false
CATCHUP_RECENT=60480
PUBLIC_HTTP_PORT=true
`

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  privileged: false,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

export function validatorObjects({ namespace, name, env = [], annotations = {} }: Validator): KubernetesObject[] {
  const labels = validatorLabels(name)
  const of = (suffix: string) => ({ namespace, name: `${name}${suffix}`, labels })
  const seed = { secretKeyRef: { name: `${name}-seed`, key: 'STELLAR_CORE_SEED' } }
  const core = {
    name: 'stellar-node',
    image: stellarImage,
    ports: [{ containerPort: 11625 }],
    env: [
      { name: 'NETWORK_PASSPHRASE', value: 'Test SDF Network ; September 2015' },
      { name: 'STELLAR_CORE_WORKER_THREADS', value: '2' },
      { name: 'STELLAR_CORE_HTTP_QUERY_THREADS', value: '1' },
      { name: 'STELLAR_CORE_SEED', valueFrom: seed },
      ...env,
    ],
    securityContext: restricted,
    volumeMounts: [
      { name: 'data', mountPath: '/opt/stellar/data' },
      { name: 'config', mountPath: '/config', readOnly: true },
      { name: 'tls', mountPath: '/etc/stellar/tls', readOnly: true },
    ],
    livenessProbe: {
      httpGet: { path: '/healthz', port: 8081 },
      initialDelaySeconds: 30,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    readinessProbe: { httpGet: { path: '/readyz', port: 8081 }, periodSeconds: 10 },
  }
  const health = {
    name: 'stellar-health-check',
    image: stellarImage,
    command: ['/stellar-health-sidecar'],
    ports: [{ name: 'health', containerPort: 8081 }],
    env: [{ name: 'CORE_URL', value: 'http://localhost:11626' }],
    securityContext: restricted,
  }
  const spec = {
    terminationGracePeriodSeconds: 5,
    containers: [core, health],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'config', configMap: { name: `${name}-config` } },
      { name: 'tls', secret: { secretName: `${name}-client-cert` } },
    ],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10000,
      runAsGroup: 10000,
      fsGroup: 10000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  }
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: of('-seed'), stringData: { STELLAR_CORE_SEED: `seed of ${name}` } },
    { apiVersion: 'v1', kind: 'Secret', metadata: of('-client-cert'), stringData: { 'tls.crt': '' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: of('-config'),
      data: { NETWORK_PASSPHRASE: 'Test SDF Network ; September 2015', 'stellar-core.cfg': config },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: of(''),
      spec: {
        replicas: 1,
        serviceName: `${name}-headless`,
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations }, spec },
      },
    },
  ]
}

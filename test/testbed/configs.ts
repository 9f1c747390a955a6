// The configuration files of the cluster's components, as text. Each setting that is not the default says why.

export type Place = {
  /** The cluster's folder. Short: a Unix socket's path holds 107 characters. */
  readonly dir: string
  /**
   * The cgroup below which this cluster's pods live, so that several clusters do not meet and the end can remove it.
   */
  readonly cgroup: string
}

/**
 * The first node's address, which is also cluster DNS's and the bridge's, since all of it shares one network namespace.
 */
export const nodeAddress = '10.88.0.1'
export const serviceAddress = '10.96.0.1'

/** What a kubelet, its containerd and its kube-proxy go by. */
export type Node = {
  readonly name: string
  /** Where they have their files. Short, as a cluster's. */
  readonly dir: string
  /** The cgroup below which this node's pods live. It has to be there. */
  readonly cgroup: string
  /** Its bridge's, in the network of its pods. */
  readonly address: string
  readonly pods: { readonly network: string; readonly from: string }
  /** Its user in the token file, which the API server reads once, at its start. */
  readonly user: 'kubelet' | 'kubelet2'
}

export function firstNode({ dir, cgroup }: Place): Node {
  const pods = { network: '10.88.0.0/16', from: '10.88.1.1' }
  return { name: 'node1', dir, cgroup, address: nodeAddress, pods, user: 'kubelet' }
}

export function secondNode({ dir, cgroup }: Place): Node {
  const pods = { network: '10.89.0.0/16', from: '10.89.1.1' }
  return { name: 'node2', dir: `${dir}/2`, cgroup: `${cgroup}/node2`, address: '10.89.0.1', pods, user: 'kubelet2' }
}

/** Between the nodes, which are known by their bridges' addresses: only routes see these. */
export const link = {
  first: { device: 'node2', address: '172.31.0.1' },
  second: { device: 'node1', address: '172.31.0.2' },
} as const

/** Of both nodes' pods: what kube-proxy takes for the cluster's own. */
const podNetworks = '10.88.0.0/15'

/** @param host where the API server is reached: by loopback on the first node only */
export function kubeconfig(dir: string, user: string, host = '127.0.0.1'): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "https://${host}:6443", certificate-authority: ${dir}/pki/ca.crt}}]
users: [{name: ${user}, user: {token: ${user}-token}}]
contexts: [{name: cluster, context: {cluster: cluster, user: ${user}}}]
current-context: cluster
`
}

/** Users of the token file: name, Kubernetes user, group. */
export const users = [
  ['admin', 'admin', 'system:masters'],
  ['controllers', 'system:kube-controller-manager', ''],
  ['scheduler', 'system:kube-scheduler', ''],
  ['kubelet', 'system:node:node1', 'system:nodes'],
  ['kubelet2', 'system:node:node2', 'system:nodes'],
  ['proxy', 'system:kube-proxy', ''],
] as const

export function containerd({ dir }: Node): string {
  return `version = 3
root = "${dir}/containerd"
state = "${dir}/containerd-state"
[grpc]
  address = "${dir}/containerd.sock"
[ttrpc]
  address = "${dir}/containerd.ttrpc"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  # A machine that withholds CAP_SYS_RESOURCE: else no sandbox starts ("failed to update oom_score_adj").
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${dir}/cni"
`
}

export function cni({ dir, address, pods }: Node): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          // Which addresses are taken is the node's own matter, and goes with it.
          dataDir: `${dir}/addresses`,
          ranges: [[{ subnet: pods.network, rangeStart: pods.from, gateway: address }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  })
}

export function kubelet({ dir, cgroup }: Node, pki: string): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
# Machines with cgroup v1 are machines too.
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: ${cgroup}
# Every kubelet clears what it does not know out of its folder of logs; clusters side by side must not share one.
podLogsDir: ${dir}/pod-logs
containerRuntimeEndpoint: unix://${dir}/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${pki}/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: [${nodeAddress}]
clusterDomain: cluster.local
failSwapOn: false
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 99
imageGCLowThresholdPercent: 98
`
}

export function kubeProxy({ dir }: Node): string {
  return `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: ${dir}/proxy.kubeconfig}
clusterCIDR: ${podNetworks}
# The namespace cannot change the machine's conntrack limits.
conntrack: {maxPerCore: 0}
`
}

/** ttl 5 is the kubernetes plugin's own default. */
export function corefile({ dir }: Place): string {
  return `cluster.local:53 {
  bind ${nodeAddress}
  kubernetes cluster.local {
    kubeconfig ${dir}/admin.kubeconfig cluster
    ttl 5
    pods insecure
  }
  cache 30
  errors
}
`
}

export function apiserverFlags({ dir }: Place): string[] {
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    '--bind-address=0.0.0.0',
    `--advertise-address=${nodeAddress}`,
    '--secure-port=6443',
    `--tls-cert-file=${dir}/pki/api.crt`,
    `--tls-private-key-file=${dir}/pki/api.key`,
    `--token-auth-file=${dir}/pki/tokens.csv`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${dir}/pki/sa.pub`,
    `--service-account-signing-key-file=${dir}/pki/sa.key`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-client-certificate=${dir}/pki/to-kubelet.crt`,
    `--kubelet-client-key=${dir}/pki/to-kubelet.key`,
  ]
}

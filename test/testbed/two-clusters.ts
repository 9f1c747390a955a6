// A chain in two "clusters": CometBFT validator 0 in one namespace, 1 in the other, each behind its namespace's load
// balancer. It makes blocks only while both are connected.
import { type KubernetesObject, makeChain, nodeOf, type PodSpec } from './chain.ts'
import { kubectl } from './install.ts'
import { impatient, openRpc } from './scenario.ts'

export type SplitChain = { readonly ids: readonly string[]; readonly objects: readonly KubernetesObject[] }

/**
 * The nodes of chain `number` are node 2 * number and the one after. Each takes its list from ConfigMap peers-NUMBER of
 * its namespace, and its pod says group=consumers and its chain ID.
 */
export function splitChain(number: number, chainId: string, namespaces: readonly [string, string]): SplitChain {
  const variable = {
    name: 'CMT_P2P_PERSISTENT_PEERS',
    valueFrom: { configMapKeyRef: { name: `peers-${number}`, key: 'persistent_peers' } },
  }
  const pod = (spec: PodSpec): PodSpec => {
    const [node, ...rest] = spec.containers
    return node ? { ...spec, containers: [{ ...node, env: [...(node.env as object[]), variable] }, ...rest] } : spec
  }
  const config = (toml: string) => openRpc(toml).replace(/^persistent_peers = .*$/m, 'persistent_peers = ""')
  const chain = makeChain({ namespace: namespaces[0], validators: 2, annotations: impatient(), pod, config })
  const objects = chain.objects.map(object => {
    const index = nodeOf(object.metadata.name)
    const renamed = JSON.stringify(object).replaceAll(
      /"node(\d)(-config|-keys)?"/g,
      (_, digit, rest = '') => `"node${Number(digit) + number * 2}${rest}"`,
    )
    const moved = JSON.parse(renamed) as KubernetesObject
    moved.metadata.namespace = namespaces[index] ?? ''
    if (moved.kind === 'StatefulSet') {
      const { template } = moved.spec as { template: { metadata: { labels: Record<string, string> } } }
      Object.assign(template.metadata.labels, { group: 'consumers', 'chain-id': chainId })
    }
    return moved
  })
  return { ids: chain.ids, objects }
}

/** What a cloud's controller would do: kube-proxy routes these addresses. */
export function giveAddresses(namespace: string, service: string, ...ips: string[]): void {
  const status = JSON.stringify({ status: { loadBalancer: { ingress: ips.map(ip => ({ ip })) } } })
  kubectl('-n', namespace, 'patch', 'service', service, '--subresource=status', '--type=merge', '-p', status)
}

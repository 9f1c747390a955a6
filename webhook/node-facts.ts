// The rest of what a plan says about a node: its group, ports, times, whether it validates, and what stands around it.
import type { Plan, Profile, Source } from '../peers/plan.ts'
import type { Overrides } from './annotations.ts'
import { commandsOf, flagsOf } from './command-line.ts'
import { dataOf, textOf } from './content.ts'
import type { DecideInput } from './decision.ts'
import type { ContainerView, PodView } from './pod-view.ts'
import { profileFacts } from './profile-facts.ts'
import type { Found } from './source-search.ts'

/** Labels that name the chain, by deployer: cosmopilot, cosmos-operator, Stellar-K8s, stellar's charts, kotal. */
const chainLabels = ['chain-id', 'cosmos.strange.love/network', 'stellar-network', 'horizon_network', 'kotal.io/network'] as const

/**
 * Ten minutes are the most that a restart waits for a node to stop, whatever the pod grants: the rest of its group waits for its turn.
 * Below that the pod's own period holds, since its owner knows how long the node needs to close its database (geth's charts say 300 s).
 */
const longestGraceSeconds = 600

/** The group in which nodes restart in turn. */
export function groupOf(pod: PodView, namespace: string, profile: Profile, overrides: Overrides): string {
  const chain = chainLabels.map(label => pod.labels[label]).find(Boolean)
  return `${namespace}/${overrides.group ?? chain ?? profile}`
}

/** Whether the node signs blocks. A label that says so, either way, outranks what the configuration suggests. */
export function isValidator(pod: PodView, container: ContainerView, profile: Profile, texts: readonly string[]): boolean {
  const label = pod.labels['validator']?.toLowerCase()
  if (label === 'true' || label === 'false') return label === 'true'
  if (/^validator$/i.test(pod.labels['stellar.org/node-type'] ?? '')) return true
  const words = commandsOf(container).flatMap(command => command.words.map(word => word.text))
  switch (profile) {
    case 'cometbft':
      if (/^sentry$/i.test(pod.labels['cosmos.strange.love/type'] ?? '')) return true
      if (container.ports.some(port => /priv-?val/i.test(port.name))) return true
      return (
        texts.some(text => /^[ \t]*priv[_-]validator[_-]laddr[ \t]*=[ \t]*["'][^"']/m.test(text)) ||
        words.some(word => /^--priv_validator_laddr(=.|$)/.test(word))
      )
    case 'stellar-core':
      return texts.some(text => /^[ \t]*NODE_IS_VALIDATOR[ \t]*=[ \t]*true/m.test(text))
    case 'substrate':
      return words.some(word => word === '--validator' || word === '--collator')
    default:
      return false
  }
}

/** The texts of the node's configuration files that can be read. */
export function configTexts(input: Pick<DecideInput, 'configMap'>, sources: readonly (Found | Source)[]): string[] {
  return sources.flatMap(source => {
    if (source.kind !== 'ConfigMap' || !/-(toml|cfg)$/.test(source.format)) return []
    const data = dataOf(input.configMap(source.name))
    const text = data && textOf(data, source.key)
    return text === undefined ? [] : [text]
  })
}

/**
 * The P2P and status ports: a flag, else the configuration, else the container's named ports, else the profile's defaults. A generic node may
 * have none: 0. A CometBFT node whose RPC is off or on a Unix socket has no status port.
 */
export function portsOf(container: ContainerView, profile: Profile, texts: readonly string[]): Pick<Plan, 'p2pPort' | 'rpcPort'> {
  const facts = profileFacts[profile]
  const flag = (names: readonly string[]) =>
    commandsOf(container)
      .flatMap(command => flagsOf(command, names))
      .map(({ value }) => trailingPort(value))
      .find(port => port !== undefined)
  const written = (read: (text: string) => string | undefined) =>
    texts.map(text => trailingPort(read(text) ?? '')).find(port => port !== undefined)
  const isToml = profile === 'cometbft'
  const isCfg = profile === 'stellar-core'
  const tcp = container.ports.filter(port => port.protocol !== 'UDP')
  const named = (pattern: RegExp) => tcp.find(port => pattern.test(port.name))?.number
  const p2pWritten = isToml ? written(laddr('p2p')) : isCfg ? written(setting('PEER_PORT')) : undefined
  const rpcWritten = isToml ? written(laddr('rpc')) : isCfg ? written(setting('HTTP_PORT')) : undefined
  const p2pPort =
    flag(facts.p2pPortFlags) ??
    p2pWritten ??
    named(/^(p2p(-tcp)?|tcp-p2p|core-peer|peer|discovery)$/) ??
    (facts.p2pPort || tcp[0]?.number || 0)
  if (facts.rpcPort === undefined || (isToml && rpcOff(container, texts))) return { p2pPort }
  return { p2pPort, rpcPort: flag(facts.rpcPortFlags) ?? rpcWritten ?? facts.rpcPort }
}

/**
 * Whether a CometBFT node listens for RPC on nothing that the sidecar could ask: an empty laddr switches RPC off (CometBFT's config.toml), and
 * a Unix socket is out of its reach. A flag outranks the file.
 */
function rpcOff(container: ContainerView, texts: readonly string[]): boolean {
  const flags = commandsOf(container).flatMap(command => flagsOf(command, profileFacts.cometbft.rpcPortFlags))
  const address = flags[0]?.value ?? texts.map(laddr('rpc')).find(text => text !== undefined)
  return address !== undefined && (address.trim() === '' || /^\s*(?!tcp:)[a-z]+:\/\//i.test(address))
}

/** The plan's times, with the pod's own where no annotation says otherwise. */
export function timesOf(pod: PodView, container: ContainerView, overrides: Overrides): Plan['times'] {
  return {
    settleSeconds: overrides.settleSeconds,
    // A grace period of 0 would mean SIGKILL at once, which a pod may want when it is deleted, but never for a restart that nobody asked for.
    graceSeconds: overrides.graceSeconds ?? Math.max(1, Math.min(pod.graceSeconds, longestGraceSeconds)),
    minIntervalSeconds: overrides.minIntervalSeconds,
    ...(container.livenessSeconds === undefined ? {} : { livenessSeconds: container.livenessSeconds }),
  }
}

/**
 * Whether the owner replaces the pod when a list is edited: a checksum or hash of the configuration on the pod (cosmos-operator, cosmopilot,
 * Helm's checksum/config), or Stakater's Reloader. A checksum of Secrets alone says nothing about ConfigMaps.
 */
export function ownerRolls(pod: PodView, sources: readonly Found[]): boolean {
  const fromSecret = sources.some(source => source.kind === 'Secret')
  return Object.keys(pod.annotations).some(name => {
    if (name.startsWith('repeer.dev/')) return false
    if (/(^|\.)reloader\.stakater\.com\//.test(name)) return true
    return /checksum|config-?hash/i.test(name) && (fromSecret || !/secret/i.test(name))
  })
}

/** Whether a mesh proxy takes the pod's connections. */
export function inMesh(pod: PodView): boolean {
  const proxies = new Set(['istio-proxy', 'linkerd-proxy'])
  if ([...pod.containers, ...pod.initContainers].some(({ name }) => proxies.has(name))) return true
  return pod.annotations['sidecar.istio.io/status'] !== undefined || pod.annotations['linkerd.io/proxy-version'] !== undefined
}

/** laddr in one section of a config.toml, by its lines, since the file need not parse for its port to be known. */
function laddr(section: string): (text: string) => string | undefined {
  const header = new RegExp(`^[ \\t]*\\[${section}\\][ \\t]*(#.*)?\\r?$`, 'm')
  return text => {
    const start = header.exec(text)
    const rest = start ? text.slice(start.index + start[0].length) : ''
    const [own = ''] = rest.split(/^[ \t]*\[/m, 1)
    return /^[ \t]*laddr[ \t]*=[ \t]*["']([^"'\n]*)["']/m.exec(own)?.[1]
  }
}

/** A numeric setting of a stellar-core.cfg. */
function setting(name: string): (text: string) => string | undefined {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*(\\d{1,5})\\b`, 'm')
  return text => line.exec(text)?.[1]
}

function trailingPort(text: string): number | undefined {
  const port = Number(/(?:^|[:/])(\d{1,5})$/.exec(text.trim())?.[1] ?? 0)
  return port >= 1 && port <= 65_535 ? port : undefined
}

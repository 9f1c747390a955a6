// The rest of what a plan says about a node: its group, times, whether it validates, and what stands around it.
import { type Format, formatKinds } from '../../../peers/formats/index.ts'
import type { Plan, Profile, Source } from '../../../peers/plan.ts'
import { present } from '../../../peers/present.ts'
import { chains } from '../../chains/index.ts'
import { listNamed } from '../../chains/peer-names.ts'
import type { Overrides } from '../annotations.ts'
import type { DecideInput } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import { commandsOf, fileOf, flagsOf, startedBy } from '../pod/command-line.ts'
import { dataOf, textOf } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import type { Found } from '../sources/source-search.ts'

/** Labels that name the chain, by deployer: cosmopilot, cosmos-operator, Stellar-K8s, stellar's charts, kotal. */
const chainLabels = [
  'chain-id',
  'cosmos.strange.love/network',
  'stellar-network',
  'horizon_network',
  'kotal.io/network',
] as const

/**
 * Ten minutes are the most that a restart waits for a node to stop, whatever the pod grants: the rest of its group
 * waits for its turn. Below that the pod's own period holds, since its owner knows how long the node needs to close its
 * database (geth's charts say 300 s).
 */
const longestGraceSeconds = 600

/** The group in which nodes restart in turn. */
export function groupOf(pod: PodView, namespace: string, profile: Profile, overrides: Overrides): string {
  const chain = chainLabels.map(label => pod.labels[label]).find(Boolean)
  return `${namespace}/${overrides.group ?? chain ?? profile}`
}

/** Whether the node signs blocks. A label that says so, either way, outranks what the configuration suggests. */
export function isValidator(pod: PodView, { container, profile }: FollowedNode, texts: readonly string[]): boolean {
  // true or false (cosmopilot), or the validator's name (the ICS operator).
  const label = pod.labels['validator']?.toLowerCase()
  if (label) return label !== 'false'
  if (/^validator$/i.test(pod.labels['stellar.org/node-type'] ?? '')) return true
  const signs = chains[profile].validator
  if (signs === undefined) return false
  const words = commandsOf(container).flatMap(command => command.words.map(word => word.text))
  return (
    signs.label?.fits.test(pod.labels[signs.label.name] ?? '') ||
    container.ports.some(({ name }) => signs.ports?.test(name)) ||
    texts.some(text => signs.texts?.test(text)) ||
    words.some(word => signs.words?.test(word))
  )
}

/** The texts of the configuration files that hold the node's lists, as far as they can be read. */
export function sourceTexts(input: Pick<DecideInput, 'configMap'>, sources: readonly (Found | Source)[]): string[] {
  return textsAt(input, documentsOf(sources))
}

/**
 * The texts of the node's configuration files that can be read: those that hold its list first, then those that a flag
 * names, then those of the profile's own name that the container mounts, since a node that has its list from elsewhere
 * still has its ports from there.
 */
export function configTexts(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  { container, profile }: FollowedNode,
  sources: readonly Found[],
): string[] {
  const mounted = visibleKeys(pod, container).flatMap(({ kind, name, key, file }) => {
    const data = kind === 'ConfigMap' ? dataOf(input.configMap(name)) : undefined
    const keys =
      key === undefined ? Object.keys(data ?? {}).map(name => [name, name] as const) : [[key, file ?? key] as const]
    return keys.flatMap(([key, shown]) => {
      const list = listNamed(profile, shown)
      return list?.wellKnown && isDocument(list.format) ? [{ name, key }] : []
    })
  })
  const named = commandsOf(container)
    .flatMap(command => flagsOf(command, chains[profile].lists.configFlags ?? []))
    .flatMap(({ value }) => fileOf(container)(value) ?? [])
    .filter(({ kind }) => kind === 'ConfigMap')
  return [...writtenTexts(container, profile), ...textsAt(input, [...documentsOf(sources), ...named, ...mounted])]
}

/**
 * Configuration files that the container's script writes whole, by a here-document or from a template: their own name,
 * or a flag, says that they are.
 */
function writtenTexts(container: ContainerView, profile: Profile): string[] {
  const flags = chains[profile].lists.configFlags ?? []
  const named = new Set(commandsOf(container).flatMap(command => flagsOf(command, flags).map(({ value }) => value)))
  const { writes } = startedBy(container)
  // What becomes of a text that is edited in place afterwards is not known.
  const edited = new Set(writes.filter(({ how }) => how !== 'whole').map(({ path }) => path))
  return writes.flatMap(({ path, value }) => {
    if (edited.has(path)) return []
    const list = listNamed(profile, path.slice(path.lastIndexOf('/') + 1))
    const isConfig = named.has(path) || (list?.wellKnown === true && isDocument(list.format))
    // What is not known of it is no port.
    const text = isConfig ? value.map(piece => piece.text ?? ' ').join('') : ''
    return text === '' || text.length > longestText ? [] : [text]
  })
}

type Place = { readonly name: string; readonly key: string }

function documentsOf(sources: readonly (Found | Source)[]): Place[] {
  return sources.flatMap(source => (source.kind === 'ConfigMap' && isDocument(source.format) ? [source] : []))
}

function textsAt(input: Pick<DecideInput, 'configMap'>, places: readonly Place[]): string[] {
  const once = new Map(places.map(({ name, key }) => [JSON.stringify([name, key]), { name, key }]))
  return [...once.values()].flatMap(({ name, key }) => {
    const data = dataOf(input.configMap(name))
    const text = data && textOf(data, key)
    return text === undefined || text.length > longestText ? [] : [text]
  })
}

/** Characters. Configuration files have some 20,000. */
const longestText = 512 * 1024

function isDocument(format: Format): boolean {
  return formatKinds[format] === 'settings'
}

/** The plan's times, with the pod's own where no annotation says otherwise. */
export function timesOf(pod: PodView, container: ContainerView, overrides: Overrides): Plan['times'] {
  return {
    settleSeconds: overrides.settleSeconds,
    // A grace period of 0 would mean SIGKILL at once, which a pod may want when it is deleted, but never for a restart
    // that nobody asked for.
    graceSeconds: overrides.graceSeconds ?? Math.max(1, Math.min(pod.graceSeconds, longestGraceSeconds)),
    minIntervalSeconds: overrides.minIntervalSeconds,
    ...present('livenessSeconds', container.livenessSeconds),
  }
}

/** Whether a mesh proxy takes the pod's connections. */
export function inMesh(pod: PodView): boolean {
  const proxies = new Set(['istio-proxy', 'linkerd-proxy'])
  if ([...pod.containers, ...pod.initContainers].some(({ name }) => proxies.has(name))) return true
  return (
    pod.annotations['sidecar.istio.io/status'] !== undefined ||
    pod.annotations['linkerd.io/proxy-version'] !== undefined
  )
}

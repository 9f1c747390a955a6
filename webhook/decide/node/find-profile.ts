// What kind of node a container runs, by weighing clues: its programs, flags, image, ports, labels, mounted content and
// name. A node needs `enough`; a port or a name alone is not, so that databases, proxies and explorers beside a chain
// are left alone.
import { namesTm2Node } from '../../../peers/formats/tm2.ts'
import { type Profile, profiles } from '../../../peers/plan.ts'
import { fileFormats, listNamed } from '../../chains/peer-names.ts'
import { profileFacts } from '../../chains/profile-facts.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf, textOf as dataText, holds } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import { type Clue, ofCommands, repository } from './command-clues.ts'

export type Recognised = {
  readonly profile: Profile
  readonly score: number
  /** What spoke for it, heaviest first. */
  readonly clues: readonly string[]
}

/** A program's name and subcommand, an image of that name, or two weaker clues together. */
const enough = 3

/** Containers that stand beside nodes. None of them is one, whatever labels and volumes they share with it. */
const helperNames =
  /^(node-utils|healthcheck|version-check(-interval)?|istio-(proxy|init|validation)|linkerd-(proxy|init|await|debug)|envoy(-sidecar)?|vault-agent(-init)?|promtail|fluent-?bit|fluentd|filebeat|vector|otel-collector|datadog-agent|jaeger-agent(-sidecar)?|kube-rbac-proxy|cloud-?sql-proxy|oauth2-proxy|config-reloader|reloader|cosmoguard|cosmoseed|tenderseed|cosmosigner|tmkms|horcrux|nginx|history-proxy|postgres(ql)?|redis|mysql|hermes|rly|relayer|substrate-api-sidecar|toolbox|debug|tc-netem|repeer(-install)?|(.+-)?(exporter|explorer|faucet|indexer|backup|metrics|sidecar|proxy|logger|watcher))$/
const helperImages =
  /(^|\/)(node-utils|cosmos-operator|infra-toolkit|proxyv2|proxy-init|vault(-k8s)?|promtail|fluent-bit|nginx(-unprivileged)?|postgres(ql)?|redis|mysql|busybox|alpine|tmkms|horcrux|hermes|relayer|cosmoguard|cosmoseed|tenderseed|cosmosigner|(stellar-)?horizon|(stellar|soroban)-rpc|[a-z0-9-]*exporter|[a-z0-9-]*explorer|substrate-api-sidecar|repeer)$/
/** Whether a container only helps a node. */
export function isHelper(container: ContainerView): boolean {
  return helperNames.test(container.name) || helperImages.test(repository(container.image))
}

/**
 * The likeliest profile of a container, and how likely; undefined where nothing, or nothing decisive, speaks for one.
 */
export function recognise(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  container: ContainerView,
): Recognised | undefined {
  const commands = ofCommands(container)
  // A Job's pod that runs a node's image does something else with it (prune, export, snapshot), unless it starts the
  // node in so many words.
  if (pod.ownerKinds.includes('Job') && !commands.some(clue => clue.weight > 0)) return undefined
  const clues = [...commands, ...ofImage(container), ...ofContainer(container), ...ofLabels(pod)]
  if (clues.length > 0) clues.push(...ofEnv(container), ...ofContent(input, pod, container))
  // Whatever speaks for gno.land leaves no doubt, and everything else of it looks like CometBFT.
  const others = clues.some(clue => clue.profile === 'gnoland')
    ? clues.filter(clue => clue.profile !== 'cometbft')
    : clues
  const [best, second] = profiles
    .map(profile =>
      summed(
        profile,
        others.filter(clue => clue.profile === profile),
      ),
    )
    .sort((a, b) => b.score - a.score)
  return best && best.score > 0 && best.score > (second?.score ?? 0) ? best : undefined
}

/** Whether what speaks for a container suffices without anybody naming it. */
export function isNode(recognised: Recognised | undefined): recognised is Recognised {
  return recognised !== undefined && recognised.score >= enough
}

function summed(profile: Profile, clues: readonly Clue[]): Recognised {
  const sorted = [...clues].sort((a, b) => b.weight - a.weight)
  return {
    profile,
    score: sorted.reduce((sum, clue) => sum + clue.weight, 0),
    clues: sorted.filter(clue => clue.weight > 0).map(clue => clue.what),
  }
}

function ofImage(container: ContainerView): Clue[] {
  const image = repository(container.image)
  const found = profiles.filter(profile => profileFacts[profile].images.test(image))
  return found.map(profile => ({ profile, weight: 4, what: `its image is ${image}` }))
}

function ofContainer(container: ContainerView): Clue[] {
  return profiles.flatMap(profile => {
    const facts = profileFacts[profile]
    const ports = container.ports.filter(port => port.protocol !== 'UDP' && facts.ports[port.number] !== undefined)
    const clues = ports.map(port => ({ profile, weight: facts.ports[port.number] ?? 0, what: `port ${port.number}` }))
    return facts.containers.test(container.name)
      ? [...clues, { profile, weight: 1, what: `its name ${container.name}` }]
      : clues
  })
}

/** Labels by which operators and charts mark their nodes' pods. */
function ofLabels(pod: PodView): Clue[] {
  const { labels } = pod
  const clues: Clue[] = []
  if (labels['chain-id'] && labels['node-id'])
    clues.push({ profile: 'cometbft', weight: 3, what: 'labels chain-id and node-id' })
  if (labels['cosmos.strange.love/network'])
    clues.push({ profile: 'cometbft', weight: 3, what: 'label cosmos.strange.love/network' })
  // Horizon and Soroban RPC are other types of the same operator; they are clients of a node.
  if (/^(validator|core|watcher)$/i.test(labels['stellar.org/node-type'] ?? ''))
    clues.push({ profile: 'stellar-core', weight: 3, what: 'label stellar.org/node-type' })
  const name = labels['app.kubernetes.io/name'] ?? ''
  const profile = profiles.find(
    candidate => candidate !== 'generic' && (profileFacts[candidate].programs.test(name) || candidate === name),
  )
  if (profile)
    clues.push({ profile, weight: labels['kotal.io/protocol'] ? 3 : 2, what: `label app.kubernetes.io/name ${name}` })
  return clues
}

function ofEnv(container: ContainerView): Clue[] {
  const named = container.env.find(env =>
    /^(CMT|TM)_|^DAEMON_(NAME|HOME)$|_P2P_PERSISTENT_PEERS$|^PERSISTENT_PEERS$/.test(env.name),
  )
  return named ? [{ profile: 'cometbft', weight: 2, what: `variable ${named.name}` }] : []
}

/** A readable ConfigMap in which the profile's own file holds peers. Lists are no clue: too many things are a list. */
function ofContent(input: Pick<DecideInput, 'configMap'>, pod: PodView, container: ContainerView): Clue[] {
  const clues = visibleKeys(pod, container).flatMap(seen => {
    const data = seen.kind === 'ConfigMap' ? dataOf(input.configMap(seen.name)) : undefined
    if (!data) return []
    const { key, file = key } = seen
    return key === undefined
      ? ofWhole(data)
      : profiles.filter(profile => holdsOwn(profile, data, key, file ?? key)).map(ofKey(key))
  })
  // One clue for each profile, its first.
  return [...new Map(clues.toReversed().map(clue => [clue.profile, clue])).values()]
}

type Data = Readonly<Record<string, string>>

/** For as long as a ConfigMap does not change: many containers may mount it. */
const wholes = new WeakMap<Data, readonly Clue[]>()

/** The clues in all keys of a ConfigMap, one for each profile. */
function ofWhole(data: Data): readonly Clue[] {
  const keys = Object.keys(data)
  const find = () =>
    profiles.flatMap(profile => {
      const key = keys.find(candidate => holdsOwn(profile, data, candidate, candidate))
      return key === undefined ? [] : [ofKey(key)(profile)]
    })
  const clues = wholes.get(data) ?? find()
  wholes.set(data, clues)
  return clues
}

function ofKey(key: string): (profile: Profile) => Clue {
  return profile => ({
    profile,
    weight: profile === 'gnoland' ? enough : 2,
    what: `${key} ${profile === 'gnoland' ? "names gno.land's nodes" : 'holds peers'}`,
  })
}

/** Whether a key, seen as `file`, is the profile's own configuration file with peers in it. */
function holdsOwn(profile: Profile, data: Data, key: string, file: string): boolean {
  const format = listNamed(profile, file)?.format
  if (format === undefined || format !== fileFormats[profile][0] || profileFacts[profile].list === format) return false
  if (format === 'tm2-toml' && !namesTm2Node(dataText(data, key) ?? '')) return false
  return holds(data, key, format)
}

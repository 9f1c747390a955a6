// What kind of node a container runs, by weighing clues: its programs, flags, image, ports, labels, mounted content and
// name. A node needs `enough`; a port or a name alone is not, so that databases, proxies and explorers beside a chain
// are left alone.
import { type Profile, profiles } from '../../../peers/plan.ts'
import { chains, fallback } from '../../chains/index.ts'
import { listNamed } from '../../chains/peer-names.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf, textOf as dataText, holds } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import { clueIn, type ProfileClue, speakingFor } from './clue.ts'
import { ofCommands, repository } from './command-clues.ts'

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
  const outdone = new Set(clues.map(({ profile }) => chains[profile].clues.outdoes))
  const [best, second] = profiles
    .filter(profile => !outdone.has(profile))
    .map(profile =>
      summed(
        profile,
        clues.filter(clue => clue.profile === profile),
      ),
    )
    .sort((a, b) => b.score - a.score)
  return best && best.score > 0 && best.score > (second?.score ?? 0) ? best : undefined
}

/** Whether what speaks for a container suffices without anybody naming it. */
export function isNode(recognised: Recognised | undefined): recognised is Recognised {
  return recognised !== undefined && recognised.score >= enough
}

function summed(profile: Profile, clues: readonly ProfileClue[]): Recognised {
  const sorted = [...clues].sort((a, b) => b.weight - a.weight)
  return {
    profile,
    score: sorted.reduce((sum, clue) => sum + clue.weight, 0),
    clues: sorted.filter(clue => clue.weight > 0).map(clue => clue.what),
  }
}

function ofImage(container: ContainerView): ProfileClue[] {
  const image = repository(container.image)
  const found = profiles.filter(profile => chains[profile].clues.images.test(image))
  return found.map(profile => ({ profile, weight: 4, what: `its image is ${image}` }))
}

function ofContainer(container: ContainerView): ProfileClue[] {
  return profiles.flatMap(profile => {
    const { ports: weights, containers } = chains[profile].clues
    const ports = container.ports.filter(port => port.protocol !== 'UDP' && weights[port.number] !== undefined)
    const clues = ports.map(port => ({ profile, weight: weights[port.number] ?? 0, what: `port ${port.number}` }))
    return containers.test(container.name)
      ? [...clues, { profile, weight: 1, what: `its name ${container.name}` }]
      : clues
  })
}

/** Labels by which operators and charts mark their nodes' pods. */
function ofLabels({ labels }: PodView): ProfileClue[] {
  const clues: ProfileClue[] = profiles.flatMap(profile =>
    speakingFor(
      profile,
      (chains[profile].clues.labels ?? []).filter(({ all }) =>
        Object.entries(all).every(([label, fits]) => fits.test(labels[label] ?? '')),
      ),
    ),
  )
  const name = labels['app.kubernetes.io/name'] ?? ''
  const profile = profiles.find(
    candidate => candidate !== fallback && (chains[candidate].clues.programs.test(name) || candidate === name),
  )
  if (profile)
    clues.push({ profile, weight: labels['kotal.io/protocol'] ? 3 : 2, what: `label app.kubernetes.io/name ${name}` })
  return clues
}

function ofEnv({ env }: ContainerView): ProfileClue[] {
  const names = env.map(({ name }) => name)
  return profiles.flatMap(profile => speakingFor(profile, clueIn(names, chains[profile].clues.variables)))
}

/** A readable ConfigMap in which the profile's own file holds peers. Lists are no clue: too many things are a list. */
function ofContent(input: Pick<DecideInput, 'configMap'>, pod: PodView, container: ContainerView): ProfileClue[] {
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
const wholes = new WeakMap<Data, readonly ProfileClue[]>()

/** The clues in all keys of a ConfigMap, one for each profile. */
function ofWhole(data: Data): readonly ProfileClue[] {
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

function ofKey(key: string): (profile: Profile) => ProfileClue {
  return profile => {
    const { weight, what } = chains[profile].clues.proof ?? { weight: 2, what: 'holds peers' }
    return { profile, weight, what: `${key} ${what}` }
  }
}

/** Whether a key, seen as `file`, is the profile's own configuration file with peers in it. */
function holdsOwn(profile: Profile, data: Data, key: string, file: string): boolean {
  const { lists, clues } = chains[profile]
  const format = listNamed(profile, file)?.format
  if (format === undefined || format !== lists.formats[0] || lists.bare === format) return false
  if (clues.proof && !clues.proof.isIn(dataText(data, key) ?? '')) return false
  return holds(data, key, format)
}

// What kind of node a container runs, by weighing clues: its programs, flags, image, ports, labels, mounted content and name. A node needs
// `enough`; a port or a name alone is not, so that databases, proxies and explorers beside a chain are left alone.
import { namesTm2Node } from '../peers/formats/tm2.ts'
import { type Profile, profiles } from '../peers/plan.ts'
import { baseName, type Command, commandsOf, environment, flagsOf, startedBy } from './command-line.ts'
import { dataOf, textOf as dataText, holds } from './content.ts'
import type { DecideInput } from './decision.ts'
import { fileFormats, listNamed } from './peer-names.ts'
import type { ContainerView, PodView } from './pod-view.ts'
import { profileFacts } from './profile-facts.ts'
import { textOf } from './shell/index.ts'
import { visibleKeys } from './visible-keys.ts'

export type Recognised = {
  readonly profile: Profile
  readonly score: number
  /** What spoke for it, heaviest first. */
  readonly clues: readonly string[]
}

type Clue = { readonly profile: Profile; readonly weight: number; readonly what: string }

/** A program's name and subcommand, an image of that name, or two weaker clues together. */
const enough = 3

/** Admission sees pods before they are validated: names and paths longer than this are not worth a regular expression's time. */
const longestWord = 4096

/** Containers that stand beside nodes. None of them is one, whatever labels and volumes they share with it. */
const helperNames =
  /^(node-utils|healthcheck|version-check(-interval)?|istio-(proxy|init|validation)|linkerd-(proxy|init|await|debug)|envoy(-sidecar)?|vault-agent(-init)?|promtail|fluent-?bit|fluentd|filebeat|vector|otel-collector|datadog-agent|jaeger-agent(-sidecar)?|kube-rbac-proxy|cloud-?sql-proxy|oauth2-proxy|config-reloader|reloader|cosmoguard|cosmosigner|tmkms|horcrux|nginx|history-proxy|postgres(ql)?|redis|mysql|hermes|rly|relayer|substrate-api-sidecar|toolbox|debug|tc-netem|repeer(-install)?|(.+-)?(exporter|explorer|faucet|indexer|backup|metrics|sidecar|proxy|logger|watcher))$/
const helperImages =
  /(^|\/)(node-utils|cosmos-operator|infra-toolkit|proxyv2|proxy-init|vault(-k8s)?|promtail|fluent-bit|nginx(-unprivileged)?|postgres(ql)?|redis|mysql|busybox|alpine|tmkms|horcrux|hermes|relayer|cosmoguard|cosmosigner|[a-z0-9-]*exporter|[a-z0-9-]*explorer|substrate-api-sidecar|repeer)$/
/** Programs with a subcommand `start` and a home directory that are no nodes. */
const otherStarters =
  /^(horcrux|tmkms|hermes|rly|relayer|gorelayer|price-feeder|feeder|cosmosigner|supervisord|containerd|mongod|sshd|pigeon|oracle|slinky)$/

/** Whether a container only helps a node. */
export function isHelper(container: ContainerView): boolean {
  return helperNames.test(container.name) || helperImages.test(repository(container.image))
}

/** The likeliest profile of a container, and how likely; undefined where nothing, or nothing decisive, speaks for one. */
export function recognise(input: Pick<DecideInput, 'configMap'>, pod: PodView, container: ContainerView): Recognised | undefined {
  const commands = ofCommands(container)
  // A Job's pod that runs a node's image does something else with it (prune, export, snapshot), unless it starts the node in so many words.
  if (pod.ownerKinds.includes('Job') && !commands.some(clue => clue.weight > 0)) return undefined
  const clues = [...commands, ...ofImage(container), ...ofContainer(container), ...ofLabels(pod)]
  if (clues.length > 0) clues.push(...ofEnv(container), ...ofContent(input, pod, container))
  // Whatever speaks for gno.land leaves no doubt, and everything else of it looks like CometBFT.
  const others = clues.some(clue => clue.profile === 'gnoland') ? clues.filter(clue => clue.profile !== 'cometbft') : clues
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

/** The program by which a chosen container's node can be told, and its command; undefined where only a script or the image knows. */
export function nodeProgram(container: ContainerView): { readonly name: string; readonly command: Command } | undefined {
  const best = commandsOf(container)
    .map(command => ({ command, weight: Math.max(0, ...ofCommand(command).map(clue => clue.weight)) }))
    .filter(({ command, weight }) => command.program !== undefined && weight > 0)
    .sort((a, b) => b.weight - a.weight)[0]
  if (!best || best.command.program === undefined) return undefined
  // cosmovisor runs the program that DAEMON_NAME names.
  const name = best.command.program === 'cosmovisor' ? cosmovisorsProgram(container, best.command) : best.command.program
  return name === undefined || name === '' || name.includes('$') ? undefined : { name, command: best.command }
}

function cosmovisorsProgram(container: ContainerView, command: Command): string | undefined {
  const given = command.given.get('DAEMON_NAME')?.values[0] ?? environment(container).variable('DAEMON_NAME')
  const text = given && textOf(given)
  return text === undefined ? undefined : baseName(text)
}

/**
 * The clues of the command that speaks most for each profile. A script's other steps (init, config, keys, version) say nothing against a node
 * that it starts; they do where nothing starts one, and nothing is left that might: a script that could not be read.
 */
function ofCommands(container: ContainerView): Clue[] {
  const { commands, unread } = startedBy(container)
  const image = repository(container.image)
  const each = commands.map(command => [...ofCommand(command), ...againstImage(command, image)])
  const best = profiles.flatMap(profile => {
    const own = each.map(clues => clues.filter(clue => clue.profile === profile && clue.weight > 0))
    return own.sort((a, b) => weightOf(b) - weightOf(a))[0] ?? []
  })
  if (best.length > 0) return [...best, ...ofWrites(container)]
  if (unread.length > 0) return []
  const against = each.flat().filter(clue => clue.weight < 0)
  return [...new Map(against.map(clue => [clue.profile, clue])).values()]
}

/** Arguments of the image's own program with which it is no node: `args: [export]`. */
function againstImage(command: Command, image: string): Clue[] {
  if (command.program !== undefined) return []
  const after = command.words.map(word => word.text)
  return profiles.flatMap(profile => {
    const { images, otherCommands } = profileFacts[profile]
    const subcommand = images.test(image) ? subcommandOf(after, otherCommands) : ''
    return subcommand !== '' && otherCommands.test(subcommand) ? [{ profile, weight: -8, what: `${subcommand} is no node` }] : []
  })
}

function weightOf(clues: readonly Clue[]): number {
  return clues.reduce((sum, clue) => sum + clue.weight, 0)
}

/** A script that puts peers into a node's config.toml before it starts something. */
function ofWrites(container: ContainerView): Clue[] {
  const { writes, commands } = startedBy(container)
  const named = (text: string) => text.length <= longestWord && /config\/config\.toml$/.test(text)
  const edited = writes.some(({ path }) => named(path)) || commands.some(({ words }) => words.some(word => word.script && named(word.text)))
  return edited ? [{ profile: 'cometbft', weight: 2, what: 'its script writes config/config.toml' }] : []
}

function summed(profile: Profile, clues: readonly Clue[]): Recognised {
  const sorted = [...clues].sort((a, b) => b.weight - a.weight)
  return {
    profile,
    score: sorted.reduce((sum, clue) => sum + clue.weight, 0),
    clues: sorted.filter(clue => clue.weight > 0).map(clue => clue.what),
  }
}

function ofCommand(command: Command): Clue[] {
  const program = baseName(command.program ?? '')
  if (utilities.test(program)) return []
  const after = command.words.slice(command.program === undefined ? 0 : 1).map(word => word.text)
  const clues = profiles.flatMap(profile => {
    const facts = profileFacts[profile]
    if (!facts.programs.test(program)) return []
    const subcommand = subcommandOf(program === 'cosmovisor' && after[0] === 'run' ? after.slice(1) : after, facts.otherCommands)
    const other = facts.otherCommands.test(subcommand)
    return [{ profile, weight: other ? -8 : 5, what: other ? `${program} ${subcommand} is no node` : `it runs ${program}` }]
  })
  if (clues.length === 0 && !otherStarters.test(program)) clues.push(...ofSubcommand(program, after))
  // What is no node is none with any flag.
  return clues.some(clue => clue.weight < 0) ? clues : [...clues, ...ofFlags(command)]
}

/**
 * The subcommand: the first word that is neither a flag nor the value of one. Behind a flag without `=`, a word may be either; there it is a
 * subcommand if it is one that `known` or every Cosmos SDK program has.
 */
function subcommandOf(after: readonly string[], known?: RegExp): string {
  for (const [index, text] of after.entries()) {
    if (text.startsWith('-')) continue
    const before = after[index - 1]
    const mayBeValue = before?.startsWith('-') === true && !before.includes('=')
    if (
      !mayBeValue ||
      sdkCommands.test(text) ||
      (known !== undefined && known !== profileFacts.cometbft.otherCommands && exactly(known, text))
    )
      return text
  }
  return ''
}

/** Patterns of subcommands are written as beginnings; a flag's value counts only where it is the whole word. */
function exactly(pattern: RegExp, text: string): boolean {
  return text === pattern.exec(text)?.[0]
}

/** Subcommands of Cosmos SDK and CometBFT programs: the node's, and others. */
const starts = /^(start|node|run|run_node|unsafe-start)$/
const sdkCommands =
  /^(start|node|run|run_node|unsafe-start|init|tx|q|query|keys|export|version|gentx|collect-gentxs|add-genesis-account|genesis|status|rollback|debug|testnet|prune|compact|config|snapshots?|tendermint|comet|cometbft|validate-genesis|reset|unsafe-reset-all|unsafe_reset_all|migrate|in-place-testnet|show[-_]node[-_]id|gen[-_]node[-_]key|gen[-_]validator)$/

/** What scripts run beside a node. Some of their names end like those of Cosmos SDK programs. */
const utilities =
  /^(sed|cd|pwd|read|chmod|chown|find|head|id|cp|mv|rm|mkdir|cat|echo|printf|grep|curl|wget|jq|yq|dasel|tar|lz4|zstd|sleep|date|ls|ln|touch|test|env|export|set|ps|kill|wait|add|useradd|groupadd|addgroup|adduser|apk|apt|apt-get|nc|dig|nslookup|getent|openssl|awk|tr|cut|sort|uniq|wc|tee|sha256sum|aria2c|gsutil|aws|git|make|npm)$/

/** A Cosmos SDK program: its name mostly ends in d, its node's subcommand is `start`. */
function ofSubcommand(program: string, after: readonly string[]): Clue[] {
  const daemon = /^[a-z$][\w${}-]*d\}?$/.test(program)
  if (/^dotnet$/.test(program) && /Nethermind\.Runner/.test(after[0] ?? ''))
    return [{ profile: 'nethermind', weight: 5, what: 'it runs Nethermind.Runner' }]
  const subcommand = subcommandOf(after)
  if (subcommand !== 'start') {
    const other = daemon && sdkCommands.test(subcommand) && !starts.test(subcommand)
    return other ? [{ profile: 'cometbft', weight: -8, what: `${program} ${subcommand} is no node` }] : []
  }
  const home = after.some(word => word === '--home' || word.startsWith('--home='))
  const weight = daemon ? (home ? 4 : 2) : home ? 2 : 1
  return [{ profile: 'cometbft', weight, what: `it runs ${program || 'its entrypoint'} start${home ? ' --home' : ''}` }]
}

function ofFlags(command: Command): Clue[] {
  const clues: Clue[] = []
  // Longer words are values and scripts, not flags or paths.
  const words = command.words.filter(word => word.text.length <= longestWord)
  const p2p = words.find(word => /^--p2p\.(persistent[_-]peers|seeds|laddr|external[_-]address)/.test(word.text))
  if (p2p) clues.push({ profile: 'cometbft', weight: 3, what: `a flag ${p2p.text.split('=')[0]}` })
  if (words.some(word => /stellar-core[^/]*\.cfg$/.test(word.text)))
    clues.push({ profile: 'stellar-core', weight: 2, what: 'a stellar-core.cfg in its arguments' })
  const addresses = flagsOf(command, ['reserved-nodes', 'bootnodes'], true)
  if (addresses.some(flag => /^\/(dns|ip)[46]?\//.test(flag.value)))
    clues.push({ profile: 'substrate', weight: 3, what: 'multiaddresses in its arguments' })
  return clues
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
    return facts.containers.test(container.name) ? [...clues, { profile, weight: 1, what: `its name ${container.name}` }] : clues
  })
}

/** Labels by which operators and charts mark their nodes' pods. */
function ofLabels(pod: PodView): Clue[] {
  const { labels } = pod
  const clues: Clue[] = []
  if (labels['chain-id'] && labels['node-id']) clues.push({ profile: 'cometbft', weight: 3, what: 'labels chain-id and node-id' })
  if (labels['cosmos.strange.love/network']) clues.push({ profile: 'cometbft', weight: 3, what: 'label cosmos.strange.love/network' })
  // Horizon and Soroban RPC are other types of the same operator; they are clients of a node.
  if (/^(validator|core|watcher)$/i.test(labels['stellar.org/node-type'] ?? ''))
    clues.push({ profile: 'stellar-core', weight: 3, what: 'label stellar.org/node-type' })
  const name = labels['app.kubernetes.io/name'] ?? ''
  const profile = profiles.find(candidate => candidate !== 'generic' && (profileFacts[candidate].programs.test(name) || candidate === name))
  if (profile) clues.push({ profile, weight: labels['kotal.io/protocol'] ? 3 : 2, what: `label app.kubernetes.io/name ${name}` })
  return clues
}

function ofEnv(container: ContainerView): Clue[] {
  const named = container.env.find(env => /^(CMT|TM)_|^DAEMON_(NAME|HOME)$|_P2P_PERSISTENT_PEERS$|^PERSISTENT_PEERS$/.test(env.name))
  return named ? [{ profile: 'cometbft', weight: 2, what: `variable ${named.name}` }] : []
}

/** A readable ConfigMap in which the profile's own file holds peers. Lists are no clue: too many things are a list. */
function ofContent(input: Pick<DecideInput, 'configMap'>, pod: PodView, container: ContainerView): Clue[] {
  const clues = visibleKeys(pod, container).flatMap(seen => {
    const data = seen.kind === 'ConfigMap' ? dataOf(input.configMap(seen.name)) : undefined
    if (!data) return []
    const { key, file = key } = seen
    return key === undefined ? ofWhole(data) : profiles.filter(profile => holdsOwn(profile, data, key, file ?? key)).map(ofKey(key))
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

/** An image without its tag, digest and registry host. */
export function repository(image: string): string {
  if (image.length > longestWord) return ''
  const [path = ''] = image.split('@')
  const untagged = path.replace(/:[^/:]*$/, '')
  return untagged.replace(/^[^/]*[.:][^/]*\//, '').toLowerCase()
}

// What a container's commands say about its profile, and which of them starts the node. Each profile's programs and
// subcommands are in profile-facts.ts; Cosmos SDK programs are known by their subcommand.
import { type Profile, profiles } from '../../../peers/plan.ts'
import { profileFacts } from '../../chains/profile-facts.ts'
import { textOf } from '../../shell/index.ts'
import { baseName, type Command, commandsOf, environment, flagsOf, startedBy } from '../pod/command-line.ts'
import type { ContainerView } from '../pod/pod-view.ts'

export type Clue = { readonly profile: Profile; readonly weight: number; readonly what: string }

/**
 * Admission sees pods before they are validated: names and paths longer than this are not worth a regular expression's
 * time.
 */
const longestWord = 4096

/** Programs with a subcommand `start` and a home directory that are no nodes. */
const otherStarters =
  /^(horcrux|tmkms|hermes|rly|relayer|gorelayer|price-feeder|feeder|cosmosigner|supervisord|containerd|mongod|sshd|pigeon|oracle|slinky)$/

/**
 * The program by which a chosen container's node can be told, and its command; undefined where only a script or the
 * image knows.
 */
export function nodeProgram(
  container: ContainerView,
): { readonly name: string; readonly command: Command } | undefined {
  const best = commandsOf(container)
    .map(command => ({ command, weight: Math.max(0, ...ofCommand(command).map(clue => clue.weight)) }))
    .filter(({ command, weight }) => command.program !== undefined && weight > 0)
    .sort((a, b) => b.weight - a.weight)[0]
  if (!best || best.command.program === undefined) return undefined
  // cosmovisor runs the program that DAEMON_NAME names.
  const name =
    best.command.program === 'cosmovisor' ? cosmovisorsProgram(container, best.command) : best.command.program
  return name === undefined || name === '' || name.includes('$') ? undefined : { name, command: best.command }
}

function cosmovisorsProgram(container: ContainerView, command: Command): string | undefined {
  const given = command.given.get('DAEMON_NAME')?.values[0] ?? environment(container).variable('DAEMON_NAME')
  const text = given && textOf(given)
  return text === undefined ? undefined : baseName(text)
}

/**
 * The clues of the command that speaks most for each profile. A script's other steps (init, config, keys, version) say
 * nothing against a node that it starts; they do where nothing starts one, and nothing is left that might: a script
 * that could not be read.
 */
export function ofCommands(container: ContainerView): Clue[] {
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
    return subcommand !== '' && otherCommands.test(subcommand)
      ? [{ profile, weight: -8, what: `${subcommand} is no node` }]
      : []
  })
}

function weightOf(clues: readonly Clue[]): number {
  return clues.reduce((sum, clue) => sum + clue.weight, 0)
}

/** A script that puts peers into a node's config.toml before it starts something. */
function ofWrites(container: ContainerView): Clue[] {
  const { writes, commands } = startedBy(container)
  const named = (text: string) => text.length <= longestWord && /config\/config\.toml$/.test(text)
  const edited =
    writes.some(({ path }) => named(path)) ||
    commands.some(({ words }) => words.some(word => word.script && named(word.text)))
  return edited ? [{ profile: 'cometbft', weight: 2, what: 'its script writes config/config.toml' }] : []
}

function ofCommand(command: Command): Clue[] {
  const program = baseName(command.program ?? '')
  if (utilities.test(program)) return []
  const after = command.words.slice(command.program === undefined ? 0 : 1).map(word => word.text)
  const clues = profiles.flatMap(profile => {
    const facts = profileFacts[profile]
    if (!facts.programs.test(program)) return []
    const subcommand = subcommandOf(
      program === 'cosmovisor' && after[0] === 'run' ? after.slice(1) : after,
      facts.otherCommands,
    )
    const other = facts.otherCommands.test(subcommand)
    return [
      { profile, weight: other ? -8 : 5, what: other ? `${program} ${subcommand} is no node` : `it runs ${program}` },
    ]
  })
  if (clues.length === 0 && !otherStarters.test(program)) clues.push(...ofSubcommand(program, after))
  // What is no node is none with any flag.
  return clues.some(clue => clue.weight < 0) ? clues : [...clues, ...ofFlags(command)]
}

/**
 * The subcommand: the first word that is neither a flag nor the value of one. Behind a flag without `=`, a word may be
 * either; there it is a subcommand if it is one that `known` or every Cosmos SDK program has.
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

/** An image without its tag, digest and registry host. */
export function repository(image: string): string {
  if (image.length > longestWord) return ''
  const [path = ''] = image.split('@')
  const untagged = path.replace(/:[^/:]*$/, '')
  return untagged.replace(/^[^/]*[.:][^/]*\//, '').toLowerCase()
}

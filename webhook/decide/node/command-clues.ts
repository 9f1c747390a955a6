// What a container's commands say about its profile, and which of them starts the node. Each chain's programs and
// subcommands are in its file in chains/.
import { profiles } from '../../../peers/plan.ts'
import type { Clue, Launcher } from '../../chains/chain.ts'
import { chains } from '../../chains/index.ts'
import { subcommandOf } from '../../chains/subcommand.ts'
import { textOf } from '../../shell/index.ts'
import type { NodeProgram } from '../followed-node.ts'
import { baseName, type Command, commandsOf, environment, flagsOf, startedBy } from '../pod/command-line.ts'
import type { ContainerView } from '../pod/pod-view.ts'
import { clueIn, type ProfileClue, speakingFor } from './clue.ts'

/**
 * Admission sees pods before they are validated: names and paths longer than this are not worth a regular expression's
 * time.
 */
const longestWord = 4096

/**
 * The program by which a chosen container's node can be told, and its command; undefined where only a script or the
 * image knows.
 */
export function nodeProgram(container: ContainerView): NodeProgram | undefined {
  const best = commandsOf(container)
    .map(command => ({ command, weight: Math.max(0, ...ofCommand(command).map(clue => clue.weight)) }))
    .filter(({ command, weight }) => command.program !== undefined && weight > 0)
    .sort((a, b) => b.weight - a.weight)[0]
  if (!best || best.command.program === undefined) return undefined
  const launcher = launchers.get(best.command.program)
  const name = launcher ? launchedProgram(container, best.command, launcher) : best.command.program
  return name === undefined || name === '' || name.includes('$') ? undefined : { name, command: best.command }
}

/** By program. */
const launchers = new Map(
  profiles.flatMap(profile => {
    const { launcher } = chains[profile].clues
    return launcher ? [[launcher.program, launcher] as const] : []
  }),
)

function launchedProgram(container: ContainerView, command: Command, { variable }: Launcher): string | undefined {
  const given = command.given.get(variable)?.values[0] ?? environment(container).variable(variable)
  const text = given && textOf(given)
  return text === undefined ? undefined : baseName(text)
}

/**
 * The clues of the command that speaks most for each profile. A script's other steps (init, config, keys, version) say
 * nothing against a node that it starts; they do where nothing starts one, and nothing is left that might: a script
 * that could not be read.
 */
export function ofCommands(container: ContainerView): ProfileClue[] {
  const { commands, unread } = startedBy(container)
  const image = repository(container.image)
  const cluesOfEach = commands.map(command => [...ofCommand(command), ...againstImage(command, image)])
  const best = profiles.flatMap(profile => {
    const own = cluesOfEach.map(clues => clues.filter(clue => clue.profile === profile && clue.weight > 0))
    return own.sort((a, b) => weightOf(b) - weightOf(a))[0] ?? []
  })
  if (best.length > 0) return [...best, ...ofWrites(container)]
  if (unread.length > 0) return []
  const against = cluesOfEach.flat().filter(clue => clue.weight < 0)
  return [...new Map(against.map(clue => [clue.profile, clue])).values()]
}

/** Arguments of the image's own program with which it is no node: `args: [export]`. */
function againstImage(command: Command, image: string): ProfileClue[] {
  if (command.program !== undefined) return []
  const args = command.words.map(word => word.text)
  return profiles.flatMap(profile => {
    const { images, otherCommands } = chains[profile].clues
    const subcommand = images.test(image) ? subcommandOf(args, otherCommands) : ''
    return subcommand !== '' && otherCommands.test(subcommand)
      ? [{ profile, weight: -8, what: `${subcommand} is no node` }]
      : []
  })
}

function weightOf(clues: readonly Clue[]): number {
  return clues.reduce((sum, clue) => sum + clue.weight, 0)
}

/** What a script writes into a node's own file, or hands to a program that does, before it starts something. */
function ofWrites(container: ContainerView): ProfileClue[] {
  const { writes, commands } = startedBy(container)
  const paths = [
    ...writes.map(({ path }) => path),
    ...commands.flatMap(({ words }) => words.flatMap(word => (word.script ? [word.text] : []))),
  ].filter(path => path.length <= longestWord)
  return profiles.flatMap(profile => speakingFor(profile, clueIn(paths, chains[profile].clues.writes)))
}

function ofCommand(command: Command): ProfileClue[] {
  const program = baseName(command.program ?? '')
  if (utilities.test(program)) return []
  const args = command.words.slice(command.program === undefined ? 0 : 1).map(word => word.text)
  const clues = profiles.flatMap(profile => {
    const { programs, launcher, otherCommands } = chains[profile].clues
    if (!programs.test(program)) return []
    const isLaunched = program === launcher?.program && args[0] === launcher.subcommand
    const subcommand = subcommandOf(isLaunched ? args.slice(1) : args, otherCommands)
    const other = otherCommands.test(subcommand)
    return [
      { profile, weight: other ? -8 : 5, what: other ? `${program} ${subcommand} is no node` : `it runs ${program}` },
    ]
  })
  if (clues.length === 0)
    clues.push(
      ...profiles.flatMap(profile => speakingFor(profile, chains[profile].clues.command?.(program, args) ?? [])),
    )
  // What is no node is none with any flag.
  return clues.some(clue => clue.weight < 0) ? clues : [...clues, ...ofArguments(command)]
}

/** What scripts run beside a node. Some of their names end like those of Cosmos SDK programs. */
const utilities =
  /^(sed|cd|pwd|read|chmod|chown|find|head|id|cp|mv|rm|mkdir|cat|echo|printf|grep|curl|wget|jq|yq|dasel|tar|lz4|zstd|sleep|date|ls|ln|touch|test|env|export|set|ps|kill|wait|add|useradd|groupadd|addgroup|adduser|apk|apt|apt-get|nc|dig|nslookup|getent|openssl|awk|tr|cut|sort|uniq|wc|tee|sha256sum|aria2c|gsutil|aws|git|make|npm)$/

/** What its words and flags say, whatever the program is called. */
function ofArguments(command: Command): ProfileClue[] {
  // Longer words are values and scripts, not flags or paths.
  const texts = command.words.flatMap(({ text }) => (text.length <= longestWord ? [text] : []))
  return profiles.flatMap(profile => {
    const { clues, lists } = chains[profile]
    const values = () => lists.flags.flatMap(({ names }) => flagsOf(command, names, true).map(flag => flag.value))
    return speakingFor(profile, [
      ...(clues.words ?? []).flatMap(sign => clueIn(texts, sign)),
      ...(clues.listValues ? clueIn(values(), clues.listValues) : []),
    ])
  })
}

/** An image without its tag, digest and registry host. */
export function repository(image: string): string {
  if (image.length > longestWord) return ''
  const [path = ''] = image.split('@')
  const untagged = path.replace(/:[^/:]*$/, '')
  return untagged.replace(/^[^/.:]*[.:][^/]*\//, '').toLowerCase()
}

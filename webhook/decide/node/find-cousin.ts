// A container that runs a node for which repeer has no profile: which one, and what to write so that its peers'
// addresses are followed all the same.
import { readEnode } from '../../../peers/formats/enode.ts'
import { isAddress, normalHost } from '../../../peers/peer.ts'
import { annotation } from '../../../peers/pod.ts'
import { type Cousin, cousins } from '../../chains/cousins.ts'
import type { DecideInput } from '../decision.ts'
import { baseName, type Command, commandsOf, flagsOf } from '../pod/command-line.ts'
import { dataOf, holds } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { visibleKeys } from '../pod/visible-keys.ts'
import { readableTexts } from '../readable-texts.ts'
import { repository } from './command-clues.ts'

/** A program with its arguments, past the interpreter that runs it. */
type Started = { readonly program: string; readonly args: readonly string[] }

/** The cousin that a container runs: by its program, or by its image where nothing else of that image is started. */
export function cousinOf(container: ContainerView): Cousin | undefined {
  const started = commandsOf(container).flatMap(programsOf)
  const byProgram = cousins.find(cousin =>
    started.some(({ program, args }) => cousin.programs.test(program) && startsNode(cousin, args)),
  )
  if (byProgram) return byProgram
  const image = repository(container.image)
  const byImage = cousins.find(cousin => cousin.images.test(image))
  // Its image with another subcommand is its validator client, or a tool.
  if (!byImage || started.some(({ program }) => byImage.programs.test(program))) return undefined
  // A command that is another program is a script, and likely starts the node; without one the image's entrypoint gets
  // the arguments.
  return container.command.length > 0 || startsNode(byImage, container.args) ? byImage : undefined
}

function programsOf({ program, words }: Command): Started[] {
  if (program === undefined) return []
  const [first = '', second = '', ...rest] = words.map(word => word.text)
  // node /usr/app/packages/cli/bin/lodestar.js beacon
  if (baseName(first) === 'node' && second.endsWith('.js'))
    return [{ program: baseName(second).replace(/\.js$/, ''), args: rest }]
  return [{ program: baseName(program), args: [second, ...rest] }]
}

/**
 * Whether the arguments start the node. A subcommand may follow flags; one that must not be there is the first word.
 */
function startsNode({ commands, otherCommands }: Cousin, args: readonly string[]): boolean {
  if (commands) return beforeValues(args).some(arg => commands.test(arg))
  return otherCommands?.test(args[0] ?? '') !== true
}

/**
 * The words that may be the subcommand: behind a flag without `=` it may be that flag's value, and the next one the
 * subcommand (`neard --home /data run`).
 */
function beforeValues(args: readonly string[]): string[] {
  const isWord = (arg: string) => !arg.startsWith('-')
  const mayBeValue = (index: number) => /^-[^=]*$/.test(args[index - 1] ?? '')
  const certain = args.findIndex((arg, index) => isWord(arg) && !mayBeValue(index))
  return (certain < 0 ? args : args.slice(0, certain + 1)).filter(isWord)
}

/** What to write so that a cousin is followed, with the names that its own lists give. */
export function genericAdvice(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  container: ContainerView,
  cousin: Cousin,
): string {
  const file = pod.containers.length > 1 ? [`${annotation.container}: ${container.name}`] : []
  const list = configWithList(input, pod, container)
  const peers = list === undefined ? peersOf(input, pod, container, cousin) : []
  const source =
    list !== undefined
      ? `${annotation.config}: ${list}`
      : `${annotation.peers}: ${JSON.stringify(peers.length > 0 ? peers.join(',') : `HOST:${cousin.port},...`)}`
  const where =
    list === undefined && peers.length === 0 ? ` (or ${annotation.config}: configmap/NAME/KEY, host:port entries)` : ''
  const annotations = [...file, `${annotation.profile}: generic`, source].join(', ')
  return `container ${container.name} runs ${cousin.name}, for which repeer has no profile; to have its peers followed, write ${annotations}${where}`
}

/** Enough for a person to see what is meant; the text goes into a warning. */
const mostPeers = 20
/** Entries among which they are looked for: each is searched for in the whole of the container's texts. */
const mostEntries = 500

/** host:port of the peers that flags, and settings in files that can be read, list in clear text. */
function peersOf(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  container: ContainerView,
  cousin: Cousin,
): string[] {
  const flags = commandsOf(container).flatMap(command => flagsOf(command, cousin.peers, true).map(flag => flag.value))
  const entries = flags.flatMap(entriesOf)
  // What stands in ConfigMaps (a flag may have it from there) is told only to whoever has given them as well.
  const own = [...container.command, ...container.args, ...container.env.flatMap(({ value }) => value ?? [])]
  const told = input.quote
    ? [...entries, ...settingsIn(input, pod, container, cousin).flatMap(entriesOf)]
    : entries.slice(0, mostEntries).filter(entry => own.some(text => text.includes(entry)))
  return [...new Set(told.flatMap(entry => endpointOf(entry, cousin.port) ?? []))].slice(0, mostPeers)
}

function entriesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter(entry => entry !== '')
}

/** Characters. Longer texts are no configuration files. */
const longestFile = 256 * 1024

/** Values of the cousin's settings in files: addnode=HOST, p2p-static-peers: ["..."], trusted_nodes = [...]. */
function settingsIn(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  container: ContainerView,
  cousin: Cousin,
): string[] {
  return readableTexts(input, pod, container)
    .filter(text => text.length <= longestFile)
    .flatMap(text => text.split('\n'))
    .flatMap(line => {
      const at = line.search(/[=:]/)
      const name = line
        .slice(0, at)
        .trim()
        .replace(/^["']|["']$/g, '')
      return at > 0 && cousin.peers.includes(name) ? [line.slice(at + 1).replace(/["'[\]]/g, ' ')] : []
    })
}

/** host:port of an enode URL, a multiaddress, [ID@]host[:port]; undefined for anything else. */
function endpointOf(entry: string, defaultPort: number): string | undefined {
  const text = entry.trim().replace(/^["']|["']$/g, '')
  if (text === '' || text.length > 500 || /[$`{}<>]/.test(text)) return undefined
  if (/^enode:/i.test(text)) {
    const peer = readEnode(text, 'peer')
    return typeof peer === 'string' ? undefined : shown(peer.host, peer.port)
  }
  const [, addressed, at] = /^\/(?:ip[46]|dns[46]?)\/([^/]+)\/(?:tcp|udp)\/(\d{1,5})(?:\/|$)/.exec(text) ?? []
  if (addressed !== undefined) return shown(addressed, Number(at))
  const [, host = '', port] = /^(?:[^@\s]*@)?(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text) ?? []
  const normal = normalHost(host)
  // A word alone is a name only where it looks like one.
  return normal !== undefined && (port !== undefined || isAddress(normal) || normal.includes('.'))
    ? shown(normal, port === undefined ? defaultPort : Number(port))
    : undefined
}

function shown(host: string, port: number): string | undefined {
  if (port < 1 || port > 65_535) return undefined
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A mounted key that is a list of host:port already, and so can be followed as it is. */
function configWithList(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  container: ContainerView,
): string | undefined {
  for (const { kind, name, key } of visibleKeys(pod, container)) {
    const data = kind === 'ConfigMap' ? dataOf(input.configMap(name)) : undefined
    const keys = data ? (key === undefined ? Object.keys(data) : [key]) : []
    const found = keys.find(
      candidate => /peers|nodes/i.test(candidate) && data !== undefined && holds(data, candidate, 'generic-list'),
    )
    if (found !== undefined) return `configmap/${name}/${found}`
  }
  return undefined
}

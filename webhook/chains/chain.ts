// What the webhook knows of a chain's nodes, as one object: by what they are recognised, where they listen, and where
// their lists of peers stand. Each chain has a file beside this one, index.ts has them all, and decide/ weighs and
// reads them without knowing one by name.
import type { Format } from '../../peers/formats/index.ts'
import type { Role } from '../../peers/peer.ts'
import type { Profile } from '../../peers/plan.ts'

export type Chain = {
  readonly clues: Clues
  /** Names that the kernel shows for the node's process (at most 15 characters). */
  readonly processes: readonly string[]
  readonly p2p: Listener
  /**
   * Of the status API, or of the interface through which a node can be told its peers; both are asked for at localhost
   * only. Absent where repeer knows of none.
   */
  readonly rpc?: Listener
  readonly lists: Lists
  /** By what a node shows that it signs blocks; absent where nothing in a pod says so. */
  readonly validator?: ValidatorSigns
  /** Absent where no variable outranks the node's file. */
  readonly override?: Override
  /** Whether the running node will be told its peers, as one clause; absent where it cannot be. */
  readonly told?: (telling: Telling) => string
}

/** By what a container is recognised. A node needs a weight of 3 in all: see find-profile.ts. */
export type Clues = {
  readonly programs: RegExp
  /** First arguments with which such a program is no node. */
  readonly otherCommands: RegExp
  /** Of the programs, the one that starts the node under a name that a variable has. */
  readonly launcher?: Launcher
  /** What a command says whose program has none of these names; `args` are the words behind the program. */
  readonly command?: (program: string, args: readonly string[]) => readonly Clue[]
  /** Words of commands, whatever the program is called. */
  readonly words?: readonly Sign[]
  /** Values of the flags that give lists. */
  readonly listValues?: Sign
  /** Paths that the container's script writes, or hands to a program. */
  readonly writes?: Sign
  /** Repository of an image, without registry, tag and digest. */
  readonly images: RegExp
  /** Container names that say nothing by themselves but help beside another clue. */
  readonly containers: RegExp
  /** TCP ports by which the nodes are known, with what each is worth. */
  readonly ports: Readonly<Record<number, number>>
  /** Labels by which operators and charts mark their nodes' pods: all of one row have to fit. */
  readonly labels?: readonly (Clue & { readonly all: Readonly<Record<string, RegExp>> })[]
  /** Names of variables. They count beside another clue only. */
  readonly variables?: Sign
  /** What in the chain's own file leaves no doubt. Without it, peers in such a file are a clue. */
  readonly proof?: Clue & { readonly isIn: (text: string) => boolean }
  /** Whose nodes look alike in all but this: their clues count for nothing where anything speaks for this chain. */
  readonly outdoes?: Profile
}

/** What a clue is worth, and how it is called. Negative where it says that the program is no node. */
export type Clue = { readonly weight: number; readonly what: string }

/** A clue that is found by a pattern. */
export type Sign = {
  readonly fits: RegExp
  readonly weight: number
  readonly what: (found: string) => string
}

export type Launcher = {
  readonly program: string
  /** The subcommand behind which the node's own words stand. */
  readonly subcommand: string
  /** Has the name of the node's program. */
  readonly variable: string
}

/**
 * How manifests tell where a node listens: the names that charts and operators give its container's ports, the
 * variables that its program reads, the paths of its status API by which a probe gives the port away. ports.ts weighs
 * it.
 *
 * Names were read in cosmopilot, cosmos-operator, ics-operator, kotal, Stellar-K8s, and the charts of stellar,
 * ethpandaops, stakewise, graphops, obol, paritytech and Consensys (quorum-kubernetes).
 */
export type Listener = {
  /** The usual one; 0 where there is none. */
  readonly port: number
  readonly flags: readonly string[]
  /** Names of container ports, the surest first. */
  readonly names: readonly RegExp[]
  /**
   * Names that count only where no port has the usual number: other programs' interfaces are called so as well.
   */
  readonly weakNames: readonly RegExp[]
  /** Environment variables that the program itself reads; they outrank its file. */
  readonly variables?: RegExp
  /** Paths of HTTP probes that only this listener serves. */
  readonly probes?: RegExp
  /** Paths that helpers serve, too: they count only at a port that the container itself declares. */
  readonly weakProbes?: RegExp
  /** The address or port that the node's configuration file states, as it stands: see written-setting.ts. */
  readonly written?: (text: string) => string | undefined
  /** The setting in that file, and flag, that may say that there is no such listener, or none with a TCP port. */
  readonly maybeOffBy?: string
}

/** Where the lists of peers stand, and how they are named. */
export type Lists = {
  /** The format of a bare list: in a variable, a flag, an annotation. */
  readonly bare: Format
  /**
   * Where an entry of it begins, wherever it stands: what no entry can do without (global). A group that looks
   * behind is part of the entry: so a text of nothing but hex digits costs no forty looks at each. Null where entries
   * have no identity, and look like any other host.
   */
  readonly entries: RegExp | null
  /** The formats of files, for content whose name says nothing; the chain's own kind of file first, if it has one. */
  readonly formats: readonly Format[]
  /** What a file, key or variable would hold, by its name. In order; the first rule that fits decides. */
  readonly names: readonly NameRule[]
  /** Flags that give lists, without dashes. `many`: a flag may be followed by several values. */
  readonly flags: readonly { readonly names: readonly string[]; readonly role: Role; readonly many?: boolean }[]
  /** Flags that name the node's configuration file, whatever it is called. */
  readonly configFlags?: readonly string[]
  /** Files to watch in a volume whose keys cannot be known. */
  readonly files: readonly string[]
  /** Keys to watch behind an envFrom whose keys cannot be known. */
  readonly variables: readonly string[]
  /** Variables that the program itself reads. `all`: it reads no other, which reaches it by a script alone. */
  readonly ownVariables: { readonly names: RegExp; readonly all: boolean }
  /** Files that hold peers of other nodes, and what to say of one. */
  readonly ignored?: { readonly names: RegExp; readonly advice: (file: string) => string }
  /** Forks whose nodes pass for the chain's, and read other files. */
  readonly forks?: readonly Fork[]
}

/** A rule without a list says that such a name holds none. */
export type NameRule = readonly [name: RegExp, list: NamedList | undefined]

export type NamedList = {
  readonly format: Format
  readonly role: Role
  /** The name alone says that peers are in there, even where the content cannot be read. */
  readonly wellKnown: boolean
}

/** A fork is known by its image (with registry and tag), its variables, or flags that only it has (without dashes). */
export type Fork = {
  readonly images: RegExp
  readonly variables: RegExp
  readonly flags: readonly string[]
  /** Before the chain's own rules. */
  readonly names: readonly NameRule[]
}

/** Each by itself is enough. */
export type ValidatorSigns = {
  readonly label?: { readonly name: string; readonly fits: RegExp }
  /** Names of container ports. */
  readonly ports?: RegExp
  /** In the text of a configuration file. */
  readonly texts?: RegExp
  /** A word of a command. */
  readonly words?: RegExp
}

/** The environment variable that outranks the node's configuration file. */
export type Override = {
  readonly variable: (program: string, role: Role) => string | undefined
  /** Names of programs of which it is known that they read no other variables, and are no scripts. */
  readonly daemons: RegExp
}

/** What is known of a node that could be told its peers while it runs. */
export type Telling = {
  /** What it would be told. */
  readonly what: string
  readonly rpcPort: number
  /** Its configuration files, as far as they can be read. */
  readonly texts: readonly string[]
}

/** No program, no first argument, no variable. */
export const none = /^\b$/

// What the finders of peer sources share: what they search, and what they find before it is known how the node is
// reached.
import type { Format } from '../../../peers/formats/index.ts'
import type { Role } from '../../../peers/peer.ts'
import type { KeySource, LiteralSource, Profile } from '../../../peers/plan.ts'
import type { Chain } from '../../chains/chain.ts'
import { chains } from '../../chains/index.ts'
import type { DecideInput } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'

/** A key source before it is known how the node is reached, and so without its level. */
export type FoundKey = Omit<KeySource, 'level'> & {
  /** Found by name alone, in something that may hold no peers at all: kept only where nothing better is found. */
  readonly guess?: boolean
  /**
   * The kubelet writes the variable's value into the arguments when it creates the container: a new start of the
   * process keeps it.
   */
  readonly frozen?: boolean
  /**
   * A script puts the list into a file only where the file has none, and the file outlives the process, or the
   * container too (a volume).
   */
  readonly once?: 'container' | 'volume'
  /** A flag outranks every variable by which this list could reach the node. */
  readonly outranked?: boolean
}
export type Found = FoundKey | LiteralSource

/** What the finders of one kind of source need. */
export type Search = FollowedNode & {
  readonly input: Pick<DecideInput, 'configMap'>
  readonly pod: PodView
  /** Of the node's profile. */
  readonly chain: Chain
  readonly warn: (message: string) => void
  /** Says what could not be looked into: worth telling where no list was found. */
  readonly unread: (message: string) => void
}

/** A list that stands in the pod spec. */
export function literal(name: string, format: Format, role: Role, text: string): LiteralSource {
  return { kind: 'Literal', name, format, role, text, level: 'none' }
}

/** What a source is called in warnings: its key, or where a literal list stands. */
export function placeOf(source: Found): string {
  return source.kind === 'Literal' ? source.name : `${source.kind} ${source.name}/${source.key}`
}

/** The init containers that may leave something for the node: they end before it starts, and share a volume with it. */
export function preparers({ pod, container }: Pick<Search, 'pod' | 'container'>): ContainerView[] {
  const mounted = new Set(container.mounts.map(mount => mount.volume))
  return pod.initContainers.filter(
    init => init.restartPolicy !== 'Always' && init.mounts.some(mount => mounted.has(mount.volume)),
  )
}

/** The format of a bare list of the profile. */
export function listFormat(profile: Profile): Format {
  return chains[profile].lists.bare
}

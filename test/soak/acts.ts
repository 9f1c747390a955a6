// What a soak does, drawn from a seed: edits, moves, restarts of our own parts, mostly one amid the other. Pure: the
// same seed is the same acts, whatever comes of them.
import { type Random, randomFrom } from '../fuzz/random.ts'

/** Nodes by their index in the mesh (test/testbed/mesh.ts): 0 to 3 list each other, 4 is the newcomer. */
export type Stir =
  /** The newcomer comes into the lists of these nodes, or leaves them. */
  | { readonly kind: 'edit'; readonly of: readonly number[]; readonly adds: boolean }
  /** The node gets another pod, at another address. */
  | { readonly kind: 'move'; readonly node: number }

export type OwnRestart =
  | {
      readonly part: 'webhook' | 'controller'
      /** Its pod is deleted, or its process ended by SIGKILL. */
      readonly how: 'deleted' | 'killed'
      /** Which of its pods, as a share of their number: 0 to below 1. */
      readonly which: number
    }
  | { readonly part: 'sidecar'; readonly node: number }

export type Act = {
  readonly number: number
  readonly stir?: Stir
  readonly own?: OwnRestart
  /** From the stir to the restart of our own part, in s; it is the other way round below 0. */
  readonly ownAfterSeconds: number
  /** Before the act, in s. */
  readonly restSeconds: number
}

/** Told while it runs, and never moved: its sidecar is the one that lives as long as the soak. */
export const elder = 0
export const restarted = [1, 2, 3] as const
export const newcomer = 4

/**
 * Of the restarts of a pod for the newcomer's sake: a host has three of the six in six hours
 * (docs/how-it-decides.md, `budget`). Who has used them up moves before anything else is asked of it.
 */
const most = 3

/** Endless. `seed`: a whole number from 0 to 2^32 - 1. */
export function* acts(seed: number): Generator<Act, never> {
  const random = randomFrom(seed)
  const listing = new Set<number>()
  const used = new Map<number, number>()
  const killed = new Set<number>()
  for (let number = 1; ; number++) {
    const stir = random.oneIn(7) ? undefined : drawStir(random, listing, used)
    const own = stir && !random.oneIn(3) ? undefined : drawOwn(random, killed, stir)
    yield {
      number,
      ...(stir ? { stir } : {}),
      ...(own ? { own } : {}),
      ownAfterSeconds: random.below(9) - 2,
      restSeconds: 2 + random.below(10),
    }
    if (stir) follow(stir, listing, used, killed)
    if (own?.part === 'sidecar') killed.add(own.node)
  }
}

function drawStir(random: Random, listing: ReadonlySet<number>, used: ReadonlyMap<number, number>): Stir {
  const tired = restarted.filter(node => (used.get(node) ?? 0) >= most)
  if (tired.length > 0) return { kind: 'move', node: random.pick(tired) }
  const kind = random.below(10)
  if (kind < 2) return { kind: 'move', node: random.pick(restarted) }
  if (kind < 5) return { kind: 'move', node: newcomer }
  const all = [elder, ...restarted]
  const [lists, others] = [all.filter(node => listing.has(node)), all.filter(node => !listing.has(node))]
  const adds = lists.length === 0 || (others.length > 0 && random.oneIn(2))
  const candidates = adds ? others : lists
  const drawn = candidates.filter(() => random.oneIn(2))
  return { kind: 'edit', of: drawn.length > 0 ? drawn : [random.pick(candidates)], adds }
}

function drawOwn(random: Random, killed: ReadonlySet<number>, stir: Stir | undefined): OwnRestart {
  // The kubelet starts a container again at once the first time, and after minutes later on; and a pod that is just
  // being replaced has no sidecar.
  const sidecars = restarted.filter(node => !killed.has(node) && !(stir?.kind === 'move' && stir.node === node))
  if (sidecars.length > 0 && random.oneIn(3)) return { part: 'sidecar', node: random.pick(sidecars) }
  const part = random.pick(['webhook', 'controller'] as const)
  // A pod that is created while a webhook's process is gone goes in without a sidecar: so Kubernetes has it with
  // failurePolicy Ignore. One that is deleted drains.
  const isForced = !(part === 'webhook' && stir?.kind === 'move') && random.oneIn(2)
  return { part, how: isForced ? 'killed' : 'deleted', which: random.next() }
}

/** What a stir changes for those that come after it. */
function follow(stir: Stir, listing: Set<number>, used: Map<number, number>, killed: Set<number>): void {
  if (stir.kind === 'edit') {
    for (const node of stir.of) {
      if (stir.adds) listing.add(node)
      else listing.delete(node)
      if (stir.adds) used.set(node, (used.get(node) ?? 0) + 1)
    }
  } else if (stir.node === newcomer) {
    // It calls back those that list it; where it does not, each of them is restarted.
    for (const node of listing) used.set(node, (used.get(node) ?? 0) + 1)
  } else {
    used.delete(stir.node)
    killed.delete(stir.node)
  }
}

/** The nodes that list the newcomer after an act. */
export function listingAfter(listing: ReadonlySet<number>, { stir }: Act): Set<number> {
  const after = new Set(listing)
  if (stir?.kind !== 'edit') return after
  for (const node of stir.of) {
    if (stir.adds) after.add(node)
    else after.delete(node)
  }
  return after
}

/**
 * The nodes that have to be restarted for an act: those whose list has the newcomer from now on, which are not
 * connected to it, and cannot be told. `connected`: those that have it now. A move needs none: who moved calls the
 * others.
 */
export function needed({ stir }: Act, connected: ReadonlySet<number>): number[] {
  if (stir?.kind !== 'edit' || !stir.adds) return []
  return stir.of.filter(node => node !== elder && !connected.has(node))
}

/** For the log: "node4 comes into the lists of 1, 3; controller (killed) 3 s later". */
export function inWords({ stir, own, ownAfterSeconds }: Act): string {
  const words = (text: string | undefined) => text ?? 'nothing'
  const what =
    stir?.kind === 'edit'
      ? `node${newcomer} ${stir.adds ? 'comes into' : 'leaves'} the lists of ${stir.of.join(', ')}`
      : stir && `node${stir.node} moves`
  const restart = own && (own.part === 'sidecar' ? `sidecar of node${own.node} (killed)` : `${own.part} (${own.how})`)
  if (!restart || !what) return words(what ?? restart)
  const when = ownAfterSeconds < 0 ? `${-ownAfterSeconds} s before` : `${ownAfterSeconds} s later`
  return `${what}; ${restart} ${when}`
}

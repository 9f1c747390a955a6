// What has to hold whatever breaks, as values in and sentences out: the one judge of all faults. It knows no fault by
// name; what a fault may do to its own victims is handed in.
import type { Page } from '../../peers/page.ts'

/** The node processes on the machine at a moment, by the name of their pod; each `pid:start` names one for ever. */
export type Processes = { readonly atMs: number; readonly byNode: ReadonlyMap<string, readonly string[]> }

/** What is known of a node at a look, a second apart. What did not answer is absent. */
export type NodeSight = {
  readonly uid?: string
  readonly restarts?: Page['restarts']
  readonly phase?: Page['phase']
  /** The IDs that it is connected to, each with the address. */
  readonly connected?: ReadonlyMap<string, string>
  readonly height?: number
}
export type Sight = { readonly atMs: number; readonly nodes: ReadonlyMap<string, NodeSight> }

/** Of a pod that is nobody's business: everything that must stay as it is, in one text. */
export type Foreign = ReadonlyMap<string, string>

export type Allowed = {
  /** Restarts of each node, by us. */
  readonly restarts: number
  /** Nodes that the fault itself ends, freezes or moves, and how often their process may start without our asking. */
  readonly victims: ReadonlyMap<string, number>
}

/** 6 restarts in 6 hours: docs/how-it-decides.md, `budget`. A run of the suite is shorter. */
const budget = 6

/**
 * Whether each node is connected to its list where the peers are now, and has nothing left to do: the sentences of what
 * lacks, none where all is well. `wanted` has the peers' IDs by node, `present` their addresses by ID.
 */
export function unhealed(
  sight: Sight,
  wanted: ReadonlyMap<string, readonly string[]>,
  present: ReadonlyMap<string, string>,
): string[] {
  return [...wanted].flatMap(([name, ids]) => {
    const node = sight.nodes.get(name)
    if (!node?.connected) return [`${name} does not answer`]
    const { connected, phase } = node
    const lacks = ids.filter(id => present.get(id) === undefined || connected.get(id) !== present.get(id))
    return [
      ...lacks.map(id => `${name} is not connected to ${id} at ${present.get(id) ?? 'any address'}`),
      ...(phase === 'settled' ? [] : [`${name}'s page says ${phase ?? 'nothing'}`]),
    ]
  })
}

/**
 * The restarts that our own pages told of, by node and the time of each: a page that forgets one later (its file was
 * torn) does not unmake it. Those that were in the first sight, before the fault, are left out.
 */
export function restartsSeen(sights: readonly Sight[]): Map<string, Map<string, Page['restarts'][number]>> {
  const seen = new Map<string, Map<string, Page['restarts'][number]>>()
  const before = new Set<string>()
  for (const [index, { nodes }] of sights.entries()) {
    for (const [name, { restarts = [] }] of nodes) {
      const known = seen.get(name) ?? new Map()
      seen.set(name, known)
      for (const restart of restarts) {
        if (index === 0) before.add(`${name} ${restart.at}`)
        else if (!before.has(`${name} ${restart.at}`)) known.set(restart.at, restart)
      }
    }
  }
  return seen
}

/** What was broken between the first sight and the last, a sentence each; none where all was kept. */
export function broken(
  sights: readonly Sight[],
  processes: readonly Processes[],
  foreign: { readonly before: Foreign; readonly after: Foreign },
  allowed: Allowed,
): string[] {
  return [
    ...twiceAtOnce(processes),
    ...awayTogether(processes, allowed),
    ...restartedTooOften(sights, processes, allowed),
    ...heightsThatStand(sights),
    ...[...foreign.before]
      .filter(([name, text]) => foreign.after.get(name) !== text)
      .map(([name, text]) => `foreign pod ${name} was ${text}, and is ${foreign.after.get(name) ?? 'gone'}`),
  ]
}

function twiceAtOnce(processes: readonly Processes[]): string[] {
  const names = new Set(
    processes.flatMap(({ byNode }) => [...byNode].filter(([, pids]) => pids.length > 1)).map(([name]) => name),
  )
  return [...names].map(name => `${name} ran twice at once`)
}

/** At most one at a time, of those that the fault itself leaves alone: `max-unavailable` is 1 where nobody says. */
function awayTogether(processes: readonly Processes[], { victims }: Allowed): string[] {
  const together = processes
    .map(({ byNode }) =>
      [...byNode].filter(([name, pids]) => pids.length === 0 && !victims.has(name)).map(([name]) => name),
    )
    .find(names => names.length > 1)
  return together ? [`${together.join(' and ')} were away together`] : []
}

function restartedTooOften(sights: readonly Sight[], processes: readonly Processes[], allowed: Allowed): string[] {
  return [...restartsSeen(sights)].flatMap(([name, restarts]) => {
    const taken = [...restarts.values()].filter(({ outcome }) => outcome !== 'not-taken')
    const bySnapshot = Map.groupBy(taken, ({ snapshot }) => snapshot)
    const again = [...bySnapshot].filter(([, all]) => all.length > 1)
    const most = Math.min(allowed.restarts, budget)
    const first = new Set(processes[0]?.byNode.get(name))
    const starts = new Set(processes.flatMap(({ byNode }) => byNode.get(name) ?? []).filter(start => !first.has(start)))
    const crashes = allowed.victims.get(name) ?? 0
    return [
      ...again.map(([snapshot, all]) => `${name} was restarted ${all.length} times for snapshot ${snapshot}`),
      ...(taken.length > most ? [`${name} was restarted ${taken.length} times, ${most} allowed`] : []),
      // The pages are our own word; the processes are not.
      ...(starts.size > most + crashes
        ? [`${name}'s process started ${starts.size} times, ${most} restarts and ${crashes} starts of its own allowed`]
        : []),
    ]
  })
}

/** A node of the same pod never goes back, and whoever answers at the end has gone on. */
function heightsThatStand(sights: readonly Sight[]): string[] {
  const names = new Set(sights.flatMap(({ nodes }) => [...nodes.keys()]))
  return [...names].flatMap(name => {
    const known = sights.flatMap(({ nodes }) => {
      const { uid, height } = nodes.get(name) ?? {}
      return uid !== undefined && height !== undefined && height >= 0 ? [{ uid, height }] : []
    })
    const fell = known.some(({ uid, height }, index) => {
      const before = known[index - 1]
      return before !== undefined && before.uid === uid && height < before.height
    })
    const [first, last] = [known[0], known.at(-1)]
    return [
      ...(fell ? [`${name}'s height fell`] : []),
      ...(first && last && last.height <= first.height ? [`${name}'s height stands at ${last.height}`] : []),
    ]
  })
}

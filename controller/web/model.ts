// From what the leader knows to what the page shows: bounded, each text of a stranger made plain. Pure.
import { lastRead, type Seen } from '../../rollout/pages/seen-page.ts'
import { podKey } from '../../rollout/pod.ts'
import type { KnownPod } from '../../rollout/rollout.ts'
import { groupOf } from '../../rollout/turns/members.ts'
import type { GroupState } from '../../rollout/turns/turns.ts'
import type { Happening } from './history.ts'
import { type LinkedPod, linksBetween } from './links.ts'
import { plain } from './markup.ts'
import { standing } from './stand.ts'
import { type GroupView, type Mood, moods, type NodeView, type QueueEntry, type View } from './view.ts'

export type Known = {
  readonly pods: readonly KnownPod[]
  readonly groups: readonly GroupState[]
  readonly degraded: readonly string[]
}

/** Of all groups, so that the page stays below 2 MB; a group beyond it has a page of its own. */
export const mostNodes = 3_000
/** Beyond them nobody reads on; the count stands below. */
const mostQueued = 8
const mostSentences = 6

/** @param now milliseconds since the epoch, by the clock of what was seen */
export function viewOf({ pods, groups, degraded }: Known, now: number): View {
  const byGroup = Map.groupBy(pods, ({ pod }) => groupOf(pod))
  const states = new Map(groups.map(state => [state.group, state]))
  const names = [...new Set([...byGroup.keys(), ...states.keys()])].sort()
  const views = names.map(group => groupView(group, byGroup.get(group) ?? [], states.get(group), now))
  return {
    groups: views,
    size: views.reduce((sum, { size }) => sum + size, 0),
    counts: sumOf(views.map(({ counts }) => counts)),
    degraded: degraded.slice(0, mostSentences).map(sentence => plain(sentence, 300)),
  }
}

function groupView(group: string, pods: readonly KnownPod[], state: GroupState | undefined, now: number): GroupView {
  const sorted = [...pods].sort((a, b) => naturally(podKey(a.pod), podKey(b.pod)))
  const stopping = new Map(state?.stopped.map(({ key, why }) => [key, why]))
  const asking = new Set(state?.asking)
  const places = new Map(sorted.flatMap(known => placeOf(known, asking)))
  const nodes = sorted.map(known =>
    nodeView(known, stopping.get(podKey(known.pod)), now, places.has(podKey(known.pod))),
  )
  const present = new Set(nodes.map(({ key }) => key))
  const gone = (state?.away ?? []).filter(key => !present.has(key)).map(goneNode)
  const all = [...nodes, ...gone]
  const queue = queueOf(nodes, places)
  return {
    group,
    name: plain(group, 120),
    nodes: all.slice(0, mostNodes),
    size: all.length,
    counts: countsOf(all),
    ...linksBetween(sorted.flatMap(({ pod, seen }) => linked(pod, seen))),
    away: state?.away.length ?? 0,
    allowed: state?.allowed ?? 1,
    queue: queue.slice(0, mostQueued),
    queueMore: Math.max(0, queue.length - mostQueued),
    stopped: [...stopping]
      .slice(0, mostSentences)
      .map(([key, why]) => plain(`${key.slice(key.indexOf('/') + 1)}: ${why}`, 300)),
  }
}

function linked(pod: KnownPod['pod'], seen: Seen | undefined): LinkedPod[] {
  const read = lastRead(seen)
  const id = read?.page.node.id
  return [
    {
      key: podKey(pod),
      name: pod.name,
      ...(id === undefined ? {} : { id }),
      ...(pod.ip === undefined ? {} : { ip: pod.ip }),
      at: read?.at ?? 0,
      links: read?.links ?? [],
    },
  ]
}

function nodeView(known: KnownPod, stops: string | undefined, now: number, queued = false): NodeView {
  const { pod, seen } = known
  const { mood, state, why, since } = standing(known, stops, now)
  const page = lastRead(seen)?.page
  return {
    key: podKey(pod),
    namespace: plain(pod.namespace, 63),
    name: plain(pod.name, 80),
    mood,
    state,
    why: plain(why, 300),
    ...(since === undefined || Number.isNaN(since) ? {} : { since }),
    ...(page ? { connected: page.connected } : {}),
    validator: pod.plan.validator,
    queued,
  }
}

function goneNode(key: string): NodeView {
  const [namespace = '', name = ''] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)]
  return {
    key,
    namespace: plain(namespace, 63),
    name: plain(name, 80),
    mood: 'care',
    state: 'gone',
    why: 'the pod is gone, and no other is in its place yet',
    validator: false,
    queued: false,
  }
}

type Place = Pick<QueueEntry, 'place' | 'why'>

function placeOf({ pod, seen, wait }: KnownPod, asking: ReadonlySet<string>): [key: string, place: Place][] {
  const key = podKey(pod)
  const page = lastRead(seen)?.page
  if (page?.phase === 'restarting') return [[key, { place: 'has', why: page.restarts.at(-1)?.why ?? 'restarting' }]]
  if (page?.phase === 'verifying') return [[key, { place: 'has', why: 'back, and connecting' }]]
  if (wait) return [[key, { place: 'waits', why: wait.why }]]
  return asking.has(key) ? [[key, { place: 'next', why: 'asks for a turn' }]] : []
}

function queueOf(nodes: readonly NodeView[], places: ReadonlyMap<string, Place>): QueueEntry[] {
  const entries = nodes.flatMap(({ key, name, mood, since }): QueueEntry[] => {
    const place = places.get(key)
    if (!place) return []
    return [
      { key, name, mood, place: place.place, why: plain(place.why, 240), ...(since === undefined ? {} : { since }) },
    ]
  })
  const order = ['has', 'next', 'waits']
  return entries.sort((a, b) => order.indexOf(a.place) - order.indexOf(b.place))
}

function countsOf(nodes: readonly NodeView[]): Record<Mood, number> {
  const counts = { good: 0, busy: 0, hold: 0, care: 0, dim: 0 }
  for (const { mood } of nodes) counts[mood]++
  return counts
}

function sumOf(all: readonly Readonly<Record<Mood, number>>[]): Record<Mood, number> {
  const sum = { good: 0, busy: 0, hold: 0, care: 0, dim: 0 }
  for (const counts of all) for (const mood of moods) sum[mood] += counts[mood]
  return sum
}

const collator = new Intl.Collator('en', { numeric: true })

/** node2 before node10. */
function naturally(a: string, b: string): number {
  return collator.compare(a, b)
}

/** What stands on the page of one pod. */
export type PodFacts = { readonly known: KnownPod; readonly node: NodeView; readonly group: string }

/** Undefined where there is no such pod. */
export function podFacts({ pods, groups }: Known, key: string, now: number): PodFacts | undefined {
  for (const known of pods) {
    if (podKey(known.pod) !== key) continue
    const group = groupOf(known.pod)
    const state = groups.find(its => its.group === group)
    const stops = state?.stopped.find(failure => failure.key === key)?.why
    return { known, node: nodeView(known, stops, now), group }
  }
  return undefined
}

/** Where a happening's pod has its page. */
export function happeningKey({ namespace, pod }: Pick<Happening, 'namespace' | 'pod'>): string {
  return `${namespace}/${pod}`
}

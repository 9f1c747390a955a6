// Peer lists in files: what the node's container mounts, and what only init containers mount and render for it.
import type { Via } from '../../../peers/plan.ts'
import { mentions } from '../pod/command-line.ts'
import { dataOf, holdsList } from '../pod/content.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { type VisibleKey, visibleKeys } from '../pod/visible-keys.ts'
import { fileNamed } from './file-named.ts'
import type { FoundKey, Search } from './source-search.ts'

/** Keys that hold peers among what is mounted, the node's own mounts first. */
export function fileSources(search: Search): FoundKey[] {
  const { pod, container } = search
  const mounted = new Set(container.mounts.map(mount => mount.volume))
  const own = visibleKeys(pod, container)
  const rendered = pod.initContainers
    .filter(init => canRender(pod, mounted, init))
    .flatMap(init => visibleKeys(pod, init))
  const home = homeOf(container)
  const inRendered = mayBeAmong(rendered)
  const inOwn = mayBeAmong(own)
  const keys = [
    ...own.map(seen => ({
      seen,
      via: inRendered(seen) && !readsFrom(container, home, seen) ? ('init' as const) : seen.via,
    })),
    ...rendered.filter(seen => !inOwn(seen)).map(seen => ({ seen, via: 'init' as const })),
  ]
  return ownOf(
    search,
    once(keys).flatMap(({ seen, via }) => keysOf(search, seen, via)),
  )
}

/** Whether a key may be one of these: a whole volume may show any key. */
function mayBeAmong(keys: readonly VisibleKey[]): (seen: VisibleKey) => boolean {
  const byObject = Map.groupBy(keys, objectOf)
  const shown = new Map([...byObject].map(([object, group]) => [object, new Set(group.map(({ key }) => key))]))
  return seen => {
    const among = shown.get(objectOf(seen))
    return among !== undefined && (seen.key === undefined || among.has(undefined) || among.has(seen.key))
  }
}

function objectOf({ kind, name }: VisibleKey): string {
  return `${kind}/${name}`
}

/**
 * Each key that would be looked for in the same way once: a volume may be mounted at many places. Of a Secret, the
 * place says what is in it.
 */
function once<K extends { readonly seen: VisibleKey; readonly via: Via }>(keys: readonly K[]): K[] {
  const identity = ({ seen, via }: K) =>
    JSON.stringify([seen.kind, seen.name, seen.key, seen.file, via, seen.kind === 'Secret' && seen.mountPath])
  const first = new Map<string, K>()
  for (const key of keys) if (!first.has(identity(key))) first.set(identity(key), key)
  return [...first.values()]
}

/**
 * Whether the node itself reads the mounted file, where an init container sees the same volume: its command names the
 * mount, or the mount lies in its home. Otherwise the init container copies or renders it, and the node reads the copy.
 */
function readsFrom(container: ContainerView, home: string | undefined, seen: VisibleKey): boolean {
  if (mentions(container, seen.mountPath)) return true
  // Without a home in the arguments nothing speaks for a copy.
  return (
    home === undefined || seen.mountPath === home || seen.mountPath.startsWith(`${home.replace(/(?<!\/)\/+$/, '')}/`)
  )
}

function homeOf({ command, args }: ContainerView): string | undefined {
  return /--(?:home|datadir|data-path|base-path)[= ]+["']?([^\s"']+)/.exec([...command, ...args].join(' '))?.[1]
}

/**
 * An init container can leave something for the node only in a volume that both mount, ConfigMaps and Secrets being
 * read-only. One that runs on (a native sidecar, such as cosmopilot's node-utils) renders nothing: the node does not
 * wait for its end.
 */
function canRender(pod: PodView, mounted: ReadonlySet<string>, init: ContainerView): boolean {
  return (
    init.restartPolicy !== 'Always' &&
    init.mounts.some(mount => mounted.has(mount.volume) && (pod.volumes.get(mount.volume) ?? []).length === 0)
  )
}

function keysOf(search: Search, seen: VisibleKey, via: Via): FoundKey[] {
  const { input, pod, container, chain, warn } = search
  const view = seen.kind === 'ConfigMap' ? input.configMap(seen.name) : 'unknown'
  const data = dataOf(view)
  const source = (key: string, file: string): FoundKey[] => {
    const list = fileNamed(search, file)
    if (!list) {
      const { ignored } = chain.lists
      if (ignored?.names.test(file)) warn(ignored.advice(file))
      return []
    }
    const found: FoundKey = { kind: seen.kind, name: seen.name, key, via, format: list.format, role: list.role }
    if (data) return holdsList(data, key, list) ? [found] : []
    return list.wellKnown ? [found] : []
  }
  if (seen.key !== undefined) return source(seen.key, seen.file ?? seen.key)
  if (data) return Object.keys(data).flatMap(key => source(key, key))
  // Which keys there are cannot be known: those that the profile's nodes read, where something says that they are here,
  // each optional in the sidecar's volume. A name alone is nothing: a ConfigMap that is not in the cache yet may hold
  // anything.
  const { files } = chain.lists
  const isNamed = files.some(file =>
    isMentioned(pod, container, `${seen.mountPath.replace(/(?<!\/)\/+$/, '')}/${file}`),
  )
  const isConfig = via !== 'init' && configDirectory.test(seen.mountPath)
  if (seen.kind === 'Secret' ? configDirectory.test(seen.mountPath) : isConfig || isNamed)
    return files.flatMap(file => source(file, file)).map(found => ({ ...found, guess: true }))
  if (seen.kind === 'ConfigMap')
    search.unread(`ConfigMap ${seen.name} cannot be read here, so the keys at ${seen.mountPath} are not known`)
  return []
}

/** Where nodes have their configuration: .../config, /etc/NAME. */
const configDirectory = /(^|\/)\.?config\/?$|\/etc\/[^/]+\/?$/

function isMentioned(pod: PodView, container: ContainerView, path: string): boolean {
  return [container, ...pod.initContainers].some(container => mentions(container, path))
}

/**
 * One ConfigMap for a whole StatefulSet has a key for each pod: node-0.toml, node-1.toml. Where the pod's name picks
 * some keys of a ConfigMap, the others are its siblings'.
 */
function ownOf(search: Search, sources: readonly FoundKey[]): FoundKey[] {
  const { name } = search.pod
  const ordinal = /-(\d+)$/.exec(name)?.[1]
  if (ordinal === undefined) return [...sources]
  const shape = (source: FoundKey) => `${source.kind}/${source.name}/${source.key.replace(/\d+/g, '#')}`
  const mine = ({ key }: FoundKey) =>
    key.split(/[^A-Za-z0-9-]/).includes(name) || key.split(/\D+/).filter(Boolean).at(-1) === ordinal
  const alike = Map.groupBy(sources, shape)
  const chosen = new Set(
    [...alike.values()].flatMap(group => (group.length > 1 && group.some(mine) ? group.filter(mine) : group)),
  )
  return sources.filter(source => chosen.has(source))
}

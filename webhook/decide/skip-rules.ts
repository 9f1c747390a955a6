// Why a pod is left alone before anybody looks for a node in it: one rule a row, the first that applies decides.
import { posix } from 'node:path'
import { annotation, containerName, optIn, path, volumeName } from '../../peers/pod.ts'
import { type SkipReason, skipReasons } from '../../peers/reasons.ts'
import type { DecideInput, Decision } from './decision.ts'
import type { ContainerView, PodView } from './pod/pod-view.ts'

type Rule = readonly [reason: SkipReason, detail: (pod: PodView, input: DecideInput) => string | undefined]

/** Characters of a message that say what was found: the API server cuts all of an admission's warnings at 4096. */
const longestDetail = 2000

/**
 * Volumes and their keys, mounts, variables, ports, words of commands and arguments, and containers, in all. The
 * largest pods of deployers have some 300. Admission sees pods before they are validated, and others than API servers
 * may reach the port.
 */
const largestPod = 2000

/**
 * Characters of all words of commands and arguments, variables, labels and annotations. The longest entrypoints have
 * 40,000, and an API server takes 256 KiB of annotations at the most, which it has not looked at yet. Several passes
 * go over each.
 */
const longestTexts = 512 * 1024

/** A rule's detail is '' where the reason's own sentence says it all, undefined where the rule does not apply. */
const rules: readonly Rule[] = [
  ['opted-out', pod => (pod.annotations[annotation.inject]?.trim() === 'false' ? '' : undefined)],
  [
    'not-opted-in',
    (_, input) =>
      input.namespace.labels[optIn.label] === optIn.value ? undefined : `namespace ${input.namespace.name}`,
  ],
  ['os-windows', pod => (pod.os.toLowerCase() === 'windows' ? '' : undefined)],
  ['static-pod', pod => (isStatic(pod) ? '' : undefined)],
  ['already-injected', (pod, input) => (isInjected(pod, input) ? '' : undefined)],
  ['name-conflict', pod => conflict(pod)],
  [
    'too-large',
    pod => (sizeOf(pod) > largestPod ? `found ${sizeOf(pod)} of them, expected at most ${largestPod}` : undefined),
  ],
  [
    'too-large',
    pod =>
      charactersOf(pod) > longestTexts
        ? `found ${charactersOf(pod)} characters in commands, arguments, variables, labels and annotations, expected at most ${longestTexts}`
        : undefined,
  ],
]

/** The skip that applies before any search, if one does. */
export function earlySkip(pod: PodView, input: DecideInput): Decision | undefined {
  for (const [reason, detailOf] of rules) {
    const detail = detailOf(pod, input)
    if (detail !== undefined) return skip(reason, detail)
  }
  return undefined
}

/** The decision not to inject: the reason's sentence, and what was found. */
export function skip(reason: SkipReason, detail = ''): Decision {
  const cut = detail.length > longestDetail ? `${detail.slice(0, longestDetail)}...` : detail
  return { inject: false, reason, message: cut ? `${skipReasons[reason]}: ${cut}` : skipReasons[reason] }
}

/**
 * What of the node's own mounts lies where ours go; undefined where nothing does. By the path that the kubelet makes of
 * it: a relative one begins at the root (pkg/kubelet, MakeAbsolutePath), and `//`, `.` and `..` are the runtime's to
 * resolve.
 */
export function mountConflict(container: ContainerView): string | undefined {
  const root = path.input.slice(0, path.input.indexOf('/', 1))
  const mount = container.mounts.find(({ mountPath }) => `${posix.normalize(`/${mountPath}`)}/`.startsWith(`${root}/`))
  return mount && `container ${container.name} mounts volume ${mount.volume} at ${mount.mountPath}`
}

/**
 * Static pods reach the API as mirror pods, written by the kubelet: see the Kubernetes documentation on static pods.
 */
function isStatic(pod: PodView): boolean {
  const source = pod.annotations['kubernetes.io/config.source']
  return (
    pod.annotations['kubernetes.io/config.mirror'] !== undefined ||
    (source !== undefined && source !== 'api') ||
    pod.ownerKinds.includes('Node')
  )
}

/** The annotation alone proves nothing: templates are copied from running pods. */
function isInjected(pod: PodView, input: DecideInput): boolean {
  if (!pod.annotations[annotation.status]?.startsWith('injected')) return false
  return pod.initContainers.some(
    ({ name, image, mounts }) =>
      name === containerName.sidecar &&
      (image === input.settings.image || mounts.some(mount => mount.volume === volumeName.input)),
  )
}

/** A mounted volume counts with its keys at each mount: so many keys its container sees. */
function sizeOf(pod: PodView): number {
  const keys = new Map<string, number>()
  for (const [name, origins] of pod.volumes) keys.set(name, 1 + sum(origins.map(({ items }) => items?.length ?? 1)))
  const containers = [...pod.initContainers, ...pod.containers].map(
    ({ command, args, env, envFrom, ports, mounts }) =>
      1 +
      command.length +
      args.length +
      env.length +
      envFrom.length +
      ports.length +
      sum(mounts.map(({ volume }) => keys.get(volume) ?? 1)),
  )
  return sum([...keys.values()]) + sum(containers)
}

/** What texts of the pod are looked through as a whole. */
function charactersOf(pod: PodView): number {
  const texts = [...pod.initContainers, ...pod.containers].flatMap(({ command, args, env }) => [
    ...command,
    ...args,
    ...env.flatMap(({ name, value = '' }) => [name, value]),
  ])
  const { labels, annotations } = pod
  return sum([...texts, ...Object.values(labels), ...Object.values(annotations)].map(text => text.length))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function conflict(pod: PodView): string | undefined {
  const containers = new Set<string>(Object.values(containerName))
  const volumes = new Set<string>(Object.values(volumeName))
  const container = [...pod.initContainers, ...pod.containers].find(({ name }) => containers.has(name))
  if (container) return `container ${container.name}`
  const volume = [...pod.volumes.keys()].find(name => volumes.has(name))
  return volume && `volume ${volume}`
}

// What an API server refuses in a pod, as far as a patch of ours could bring it about (kubernetes,
// pkg/apis/core/validation): each breach as a sentence. Pure.
import type { V1Container, V1Pod, V1Volume } from '@kubernetes/client-node'

/** Bytes of all annotations' names and values (apimachinery, TotalAnnotationSizeLimitB). */
const mostAnnotations = 256 * 1024
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const annotationName = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/
const portName = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/

/** Names of ConfigMaps, Secrets and pods. */
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dataKey = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/
/** Since Kubernetes 1.30 any printable ASCII but "=". */
const variableName = /^[\x20-\x3c\x3e-\x7e]+$/

export function breaches(pod: V1Pod): string[] {
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
  const bytes = annotations.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  const { containers = [], initContainers, volumes } = pod.spec ?? { containers: [] }
  const all = [...containers, ...(initContainers ?? [])]
  const volumeNames = (volumes ?? []).map(({ name }) => name)
  const { namespace = 'default' } = pod.metadata ?? {}
  return [
    ...(label.test(namespace) ? [] : [`the namespace ${namespace}`]),
    ...(bytes > mostAnnotations ? [`annotations of more than ${mostAnnotations} bytes`] : []),
    ...annotations.filter(([name]) => !annotationName.test(name)).map(([name]) => `an annotation named ${name}`),
    ...twice(
      all.map(({ name }) => name),
      'containers',
    ),
    ...twice(volumeNames, 'volumes'),
    ...all.filter(({ name }) => !label.test(name)).map(({ name }) => `a container named ${name}`),
    ...volumeNames.filter(name => !label.test(name)).map(name => `a volume named ${name}`),
    ...all.flatMap(container => ofContainer(container, new Set(volumeNames))),
    ...(initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy !== undefined && restartPolicy !== 'Always')
      .map(({ name, restartPolicy }) => `init container ${name} with restart policy ${restartPolicy}`),
    ...(volumes ?? []).flatMap(ofVolume),
    ...users(pod.spec?.securityContext?.runAsUser),
    ...(pod.spec?.hostPID && pod.spec.shareProcessNamespace ? ['hostPID and shareProcessNamespace'] : []),
  ]
}

function ofContainer(container: V1Container, volumes: ReadonlySet<string>): string[] {
  const { name, volumeMounts, ports, env, command, args, image } = container
  const mounts = volumeMounts ?? []
  return [
    ...(image ? [] : [`container ${name} without an image`]),
    ...users(container.securityContext?.runAsUser),
    ...twice(
      mounts.map(({ mountPath }) => mountPath),
      `mount paths of ${name}`,
    ),
    ...mounts
      .filter(mount => !volumes.has(mount.name))
      .map(mount => `${name} mounts ${mount.name}, which is no volume`),
    ...mounts
      .filter(({ mountPath }) => !mountPath || mountPath.includes(':'))
      .map(({ mountPath }) => `${name} mounts at "${mountPath}"`),
    ...twice(
      (ports ?? []).flatMap(port => port.name ?? []),
      `ports of ${name}`,
    ),
    ...(ports ?? []).flatMap(({ name: port, containerPort }) => [
      ...(port === undefined || portName.test(port) ? [] : [`${name} has a port named ${port}`]),
      ...(containerPort >= 1 && containerPort <= 65535 ? [] : [`${name} has port ${containerPort}`]),
    ]),
    ...(env ?? [])
      .filter(variable => !variableName.test(variable.name ?? ''))
      .map(variable => `${name} has a variable named ${variable.name}`),
    ...(env ?? []).flatMap(({ valueFrom }) => [valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef]).flatMap(referred),
    ...(container.envFrom ?? []).flatMap(from => [from.configMapRef, from.secretRef]).flatMap(named),
    ...[...(command ?? []), ...(args ?? [])].filter(word => typeof word !== 'string').map(() => `${name} has no word`),
  ]
}

function ofVolume(volume: V1Volume): string[] {
  const kinds = Object.entries(volume).filter(
    ([field, value]) => field !== 'name' && value !== undefined && value !== null,
  )
  const sources = volume.projected?.sources ?? []
  const items = [volume, ...sources].flatMap(source => [
    ...(source.configMap?.items ?? []),
    ...(source.secret?.items ?? []),
    ...(source.downwardAPI?.items ?? []),
  ])
  const references = [volume, ...sources].flatMap(({ configMap, secret }) => [
    configMap && { name: configMap.name },
    secret && { name: 'secretName' in secret ? secret.secretName : (secret as Reference).name },
  ])
  return [
    ...references.flatMap(named),
    ...items.flatMap(item => ('key' in item && !dataKey.test(item.key) ? [`a reference to key ${item.key}`] : [])),
    ...(kinds.length > 1 ? [`volume ${volume.name} of ${kinds.length} kinds`] : []),
    ...twice(
      items.map(({ path }) => path),
      `paths of volume ${volume.name}`,
    ),
    ...items
      .filter(({ path }) => !path || path.startsWith('/') || path.split('/').includes('..'))
      .map(({ path }) => `volume ${volume.name} with path "${path}"`),
  ]
}

function users(uid: number | undefined): string[] {
  return uid === undefined || (uid >= 0 && uid < 2 ** 31) ? [] : [`UID ${uid}`]
}

type Reference = { readonly name?: string | undefined; readonly key?: string | undefined }

function named(reference: Reference | undefined): string[] {
  return reference === undefined || subdomain.test(reference.name ?? '') ? [] : [`a reference to ${reference.name}`]
}

function referred(reference: Reference | undefined): string[] {
  if (reference === undefined) return []
  return [...named(reference), ...(dataKey.test(reference.key ?? '') ? [] : [`a reference to key ${reference.key}`])]
}

function twice(names: readonly string[], of: string): string[] {
  const seen = new Set<string>()
  return names.filter(name => seen.has(name) || !seen.add(name)).map(name => `two ${of} named ${name}`)
}

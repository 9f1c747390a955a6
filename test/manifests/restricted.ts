// The Pod Security Standard `restricted`, for the fields that our manifests use.
// Source: kubernetes.io, Concepts, Security, Pod Security Standards.

type Context = {
  runAsNonRoot?: boolean
  runAsUser?: number
  allowPrivilegeEscalation?: boolean
  privileged?: boolean
  seccompProfile?: { type: string }
  capabilities?: { drop?: string[]; add?: string[] }
}
type Spec = {
  hostNetwork?: boolean
  hostPID?: boolean
  hostIPC?: boolean
  securityContext?: Context
  containers: { name: string; securityContext?: Context; ports?: { hostPort?: number }[] }[]
  initContainers?: Spec['containers']
  volumes?: Record<string, unknown>[]
}

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** What of a pod spec does not fit `restricted`; empty where it fits. */
export function restrictedProblems(spec: Spec): string[] {
  const problems: string[] = []
  if (spec.hostNetwork || spec.hostPID || spec.hostIPC) problems.push('a host namespace')
  for (const volume of spec.volumes ?? []) {
    const type = Object.keys(volume).find(key => key !== 'name')
    if (type === undefined || !volumeTypes.includes(type)) problems.push(`volume of type ${type}`)
  }
  for (const { name, securityContext: own = {}, ports = [] } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const both = { ...spec.securityContext, ...own }
    if (both.runAsNonRoot !== true) problems.push(`${name}: runAsNonRoot`)
    if (both.runAsUser === 0) problems.push(`${name}: runAsUser 0`)
    if (!['RuntimeDefault', 'Localhost'].includes(both.seccompProfile?.type ?? ''))
      problems.push(`${name}: seccompProfile`)
    if (own.allowPrivilegeEscalation !== false) problems.push(`${name}: allowPrivilegeEscalation`)
    if (own.privileged) problems.push(`${name}: privileged`)
    if (!own.capabilities?.drop?.includes('ALL')) problems.push(`${name}: capabilities not dropped`)
    if ((own.capabilities?.add ?? []).some(added => added !== 'NET_BIND_SERVICE'))
      problems.push(`${name}: capabilities added`)
    if (ports.some(port => port.hostPort)) problems.push(`${name}: hostPort`)
  }
  return problems
}

// The containers that injection adds: the init container that installs the supervisor (under wrap), and the sidecar.
import type { V1Container, V1PodSpec, V1Probe, V1VolumeMount } from '@kubernetes/client-node'
import type { Plan } from '../../peers/plan.ts'
import { containerName, path, restartAllExitCode, statusPort, volumeName } from '../../peers/pod.ts'
import { ourResources, resourcesPart } from './resources.ts'
import { sidecarSecurityContext } from './security.ts'

// Built-in admission mounts a service account token wherever nothing is mounted at its path: an empty directory is.
const noToken: V1VolumeMount = { name: volumeName.noToken, mountPath: path.token, readOnly: true }
const control: V1VolumeMount = { name: volumeName.control, mountPath: path.control }

/**
 * Node sizes its young generation for servers (up to 48 MiB). The sidecar makes little garbage: 2 MiB semi-spaces keep
 * it some 5 to 20 MB smaller, measured, and the bound on the old generation makes it collect before the container's
 * limit of 128 MiB is near.
 */
export const leanNode = { name: 'NODE_OPTIONS', value: '--max-semi-space-size=2 --max-old-space-size=64' }

/** Our containers in the order in which they start; both belong at the end of initContainers. */
export function containersOf(spec: V1PodSpec, plan: Plan, image: string): V1Container[] {
  const sidecar = sidecarContainer(spec, plan, image)
  return plan.reach.by === 'wrap' ? [installContainer(spec, plan, image), sidecar] : [sidecar]
}

function installContainer(spec: V1PodSpec, plan: Plan, image: string): V1Container {
  return {
    name: containerName.install,
    ...imagePart(image),
    command: [`${path.imageWrap}/sh`, '-c', installScript(path.imageWrap, path.wrap, path.control)],
    ...resourcesPart(ourResources(spec)?.install),
    // The sidecar's user, whichever that is: it writes in the control directory that is made here.
    securityContext: sidecarSecurityContext(spec, plan),
    volumeMounts: [{ name: volumeName.wrap, mountPath: path.wrap }, control, noToken],
  }
}

/**
 * Copies busybox and the supervisor from the image's directory, and makes the supervisor's control directory. It runs
 * again where all containers of the pod are restarted, so it replaces by rename and leaves a FIFO alone that is there
 * (it may be another user's: the supervisor makes it where it is missing). Only busybox's own applets: the image has no
 * other programs.
 */
export function installScript(from: string, to: string, controlDir: string): string {
  return [
    'set -e',
    'umask 022',
    `for f in sh supervise; do cp ${from}/$f ${to}/.$f; chmod 0555 ${to}/.$f; mv -f ${to}/.$f ${to}/$f; done`,
    `mkdir -p ${controlDir}/env`,
    // The node may run as any UID; umask would take the group's and the others' right to write.
    `[ -p ${controlDir}/requests ] || { mkfifo ${controlDir}/requests; chmod 0666 ${controlDir}/requests; }`,
  ].join('\n')
}

function sidecarContainer(spec: V1PodSpec, plan: Plan, image: string): V1Container {
  const wrapped = plan.reach.by === 'wrap'
  // Under hostNetwork a fixed port could be another program's, and would be open on the machine: any free one, on
  // loopback.
  const listen = plan.hostNetwork ? '127.0.0.1:0' : `:${statusPort.number}`
  return {
    name: containerName.sidecar,
    ...imagePart(image),
    args: [
      'sidecar',
      '--input',
      path.input,
      '--state',
      path.state,
      ...(wrapped ? ['--control', path.control] : []),
      '--listen',
      listen,
    ],
    env: [leanNode],
    // Native sidecar: starts before the node, ends after it, and does not keep a Job from completing.
    restartPolicy: 'Always',
    ...restartRules(plan),
    ...(plan.hostNetwork
      ? {}
      : {
          ports: [{ name: statusPort.name, containerPort: statusPort.number, protocol: 'TCP' }],
          livenessProbe: livenessProbe(plan),
        }),
    ...resourcesPart(ourResources(spec)?.sidecar),
    securityContext: sidecarSecurityContext(spec, plan),
    volumeMounts: [
      { name: volumeName.input, mountPath: path.input, readOnly: true },
      { name: volumeName.state, mountPath: path.state },
      ...(wrapped ? [control] : []),
      noToken,
    ],
  }
}

/**
 * Exit 88 restarts all containers of the pod: where a list reaches the node through its init containers only
 * (Kubernetes 1.36).
 */
function restartRules(plan: Plan): Partial<V1Container> {
  if (!plan.canRestartAll || !plan.sources.some(source => source.level === 'all-containers')) return {}
  return {
    restartPolicyRules: [
      { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [restartAllExitCode] } },
    ],
  }
}

/**
 * /healthz fails when the last comparison is too old. Four failures half a minute apart: a restarted sidecar costs
 * nothing, but it should not be restarted for a slow machine. There is no readiness probe: a native sidecar that is not
 * ready takes the pod out of its Services.
 *
 * Behind a mesh proxy that demands mTLS the kubelet cannot reach the port, so there the request is made inside of the
 * container.
 */
function livenessProbe(plan: Plan): V1Probe {
  const times = { periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 4 }
  if (!plan.mesh) return { httpGet: { path: '/healthz', port: statusPort.number }, ...times }
  return { exec: { command: [`${path.imageWrap}/sh`, '-c', probeScript(statusPort.number)] }, ...times }
}

/** Exits 0 where /healthz answers 200. Not wget's own -T: Debian's static busybox 1.35 crashes with it. */
export function probeScript(port: number): string {
  return `timeout 4 wget -q -O /dev/null http://127.0.0.1:${port}/healthz`
}

function imagePart(image: string): Pick<V1Container, 'image' | 'imagePullPolicy' | 'terminationMessagePolicy'> {
  // IfNotPresent: a node that restarts while the registry is away must not wait for our image. The last log lines of a
  // failed start appear in the pod's status, where whoever looks at the pod sees them first.
  return { image, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'FallbackToLogsOnError' }
}

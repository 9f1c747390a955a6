// What is compared: repeer, replacing the pod, and a config reloader in the pod. Each arm says how node0's pod differs,
// and what is done to it when something changes. The nodes themselves are the same.
import type { PodSpec } from '../../testbed/chain.ts'
import { busyboxImage } from '../../testbed/chain.ts'
import type { Api } from './follow.ts'

export const reloaderImage = 'localhost/prometheus-config-reloader:0.85.0'

export type Arm = {
  readonly name: string
  /** The namespace opts in to repeer. */
  readonly injected: boolean
  readonly annotations: Readonly<Record<string, string>>
  readonly pod: (spec: PodSpec) => PodSpec
  /**
   * Called the moment the list has been edited or the peer's new pod has an address: what a tool of this kind does
   * then.
   */
  readonly react: (api: Api, namespace: string) => Promise<void>
  /** Why the arm has nothing to offer for a moved peer; absent where it has. */
  readonly blindToMoves?: string
}

const nothing = async () => undefined
const asItIs = (spec: PodSpec) => spec

export const arms = {
  wrap: {
    name: 'repeer, wrap',
    injected: true,
    annotations: { 'repeer.dev/strategy': 'wrap' },
    pod: asItIs,
    react: nothing,
  },
  signal: {
    name: 'repeer, signal',
    injected: true,
    annotations: { 'repeer.dev/strategy': 'signal' },
    pod: withUser,
    react: nothing,
  },
  replace: {
    name: 'pod replaced at once',
    injected: false,
    annotations: {},
    pod: asItIs,
    // The best that any tool which rolls pods can do: it is told at once, and waits for nothing.
    react: (api, namespace) => api.deletePod(namespace, 'node0-0'),
  },
  reloader: {
    name: 'prometheus-config-reloader 0.85.0',
    injected: false,
    annotations: {},
    pod: withReloader,
    react: nothing,
    blindToMoves: 'it watches files, and no file changes',
  },
} as const satisfies Record<string, Arm>
export type ArmName = keyof typeof arms

/** By signal the sidecar needs the node's UID, which has to be known. */
function withUser(spec: PodSpec): PodSpec {
  return { ...spec, securityContext: { runAsUser: 1000, fsGroup: 1000 } }
}

/**
 * It cannot restart a process: it POSTs to a URL. So the pod gets a hook of a few lines that ends the node, and the
 * kubelet starts its container again.
 */
function withReloader(spec: PodSpec): PodSpec {
  const config = { name: 'config', mountPath: '/home/node/config' }
  const answer = `printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n'`
  const serve = `read -r line; ${answer}; busybox killall cometbft`
  return {
    ...spec,
    shareProcessNamespace: true,
    containers: [
      ...spec.containers,
      {
        name: 'reloader',
        image: reloaderImage,
        args: ['--watched-dir=/home/node/config', '--reload-url=http://127.0.0.1:9099/'],
        volumeMounts: [config],
      },
      {
        name: 'hook',
        image: busyboxImage,
        command: ['busybox', 'nc', '-ll', '-p', '9099', '-e', '/bin/busybox', 'sh', '-c', serve],
      },
    ],
  }
}

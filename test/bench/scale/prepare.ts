// Brings the fleet up: a fake node, kwok, the namespaces and everything in them. Nothing has opted in afterwards.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../processes.ts'
import { type Api, type Follower, forAll } from './api.ts'
import { slicesReady } from './cohort.ts'
import {
  configObject,
  type Fleet,
  fillerSlice,
  fillersIn,
  type KubernetesObject,
  movedIndex,
  movedSlice,
  type Node,
  namespaceObject,
  nodeObject,
  podObject,
  podRange,
  serviceObject,
  sharedObject,
} from './fleet.ts'

export function startLogged(command: readonly string[], log: string): ChildProcess {
  const [file = '', ...args] = command
  const output = openSync(log, 'a')
  const child = spawn(file, args, { stdio: ['ignore', output, output] })
  closeSync(output)
  return child
}

/** The stand-in's route for the pods' addresses, and kwok. */
export function startKwok(kubeconfig: string, log: string): ChildProcess {
  execFileSync('ip', ['route', 'add', 'local', podRange, 'dev', 'lo'])
  const selector = ['--manage-all-nodes=false', '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake']
  const network = [`--cidr=${podRange}`, '--node-ip=10.88.0.1', '--node-lease-duration-seconds=40']
  const stages = `--config=${join(import.meta.dirname, 'stages.yaml')}`
  return startLogged(['kwok', `--kubeconfig=${kubeconfig}`, stages, ...selector, ...network], log)
}

export async function prepare(
  api: Api,
  fleet: Fleet,
  nodes: readonly Node[],
  follower: Follower,
  say: (line: string) => void,
): Promise<void> {
  const namespaces = [...new Set(nodes.map(node => node.namespace))]
  const create = async (what: string, objects: readonly KubernetesObject[]) => {
    const began = performance.now()
    await forAll(objects, object => api.create(object))
    say(`created ${objects.length} ${what} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  await create('node', [nodeObject(nodes.length)])
  await create('namespaces', namespaces.map(namespaceObject))
  await until(
    'the namespaces have their service accounts',
    async () => {
      const { items } = (await api.get('/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault')) as {
        items: unknown[]
      }
      return items.length >= namespaces.length || undefined
    },
    60,
    500,
  )
  await create('ConfigMaps', [...namespaces.map(sharedObject), ...nodes.map(node => configObject(node, fleet))])
  await create(
    'pods',
    nodes.map(node => podObject(node, fleet) as unknown as KubernetesObject),
  )
  const isUp = () => {
    const pods = [...follower.pods.values()]
    return (pods.length === nodes.length && pods.every(pod => pod.ready && pod.ip?.startsWith('10.77.'))) || undefined
  }
  await until('the pods are Ready with an address of kwok', isUp, 120, 200)
  await create('Services', nodes.map(serviceObject))
  await create(
    'EndpointSlices',
    namespaces.flatMap(namespace => [
      movedSlice(namespace, '10.201.255.1'),
      ...Array.from({ length: fillersIn(fleet) }, (_, index) => fillerSlice(namespace, index)),
    ]),
  )
  await slicesReady(api, nodes.filter(node => node.index !== movedIndex).length, say)
}

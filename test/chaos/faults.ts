// The faults, one entry each: what is broken, how it is mended, what may happen meanwhile. A new one is a new entry.
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { webhook } from '../../peers/installed.ts'
import { client } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import type { Mesh } from '../testbed/mesh.ts'
import { newcomer, validators } from '../testbed/mesh.ts'
import type { MixedDns } from '../testbed/mixed-dns.ts'
import { editConfigMap } from '../testbed/scenario.ts'
import { until } from '../testbed/watch.ts'
import { postEtcd } from './etcd.ts'
import { podRoom } from './pod-folders.ts'
import type { Process } from './processes.ts'
import * as processes from './processes.ts'

export type Place = {
  readonly mesh: Mesh
  readonly dns: MixedDns
  /** The UIDs and addresses of the pods as they are before anything happens, by index. */
  readonly pods: readonly { readonly uid: string; readonly ip: string }[]
}

export type Fault = {
  readonly name: string
  /** `edit`: the newcomer comes into every list, four restarts in turn. `move`: node1 gets another pod. */
  readonly stir: 'edit' | 'move'
  /** Before the fault, where it could not be done in its midst. Default: a second after it began. */
  readonly first?: 'stir'
  /** How long it lasts, in s; the flag --hold says otherwise. Default 10. */
  readonly holdSeconds?: number
  /** Within which all is well again after its end, in s. Default 90. */
  readonly healSeconds?: number
  /** Nodes that the fault ends or holds, and how often their process starts without our asking. */
  readonly victims?: Readonly<Record<string, number>>
  /** Of each node, beside the one for the edit or the move. Default 0. */
  readonly moreRestarts?: number
  /** Breaks it and returns what mends it. */
  readonly begin: (place: Place) => Promise<() => Promise<void>> | (() => Promise<void>)
}

const nothing = async () => {}
const system = ['-n', 'repeer-system'] as const
const secretName = webhook.secret

function nodeProcess({ pods }: Place, index: number): Process {
  const [found] = processes.nodeProcesses().filter(({ podUid }) => podUid === pods[index]?.uid)
  if (!found) throw new Error(`found no process of node${index}`)
  return found
}

const sidecar = ({ pods }: Place, index: number) => processes.ownProcesses('sidecar', pods[index]?.uid)

function leader(): Process {
  const holder = kubectl(...system, 'get', 'lease', 'repeer-controller', '-o', 'jsonpath={.spec.holderIdentity}')
  const [name = ''] = holder.split('_')
  const uid = kubectl(...system, 'get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')
  const [found] = processes.ownProcesses('controller', uid)
  if (!found) throw new Error(`found no process of the leader ${holder}`)
  return found
}

const away = (name: string, program: string, more: Partial<Fault> = {}): Fault => ({
  name,
  stir: 'edit',
  begin: () => processes.takeAway(program),
  ...more,
})

const oldOfNode1 = ({ mesh, pods }: Place) =>
  new Map([[`node1.${mesh.namespace}.svc.cluster.local`, pods[1]?.ip ?? '']])

function dns(name: string, second: (place: Place) => MixedDns['second'], more: Partial<Fault> = {}): Fault {
  const begin = (place: Place) => {
    place.dns.second = second(place)
    return async () => {
      place.dns.second = { does: 'agree' }
    }
  }
  return { name, stir: 'move', holdSeconds: 20, victims: { 'node1-0': 1 }, begin, ...more }
}

const memory = (place: Place, index: number) =>
  join(podRoom(place.pods[index]?.uid ?? '', 'repeer-state'), 'memory.json')
const requests = (place: Place, index: number) =>
  join(podRoom(place.pods[index]?.uid ?? '', 'repeer-control'), 'requests')

export const faults: readonly Fault[] = [
  away('api-away', 'kube-apiserver', { first: 'stir', holdSeconds: 30 }),
  {
    name: 'api-frozen',
    stir: 'edit',
    first: 'stir',
    holdSeconds: 20,
    begin: () => processes.freeze([processes.component('kube-apiserver')]),
  },
  {
    name: 'etcd-compacted',
    stir: 'edit',
    // Whoever watched goes on, with a server that has kept nothing, from a revision that is gone: 410.
    begin: async () => {
      const back = processes.takeAway('kube-apiserver')
      const { header } = await postEtcd('/v3/kv/range', { key: Buffer.from('a').toString('base64') })
      await postEtcd('/v3/kv/compaction', { revision: header.revision, physical: true })
      await back()
      await until('the API server is ready', 60, () => kubectl('get', '--raw', '/readyz') === 'ok')
      return nothing
    },
  },
  away('kubelet-away', 'kubelet', { holdSeconds: 20 }),
  away('containerd-away', 'containerd', { holdSeconds: 15 }),
  away('coredns-away', 'coredns', { stir: 'move', holdSeconds: 20, victims: { 'node1-0': 1 } }),
  dns('dns-fails', () => ({ does: 'fail' })),
  dns('dns-stale', place => ({ does: 'cache', addresses: oldOfNode1(place) })),
  dns('dns-flaps', place => ({ does: 'flap', addresses: oldOfNode1(place) })),
  {
    name: 'supervisor-killed',
    stir: 'edit',
    victims: { 'node0-0': 1 },
    begin: place => {
      processes.kill([processes.supervisorOf(nodeProcess(place, 0))])
      return nothing
    },
  },
  {
    name: 'node-killed',
    stir: 'edit',
    victims: { 'node0-0': 1 },
    begin: place => {
      processes.kill([nodeProcess(place, 0)])
      return nothing
    },
  },
  {
    // It is not killed before its grace period is over: five seconds here.
    name: 'node-frozen',
    stir: 'edit',
    holdSeconds: 20,
    victims: { 'node0-0': 1 },
    begin: place => processes.freeze([nodeProcess(place, 0)]),
  },
  {
    // As the kernel ends it where it has used up its memory.
    name: 'sidecar-killed',
    stir: 'edit',
    begin: place => {
      processes.kill(validators.flatMap(index => sidecar(place, index)))
      return nothing
    },
  },
  {
    name: 'control-full',
    stir: 'edit',
    begin: place => {
      const file = join(dirname(requests(place, 0)), 'junk')
      try {
        for (let size = 0; size < 8 << 20; size += 1 << 16) writeFileSync(file, Buffer.alloc(1 << 16), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
      return async () => rmSync(file)
    },
  },
  {
    name: 'memory-torn',
    stir: 'edit',
    begin: place => {
      const file = memory(place, 0)
      truncateSync(file, Math.floor(readFileSync(file).length / 2))
      processes.kill(sidecar(place, 0))
      return nothing
    },
  },
  {
    name: 'memory-foreign',
    stir: 'edit',
    begin: place => {
      copyFileSync(memory(place, 2), memory(place, 0))
      processes.kill(sidecar(place, 0))
      return nothing
    },
  },
  {
    name: 'fifo-replaced',
    stir: 'edit',
    begin: place => {
      const file = requests(place, 0)
      renameSync(file, `${file}.away`)
      writeFileSync(file, 'no pipe\n')
      return async () => renameSync(`${file}.away`, file)
    },
  },
  {
    // Longer than its lease: another leads when it thaws.
    name: 'leader-frozen',
    stir: 'edit',
    holdSeconds: 30,
    begin: () => processes.freeze([leader()]),
  },
  {
    name: 'leader-killed',
    stir: 'edit',
    begin: () => {
      processes.kill([leader()])
      return nothing
    },
  },
  {
    name: 'certificate-deleted',
    stir: 'move',
    victims: { 'node1-0': 1 },
    begin: () => {
      kubectl(...system, 'delete', 'secret', secretName)
      return nothing
    },
  },
  {
    name: 'certificate-corrupt',
    stir: 'move',
    victims: { 'node1-0': 1 },
    begin: () => {
      const { data = {} } = JSON.parse(kubectl(...system, 'get', 'secret', secretName, '-o', 'json'))
      const broken = Object.fromEntries(Object.keys(data).map(key => [key, Buffer.from('no key').toString('base64')]))
      kubectl(...system, 'patch', 'secret', secretName, '--type=merge', '-p', JSON.stringify({ data: broken }))
      return nothing
    },
  },
  {
    name: 'bundle-blanked',
    stir: 'edit',
    begin: () => {
      const blank = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]
      kubectl('patch', 'mutatingwebhookconfiguration', 'repeer', '--type=json', '-p', JSON.stringify(blank))
      return nothing
    },
  },
  {
    name: 'rights-away',
    stir: 'edit',
    holdSeconds: 30,
    begin: () => {
      kubectl('delete', 'clusterrolebinding', 'repeer-controller', 'repeer-webhook')
      return async () => install()
    },
  },
  {
    name: 'configmap-remade',
    stir: 'edit',
    first: 'stir',
    begin: async ({ mesh: { namespace } }) => {
      const { data = {} } = await client().core.readNamespacedConfigMap({ namespace, name: 'node0-config' })
      await client().core.deleteNamespacedConfigMap({ namespace, name: 'node0-config' })
      return async () => {
        const body = { metadata: { name: 'node0-config', namespace }, data }
        await client().core.createNamespacedConfigMap({ namespace, body })
      }
    },
  },
  {
    name: 'service-remade',
    stir: 'move',
    victims: { 'node1-0': 1 },
    begin: async ({ mesh: { namespace, chain } }) => {
      await client().core.deleteNamespacedService({ namespace, name: 'node1' })
      return async () =>
        apply(chain.objects.filter(({ kind, metadata }) => kind === 'Service' && metadata.name === 'node1'))
    },
  },
  {
    // What node2 sends reaches node0 no more, and the other way round all goes on.
    name: 'half-open',
    stir: 'edit',
    holdSeconds: 30,
    healSeconds: 150,
    begin: place => processes.dropFrom(processes.supervisorOf(nodeProcess(place, 0)), place.pods[2]?.ip ?? ''),
  },
  {
    // In node0's list beside the newcomer: it takes connections and says nothing, as cluster DNS does on its TCP port.
    name: 'no-node',
    stir: 'edit',
    first: 'stir',
    holdSeconds: 30,
    healSeconds: 150,
    moreRestarts: 2,
    begin: async ({ mesh: { namespace, chain } }) => {
      const list = chain.configOf(0, [1, 2, 3, newcomer])
      const withIt = list.replace(/^(persistent_peers = ".*)"$/m, `$1,${'0'.repeat(40)}@10.88.0.1:53"`)
      await editConfigMap(namespace, { name: 'node0-config', data: { 'config.toml': withIt } })
      return async () => editConfigMap(namespace, { name: 'node0-config', data: { 'config.toml': list } })
    },
  },
]

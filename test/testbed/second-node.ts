// A second node for the cluster of this machine, in network, mount and PID namespaces of its own inside the cluster's:
// another containerd, kubelet and kube-proxy, a bridge for its pods, and a link with routes to the first. Only a
// scenario that asks for it has it, so that all others pay nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { makeCgroup, removeCgroup } from './cgroups.ts'
import { client } from './client.ts'
import { run, succeeds } from './components.ts'
import { link, nodeAddress, type Place, secondNode } from './configs.ts'
import { kubectl } from './install.ts'
import { until } from './watch.ts'

export type SecondNode = {
  readonly name: string
  readonly address: string
  /** A command line prefix that runs what follows in its network namespace. */
  readonly inNetwork: readonly string[]
  /** As a machine that loses power: its link is cut, then all its processes end at once. Nobody is told. */
  losePower(): Promise<void>
}

/** The folder of the cluster in which this process runs. Both its nodes see it: what lies there survives a node. */
export function clusterFolder(): string {
  return dirname(process.env.KUBECONFIG ?? '')
}

/**
 * Starts it and returns when it is Ready; all images of the first node are on it. With the test it ends, and the
 * cluster forgets it. Needs the cluster of this machine: its scenarios run as root in its namespaces. Throws an Error
 * that says what failed.
 */
export async function startSecondNode(t: Test): Promise<SecondNode> {
  const dir = clusterFolder()
  const node = secondNode(JSON.parse(readFileSync(join(dir, 'place.json'), 'utf8')) as Place)
  const { name, address, pods, cgroup } = node
  const ctr = ['ctr', '-a', join(dir, 'containerd.sock'), '-n', 'k8s.io', 'images', 'ls', '-q'] as const
  const images = run(...ctr)
    .split('\n')
    .filter(image => image.startsWith('localhost/'))
  makeCgroup(cgroup)
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const inside = ['catatonit', '--', process.execPath, join(import.meta.dirname, 'second-inside.ts'), dir, ...images]
  const outer = spawn('unshare', [...namespaces, ...inside], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = said(outer.stdout)
  const ended = once(outer, 'exit')
  const first = () => readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim().split(' ')[0] ?? ''

  async function end(): Promise<void> {
    if (outer.exitCode !== null || outer.signalCode !== null) return
    // Both ends go with either; where it failed early there is none.
    succeeds('ip', 'link', 'delete', link.first.device)
    // With the first process of a PID namespace the kernel ends all others, before it lets that be waited for.
    process.kill(Number(first()), 'SIGKILL')
    await ended
  }

  t.teardown(async () => {
    await end()
    kubectl('delete', 'node', name, '--ignore-not-found')
    // Nobody is left who could say that they have ended.
    const { items } = await client().core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${name}` })
    for (const { metadata } of items)
      kubectl('-n', metadata?.namespace ?? '', 'delete', 'pod', metadata?.name ?? '', '--force', '--ignore-not-found')
    removeCgroup(cgroup)
    // Another one is a new machine.
    rmSync(node.dir, { recursive: true, force: true })
  })

  await lines('UP')
  const { device } = link.first
  run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', link.second.device, 'netns', first())
  run('ip', 'addr', 'add', `${link.first.address}/30`, 'dev', device)
  run('ip', 'link', 'set', device, 'up')
  run('ip', 'route', 'add', pods.network, 'via', link.second.address, 'src', nodeAddress)
  await lines('READY')
  await until('the second node is registered', 60, () => client().core.readNode({ name }))
  kubectl('wait', '--for=condition=Ready', `node/${name}`, '--timeout=90s')
  return { name, address, inNetwork: ['nsenter', '-t', first(), '-n'], losePower: end }
}

/** Waits for a line; rejects where the node says FAILED, ends, or takes more than 120 s. */
function said(output: NodeJS.ReadableStream): (wanted: string) => Promise<void> {
  const heard: string[] = []
  createInterface(output).on('line', line => heard.push(line))
  return async wanted => {
    await until(`the second node says ${wanted}`, 120, () => {
      const failure = heard.find(line => line.startsWith('FAILED '))
      return failure !== undefined || heard.includes(wanted)
    })
    const failure = heard.find(line => line.startsWith('FAILED '))
    if (failure !== undefined) throw new Error(`the second node: ${failure.slice('FAILED '.length)}`)
  }
}

// What each node of a cluster has: the bridge of its pods, containerd with the sandbox's image, kubelet and kube-proxy.
// All of it runs in the node's own namespaces.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../fixtures/until.ts'
import { type Components, run, setTimerSlack } from './components.ts'
import * as configs from './configs.ts'
import { importImage, packImage } from './image.ts'

/** The bridge is up before any pod, so that its address can be the node's (and, on the first, cluster DNS's). */
export function makeBridge({ address }: configs.Node): void {
  run('ip', 'link', 'set', 'lo', 'up')
  // Its hardware address is said: a bridge without one takes the least of its ports', another with each pod that comes or
  // goes, and pods that have asked for its address before go on sending to the old one for half a minute (seen).
  run('ip', 'link', 'add', 'cni0', 'address', '0a:58:0a:58:00:01', 'type', 'bridge')
  run('ip', 'addr', 'add', `${address}/16`, 'dev', 'cni0')
  run('ip', 'link', 'set', 'cni0', 'up')
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  if (existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables'))
    writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1')
}

/** The files of containerd, kubelet and kube-proxy. The kubeconfigs are there already. */
export function writeNodeFiles(node: configs.Node, pki: string): void {
  mkdirSync(join(node.dir, 'cni'), { recursive: true })
  const file = (name: string, text: string) => writeFileSync(join(node.dir, name), text)
  file('containerd.toml', configs.containerd(node))
  file('cni/10-pods.conflist', configs.cni(node))
  file('kubelet.yaml', configs.kubelet(node, pki))
  file('proxy.yaml', configs.kubeProxy(node))
}

/** Resolves when it can start pods. */
export async function startContainerd(
  { dir }: configs.Node,
  programs: Components,
  timerSlackMs: number,
): Promise<void> {
  // For the pods. Not for the kubelet: two loops of its volume manager, each every 100 ms, then run at the same moment,
  // and it misses changes of pods.
  setTimerSlack(timerSlackMs)
  programs.start('containerd', '-c', 'containerd.toml')
  setTimerSlack(0)
  await until('containerd listens', () => existsSync(join(dir, 'containerd.sock')), 60, 100)
  const files = [{ from: run('which', 'catatonit').trim(), to: '/bin/catatonit' }]
  importImage(dir, await packImage(dir, { name: 'localhost/pause:1', entrypoint: ['/bin/catatonit', '-P'], files }))
}

export function startKubelet({ name, dir, address, user }: configs.Node, programs: Components): void {
  const node = [`--hostname-override=${name}`, `--node-ip=${address}`, `--root-dir=${dir}/kubelet`]
  programs.start('kubelet', '--config=kubelet.yaml', `--kubeconfig=${user}.kubeconfig`, ...node)
  programs.start('kube-proxy', '--config=proxy.yaml', `--hostname-override=${name}`)
}

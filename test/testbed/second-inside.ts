// Runs inside the namespaces of a cluster's second node: containerd, kubelet and kube-proxy, and nothing else. Says UP
// when it waits for its link, READY when its kubelet runs, and ends when its standard input does; the first process of
// the PID namespace is catatonit, so when this ends, everything of the node ends.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../fixtures/until.ts'
import { components, run, succeeds } from './components.ts'
import * as configs from './configs.ts'
import { makeBridge, startContainerd, startKubelet, writeNodeFiles } from './node.ts'

const [dir = '', ...images] = process.argv.slice(2)
const place = JSON.parse(readFileSync(join(dir, 'place.json'), 'utf8')) as configs.Place & { timerSlackMs: number }
const node = configs.secondNode(place)
const pki = join(dir, 'pki')
process.stdin.on('end', () => process.exit(0)).resume()

/** The first node's pods' mounts came along as copies; what they hold is not for this node to keep. */
function forgetMounts(): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  for (const target of mounts.map(line => line.split(' ')[4] ?? '').reverse())
    if ([`${dir}/`, '/run/netns/', '/var/run/netns/'].some(folder => target.startsWith(folder)))
      succeeds('umount', '-l', target)
}

async function network(): Promise<void> {
  makeBridge(node)
  const { first, second } = configs.link
  await until('the link is there', () => succeeds('ip', 'link', 'show', second.device), 30, 50)
  run('ip', 'addr', 'add', `${second.address}/30`, 'dev', second.device)
  run('ip', 'link', 'set', second.device, 'up')
  run('ip', 'route', 'add', 'default', 'via', first.address, 'src', node.address)
}

async function main(): Promise<void> {
  mkdirSync(node.dir, { recursive: true })
  process.chdir(node.dir)
  forgetMounts()
  process.stdout.write('UP\n')
  await network()
  for (const user of [node.user, 'proxy']) {
    const text = configs.kubeconfig(dir, user, configs.nodeAddress)
    writeFileSync(join(node.dir, `${user}.kubeconfig`), text)
  }
  writeNodeFiles(node, pki)
  const programs = components(node.dir, join(dir, 'log', node.name), why => process.stdout.write(`FAILED ${why}\n`))
  await startContainerd(node, programs, place.timerSlackMs)
  // The images are those of the first node: what its scenarios have loaded is here, too.
  if (images.length > 0) {
    const archive = join(node.dir, 'images.tar')
    const ctr = (socket: string, ...args: string[]) => run('ctr', '-a', socket, '-n', 'k8s.io', 'images', ...args)
    ctr(join(dir, 'containerd.sock'), 'export', archive, ...images)
    ctr(join(node.dir, 'containerd.sock'), 'import', archive)
    run('rm', archive)
  }
  startKubelet(node, programs)
  process.stdout.write('READY\n')
}

main().catch((error: Error) => {
  process.stdout.write(`FAILED ${error.message}\n`)
})

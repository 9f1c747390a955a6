// Runs inside the cluster's namespaces: sets up the network, starts the components, says READY, and ends when its
// standard input does. The first process of the PID namespace is catatonit, so when this ends, everything ends.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { until } from '../fixtures/until.ts'
import * as configs from './configs.ts'
import { importImage, packImage } from './image.ts'

const [dir = '', cgroup = '', timerSlackMs = '0'] = process.argv.slice(2)
const place: configs.Place = { dir, cgroup }
process.chdir(dir)
process.stdin.on('end', () => process.exit(0)).resume()

const file = (name: string, text: string) => writeFileSync(join(dir, name), text)
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()

/** Memory is no concern here, the processor is: the garbage of Go programs is collected a quarter as often. */
const env = { ...process.env, GOGC: '400' }

/** What is started until the next call inherits it, and passes it on. 0: the system's default. */
function setTimerSlack(ms: number): void {
  writeFileSync('/proc/self/timerslack_ns', String(ms * 1e6))
}

/** Starts a component that has to stay; its end is the cluster's end. */
function component(name: string, ...args: string[]): void {
  const log = openSync(join(dir, 'log', `${name}.log`), 'a')
  const child = spawn(name, args, { env, stdio: ['ignore', log, log] })
  child.once('exit', (code, signal) => {
    process.stdout.write(`FAILED ${name} ended (${signal ?? code}); its log: ${join(dir, 'log', `${name}.log`)}\n`)
  })
  child.once('error', error => process.stdout.write(`FAILED ${name}: ${error.message}\n`))
}

function succeeds(command: string, ...args: string[]): boolean {
  try {
    run(command, ...args)
    return true
  } catch {
    return false
  }
}

function network(): void {
  run('mount', '--make-rprivate', '/')
  run('ip', 'link', 'set', 'lo', 'up')
  // The bridge is up before any pod, so that its address can be the node's and cluster DNS's.
  // Its hardware address is said: a bridge without one takes the least of its ports', another with each pod that comes or
  // goes, and pods that have asked for its address before go on sending to the old one for half a minute (seen).
  run('ip', 'link', 'add', 'cni0', 'address', '0a:58:0a:58:00:01', 'type', 'bridge')
  run('ip', 'addr', 'add', `${configs.nodeAddress}/16`, 'dev', 'cni0')
  run('ip', 'link', 'set', 'cni0', 'up')
  // The API server and kube-proxy want a default route; it leads nowhere.
  run('ip', 'route', 'add', 'default', 'via', configs.nodeAddress, 'dev', 'cni0')
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  if (existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables'))
    writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1')
}

/**
 * The API server on a Unix socket in the cluster's folder: a path is seen from other network namespaces, too, where an
 * address is not.
 */
function apiSocket(): void {
  const server = createServer(outside => {
    const inside = connect(6443, '127.0.0.1')
    outside.pipe(inside).pipe(outside)
    outside.on('error', () => inside.destroy())
    inside.on('error', () => outside.destroy())
  })
  server.listen(join(dir, 'api.sock'))
}

function certificates(): void {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  run(
    'openssl',
    'req',
    '-x509',
    ...ec,
    '-keyout',
    'pki/ca.key',
    '-out',
    'pki/ca.crt',
    '-days',
    '30',
    '-subj',
    '/CN=cluster-ca',
  )
  const sign = (name: string, subject: string, names = '') => {
    run('openssl', 'req', ...ec, '-keyout', `pki/${name}.key`, '-out', `pki/${name}.csr`, '-subj', subject)
    file(`pki/${name}.ext`, names ? `subjectAltName=${names}\n` : '')
    const ca = ['-CA', 'pki/ca.crt', '-CAkey', 'pki/ca.key', '-CAcreateserial', '-days', '30']
    run(
      'openssl',
      'x509',
      '-req',
      '-in',
      `pki/${name}.csr`,
      ...ca,
      '-out',
      `pki/${name}.crt`,
      '-extfile',
      `pki/${name}.ext`,
    )
  }
  const addresses = ['127.0.0.1', configs.serviceAddress, configs.nodeAddress].map(address => `IP:${address}`)
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map(name => `DNS:${name}`)
  sign('api', '/CN=kube-apiserver', [...addresses, ...names].join(','))
  sign('to-kubelet', '/O=system:masters/CN=kube-apiserver')
  run('openssl', 'genrsa', '-out', 'pki/sa.key', '2048')
  run('openssl', 'rsa', '-in', 'pki/sa.key', '-pubout', '-out', 'pki/sa.pub')
}

async function main(): Promise<void> {
  for (const name of ['log', 'pki', 'cni']) mkdirSync(join(dir, name), { recursive: true })
  network()
  certificates()
  file(
    'pki/tokens.csv',
    configs.users.map(([name, user, group]) => `${name}-token,${user},${name}${group ? `,"${group}"` : ''}\n`).join(''),
  )
  for (const [name] of configs.users) file(`${name}.kubeconfig`, configs.kubeconfig(dir, name))
  file('containerd.toml', configs.containerd(place))
  file('cni/10-pods.conflist', configs.cni())
  file('kubelet.yaml', configs.kubelet(place))
  file('proxy.yaml', configs.kubeProxy(place))
  file('Corefile', configs.corefile(place))

  const etcd = [
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
  ]
  component('etcd', `--data-dir=${dir}/etcd`, ...etcd, '--unsafe-no-fsync')
  component('kube-apiserver', ...configs.apiserverFlags(place))
  const keys = [
    `--service-account-private-key-file=${dir}/pki/sa.key`,
    `--root-ca-file=${dir}/pki/ca.crt`,
    '--use-service-account-credentials',
  ]
  component('kube-controller-manager', `--kubeconfig=${dir}/controllers.kubeconfig`, ...keys, '--leader-elect=false')
  component('kube-scheduler', `--kubeconfig=${dir}/scheduler.kubeconfig`, '--leader-elect=false')
  // For the pods. Not for the kubelet: two loops of its volume manager, each every 100 ms, then run at the same moment,
  // and it misses changes of pods.
  setTimerSlack(Number(timerSlackMs))
  component('containerd', '-c', 'containerd.toml')
  setTimerSlack(0)
  await until('containerd listens', () => existsSync('containerd.sock'), 60, 100)
  const programs = (...names: string[]) => names.map(name => ({ from: run('which', name).trim(), to: `/bin/${name}` }))
  importImage(
    dir,
    await packImage(dir, {
      name: 'localhost/pause:1',
      entrypoint: ['/bin/catatonit', '-P'],
      files: programs('catatonit'),
    }),
  )

  process.env.KUBECONFIG = join(dir, 'admin.kubeconfig')
  await until('the API server is ready', () => succeeds('kubectl', 'get', '--raw', '/readyz'), 150, 100)
  run(
    'kubectl',
    'create',
    'clusterrolebinding',
    'kube-proxy',
    '--clusterrole=system:node-proxier',
    '--user=system:kube-proxy',
  )
  const node = ['--hostname-override=node1', `--node-ip=${configs.nodeAddress}`, `--root-dir=${dir}/kubelet`]
  component('kubelet', '--config=kubelet.yaml', '--kubeconfig=kubelet.kubeconfig', ...node)
  component('kube-proxy', '--config=proxy.yaml', '--hostname-override=node1')
  component('coredns', '-conf', 'Corefile')
  await until('the node is registered', () => succeeds('kubectl', 'get', 'node', 'node1'), 60, 100)
  run('kubectl', 'wait', '--for=condition=Ready', 'node/node1', '--timeout=90s')
  apiSocket()
  process.stdout.write('READY\n')
}

main().catch((error: Error) => {
  process.stdout.write(`FAILED ${error.message}\n`)
})

// Runs inside the cluster's namespaces: sets up the network, starts the components, says READY, and ends when its
// standard input does. The first process of the PID namespace is catatonit, so when this ends, everything ends.

import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { until } from '../fixtures/until.ts'
import { components, run, succeeds } from './components.ts'
import * as configs from './configs.ts'
import { makeBridge, startContainerd, startKubelet, writeNodeFiles } from './node.ts'

const [dir = '', cgroup = '', timerSlackMs = '0'] = process.argv.slice(2)
const place: configs.Place = { dir, cgroup }
const node = configs.firstNode(place)
process.chdir(dir)
process.stdin.on('end', () => process.exit(0)).resume()

const file = (name: string, text: string) => writeFileSync(join(dir, name), text)
const programs = components(dir, join(dir, 'log'), why => process.stdout.write(`FAILED ${why}\n`))

function network(): void {
  run('mount', '--make-rprivate', '/')
  makeBridge(node)
  // The API server and kube-proxy want a default route; it leads nowhere.
  run('ip', 'route', 'add', 'default', 'via', configs.nodeAddress, 'dev', 'cni0')
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
  mkdirSync(join(dir, 'pki'))
  network()
  certificates()
  file(
    'pki/tokens.csv',
    configs.users.map(([name, user, group]) => `${name}-token,${user},${name}${group ? `,"${group}"` : ''}\n`).join(''),
  )
  for (const [name] of configs.users) file(`${name}.kubeconfig`, configs.kubeconfig(dir, name))
  writeNodeFiles(node, join(dir, 'pki'))
  // For a second node, which a scenario may start.
  file('place.json', JSON.stringify({ ...place, timerSlackMs: Number(timerSlackMs) }))
  file('Corefile', configs.corefile(place))

  const etcd = [
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
  ]
  programs.start('etcd', `--data-dir=${dir}/etcd`, ...etcd, '--unsafe-no-fsync')
  programs.start('kube-apiserver', ...configs.apiserverFlags(place))
  const keys = [
    `--service-account-private-key-file=${dir}/pki/sa.key`,
    `--root-ca-file=${dir}/pki/ca.crt`,
    '--use-service-account-credentials',
  ]
  programs.start(
    'kube-controller-manager',
    `--kubeconfig=${dir}/controllers.kubeconfig`,
    ...keys,
    '--leader-elect=false',
  )
  programs.start('kube-scheduler', `--kubeconfig=${dir}/scheduler.kubeconfig`, '--leader-elect=false')
  await startContainerd(node, programs, Number(timerSlackMs))

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
  startKubelet(node, programs)
  programs.start('coredns', '-conf', 'Corefile')
  await until('the node is registered', () => succeeds('kubectl', 'get', 'node', 'node1'), 60, 100)
  run('kubectl', 'wait', '--for=condition=Ready', 'node/node1', '--timeout=90s')
  apiSocket()
  process.stdout.write('READY\n')
}

main().catch((error: Error) => {
  process.stdout.write(`FAILED ${error.message}\n`)
})

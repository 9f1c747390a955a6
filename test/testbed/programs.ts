// Builds the programs of a Kubernetes cluster and of a chain from their Go modules (programs/*/go.mod: pinned versions,
// committed sums), into a cache by version. What is there is not built again, and two processes that want the same
// build it once.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { withLock } from './lock.ts'

export type Group = {
  readonly name: string
  readonly programs: readonly { readonly name: string; readonly from: string }[]
  readonly versionOf?: string
}

const kubernetes = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy']

export const groups: readonly Group[] = [
  {
    name: 'kubernetes',
    programs: kubernetes.map(name => ({ name, from: `k8s.io/kubernetes/cmd/${name}` })),
    versionOf: 'k8s.io/kubernetes',
  },
  // Debian 12 has one of 2021, which knows neither the overlays nor `--subresource`.
  {
    name: 'kubectl',
    programs: [{ name: 'kubectl', from: 'k8s.io/kubernetes/cmd/kubectl' }],
    versionOf: 'k8s.io/kubernetes',
  },
  { name: 'etcd', programs: [{ name: 'etcd', from: 'go.etcd.io/etcd/server/v3' }] },
  {
    name: 'containerd',
    programs: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(name => ({
      name,
      from: `github.com/containerd/containerd/v2/cmd/${name}`,
    })),
  },
  { name: 'coredns', programs: [{ name: 'coredns', from: 'github.com/coredns/coredns' }] },
  { name: 'cometbft', programs: [{ name: 'cometbft', from: 'github.com/cometbft/cometbft/cmd/cometbft' }] },
  {
    name: 'config-reloader',
    programs: [
      {
        name: 'prometheus-config-reloader',
        from: 'github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader',
      },
    ],
  },
  {
    name: 'interchain-security',
    programs: ['interchain-security-pd', 'interchain-security-cd'].map(name => ({
      name,
      from: `github.com/cosmos/interchain-security/v7/cmd/${name}`,
    })),
  },
  {
    name: 'registry',
    programs: [{ name: 'registry', from: 'github.com/distribution/distribution/v3/cmd/registry' }],
  },
  { name: 'helm', programs: [{ name: 'helm', from: 'helm.sh/helm/v4/cmd/helm' }] },
  { name: 'kwok', programs: [{ name: 'kwok', from: 'sigs.k8s.io/kwok/cmd/kwok' }] },
]

/**
 * Makes sure that every program of the groups is built; returns the folders that hold them, to put on PATH. Shows
 * progress through `say`. Throws an Error that names the program and its log where a build fails.
 */
export async function buildPrograms(names: readonly string[], say: (line: string) => void): Promise<string[]> {
  const folders: string[] = []
  for (const group of groups.filter(group => names.includes(group.name))) folders.push(await buildGroup(group, say))
  return folders
}

/** The folder in the cache that holds a group's programs, or will once they are built. */
export async function programsFolder(name: string): Promise<string> {
  const module = join(import.meta.dirname, 'programs', name)
  const sums = await Promise.all(['go.mod', 'go.sum'].map(file => readFile(join(module, file))))
  const version = createHash('sha256').update(Buffer.concat(sums)).digest('hex').slice(0, 12)
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'repeer', 'cluster', `${name}-${version}`)
}

async function buildGroup(group: Group, say: (line: string) => void): Promise<string> {
  const module = join(import.meta.dirname, 'programs', group.name)
  const bin = await programsFolder(group.name)
  await mkdir(bin, { recursive: true })
  const flags = group.versionOf ? await versionFlags(module, group.versionOf) : ''
  for (const program of group.programs) {
    const target = join(bin, program.name)
    if (await exists(target)) continue
    await withLock(`${bin}.lock`, async () => {
      if (await exists(target)) return
      say(`building ${program.name} ...`)
      const began = Date.now()
      await build(module, program.from, target, flags)
      say(`built ${program.name} in ${Math.round((Date.now() - began) / 1000)} s`)
    })
  }
  return bin
}

/**
 * Built under a name of this process's own and then renamed, so that an interrupted build leaves nothing that looks
 * finished.
 */
async function build(module: string, from: string, target: string, flags: string): Promise<void> {
  const log = `${target}.log`
  const made = `${target}.${process.pid}.new`
  const args = ['build', '-trimpath', '-ldflags', `-s -w ${flags}`, '-o', made, from]
  const code = await run('go', args, module, log)
  if (code !== 0) {
    await rm(made, { force: true })
    throw new Error(
      `building ${basename(target)} failed (go ${args.join(' ')}, exit ${code}); its log: ${log}\n${await tail(log)}`,
    )
  }
  await rename(made, target)
}

/** Kubernetes programs say their version only if the linker is told. */
async function versionFlags(module: string, name: string): Promise<string> {
  const text = await readFile(join(module, 'go.mod'), 'utf8')
  const version = new RegExp(`^\\s*${name.replaceAll('.', '\\.')} (v\\d+\\.(\\d+)\\.\\d+)`, 'm').exec(text)
  if (!version) throw new Error(`${join(module, 'go.mod')}: found no require line for ${name}`)
  const variable = 'k8s.io/component-base/version'
  return `-X ${variable}.gitVersion=${version[1]} -X ${variable}.gitMajor=1 -X ${variable}.gitMinor=${version[2]}`
}

function run(command: string, args: readonly string[], cwd: string, log: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const out = createWriteStream(log)
    const child = spawn(command, args, {
      cwd,
      // Whatever the machine has set for its own Go projects.
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOOS: '', GOARCH: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(out, { end: false })
    child.stderr.pipe(out, { end: false })
    child.once('error', error =>
      reject(
        new Error(
          `cannot run ${command}: ${error.message}. It is needed to build the cluster: install Go 1.26 or later`,
        ),
      ),
    )
    child.once('close', code => out.end(() => resolve(code)))
  })
}

async function tail(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  return lines.slice(-15).join('\n')
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

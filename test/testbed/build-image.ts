// Builds the image as manifests/image/Dockerfile says, by buildah: each of its steps really runs. Its two bases are on
// a public registry, which need not be reached: stand-ins with the same programs are made here, Debian by mmdebstrap
// from its packages, and on top of it Node of the npm package `node`.
//   node test/testbed/build-image.ts FOLDER       FOLDER/repeer.oci.tar, an archive in OCI layout
// Wants root and the Debian packages buildah and mmdebstrap.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
/** Of the Dockerfile's bases. */
const suite = 'bookworm'

/** Returns the archive's path. `dir` holds all that buildah keeps; `say` hears progress. */
export function buildImage(dir: string, say: (line: string) => void): string {
  mkdirSync(dir, { recursive: true })
  const store = ['--root', join(dir, 'storage'), '--runroot', join(dir, 'run'), '--storage-driver', 'overlay']
  const buildah = (...args: string[]) => run('buildah', [...store, ...args])
  const commit = (container: string, name: string) => {
    buildah('commit', '--quiet', '--rm', container, name)
    return name
  }

  say('making the base images ...')
  const empty = buildah('from', 'scratch')
  buildah('add', '--quiet', empty, debian(), '/')
  const debianBase = commit(empty, 'localhost/base/debian')
  const withNode = buildah('from', debianBase)
  buildah('copy', '--quiet', '--chmod', '0755', withNode, process.execPath, '/usr/local/bin/node')
  buildah('copy', '--quiet', withNode, join(run('npm', ['root', '--global']), 'npm'), '/usr/local/lib/node_modules/npm')
  buildah(
    'run',
    '--isolation',
    'chroot',
    withNode,
    'ln',
    '-s',
    '../lib/node_modules/npm/bin/npm-cli.js',
    '/usr/local/bin/npm',
  )
  const nodeBase = commit(withNode, 'localhost/base/node')

  say('building the image by its Dockerfile ...')
  buildah(
    'build',
    ...['--isolation', 'chroot', '--network', 'host', '--file', join(root, 'manifests/image/Dockerfile')],
    ...['--build-arg', `NODE_IMAGE=${nodeBase}`, '--build-arg', `DEBIAN_IMAGE=${debianBase}`],
    ...machinesOwn(),
    ...['--tag', 'localhost/repeer:built', root],
  )
  const archive = join(dir, 'repeer.oci.tar')
  rmSync(archive, { force: true })
  buildah('push', '--quiet', 'localhost/repeer:built', `oci-archive:${archive}`)
  rmSync(join(dir, 'storage'), { recursive: true })
  return archive
}

/** What this machine has set to reach registries, if anything: its certificates, and npm's settings. */
function machinesOwn(): string[] {
  const files = [
    ['/etc/ssl/certs', '/etc/ssl/certs'],
    [run('npm', ['config', 'get', 'globalconfig', '--global']), '/usr/local/etc/npmrc'],
    [join(homedir(), '.npmrc'), '/root/.npmrc'],
  ] as const
  return files.flatMap(([from, to]) => (existsSync(from) ? ['--volume', `${from}:${to}:ro`] : []))
}

/** A tar file of Debian with its package manager, from this machine's package sources; kept, as it takes minutes. */
function debian(): string {
  const kept = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'repeer', 'image')
  const file = join(kept, `debian-${suite}.tar`)
  if (existsSync(file)) return file
  mkdirSync(kept, { recursive: true })
  const made = `${file}.${process.pid}.new.tar`
  const sources = '/etc/apt/sources.list.d/debian.sources'
  run('mmdebstrap', [
    '--quiet',
    '--variant=apt',
    '--include=ca-certificates',
    suite,
    made,
    ...(existsSync(sources) ? [sources] : []),
  ])
  renameSync(made, file)
  return file
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 })
      .toString()
      .trim()
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout?: Buffer; stderr?: Buffer; message: string }
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-20).join('\n')
    throw new Error(`${program} ${args.slice(-4).join(' ')}: ${said || message}`)
  }
}

if (import.meta.main) {
  const [dir] = process.argv.slice(2)
  if (dir === undefined) throw new Error('found no folder, expected one: node test/testbed/build-image.ts FOLDER')
  console.log(buildImage(dir, line => console.error(line)))
}

// Which program the demo's nodes are: the real CometBFT where it is on PATH and can be given a hosts file of its own,
// else the built-in node.
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const nodeChoices = ['auto', 'cometbft', 'builtin'] as const

export type ChosenNode = {
  readonly kind: 'cometbft' | 'builtin'
  /** One sentence: which, and why. */
  readonly why: string
  /** Where the program is, for cometbft. */
  readonly program?: string
  /** `unshare` and its flags: a mount namespace, for cometbft. */
  readonly unshare?: readonly string[]
}

/** Throws where `cometbft` was asked for and cannot be used, with the reason. `hostsFile` is mounted for a try. */
export async function chooseNode(
  wanted: (typeof nodeChoices)[number],
  path: string,
  hostsFile: string,
): Promise<ChosenNode> {
  if (wanted === 'builtin') return { kind: 'builtin', why: 'the built-in node, as asked for' }
  const refuse = (reason: string): ChosenNode => {
    if (wanted === 'cometbft') throw new Error(`--node cometbft: ${reason}`)
    return { kind: 'builtin', why: `the built-in node with the same peer behaviour: ${reason}` }
  }
  const program = await findProgram('cometbft', path)
  if (!program) return refuse('found no cometbft on PATH')
  const version = await run(program, ['version']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  if (!version) return refuse(`${program} version failed`)
  const unshare = await mountNamespace(path, hostsFile)
  if (!unshare)
    return refuse(
      `${program} looks names up in /etc/hosts, and no mount namespace (unshare --mount) is allowed here to give it another`,
    )
  return { kind: 'cometbft', why: `the real CometBFT ${version}, found at ${program}`, program, unshare }
}

/** The first executable of that name on PATH. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(Boolean)) {
    const file = join(directory, name)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file
  }
  return undefined
}

/**
 * The flags of unshare with which a hosts file can be mounted over /etc/hosts: as root, or else in a user namespace.
 */
async function mountNamespace(path: string, hostsFile: string): Promise<readonly string[] | undefined> {
  const unshare = await findProgram('unshare', path)
  if (!unshare) return undefined
  for (const flags of [['--mount'], ['--user', '--map-root-user', '--mount']]) {
    const around = aroundWith([unshare, ...flags], hostsFile, '/dev/null')(['true'])
    const works = await run(around[0] ?? '', around.slice(1), { env: { PATH: path } }).then(
      () => true,
      () => false,
    )
    if (works) return [unshare, ...flags]
  }
  return undefined
}

/**
 * Runs a program in a mount namespace where /etc/hosts is another file and names are looked up nowhere else. The
 * process is the program: exec all the way. The hosts file has to be written in place from then on, since the mount is
 * of the file and not of its name.
 */
export function aroundWith(
  unshare: readonly string[],
  hostsFile: string,
  nsswitch: string,
): (argv: readonly string[]) => string[] {
  const script =
    'mount --bind "$1" /etc/hosts && { [ ! -e /etc/nsswitch.conf ] || mount --bind "$2" /etc/nsswitch.conf; } && shift 2 && exec "$@"'
  return argv => [...unshare, 'sh', '-c', script, 'sh', hostsFile, nsswitch, ...argv]
}

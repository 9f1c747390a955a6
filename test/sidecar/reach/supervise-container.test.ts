// The supervisor as a container's first process: PID 1 of a namespace; under busybox also as another user, on a
// read-only root that holds nothing but the shell and the node.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually, type Shell, script, shells, supervise } from '../fixtures/supervised.ts'

const canUnshare = (() => {
  try {
    execFileSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount']

/**
 * `$$` is the node; a daemon leaves its session, its parent becomes PID 1, and short-lived orphans have to be reaped.
 */
const node = `
  setsid sh -c "setsid sleep 1001 & trap '' TERM; setsid sleep 1002 & exit" &
  for i in 1 2 3 4 5; do setsid sh -c 'sleep 0.05 & exit' & done
  wait; exec sleep 1000`

for (const shell of shells(t)) {
  t.test(`${shell.name}: as PID 1`, { skip: whyNot(shell) }, async t => {
    const { path, name } = shell as { path: string; name: string }
    const image = join(t.testdir({}), 'image')
    const [start, prepare] =
      name === 'busybox' ? [inImage, (control: string) => build(image, path, control)] : [inNamespace, undefined]
    const wrapped = supervise(t, '/bin/sh', [], {
      launch: (control, dir) => start({ image, control, shell: path, dir }),
      ...(prepare ? { prepare } : {}),
    })
    t.match(await wrapped.until('running', state => state.phase === 'running'), { starts: 1 })
    const sees = (command: string) =>
      wrapped.alive().filter(line => line.trim().endsWith(` ${command}`) && /^\d+ [a-z]+ \d+$/.test(line.trim()))
        .length === 1
    const running = () => ['sleep 1000', 'sleep 1001', 'sleep 1002'].every(sees)
    await eventually('the node and its daemons', running)
    const first = Number(
      wrapped
        .alive()
        .find(line => /\/supervise /.test(line) && namespacePid(line) === 1)
        ?.split(' ')[0],
    )
    t.ok(first, 'the supervisor is PID 1')
    await eventually('orphans are reaped', () => zombiesOf(first) === 0)

    const guest = spawn('nsenter', ['--target', String(first), '--pid', 'sleep', '1009'], {
      stdio: 'ignore',
      env: { ...process.env, REPEER_TEST: wrapped.dir },
    })
    const guestEnded = new Promise(resolve => guest.once('exit', resolve))
    await eventually('what kubectl exec would start', () => sees('sleep 1009'))

    wrapped.request('restart a\n')
    await wrapped.until('a', state => state.starts === 2 && state.phase === 'running')
    await eventually('one node, no daemon of the old one', running)
    t.ok(sees('sleep 1009'), 'what was not the node’s still runs')
    t.match(wrapped.stderr(), /not gone after 1 s/, 'a daemon that ignores TERM was killed')
    if (name === 'busybox') t.equal(readFileSync(join(wrapped.control, 'id'), 'utf8'), '65534\n', 'as another user')

    wrapped.request('exit b\n')
    t.equal(await wrapped.ended, 143)
    await guestEnded
    await eventually('nothing is left', () => wrapped.alive().length === 0)
  })
}

function whyNot({ name, path }: Shell): string | false {
  if (!path) return `${name} is not installed`
  return canUnshare ? false : 'needs root for a PID namespace'
}

/**
 * An image with a shell for the node (busybox again, in another place), nothing else, and the programs where the init
 * container puts them.
 */
function build(image: string, shell: string, control: string): void {
  for (const directory of ['bin', 'proc', 'repeer/wrap', 'repeer/control', 'dev'])
    mkdirSync(join(image, directory), { recursive: true })
  copyFileSync(shell, join(image, 'repeer/wrap/sh'))
  copyFileSync(shell, join(image, 'bin/sh'))
  copyFileSync(script, join(image, 'repeer/wrap/supervise'))
  writeFileSync(join(image, 'dev/null'), '')
  chmodSync(control, 0o777)
}

type Place = { image: string; control: string; shell: string; dir: string }

function inImage({ image, control }: Place): string[] {
  const setUp = `mount --bind "${image}" "${image}" && mount -o remount,bind,ro "${image}" && mount -t proc proc "${image}/proc" &&
    mount --bind "${control}" "${image}/repeer/control" && mount --bind /dev/null "${image}/dev/null"`
  const command = `exec chroot --userspec=65534:65534 "${image}" /repeer/wrap/sh /repeer/wrap/supervise /repeer/control 1 -- sh -c "$NODE"`
  return [
    'env',
    'PATH=/bin:/usr/bin:/usr/sbin',
    `NODE=id -u >/repeer/control/id;${node}`,
    ...unshare,
    'sh',
    '-c',
    `${setUp} && ${command}`,
  ]
}

function inNamespace({ control, shell }: Place): string[] {
  return [...unshare, '--mount-proc', shell, script, control, '1', '--', 'sh', '-c', node]
}

function namespacePid(line: string): number {
  const status = readFileSync(`/proc/${Number.parseInt(line, 10)}/status`, 'utf8')
  return Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1])
}

function zombiesOf(parent: number): number {
  return readdirSync('/proc').filter(name => {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return fields[0] === 'Z' && Number(fields[1]) === parent
    } catch {
      return false
    }
  }).length
}

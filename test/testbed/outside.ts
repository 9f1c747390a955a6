// A client outside the cluster, behind one of its node's links: what comes from pods and from the node itself,
// kube-proxy treats as from within.
import { execFileSync, spawn } from 'node:child_process'
import type { Test } from 'tap'

export type Outside = {
  readonly address: string
  /** Whether a TCP connection comes about within a second. */
  connects(host: string, port: number): boolean
  /** What is said there before the connection is closed from there; undefined where that takes more than a second. */
  hears(host: string, port: number): string | undefined
}

const socket = `
  const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 1000 })
  const end = code => process.exit(code)
  socket.once('timeout', () => end(1)).once('error', () => end(1))`
const connecting = `${socket}.once('connect', () => end(0))`
const listening = `${socket}.once('end', () => end(0)).pipe(process.stdout)`

/**
 * Needs the cluster of this machine: its scenarios run as root in its network namespace. It ends with the test.
 *
 * @param second the second node, for a client behind a link of that
 */
export function outside(t: Test, second?: { readonly inNetwork: readonly string[] }): Outside {
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  const onNode = (...command: string[]) => {
    const [program = '', ...args] = [...(second?.inNetwork ?? []), ...command]
    run(program, ...args)
  }
  const network = second ? '172.30.1' : '172.30.0'
  const [nodeSide, address] = [`${network}.1`, `${network}.2`]
  const holder = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' })
  t.teardown(() => holder.kill())
  const inside = ['-t', String(holder.pid), '-n']
  // unshare becomes sleep once it has its namespace.
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    if (
      execFileSync('readlink', [`/proc/${holder.pid}/ns/net`]).toString() !==
      execFileSync('readlink', ['/proc/self/ns/net']).toString()
    )
      break
  }
  onNode('ip', 'link', 'add', 'outside0', 'type', 'veth', 'peer', 'name', 'outside1', 'netns', String(holder.pid))
  onNode('ip', 'addr', 'add', `${nodeSide}/24`, 'dev', 'outside0')
  onNode('ip', 'link', 'set', 'outside0', 'up')
  run('nsenter', ...inside, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'outside1')
  run('nsenter', ...inside, 'ip', 'link', 'set', 'outside1', 'up')
  run('nsenter', ...inside, 'ip', 'route', 'add', 'default', 'via', nodeSide)
  const ask = (script: string, host: string, port: number) => {
    try {
      return run('nsenter', ...inside, process.execPath, '-e', script, host, String(port))
    } catch {
      return undefined
    }
  }
  return {
    address,
    connects: (host, port) => ask(connecting, host, port) !== undefined,
    hears: (host, port) => ask(listening, host, port),
  }
}

// A client outside the cluster, behind one of its node's links: what comes from pods and from the node itself,
// kube-proxy treats as from within.
import { execFileSync, spawn } from 'node:child_process'
import type { Test } from 'tap'

export type Outside = {
  readonly address: string
  /** Whether a TCP connection comes about within a second. */
  connects(host: string, port: number): boolean
}

const nodeSide = '172.30.0.1'
const address = '172.30.0.2'
const script = `
  const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 1000 })
  const end = code => process.exit(code)
  socket.once('connect', () => end(0)).once('timeout', () => end(1)).once('error', () => end(1))`

/** Needs the cluster of this machine: its scenarios run as root in its network namespace. It ends with the test. */
export function outside(t: Test): Outside {
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
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
  run('ip', 'link', 'add', 'outside0', 'type', 'veth', 'peer', 'name', 'outside1', 'netns', String(holder.pid))
  run('ip', 'addr', 'add', `${nodeSide}/24`, 'dev', 'outside0')
  run('ip', 'link', 'set', 'outside0', 'up')
  run('nsenter', ...inside, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'outside1')
  run('nsenter', ...inside, 'ip', 'link', 'set', 'outside1', 'up')
  run('nsenter', ...inside, 'ip', 'route', 'add', 'default', 'via', nodeSide)
  return {
    address,
    connects: (host, port) => {
      try {
        run('nsenter', ...inside, process.execPath, '-e', script, host, String(port))
        return true
      } catch {
        return false
      }
    },
  }
}

// The `repeer` command as its user runs it: a process of its own, with the cluster's kubeconfig.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const entry = join(import.meta.dirname, '../../cli/repeer.ts')

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

export async function runRepeer(...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

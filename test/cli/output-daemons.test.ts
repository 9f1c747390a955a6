// Programs that run for long, and what becomes of their output: in order where nobody reads any more, to the last line
// where somebody does.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { end } from '../bench/processes.ts'
import { freePort } from '../fixtures/free-port.ts'
import { fullPipe } from './fixtures/full-pipe.ts'

const entry = join(import.meta.dirname, '../../cli/repeer.ts')

function start(args: readonly string[], stdout: 'pipe' | number, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [entry, ...args], {
    stdio: ['ignore', stdout, 'pipe'],
    env: { ...process.env, ...env },
  })
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

t.test(
  'the demo puts in order what it has started, whoever stops reading',
  { skip: process.platform !== 'linux' && 'Linux only', timeout: 60_000 },
  async t => {
    const temporary = t.testdir({})
    const child = start(['demo', '--json', '--node', 'builtin'], 'pipe', { TMPDIR: temporary })
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    const { stdout } = child
    stdout?.on('data', data => String(data).includes('"webhook"') && stdout.destroy())
    t.equal(await code, 141)
    t.equal(await errors, '')
    t.strictSame(readdirSync(temporary), [])
  },
)

t.test(
  'programs that run for long: the last line is there, and a log that cannot be written ends nobody',
  { timeout: 60_000 },
  async t => {
    const folder = t.testdir({})
    const { startApiServer } = await import('../../demo/api-server.ts')
    const api = await startApiServer()
    t.teardown(() => api.close())
    await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system' } })
    writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig)
    const port = await freePort()
    const args = [
      'controller',
      '--kubeconfig',
      join(folder, 'kubeconfig'),
      '--listen',
      `127.0.0.1:${port}`,
      '--identity',
      'one',
    ]
    const isUp = async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok === true
    const upWithin = async (seconds: number) => {
      for (const late = Date.now() + seconds * 1000; !(await isUp()); await delay(20))
        if (Date.now() > late) return false
      return true
    }

    const pipe = fullPipe(join(folder, 'pipe'))
    const slow = start(args, pipe.fd)
    t.teardown(() => end(slow))
    pipe.given()
    const written = pipe.readSlowly()
    t.ok(await upWithin(50))
    slow.kill('SIGTERM')
    t.equal(await codeOf(slow), 0)
    t.match(JSON.parse((await written).trim().split('\n').at(-1) ?? ''), { msg: /given the Lease back/ })
    pipe.close()

    for (const stdout of [openSync('/dev/full', 'w'), 'pipe'] as const) {
      const child = start(args, stdout)
      t.teardown(() => end(child))
      child.stdout?.destroy()
      t.ok(await upWithin(50), `${stdout}`)
      t.equal(child.exitCode, null)
      child.kill('SIGTERM')
      t.equal(await codeOf(child), 0, `${stdout}`)
    }
  },
)

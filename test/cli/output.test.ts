// What a command writes is taken before it ends: by a slow reader, by one that goes away, by a disk that is full.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import t, { type Test } from 'tap'
import type { CheckReport } from '../../cli/check-report.ts'
import type { Explained } from '../../cli/explain.ts'
import { parseManifests } from '../../cli/manifest-files.ts'
import { commands } from '../../cli/run.ts'
import { end, freePort } from '../bench/processes.ts'
import { startStandIn } from './fixtures/cluster.ts'
import { fullPipe } from './fixtures/full-pipe.ts'
import { injectedPod, pageOf } from './fixtures/pods.ts'
import { optedIn } from './fixtures/scene.ts'
import { repeer } from './program.ts'

const entry = join(import.meta.dirname, '../../cli/repeer.ts')
const chain = readFileSync(join(import.meta.dirname, 'fixtures/chain.yaml'), 'utf8')
const manifests = 150
const pods = 60

/** Manifests and a cluster of which the longest forms of output are about a megabyte. */
async function surroundings(t: Test): Promise<{ folder: string; file: string; kubeconfig: string }> {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  const peer = (n: number) => ({ peer: `node${n}:26656`, addresses: ['10.0.0.1'], standing: 'connected' as const, reachable: true })
  const peers = Array.from({ length: 100 }, (_, n) => peer(n))
  for (let n = 0; n < pods; n++) {
    cluster.putPod(injectedPod(`node-${n}`))
    cluster.pages.set(`chain/node-${n}`, { status: 200, body: pageOf({ peers, connected: 100 }) })
  }
  const folder = t.testdir({
    kubeconfig: cluster.kubeconfig,
    'chain.yaml': Array.from({ length: manifests }, (_, n) => chain.replaceAll('name: validator', `name: validator-${n}`)).join('---\n'),
  })
  return { folder, file: join(folder, 'chain.yaml'), kubeconfig: join(folder, 'kubeconfig') }
}

type Case = { readonly args: readonly string[]; readonly isWhole: (out: string) => boolean; readonly isLong?: true }

function printing({ file, kubeconfig }: { file: string; kubeconfig: string }): Case[] {
  const cluster = ['--kubeconfig', kubeconfig, '-n', 'chain']
  const same = (args: readonly string[], more = {}): Case => ({ args, isWhole: () => true, ...more })
  return [
    {
      args: ['explain', '-f', file, '-o', 'json'],
      isWhole: out => (JSON.parse(out) as Explained[]).filter(row => row.inject).length === manifests,
      isLong: true,
    },
    { args: ['explain', '-f', file], isWhole: out => out.split('\nStatefulSet ').length === manifests, isLong: true },
    {
      args: ['inject', '-f', file],
      isWhole: out => parseManifests('f', out).documents.length === parseManifests('f', chain).documents.length * manifests,
      isLong: true,
    },
    { args: ['check', ...cluster, '-o', 'json'], isWhole: out => (JSON.parse(out) as CheckReport).pods.length === pods, isLong: true },
    { args: ['check', ...cluster], isWhole: out => out.endsWith(`${pods} injected pods: ${pods} settled. Nothing to do.\n`) },
    { args: ['upgrade', ...cluster, '--image', 'x', '--dry-run'], isWhole: out => /\n60 pods would be upgraded\. .*\n$/.test(out) },
    same(['--version']),
    same(['--help']),
    ...Object.keys(commands).map(name => same([name, '--help'])),
  ]
}

function start(args: readonly string[], stdout: 'pipe' | number, more: { env?: NodeJS.ProcessEnv; stderr?: number } = {}): ChildProcess {
  return spawn(process.execPath, [entry, ...args], {
    stdio: ['ignore', stdout, more.stderr ?? 'pipe'],
    env: { ...process.env, ...more.env },
  })
}

/** `inject` tells of the pods that it skips. */
function unexpected(errors: string): string {
  return errors.replaceAll(/repeer inject: .*: skipped, .*\n/g, '')
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

t.test('a slow reader gets all of it', { timeout: 120_000 }, async t => {
  const places = await surroundings(t)
  const read = async ({ args, isWhole, isLong }: Case, n: number) => {
    const pipe = fullPipe(join(places.folder, String(n)))
    const child = start(args, pipe.fd)
    pipe.given()
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    // A program that does not wait for its reader has ended by then, and its output with it.
    await Promise.race([code, delay(isLong ? 1500 : 700)])
    const out = await pipe.readSlowly()
    pipe.close()
    const what = args.join(' ')
    t.equal(await code, 0, `${what}: exit code`)
    if (isLong) t.ok(out.length > 150_000, `${what}: ${out.length} bytes`)
    if (args.includes('--help') || args.includes('--version')) t.equal(out, (await repeer(args)).out, what)
    else t.ok(isWhole(out), `${what}: whole`)
    t.equal(unexpected(await errors), '', what)
  }
  const few = pLimit(4)
  await Promise.all(printing(places).map((one, n) => few(() => read(one, n))))
})

t.test('a reader that goes away ends it quietly, as SIGPIPE would', { timeout: 60_000 }, async t => {
  for (const { args } of printing(await surroundings(t)).filter(one => one.isLong)) {
    const child = start(args, 'pipe')
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    const { stdout } = child
    stdout?.once('data', () => stdout.destroy())
    t.equal(await code, 141, args.join(' '))
    t.equal(unexpected(await errors), '', args.join(' '))
  }
})

t.test('messages are taken, too', async t => {
  const pipe = fullPipe(join(t.testdir({}), 'pipe'))
  const child = start(['explode'], 'pipe', { stderr: pipe.fd })
  pipe.given()
  const code = codeOf(child)
  await Promise.race([code, delay(700)])
  t.match(await pipe.readSlowly(), /found the command "explode", .*See repeer --help\n$/)
  t.equal(await code, 2)
})

t.test('a full disk', { skip: !existsSync('/dev/full') && 'no /dev/full' }, async t => {
  const places = await surroundings(t)
  const full = () => openSync('/dev/full', 'w')
  for (const { args } of printing(places).filter(one => !one.args.includes('--help'))) {
    const child = start(args, full())
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    t.equal(await code, 1, args.join(' '))
    t.match(await errors, /repeer: standard output cannot be written to its end: ENOSPC: no space left on device/, args.join(' '))
  }
  t.equal(await codeOf(start(['--version'], full(), { stderr: full() })), 1, 'also where nothing can be said about it')
})

t.test('a disk with room for the half of it', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  const { folder, file } = await surroundings(t)
  const target = join(folder, 'out')
  // A bound on the size of files, in blocks of 512 bytes, does to the write that passes it what a full disk does: it is done in part.
  const script = `trap '' XFSZ; ulimit -f 500; exec "$0" "$@" > "${target}"`
  const child = spawn('sh', ['-c', script, process.execPath, entry, 'inject', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const errors = text(child.stderr)
  t.equal(await codeOf(child), 1)
  t.match(await errors, /standard output cannot be written to its end: EFBIG/)
})

t.test(
  'the demo puts in order what it has started, whoever stops reading',
  { skip: process.platform !== 'linux' && 'Linux only' },
  async t => {
    const temporary = t.testdir({})
    const child = start(['demo', '--json', '--node', 'builtin'], 'pipe', { env: { TMPDIR: temporary } })
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    const { stdout } = child
    stdout?.on('data', data => String(data).includes('"webhook"') && stdout.destroy())
    t.equal(await code, 141)
    t.equal(await errors, '')
    t.strictSame(readdirSync(temporary), [])
  },
)

t.test('programs that run for long: the last line is there, and a log that cannot be written ends nobody', async t => {
  const folder = t.testdir({})
  const { startApiServer } = await import('../../cli/demo/api-server.ts')
  const api = await startApiServer()
  t.teardown(() => api.close())
  await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system' } })
  writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig)
  const port = await freePort()
  const args = ['controller', '--kubeconfig', join(folder, 'kubeconfig'), '--listen', `127.0.0.1:${port}`, '--identity', 'one']
  const isUp = async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok === true
  const upWithin = async (seconds: number) => {
    for (const late = Date.now() + seconds * 1000; !(await isUp()); await delay(20)) if (Date.now() > late) return false
    return true
  }

  const pipe = fullPipe(join(folder, 'pipe'))
  const slow = start(args, pipe.fd)
  t.teardown(() => end(slow))
  pipe.given()
  const written = pipe.readSlowly()
  t.ok(await upWithin(20))
  slow.kill('SIGTERM')
  t.equal(await codeOf(slow), 0)
  t.match(JSON.parse((await written).trim().split('\n').at(-1) ?? ''), { msg: /given the Lease back/ })
  pipe.close()

  for (const stdout of [openSync('/dev/full', 'w'), 'pipe'] as const) {
    const child = start(args, stdout)
    t.teardown(() => end(child))
    child.stdout?.destroy()
    t.ok(await upWithin(20), `${stdout}`)
    t.equal(child.exitCode, null)
    child.kill('SIGTERM')
    t.equal(await codeOf(child), 0, `${stdout}`)
  }
})

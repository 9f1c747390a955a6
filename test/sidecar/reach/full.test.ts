// A real sidecar beside a real supervisor and a real node, with state and control directory on one disk that is full to
// the last byte: the node runs on, the page says why nothing is restarted, and when there is room again it goes on.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Page } from '../../../peers/page.ts'
import { readState } from '../../../sidecar/reach/supervisor.ts'
import { podFiles, supervise } from '../../bench/pod-files.ts'
import { end, until } from '../../bench/processes.ts'
import { freePort } from '../../fixtures/free-port.ts'
import { type SmallDisk, smallDisk, whyNoDisk } from '../fixtures/full-disk.ts'
import { listenAt } from '../fixtures/listen-at.ts'

const root = join(import.meta.dirname, '../../..')

/** Connects to the peers of its list as it finds it at its start, writes down each start, and takes a second to stop. */
const node = `
const { connect, createServer } = require('node:net'), fs = require('node:fs')
const [list, starts, port] = process.argv.slice(1)
const peers = fs.readFileSync(list, 'utf8').trim().split('\\n')
fs.appendFileSync(starts, peers.length + '\\n')
createServer().listen(Number(port), '127.0.0.1')
for (const peer of peers) { const [host, port] = peer.split(':'); connect(port, host).on('error', () => {}) }
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 1000))
`

/** Below the ports that outgoing connections take; each pod of this file has its own. */
let nextPort = 29_760

async function pod(t: Test, { dir }: SmallDisk) {
  const p2pPort = nextPort++
  const files = podFiles({ settleSeconds: 0, minIntervalSeconds: 0 }, { p2pPort })
  t.teardown(() => files.remove())
  const [state, control, list, starts] = [
    join(dir, 'state'),
    join(dir, 'control'),
    join(files.input, 'sources/configmap/peers/list'),
    join(files.root, 'starts'),
  ]
  for (const folder of [state, join(control, 'env')]) mkdirSync(folder, { recursive: true })
  const peers = await Promise.all([61, 62, 63].map(n => listenAt(t, `127.0.0.${n}`)))
  files.writeList(peers.slice(0, 2).join('\n'))
  const command = [process.execPath, '-e', node, list, starts, String(p2pPort)]
  const supervisor = spawn('sh', [supervise, control, '5', '--', ...command], { stdio: 'ignore' })
  t.teardown(() => end(supervisor))
  const pagePort = await freePort()
  let sidecar: ChildProcess | undefined
  t.teardown(async () => sidecar && (await end(sidecar)))
  const places = ['--input', files.input, '--state', state, '--control', control, '--listen', `127.0.0.1:${pagePort}`]
  const quick = ['--self-turn-seconds', '0', '--verify-seconds', '20', '--look-seconds', '1', '--unsaved-seconds', '3']
  const revive = () => {
    const args = [join(root, 'cli/repeer.ts'), 'sidecar', ...places, ...quick, '--log-level', 'silent']
    sidecar = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  revive()
  const ask = (path: string) => fetch(`http://127.0.0.1:${pagePort}${path}`).catch(() => undefined)
  const shows = (what: string, good: (page: Page) => boolean) =>
    until(
      what,
      async () => {
        const response = await ask('/status')
        const page = response?.ok ? ((await response.json()) as Page) : undefined
        return page && good(page) ? page : undefined
      },
      40,
      20,
    )
  return {
    supervisor,
    shows,
    settledWith: (count: number) =>
      shows(`settled with ${count}`, page => page.phase === 'settled' && page.connected === count),
    health: async () => (await ask('/healthz'))?.status,
    addThird: () => files.writeList(peers.join('\n')),
    supervised: async () => {
      const found = await readState(control)
      return 'state' in found ? found.state : undefined
    },
    starts: () => readFileSync(starts, 'utf8').trim().split('\n').map(Number),
    isAsked: () => /"intent":\{/.test(readFileSync(join(state, 'memory.json'), 'utf8')),
    async replace() {
      const gone = once(sidecar as ChildProcess, 'exit')
      sidecar?.kill('SIGKILL')
      await gone
      revive()
    },
  }
}

t.setTimeout(110_000)

const reason = whyNoDisk()
if (reason !== undefined) t.test('a full disk', { skip: reason }, async () => {})
else {
  t.test('full before a list changes: it is said, and one restart when there is room', async t => {
    const disk = await smallDisk(t, 64)
    const its = await pod(t, disk)
    await its.settledWith(2)
    const before = await its.supervised()
    disk.fill()
    its.addThird()
    const page = await its.shows('said', ({ reason }) => reason === 'state-unwritable')
    t.match(page, { phase: 'waiting', connected: 2, detail: /ENOSPC/ })
    t.equal(await its.health(), 200, 'not at once')
    await until('unwell', async () => ((await its.health()) === 503 ? true : undefined), 20, 50)
    await its.replace()
    await its.shows('said by the next one, too', ({ reason }) => reason === 'state-unwritable')
    t.strictSame(its.starts(), [2], 'the node runs on')
    t.strictSame(await its.supervised(), before)
    disk.free()
    t.match(await its.settledWith(3), { restarts: [{ outcome: 'verified' }] })
    t.strictSame(its.starts(), [2, 3])
    t.equal(await its.health(), 200)
  })

  for (const dies of [false, true]) {
    const also = dies ? ', and the sidecar killed' : ''
    t.test(`full while the node stops${also}: one restart, and it is known when there is room`, async t => {
      const disk = await smallDisk(t, 64)
      const its = await pod(t, disk)
      await its.settledWith(2)
      its.addThird()
      await until('stopping', async () => ((await its.supervised())?.phase === 'stopping' ? true : undefined), 20, 2)
      disk.fill()
      t.ok(its.isAsked())
      await until('the next process', () => (its.starts().length === 2 ? true : undefined), 20)
      if (dies) await its.replace()
      // Longer than a request may take to be taken.
      await sleep(6000)
      // The last that could be written; or the present one, as a request that is thrown away makes room for it.
      t.match((await its.supervised())?.phase, /^(stopping|running)$/)
      t.strictSame(its.starts(), [2, 3])
      t.equal(its.supervisor.exitCode, null)
      disk.free()
      t.match(await its.settledWith(3), { restarts: [{ outcome: 'verified' }] })
      await sleep(1500)
      t.strictSame(its.starts(), [2, 3], 'never another')
    })
  }
}

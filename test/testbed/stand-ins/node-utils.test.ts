// The stand-in does what was read in node-utils' source, and seen of it: these rows are what scenario 40 rests on.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, copyFileSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { until } from '../../fixtures/until.ts'
import { startStandIn } from './processes.ts'

/** Longer than the 15 bytes of a name that the kernel keeps. */
const program = 'stand-in-of-a-chain-d'

type Upgrade = { readonly height: number; readonly status: string; readonly source: string }

async function start(t: Test, { fifo = true, upgrades = [] as readonly Upgrade[], env = {} } = {}) {
  const dir = t.testdir({ 'upgrades.json': JSON.stringify({ upgrades }) })
  const rpc = { height: 5, syncing: false }
  const server = createServer((_, response) =>
    response.end(
      JSON.stringify({ result: { sync_info: { latest_block_height: String(rpc.height), catching_up: rpc.syncing } } }),
    ),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const port = await freePort()
  const trace = join(dir, 'trace.fifo')
  const own = {
    PORT: String(port),
    NODE_BINARY_NAME: program,
    LOOK_MS: '20',
    NODE_RPC: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    UPGRADES_CONFIG: join(dir, 'upgrades.json'),
    ...(fifo ? { CREATE_FIFO: 'true', TRACE_STORE: trace } : {}),
    ...env,
  }
  const again = () => startStandIn(t, 'node-utils.sh', { env: own })
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { code: response.status, text: await response.text() }
  }
  const answers = () =>
    until('an answer', () =>
      get('/must_upgrade').then(
        () => true,
        () => false,
      ),
    )
  const standIn = again()
  await answers()
  return { standIn, again, answers, get, dir, trace, rpc, server }
}

/** A process with the node's name, which does nothing. */
async function startNode(t: Test, dir: string) {
  const file = join(dir, program)
  copyFileSync('/bin/sleep', file)
  const child = spawn(file, ['60'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  return child
}

/** Whether the pipe has a reader: a writer that would not wait says so. */
function hasReader(trace: string): boolean {
  try {
    openSync(trace, constants.O_WRONLY | constants.O_NONBLOCK)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false
    throw error
  }
}

const line = (height: number) =>
  `{"operation":"write","key":"a","value":"b","metadata":{"blockHeight":${height},"store_name":"bank"}}\n`

t.test(
  'it reads the trace until the writer closes it; then the pipe has no reader until another stand-in comes',
  async t => {
    const { standIn, again, answers, get, trace } = await start(t)
    const writer = spawn('sh', ['-c', `exec 3>"${trace}"; cat >&3`], { stdio: ['pipe', 'ignore', 'inherit'] })
    t.teardown(() => writer.kill('SIGKILL'))
    writer.stdin.write(line(7).slice(0, 50))
    writer.stdin.write(line(7).slice(50) + line(8))
    await until('height 8', async () => (await get('/latest_height')).text === '8')
    writer.stdin.end()
    await until('the reader has ended', () => standIn.said().includes('illegal seek'))
    t.notOk(hasReader(trace), 'whoever opens it for writing waits now')
    t.same(await get('/must_upgrade'), { code: 200, text: 'false' }, 'though it answers as before')

    standIn.child.kill('SIGTERM')
    t.match(await standIn.ended, { code: 0, signal: null })
    again()
    await answers()
    t.ok(hasReader(trace))
  },
)

t.test('it waits for a first writer as long as it takes', async t => {
  const { standIn, get, trace } = await start(t)
  await get('/latest_height')
  const fd = openSync(trace, constants.O_WRONLY)
  t.notOk(standIn.said().includes('illegal seek'))
  writeSync(fd, line(3))
  await until('height 3', async () => (await get('/latest_height')).text === '3')
})

t.test('it remembers the PID that it has found once', async t => {
  const { get, dir } = await start(t)
  t.match(await get('/stats'), { code: 500, text: /process stand-in-of-a-chain-d not found/ })
  const first = await startNode(t, dir)
  t.match(JSON.parse((await get('/stats')).text), { pid: first.pid })
  first.kill('SIGKILL')
  await once(first, 'exit')
  await startNode(t, dir)
  t.match(await get('/stats'), { code: 500, text: /ENOENT/ }, 'the new process is not looked for')
})

t.test('SIGTERM: it stops the node that it knows, and exits with 0', async t => {
  const { standIn, dir } = await start(t, { fifo: false })
  const node = await startNode(t, dir)
  const ended = once(node, 'exit')
  standIn.child.kill('SIGTERM')
  t.match(await standIn.ended, { code: 0 })
  t.match(await ended, [null, 'SIGTERM'])
})

t.test('an upgrade that is due: 426, and SIGTERM is ignored', async t => {
  for (const { source, isStopped } of [
    { source: 'on-chain', isStopped: false },
    { source: 'manual', isStopped: true },
  ]) {
    await t.test(source, async t => {
      const { standIn, get, dir, rpc } = await start(t, { fifo: false })
      const node = await startNode(t, dir)
      const upgrade = (status: string) =>
        writeFileSync(join(dir, 'upgrades.json'), JSON.stringify({ upgrades: [{ height: 9, status, source }] }))
      upgrade('completed')
      rpc.height = 9
      await until('height 9', async () => (await get('/latest_height')).text === '9')
      t.match(await get('/must_upgrade'), { code: 200 }, 'one that is done is none')
      upgrade('scheduled')
      rpc.height = 10
      await until('it is due', async () => (await get('/must_upgrade')).code === 426)
      standIn.child.kill('SIGTERM')
      await until('it says so', () => standIn.said().includes('ignoring stop call'))
      t.match(await get('/must_upgrade'), { code: 426, text: 'true' })
      if (isStopped) await until('the node is stopped', () => node.signalCode === 'SIGTERM')
      else t.equal(node.signalCode, null, 'the node is left to stop itself')
    })
  }
})

t.test('a halt height that is reached: SIGTERM is ignored, and no upgrade is told of', async t => {
  const { standIn, get } = await start(t, { fifo: false, env: { HALT_HEIGHT: '5' } })
  await until('height 5', async () => (await get('/latest_height')).text === '5')
  standIn.child.kill('SIGTERM')
  await until('it says so', () => standIn.said().includes('ignoring stop call'))
  t.match(await get('/must_upgrade'), { code: 200 })
})

t.test('ready and healthy, as the node says', async t => {
  const { get, rpc, server } = await start(t, { fifo: false })
  t.match(await get('/ready'), { code: 200 })
  t.match(await get('/health'), { code: 200 })
  rpc.syncing = true
  t.match(await get('/ready'), { code: 417 })
  t.match(await get('/health'), { code: 200 })
  server.close()
  server.closeAllConnections()
  t.match(await get('/ready'), { code: 500 })
  t.match(await get('/health'), { code: 500 })
})

t.test('without its file of upgrades it does not start', async t => {
  const dir = t.testdir({})
  const { said, ended } = startStandIn(t, 'node-utils.sh', {
    env: { UPGRADES_CONFIG: join(dir, 'no.json'), PORT: String(await freePort()) },
  })
  t.match(await ended, { code: 1 })
  t.match(said(), /ENOENT.*no\.json/)
})

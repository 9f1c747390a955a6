import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  listening,
  momentOf,
  parseState,
  readState,
  sendRequest,
  writeExports,
} from '../../../sidecar/reach/supervisor.ts'

const running = 'supervisor 12.34\nphase running\npid 7\nstarts 2\nstarted 56.78\nrequest r-1\ngiven s1:abc\ncode 143\n'

t.test('a state, whole and smallest', async t => {
  const expected = {
    supervisor: '12.34',
    phase: 'running',
    pid: 7,
    starts: 2,
    started: 56.78,
    request: 'r-1',
    snapshotToken: 's1:abc',
    code: 143,
  }
  t.strictSame(parseState(running), expected)
  t.strictSame(parseState(`${running}newer key\n`), expected, 'a key of a newer supervisor')
  t.strictSame(parseState(`${running}programs interchain-security-cd:ls:57 sleep::3\n`), {
    ...expected,
    programs: [
      { name: 'interchain-security-cd', listens: true, starts: true, ageSeconds: 57 },
      { name: 'sleep', listens: false, starts: false, ageSeconds: 3 },
    ],
  })
  t.strictSame(parseState('supervisor 1.00\nphase held\nstarts 0\n'), { supervisor: '1.00', phase: 'held', starts: 0 })
})

t.test('a state that is none says what was found and what was expected', async t => {
  const bad: [string, RegExp][] = [
    ['', /no line "supervisor"/],
    [running.replace('phase running', 'phase dancing'), /phase is "dancing"; expected .*running\|stopping/],
    [running.replace('pid 7', 'pid -1'), /pid is "-1"/],
    [running.replace('pid 7', 'pid 7 8'), /pid/],
    [running.replace('starts 2', 'starts 2e9'), /starts/],
    [running.replace('12.34', '$(reboot)'), /supervisor/],
    [running.replace('r-1', `r${'x'.repeat(64)}`), /request/],
    [running.replace('s1:abc', 'a b'), /given/],
    [running.replace('code 143', 'code 9999'), /code/],
    [`${running}programs $(reboot):ls:1\n`, /programs/],
    [`${running}programs ${'gaiad:s:1 '.repeat(8)}gaiad:s:1\n`, /programs/],
    ['__proto__ x\nconstructor y\n', /supervisor/],
  ]
  for (const [text, expected] of bad) t.match(parseState(text), expected, JSON.stringify(text.slice(0, 40)))
})

t.test('a state file that the node’s container made hostile', async t => {
  const directory = t.testdir({
    huge: { state: running + 'x'.repeat(5000) },
    folder: { state: {} },
    fifo: {},
    link: {},
    secret: running,
    fine: { state: running },
  })
  execFileSync('mkfifo', [join(directory, 'fifo', 'state')])
  symlinkSync(join(directory, 'secret'), join(directory, 'link', 'state'))
  for (const [name, expected] of [
    ['huge', /longer than/],
    ['folder', /not a regular file/],
    ['fifo', /not a regular file/],
    ['link', /ELOOP/],
    ['missing', /ENOENT/],
  ] as const) {
    t.match(await readState(join(directory, name)), { absent: expected }, name)
  }
  t.match(await readState(join(directory, 'fine')), { state: { pid: 7 } })
})

t.test('requests', async t => {
  const directory = t.testdir({ plain: { requests: '' }, link: {}, fifo: {} })
  const fifo = join(directory, 'fifo')
  t.match(await sendRequest(directory, { verb: 'restart', id: 'a' }), { absent: /ENOENT/ })
  t.match(await sendRequest(join(directory, 'plain'), { verb: 'restart', id: 'a' }), { absent: /not a FIFO/ })
  execFileSync('mkfifo', [join(fifo, 'requests')])
  symlinkSync(join(fifo, 'requests'), join(directory, 'link', 'requests'))
  t.match(await sendRequest(fifo, { verb: 'restart', id: 'a' }), { absent: /no supervisor reads/ })
  t.match(await listening(fifo), { absent: /no supervisor reads/ })

  const reader = await open(join(fifo, 'requests'), 'r+')
  t.match(await sendRequest(join(directory, 'link'), { verb: 'restart', id: 'a' }), { absent: /ELOOP/ })
  t.strictSame(await listening(fifo), { listening: true })
  t.strictSame(await sendRequest(fifo, { verb: 'restart', id: 'a' }), { sent: true })
  t.strictSame(await sendRequest(fifo, { verb: 'park', id: 'b', seconds: 60 }), { sent: true })
  t.strictSame(await sendRequest(fifo, { verb: 'exit', id: 'c' }), { sent: true })
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(200), 0, 200)
  t.equal(buffer.toString('utf8', 0, bytesRead), 'restart a\nhold b 60\nexit c\n')
  for (const id of ['', 'a b', 'a\nexit', '../x', 'x'.repeat(65)])
    await t.rejects(sendRequest(fifo, { verb: 'restart', id }), /expected an ID/)
  for (const seconds of [0, -1, 1.5, 100_000, Number.NaN])
    await t.rejects(sendRequest(fifo, { verb: 'park', id: 'a', seconds }), /whole seconds/)

  for (let full = false; !full; ) full = 'absent' in (await sendRequest(fifo, { verb: 'restart', id: 'x'.repeat(64) }))
  t.match(await sendRequest(fifo, { verb: 'restart', id: 'a' }), { absent: /does not empty/ })
  await reader.close()
})

t.test('exports', async t => {
  const directory = t.testdir({})
  const outside = t.testdirName.concat('-outside')
  mkdirSync(outside, { recursive: true })
  const exported = () =>
    Object.fromEntries(
      readdirSync(join(directory, 'env')).map(name => [name, readFileSync(join(directory, 'env', name), 'utf8')]),
    )
  const old = process.umask(0o077)
  await writeExports(directory, { A: 'x\ny\n\n', 'CMT_P2P.odd-name': '' }, 's1:one')
  process.umask(old)
  t.strictSame(exported(), { A: 'x\ny\n\n', 'CMT_P2P.odd-name': '' })
  t.equal(readFileSync(join(directory, 'env.snapshot'), 'utf8'), 's1:one\n')
  t.equal(lstatSync(join(directory, 'env')).mode & 0o777, 0o755)
  for (const file of ['env/A', 'env.snapshot'])
    t.equal(lstatSync(join(directory, file)).mode & 0o777, 0o644, 'the node’s user can read it, whatever the umask')

  await writeExports(directory, { B: 'ü' }, 's1:two')
  t.strictSame(exported(), { B: 'ü' }, 'what is no longer exported is gone')

  execFileSync('rm', ['-r', join(directory, 'env')])
  symlinkSync(outside, join(directory, 'env'))
  await writeExports(directory, { C: '1' }, 's1:three')
  t.strictSame(exported(), { C: '1' })
  t.strictSame(readdirSync(outside), [], 'a link that the node put there is not followed')
  symlinkSync(join(outside, 'x'), join(directory, 'env', '.D.new'))
  await writeExports(directory, { D: '1' }, 's1:four')
  t.strictSame(readdirSync(outside), [])

  for (const name of ['', 'A B', '1A', '../x', '.x', 'A=B', 'x'.repeat(300)])
    await t.rejects(writeExports(directory, { [name]: '1' }, 't'), /name|exported/, name)
  for (const value of ['\0', 'a\x01']) await t.rejects(writeExports(directory, { A: value }, 't'), /byte 0 or 1/)
  for (const token of ['', 'a b', 'a\n']) await t.rejects(writeExports(directory, {}, token), /token/)
  t.equal(readFileSync(join(directory, 'env.snapshot'), 'utf8'), 's1:four\n', 'nothing was changed by a refusal')
})

t.test('uptime', async t => {
  const directory = t.testdir({ uptime: '1000.50 4000.00\n', bad: { uptime: '\n' } })
  t.equal(await momentOf(1000, directory, 5_000_000), 5_000_000 - 500)
  await t.rejects(momentOf(1, join(directory, 'bad'), 0), /expected two numbers/)
  const now = Date.now()
  const real = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  t.ok(Math.abs((await momentOf(real, '/proc', now)) - now) < 200)
  writeFileSync(join(directory, 'uptime'), '1.00 1.00')
})

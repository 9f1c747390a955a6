// Output that cannot be written, and messages that have to wait: told of, and never lost without a word.
import { spawn } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { fullPipe } from './fixtures/full-pipe.ts'
import { codeOf, entry, printing, start, surroundings } from './fixtures/printing.ts'

t.test('messages are taken, too', async t => {
  const pipe = fullPipe(join(t.testdir({}), 'pipe'))
  const child = start(['explode'], 'pipe', { stderr: pipe.fd })
  pipe.given()
  const code = codeOf(child)
  await Promise.race([code, delay(700)])
  t.match(await pipe.readSlowly(), /found the command "explode", .*See repeer --help\n$/)
  t.equal(await code, 2)
})

t.test('a full disk', { skip: !existsSync('/dev/full') && 'no /dev/full', timeout: 60_000 }, async t => {
  const places = await surroundings(t)
  const full = () => openSync('/dev/full', 'w')
  for (const { args } of printing(places).filter(call => call.isLong || call.args.includes('--version'))) {
    const child = start(args, full())
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    t.equal(await code, 1, args.join(' '))
    t.match(
      await errors,
      /repeer: standard output cannot be written to its end: ENOSPC: no space left on device/,
      args.join(' '),
    )
  }
  t.equal(await codeOf(start(['--version'], full(), { stderr: full() })), 1, 'also where nothing can be said about it')
})

t.test('a disk with room for the half of it', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  const { folder, file } = await surroundings(t)
  const target = join(folder, 'out')
  // A bound on the size of files, in blocks of 512 bytes, does to the write that passes it what a full disk does: it is
  // done in part.
  const script = `trap '' XFSZ; ulimit -f 500; exec "$0" "$@" > "${target}"`
  const child = spawn('sh', ['-c', script, process.execPath, entry, 'inject', '-f', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const errors = text(child.stderr)
  t.equal(await codeOf(child), 1)
  t.match(await errors, /standard output cannot be written to its end: EFBIG/)
})

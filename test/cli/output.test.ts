// What a command writes is taken before it ends: by a slow reader, and by one that goes away.
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import t from 'tap'
import { fullPipe } from './fixtures/full-pipe.ts'
import { type Case, codeOf, printing, start, surroundings, unexpected } from './fixtures/printing.ts'
import { repeer } from './program.ts'

t.test('a slow reader gets all of it', { timeout: 110_000 }, async t => {
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
  await Promise.all(printing(places).map((call, n) => few(() => read(call, n))))
})

t.test('a reader that goes away ends it quietly, as SIGPIPE would', { timeout: 60_000 }, async t => {
  for (const { args } of printing(await surroundings(t)).filter(call => call.isLong)) {
    const child = start(args, 'pipe')
    const [code, errors] = [codeOf(child), text(child.stderr as NonNullable<typeof child.stderr>)]
    const { stdout } = child
    stdout?.once('data', () => stdout.destroy())
    t.equal(await code, 141, args.join(' '))
    t.equal(unexpected(await errors), '', args.join(' '))
  }
})

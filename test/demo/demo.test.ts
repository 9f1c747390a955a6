// `repeer demo`, whole: the real webhook, the real sidecars, the built-in node. The real CometBFT is for `npm run demo`
// where it is on PATH.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const entry = join(import.meta.dirname, '../../cli/repeer.ts')
type Line = {
  event: string
  scene: number | null
  seconds: number
  text?: string
  node?: string
  restarted?: string[]
  ok?: boolean
  scenes?: { restarts: number }[]
}

t.test('five scenes, each as told', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  const temporary = t.testdir({})
  const { code, out, err } = await new Promise<{ code: number; out: string; err: string }>(resolve => {
    const env = { ...process.env, TMPDIR: temporary }
    execFile(
      process.execPath,
      [entry, 'demo', '--json', '--node', 'builtin'],
      { env, maxBuffer: 1e8 },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
  t.equal(code, 0, lines.find(line => line.event === 'failed')?.text ?? 'exit code')
  t.equal(err, '')
  const results = lines.filter(line => line.event === 'result')
  t.strictSame(
    results.map(line => [line.scene, line.restarted]),
    [
      [1, ['node0']],
      [2, ['node0']],
      [3, ['node1']],
      [4, []],
      [5, []],
    ],
  )
  t.match(lines.at(-1), {
    event: 'summary',
    ok: true,
    scenes: [{ restarts: 1 }, { restarts: 1 }, { restarts: 1 }, { restarts: 0 }, { restarts: 0 }],
  })
  t.match(
    lines.find(line => line.text?.startsWith('node3: list-malformed'))?.text,
    /persistent_peers entry 1: expected NODEID@HOST:PORT/,
  )
  t.strictSame(readdirSync(temporary), [], 'its directory is gone')
  const left = readdirSync('/proc').filter(
    pid => /^\d+$/.test(pid) && pid !== String(process.pid) && mentions(pid, temporary),
  )
  t.strictSame(left, [], 'and so are its processes')
})

/** Every process of the demo has its directory in its environment or arguments. */
function mentions(pid: string, text: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text) ||
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    )
  } catch {
    return false
  }
}

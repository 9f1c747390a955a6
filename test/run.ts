// `npm test [-- FILE...]`: runs the test files, each in a process of its own, some at a time, and adds up what they assert.
//
// The files are tap's, and each can be run by itself (`node test/peers/peer.test.ts`). tap's own runner loads its hooks for coverage into each process,
// with coverage off, too: 0.8 s of processor time a file in place of 0.25 s (seen), which is a minute of two for as many files as here are.
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
/** One more than the cores of a small machine: many tests wait for processes. */
const jobs = 3
/** The slowest file takes a tenth of it, in ms. */
const longestMs = 120_000
/** These start many processes or count their time: first, so that none is left to run by itself at the end. */
const first = /histories|supervise|killed|loop|demo/

type Result = { readonly file: string; readonly pass: number; readonly fail: number; readonly report: string; readonly seconds: number }

function filesOf(wanted: readonly string[]): string[] {
  if (wanted.length === 0) {
    const all = globSync('test/**/*.test.ts', { cwd: root }).sort()
    return [...all.filter(file => first.test(file)), ...all.filter(file => !first.test(file))]
  }
  const missing = wanted.filter(file => !existsSync(join(root, file)))
  if (missing.length > 0) throw new Error(`found no ${missing.join(', ')}; expected test files, as paths from the project's folder`)
  return [...wanted]
}

/** Runs one file to its end, or to the longest time, after which it and what it started is killed. */
async function run(file: string): Promise<Result> {
  const began = Date.now()
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
    // tap's own time-out, in s: it names what was still open.
    TAP_TIMEOUT: String(longestMs / 1000 - 10),
  }
  const child = spawn(process.execPath, [file], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', chunk => (texts.out += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (texts.err += chunk))
  let late = false
  const timer = setTimeout(() => {
    late = true
    killGroup(child.pid)
    // A process that left the group may hold the other end.
    for (const stream of [child.stdout, child.stderr]) stream.destroy()
  }, longestMs)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  clearTimeout(timer)
  const { out, err } = texts
  const [pass, fail] = [count(out, 'pass'), count(out, 'fail')]
  // A file that ends badly without a failed assertion (a crash, a time-out), or that asserts nothing, has failed, too.
  const isBad = code !== 0 || pass + fail === 0
  const why = late
    ? `not ended after ${longestMs / 1000} s, killed\n`
    : isBad
      ? `ended with exit code ${code}, ${pass} assertions passed\n`
      : ''
  return {
    file,
    pass,
    fail: fail || Number(isBad),
    report: `${why}${failures(out)}${isBad ? err : ''}`,
    seconds: (Date.now() - began) / 1000,
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // None of it is left.
  }
}

/** The count of that name in the totals that close a file's report: # { total: 8, pass: 7, fail: 1 } */
function count(out: string, name: 'pass' | 'fail'): number {
  const totals = out.split('\n').findLast(line => line.startsWith('# { total:')) ?? ''
  return Number(new RegExp(`\\b${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
}

/** The failed assertions of a report, each with what tap tells of it. */
function failures(out: string): string {
  const lines = out.split('\n')
  const starts = lines.flatMap((line, index) => (/^ *not ok /.test(line) && !/ # (SKIP|TODO)/i.test(line) ? [index] : []))
  return starts.map(start => `${lines.slice(start, start + 30).join('\n')}\n`).join('')
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const queue = filesOf(positionals)
  const results: Result[] = []
  const began = Date.now()
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await run(file)
      results.push(result)
      const { pass, fail, report, seconds } = result
      console.log(`${fail === 0 ? 'ok' : 'not ok'} ${results.length} - ${file} # ${pass} passed, ${fail} failed, ${seconds.toFixed(1)} s`)
      if (fail > 0) console.log(report.replace(/^/gm, '    '))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const [pass, fail] = (['pass', 'fail'] as const).map(name => results.reduce((sum, result) => sum + result[name], 0)) as [number, number]
  const failed = results.filter(result => result.fail > 0).map(result => result.file)
  if (failed.length > 0) console.log(`# failed: ${failed.join(' ')}`)
  console.log(
    `# { total: ${pass + fail}, pass: ${pass}, fail: ${fail} } in ${results.length} files, ${Math.round((Date.now() - began) / 1000)} s`,
  )
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main()

// `npm test [-- FILE...]`: runs the test files, each in a process of its own, some at a time, and adds up what they
// assert.
//
// The files are tap's, and each can be run by itself (`node test/peers/peer.test.ts`). tap's own runner loads its hooks
// for coverage into each process, with coverage off, too: 0.8 s of processor time a file in place of 0.25 s (seen),
// which is a minute of two for as many files as here are. Files that only ask values of functions share a process, some
// of them each; where one fails, each is run by itself, so that the report says which.
import { spawn } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
/** One more than the cores of a small machine: many tests wait for processes. */
const jobs = 3
/** The slowest file takes a tenth of it, in ms. */
const longestMs = 120_000
/** These start many processes or count their time: first, so that none is left to run by itself at the end. */
const first = /histories|supervise|killed|full|hostile|rollout\/dns|loop|demo/

/** Files that share a process: more save little, and keep others waiting at the end. */
const together = 12

type Result = {
  readonly files: readonly string[]
  readonly pass: number
  readonly fail: number
  readonly report: string
  readonly seconds: number
}

function filesOf(wanted: readonly string[]): string[] {
  if (wanted.length === 0) {
    const all = globSync('test/**/*.test.ts', { cwd: root }).sort()
    return [...all.filter(file => first.test(file)), ...all.filter(file => !first.test(file))]
  }
  const missing = wanted.filter(file => !existsSync(join(root, file)))
  if (missing.length > 0)
    throw new Error(`found no ${missing.join(', ')}; expected test files, as paths from the project's folder`)
  return [...wanted]
}

/** What of Node a test may import and still have nothing that outlives it or that another would notice. */
const harmless = /^node:(assert|buffer|crypto|events|fs|path|url|util)$/

/**
 * Whether a test, with what it imports of the tests, starts nothing, listens to nothing, writes nothing and waits for
 * nothing.
 */
function asksValues(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return true
  seen.add(file)
  const text = readFileSync(join(root, file), 'utf8')
  if (
    /\btestdir\b|\bprocess\.(env|on|kill|exit)|\bsetTimeout\b|\bwriteFile|\bmkdir|\bt\.(jobs|setTimeout)\b|\bbail\b/.test(
      text,
    )
  )
    return false
  return [...text.matchAll(/\bfrom '([^']+)'/g)].every(([, name = '']) => {
    if (name.startsWith('node:')) return harmless.test(name)
    const path = name.startsWith('.') ? join(dirname(file), name) : ''
    return path.startsWith('test/') ? asksValues(path, seen) : true
  })
}

/** The files in the groups that share a process; the order stays, so that what is slow comes first. */
function groupsOf(files: readonly string[]): string[][] {
  const groups: string[][] = []
  let open: string[] | undefined
  for (const file of files) {
    if (!asksValues(file)) groups.push([file])
    else if (open && open.length < together) open.push(file)
    else {
      open = [file]
      groups.push(open)
    }
  }
  return groups
}

/** Runs files in one process to their end, or to the longest time, after which it and what it started is killed. */
async function run(files: readonly string[]): Promise<Result> {
  const began = Date.now()
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
    // tap's own time-out, in s: it names what was still open.
    TAP_TIMEOUT: String(longestMs / 1000 - 10),
  }
  const each = [
    '--input-type=module',
    '-e',
    'for (const file of process.argv.slice(1)) await import(file)',
    ...files.map(file => join(root, file)),
  ]
  const child = spawn(process.execPath, files.length === 1 ? [...files] : each, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
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
  // A file that ends badly without a failed assertion (a crash, a time-out), or that asserts nothing and does not say
  // that it skips it, has failed, too.
  const isBad = code !== 0 || pass + fail + count(out, 'skip') === 0
  const why = late
    ? `not ended after ${longestMs / 1000} s, killed\n`
    : isBad
      ? `ended with exit code ${code}, ${pass} assertions passed\n`
      : ''
  return {
    files,
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
function count(out: string, name: 'pass' | 'fail' | 'skip'): number {
  const totals = out.split('\n').findLast(line => line.startsWith('# { total:')) ?? ''
  return Number(new RegExp(`\\b${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
}

/** The failed assertions of a report, each with what tap tells of it. */
function failures(out: string): string {
  const lines = out.split('\n')
  const starts = lines.flatMap((line, index) =>
    /^ *not ok /.test(line) && !/ # (SKIP|TODO)/i.test(line) ? [index] : [],
  )
  return starts.map(start => `${lines.slice(start, start + 30).join('\n')}\n`).join('')
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const queue = groupsOf(filesOf(positionals))
  const results: Result[] = []
  const began = Date.now()
  const work = async () => {
    for (let files = queue.shift(); files !== undefined; files = queue.shift()) {
      const result = await run(files)
      if (result.fail > 0 && files.length > 1) {
        console.log(`# failed together, now each by itself: ${files.join(' ')}`)
        queue.unshift(...files.map(file => [file]))
        continue
      }
      results.push(result)
      const { pass, fail, report, seconds } = result
      const what = `${pass} passed, ${fail} failed, ${seconds.toFixed(1)} s`
      console.log(`${fail === 0 ? 'ok' : 'not ok'} ${results.length} - ${files.join(' ')} # ${what}`)
      if (fail > 0) console.log(report.replace(/^/gm, '    '))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const [pass, fail] = (['pass', 'fail'] as const).map(name =>
    results.reduce((sum, result) => sum + result[name], 0),
  ) as [number, number]
  const failed = results.filter(result => result.fail > 0).flatMap(result => result.files)
  if (failed.length > 0) console.log(`# failed: ${failed.join(' ')}`)
  console.log(
    `# { total: ${pass + fail}, pass: ${pass}, fail: ${fail} } in ${results.flatMap(result => result.files).length} files, ${Math.round((Date.now() - began) / 1000)} s`,
  )
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main()

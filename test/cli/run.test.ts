// The program: commands, help, versions, exit codes; and as a process of its own.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { commands } from '../../cli/commands.ts'
import { repeer } from './program.ts'

const root = join(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

t.test('help and version', async t => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await repeer(args)
    t.equal(code, 0)
    for (const name of ['webhook', 'sidecar', 'controller', 'explain', 'inject', 'demo'])
      t.match(out, new RegExp(`\n {2}${name} `))
    t.notMatch(out, /demo-node/)
  }
  t.strictSame(await repeer(['--version']), { code: 0, out: `${version}\n`, err: '' })
})

t.test('help fits a terminal of 80 columns, and says what a value is', async t => {
  const wide = (await repeer(['--help'])).out.split('\n').filter(line => line.length > 80)
  t.strictSame(wide, [])
  const { out } = await repeer(['check', '--help'])
  t.match(out, '[--namespace NS | -A | --pre | --install | --web]\n       [-o json|text]', 'brackets stay whole')
  const sidecar = (await repeer(['sidecar', '--help'])).out
  for (const flag of ['--node-host HOST ', '--dns-questions NUMBER ', '--input DIRECTORY ']) t.match(sidecar, flag)
})

t.test('every command teaches: usage, each flag with its default, an example, exit codes', async t => {
  for (const [name, entry] of Object.entries(commands)) {
    const { command } = await entry.load()
    t.equal(command.name, name)
    if (!entry.hidden) t.equal(command.summary, entry.summary)
    const { code, out } = await repeer([name, '--help'])
    t.equal(code, 0)
    t.match(out, new RegExp(`^repeer ${name}: `))
    t.match(out, /\nUsage: repeer /)
    t.match(out, /\nExamples?:\n {2}\S/)
    t.match(out, /\nExit codes:\n {2}0 /)
    const flat = out.replace(/\s+/g, ' ')
    for (const [flag, { default: fallback, hidden }] of Object.entries(command.flags)) {
      if (hidden) {
        t.notMatch(out, `--${flag}`, 'a flag for tests')
        continue
      }
      t.match(out, `--${flag}`)
      if (typeof fallback === 'string')
        t.ok(flat.includes(`(default: ${fallback})`), `${name} --${flag} shows ${fallback}`)
    }
    t.strictSame(
      out.split('\n').filter(line => line.length > 80 && !line.startsWith('  repeer') && !line.startsWith('  diff')),
      [],
      name,
    )
  }
})

t.test('wrong usage is exit code 2 and says what to do', async t => {
  const cases: [string[], RegExp][] = [
    [[], /Usage: repeer COMMAND/],
    [
      ['explode'],
      /found the command "explode", expected a command: webhook, sidecar, controller, explain, .*inject, completion, demo\. See repeer --help/,
    ],
    [['--frobnicate'], /found the flag "--frobnicate"/],
    [['constructor'], /found the command "constructor"/],
    [['explain'], /found no file, expected at least one -f FILE .*See repeer explain --help/],
    [['explain', '-f', '-', '-f', '-'], /found "-f -" twice/],
    [['explain', '--color'], /found the flag --color, expected one of --filename, .*--help/],
    [['explain', '-f', 'x', 'y'], /found the argument "y", expected only flags/],
    [['explain', '-f'], /argument missing/],
    [['explain', '-f', 'x', '-o', 'xml'], /--output: found "xml", expected text or json/],
    [['inject', '-f', 'x', '--turns', 'me'], /--turns: found "me", expected self or controller/],
    [['inject', '-f', 'x', '--kubernetes-minor', '1.36'], /--kubernetes-minor: found "1\.36", expected a whole number/],
    [
      ['controller', '--writes-per-second', 'many'],
      /--writes-per-second: found "many", expected writes a second.*See repeer controller --help/s,
    ],
    [['sidecar', '--look-seconds', 'soon'], /--look-seconds: found "soon", expected seconds/],
    [['demo', '--node', 'geth'], /--node: found "geth", expected auto or cometbft or builtin/],
  ]
  for (const [args, message] of cases) {
    const { code, out, err } = await repeer(args)
    t.equal(code, 2, args.join(' '))
    t.equal(out, '')
    t.match(err, message)
  }
})

t.test('the demo says where it runs', async t => {
  const { code, err } = await repeer(['demo'], { platform: 'darwin' })
  t.equal(code, 1)
  t.match(err, /found darwin, expected linux/)
})

t.test('as a process: exit codes, and a reader that goes away', async t => {
  const entry = join(root, 'cli/repeer.ts')
  const exec = promisify(execFile)
  t.equal((await exec(process.execPath, [entry, '--version'])).stdout, `${version}\n`)
  await t.rejects(exec(process.execPath, [entry, 'nothing']), { code: 2 })
  const fixture = join(root, 'test/cli/fixtures/chain.yaml')
  const { stdout } = await exec('sh', [
    '-c',
    `"$0" "$1" explain -o json -f - < "$2" | head -c 1; wait`,
    process.execPath,
    entry,
    fixture,
  ])
  t.equal(stdout, '[')
})

t.test('a sidecar does not load what only the webhook needs', async t => {
  const script = `import { registerHooks } from 'node:module'
registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) })
await import(${JSON.stringify(join(root, 'cli/run.ts'))})
await import(${JSON.stringify(join(root, 'cli/commands.ts'))})
await import(${JSON.stringify(join(root, 'cli/commands/sidecar.ts'))})
await import(${JSON.stringify(join(root, 'sidecar/main.ts'))})`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    maxBuffer: 1e8,
  })
  t.match(stdout, /sidecar\/main\.ts/)
  t.notMatch(stdout, /node_modules\/(fastify|@kubernetes|node-forge|yaml)\//)
  t.notMatch(stdout, /\/(webhook|certs|cli\/demo)\//)
})

// The npm package and krew's archive as somebody has them who has no checkout: built, installed without a network, run
// on this Node and on an older one, completed by a real bash and by kubectl.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { startStandIn } from '../cli/fixtures/cluster.ts'
import { installation } from '../cli/fixtures/installation.ts'
import { injectedPod, pageOf } from '../cli/fixtures/pods.ts'
import { optedIn } from '../cli/fixtures/scene.ts'
import { kubectl, root } from './objects.ts'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
// Outside of the checkout, whose package.json and node_modules would be found otherwise.
const folder = mkdtempSync(join(tmpdir(), 'repeer-packed-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
for (const name of ['home', 'work', 'alone']) mkdirSync(join(folder, name))
const built = join(folder, 'built')
// As the README has it: npm runs the script `prepack` before the script `pack`, which must let it through.
execFileSync('npm', ['run', '--silent', 'pack', '--', '--out', built, '--uri', 'https://example.com/x.tar.gz'], {
  cwd: root,
  env: { ...process.env, HOME: join(folder, 'home') },
})
execFileSync(
  'npm',
  [
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--silent',
    '--prefix',
    folder,
    join(built, `repeer-${version}.tgz`),
  ],
  { cwd: join(folder, 'work'), env: { ...process.env, HOME: join(folder, 'home') } },
)
const bin = join(folder, 'node_modules/.bin')

/** This Node, and each other one on PATH: the package's programs start the first that they find. */
function nodes(): string[] {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map(directory => join(directory, 'node'))
    .filter(file => existsSync(file))
    .map(file => realpathSync(file))
    // npm's `node` package is a script in some releases.
    .filter(file => spawnSync(file, ['--version'], { encoding: 'utf8' }).status === 0)
  const byVersion = new Map(
    [process.execPath, ...found].map(file => [execFileSync(file, ['--version'], { encoding: 'utf8' }), file]),
  )
  return [...byVersion.values()]
}

/** Environments in which `node` is another one each. */
const places = nodes().map((node, index) => {
  const own = join(folder, `node-${index}`)
  mkdirSync(own)
  symlinkSync(node, join(own, 'node'))
  const path = [bin, own, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  return {
    name: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    env: { PATH: path, HOME: join(folder, 'home') },
  }
})

t.test('the checkout itself is no package', async t => {
  const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], { cwd: root, encoding: 'utf8' })
  t.not(status, 0)
  t.match(stderr, 'expected: npm run pack')
})

t.test('what the package holds', async t => {
  const installed = join(folder, 'node_modules/repeer')
  t.strictSame(readdirSync(installed).sort(), [
    'LICENSE',
    'README.md',
    'kubectl-repeer',
    'kubectl_complete-repeer',
    'licenses',
    'package.json',
  ])
  const licenses = readdirSync(join(installed, 'licenses'))
  for (const name of ['repeer.txt', '@kubernetes+client-node.txt', 'yaml.txt']) t.ok(licenses.includes(name), name)
  t.strictSame(readdirSync(bin).sort(), ['kubectl-repeer', 'kubectl_complete-repeer', 'repeer'])
})

t.test('each Node runs it', async t => {
  const cluster = await startStandIn()
  t.teardown(cluster.close)
  await installation(cluster)
  cluster.objects.set('/api/v1/namespaces/chain', optedIn('chain'))
  cluster.putPod(injectedPod('node-0'))
  cluster.pages.set('chain/node-0', { status: 200, body: pageOf() })
  const kubeconfig = join(t.testdir({ kubeconfig: cluster.kubeconfig }), 'kubeconfig')
  const chain = join(root, 'test/cli/fixtures/chain.yaml')
  for (const { name, env } of places) {
    t.comment(name)
    const run = async (program: string, ...args: string[]) => {
      const ended = await promisify(execFile)(program, args, { env, cwd: join(folder, 'work') }).catch(error => error)
      return { out: String(ended.stdout), err: String(ended.stderr), code: ended.code ?? 0 }
    }
    t.strictSame(await run('repeer', '--version'), { out: `${version}\n`, err: '', code: 0 }, name)
    t.match((await run('repeer', '--help')).out, /\nUsage: repeer COMMAND/)
    t.match(
      (await run('kubectl-repeer', 'check', '--help')).out,
      /\nUsage: kubectl repeer check [\s\S]*\n {2}kubectl repeer check --install\n/,
    )
    t.match(await run('repeer', 'check', '--kubeconfig', kubeconfig), { code: 0, out: /1 injected pod: 1 settled/ })
    t.match(await run('repeer', 'check', '--pre', '--kubeconfig', kubeconfig), { code: 0, out: /would be an upgrade/ })
    const after = await run('kubectl-repeer', 'check', '--install', '--wait', '0', '--kubeconfig', kubeconfig)
    t.match(after.out, /failure {2}injection/, 'the stand-in asks no webhook')
    t.match(after.out, /ok {7}certificate {3}caBundle holds the CA .*good for\s+\d+ days/)
    t.match(await run('repeer', 'explain', '-f', chain), { code: 0, out: /inject/ })
    t.match(await run('repeer', 'inject', '-f', chain), { code: 0, out: /repeer-install/ })
    t.match(await run('repeer', 'upgrade', '-n', 'chain', '--kubeconfig', kubeconfig, '--image', 'x', '--dry-run'), {
      code: 0,
      out: /1 pod would be upgraded/,
    })
    t.match(await run('repeer', 'webhook'), {
      code: 2,
      err: /found the command "webhook", expected a command: explain, /,
    })
  }
  t.ok(places.length > 0)
})

t.test('completion, in a real bash and by kubectl', async t => {
  const [place] = places
  if (place === undefined) throw new Error('found no Node')
  const { env } = place
  const complete = (...words: string[]) => {
    const script = `source <(repeer completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _repeer repeer; printf '%s\\n' "\${COMPREPLY[@]}"
complete -p repeer`
    const out = execFileSync('bash', ['-c', script, 'bash', ...words], { env, encoding: 'utf8' })
    return out.trim().split('\n')
  }
  const registered = 'complete -F _repeer repeer'
  t.strictSame(complete('repeer', 'up'), ['upgrade', registered])
  t.strictSame(complete('repeer', 'check', '--output', '=', 'j'), ['json', registered])
  t.strictSame(complete('repeer', 'check', '--in'), ['--install', registered])

  const helper = execFileSync('kubectl_complete-repeer', ['check', '-o', ''], { env, encoding: 'utf8' })
  t.equal(helper, 'text\njson\n:4\n')
  if (!kubectl) return t.comment('no kubectl on PATH')
  const where = execFileSync('sh', ['-c', 'dirname "$(command -v kubectl)"'], { encoding: 'utf8' }).trim()
  const withKubectl = { ...env, PATH: `${env.PATH}${delimiter}${where}` }
  const ask = (...args: string[]) =>
    execFileSync('kubectl', args, { env: withKubectl, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  t.equal(ask('repeer', '--version'), `${version}\n`)
  t.match(ask('__complete', 'repeer', 'check', '--in'), /^--install\t.*\n:4\n/)
})

t.test('krew: the manifest names the archive by its bytes, and the archive holds the plugin', async t => {
  const archive = join(built, `kubectl-repeer-${version}.tar.gz`)
  const manifest = parse(readFileSync(join(built, 'repeer.yaml'), 'utf8'))
  const [platform] = manifest.spec.platforms
  t.match(manifest, { kind: 'Plugin', metadata: { name: 'repeer' }, spec: { version: `v${version}` } })
  t.match(platform, { bin: 'kubectl-repeer', uri: 'https://example.com/x.tar.gz' })
  t.equal(platform.sha256, createHash('sha256').update(readFileSync(archive)).digest('hex'))
  t.ok(manifest.spec.shortDescription.length <= 50, 'krew cuts it')
  const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n')
  for (const { from } of platform.files as { from: string }[]) t.ok(listed.includes(from), from)
  const alone = join(folder, 'alone')
  execFileSync('tar', ['-xzf', archive, '-C', alone, 'kubectl-repeer'])
  t.equal(
    execFileSync(join(alone, 'kubectl-repeer'), ['--version'], { env: places[0]?.env, encoding: 'utf8' }),
    `${version}\n`,
  )
})

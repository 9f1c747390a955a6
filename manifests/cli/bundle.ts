// `npm run pack`: the `kubectl repeer` plugin as one file, in dist/cli: with what an npm package needs beside it, the
// package itself, and for krew the archive and the manifest.
//   node manifests/cli/bundle.ts [--out DIRECTORY] [--uri URL]
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { embeddedManifests, namedExports, unusedModels, withoutUndici } from '../bundle-plugins.ts'
import { stageLicenses } from '../licenses.ts'
import { krewManifest } from './krew-manifest.ts'

const root = join(import.meta.dirname, '../..')
const { values } = parseArgs({ options: { out: { type: 'string' }, uri: { type: 'string' } } })
const out = resolve(values.out ?? join(root, 'dist/cli'))
const staged = join(out, 'package')
const { version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  'version' | 'description' | 'license',
  string
>

/** What the code wants of Node at least: util.styleText. Tested with 20 and 24. */
const leastNode = '20.12'

rmSync(out, { recursive: true, force: true })
mkdirSync(staged, { recursive: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { 'kubectl-repeer': 'cli/kubectl-repeer.ts' },
  outfile: join(staged, 'kubectl-repeer'),
  bundle: true,
  // A file without an ending is CommonJS for every Node, where no package.json beside it says otherwise.
  format: 'cjs',
  platform: 'node',
  target: `node${leastNode}`,
  define: { 'import.meta.url': 'repeerFileUrl' },
  banner: { js: "const repeerFileUrl = require('node:url').pathToFileURL(__filename).href;" },
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  plugins: [namedExports(root), unusedModels, embeddedManifests, withoutUndici],
  logLevel: 'warning',
})
chmodSync(join(staged, 'kubectl-repeer'), 0o755)
for (const file of ['kubectl_complete-repeer', 'README.md'])
  copyFileSync(join(import.meta.dirname, file), join(staged, file))
chmodSync(join(staged, 'kubectl_complete-repeer'), 0o755)
copyFileSync(join(root, 'LICENSE'), join(staged, 'LICENSE'))
stageLicenses(root, metafile, join(staged, 'licenses'))
writeFileSync(join(staged, 'package.json'), `${JSON.stringify(packageJson(), null, 2)}\n`)
const packed = run('npm', ['pack', '--silent', '--pack-destination', out, staged]).trim()
const archive = `kubectl-repeer-${version}.tar.gz`
// The same bytes from the same files, so that whoever builds it again gets the same sha256.
run('tar', [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--use-compress-program=gzip -n -9',
  '-cf',
  join(out, archive),
  '-C',
  staged,
  'kubectl-repeer',
  'LICENSE',
  'licenses',
])
const sha256 = createHash('sha256')
  .update(readFileSync(join(out, archive)))
  .digest('hex')
const uri = values.uri ?? `https://repeer.example/set-this-url/${archive}`
writeFileSync(join(out, 'repeer.yaml'), krewManifest({ version, uri, sha256 }))
for (const file of [packed, archive, 'repeer.yaml']) console.log(join(out, file))

/** No dependencies: they are in the file. No `type`: it is CommonJS. */
function packageJson(): unknown {
  return {
    name: 'repeer',
    version,
    description,
    license,
    bin: {
      repeer: 'kubectl-repeer',
      'kubectl-repeer': 'kubectl-repeer',
      'kubectl_complete-repeer': 'kubectl_complete-repeer',
    },
    files: ['kubectl-repeer', 'kubectl_complete-repeer', 'licenses'],
    engines: { node: `>=${leastNode}` },
  }
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

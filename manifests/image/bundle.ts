// `npm run build`: bundles the `repeer` command into dist/image, which holds exactly what the image has under
// /opt/repeer. Each command becomes a chunk of its own, so that a sidecar does not load the webhook's libraries.
//   node manifests/image/bundle.ts [--without-busybox]
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'
import { embeddedManifests, namedExports, unusedModels } from '../bundle-plugins.ts'
import { stageLicenses } from '../licenses.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const out = join(root, 'dist/image')

// Bundled CommonJS packages call require() for Node's own modules; in an ES module there is none unless it is made.
const banner =
  "import { createRequire as repeerCreateRequire } from 'node:module'; const require = repeerCreateRequire(import.meta.url);" +
  " import { dirname as repeerDirname } from 'node:path'; import { fileURLToPath as repeerToPath } from 'node:url';" +
  ' const __filename = repeerToPath(import.meta.url); const __dirname = repeerDirname(__filename);'

const withoutBusybox = process.argv.includes('--without-busybox')
rmSync(out, { recursive: true, force: true })
const result = await build({
  absWorkingDir: root,
  entryPoints: { repeer: 'cli/repeer.ts', 'decide-thread': 'webhook/apart/thread.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  legalComments: 'none',
  banner: { js: banner },
  metafile: true,
  plugins: [namedExports(root), unusedModels, embeddedManifests],
  logLevel: 'warning',
})
writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify({ name: 'repeer', version: version(), type: 'module', private: true })}\n`,
)
stageWrap()
stageLicenses(root, result.metafile, join(out, 'licenses'))
report(result.metafile)

/**
 * /opt/repeer/wrap: the supervisor and the shell that runs it. In the image the shell comes from the image's own
 * platform instead.
 */
function stageWrap() {
  const wrap = join(out, 'wrap')
  mkdirSync(wrap, { recursive: true })
  copyFileSync(join(root, 'sidecar/reach/supervise'), join(wrap, 'supervise'))
  chmodSync(join(wrap, 'supervise'), 0o555)
  if (withoutBusybox) return
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(file => existsSync(file))
  if (busybox === undefined) {
    console.warn('dist/image/wrap/sh is missing: no busybox on this machine (Debian: apt-get install busybox-static)')
    return
  }
  copyFileSync(busybox, join(wrap, 'sh'))
  chmodSync(join(wrap, 'sh'), 0o555)
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

function report(metafile: Metafile) {
  const rows = Object.entries(metafile.outputs).map(([file, output]) => ({
    file: basename(file),
    bytes: output.bytes,
    entry: output.entryPoint ?? '',
  }))
  for (const { file, bytes, entry } of rows.sort((a, b) => b.bytes - a.bytes)) {
    console.log(`${(bytes / 1024).toFixed(0).padStart(6)} KiB  dist/image/${file}  ${entry}`)
  }
}

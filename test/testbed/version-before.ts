// The version to upgrade from, out of the repository's history: its manifests, and its bundle for an image.
//   node test/testbed/version-before.ts FOLDER
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
/**
 * While nothing has been released: `main` as it was on 2026-11-22, with the controller, PeerSets and `repeer upgrade`,
 * and before what others run was looked at. Its plan has fewer fields, and its sidecar says less on its page.
 */
const before = '4e69a90aff61cfaa4823ab909e8f3cd35df90108'

/** The newest tag vX.Y.Z before this commit, or that commit; undefined where a shallow clone does not have it. */
export function commitBefore(): string | undefined {
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*', 'HEAD^')
  const commit = tag ?? before
  return git('cat-file', '-t', `${commit}^{commit}`) === 'commit' ? commit : undefined
}

/** Puts that version's files into `dir`, with the packages of its own lockfile, and builds its dist/image. */
export function checkOut(commit: string, dir: string): void {
  mkdirSync(dir, { recursive: true })
  const tar = `${dir}.tar`
  execFileSync('git', ['archive', '--output', tar, commit], { cwd: root })
  execFileSync('tar', ['-xf', tar, '-C', dir])
  rmSync(tar)
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] })
  run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
  run(process.execPath, join(dir, 'manifests', 'image', 'bundle.ts'))
  rmSync(join(dir, 'node_modules'), { recursive: true })
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

if (import.meta.main) {
  const [dir] = process.argv.slice(2)
  if (dir === undefined) throw new Error('found no folder, expected one: node test/testbed/version-before.ts FOLDER')
  const commit = commitBefore()
  if (commit !== undefined) checkOut(commit, dir)
  console.log(commit ?? '')
}

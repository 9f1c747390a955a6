import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { changelogSection, versionOfTag } from '../../../manifests/release/changelog-section.ts'

const changelog = `# Changelog

## Unreleased

- Not yet.

## 0.2.0 (2026-12-01)

What others run.

### Words

- \`repeer check\`.
## 0.1.0
- First.
## 0.0.9

`

t.test('a section, with or without a date, up to the next heading of its level', async t => {
  t.equal(changelogSection(changelog, '0.2.0'), 'What others run.\n\n### Words\n\n- `repeer check`.')
  t.equal(changelogSection(changelog, '0.1.0'), '- First.')
})

t.test('no section, an empty one, two of them', async t => {
  t.throws(() => changelogSection(changelog, '0.3.0'), {
    message: 'the changelog has no section of 0.3.0: found Unreleased, 0.2.0, 0.1.0, 0.0.9, expected a line "## 0.3.0"',
  })
  t.throws(() => changelogSection(changelog, '0.2'), /no section of 0\.2:/, 'not by its beginning')
  t.throws(() => changelogSection(changelog, '0x2x0'), /no section/)
  t.throws(() => changelogSection('', '0.1.0'), /found no heading/)
  t.throws(() => changelogSection(changelog, '0.0.9'), /section of 0\.0\.9 is empty/)
  t.throws(
    () => changelogSection(`${changelog}## 0.1.0\n- Again.\n`, '0.1.0'),
    /two sections of 0\.1\.0, in lines 14 and 18$/,
  )
})

t.test('the tag is of the version that package.json has', async t => {
  t.equal(versionOfTag('v0.2.0', '0.2.0'), '0.2.0')
  for (const tag of ['0.2.0', 'v0.2.1', 'v0.2.0-rc.1', 'v']) t.throws(() => versionOfTag(tag, '0.2.0'), /v0\.2\.0$/)
})

t.test('the command: what is unreleased is no release', async t => {
  const root = join(import.meta.dirname, '..', '..', '..')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const notes = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'manifests/release/notes.ts'), ...args], { encoding: 'utf8' })
  const isReleased = new RegExp(`^## ${version.replaceAll('.', '\\.')}( |$)`, 'm').test(
    readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
  )
  const { status, stdout, stderr } = notes(`v${version}`)
  t.equal(status, isReleased ? 0 : 1)
  t.match(isReleased ? stdout : stderr, isReleased ? /\S/ : `no section of ${version}`)
  t.match(notes('v0.0.0'), { status: 1, stdout: '', stderr: /the tag v0\.0\.0 is not of this tree/ })
  t.match(notes(), { status: 1, stdout: '', stderr: /found no tag/ })
})

// Prints the release notes of a tag, the changelog's section of its version; fails where there is none.
//   node manifests/release/notes.ts v0.2.0
import { readFileSync } from 'node:fs'
import { changelogSection, versionOfTag } from './changelog-section.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const { version } = JSON.parse(read('package.json')) as { version: string }
const tag = process.argv[2]
try {
  if (tag === undefined) throw new Error('found no tag, expected one: node manifests/release/notes.ts v0.2.0')
  console.log(changelogSection(read('CHANGELOG.md'), versionOfTag(tag, version)))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

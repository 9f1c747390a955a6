/**
 * The text below a version's heading (`## 0.2.0`, or `## 0.2.0 (2026-12-01)`) up to the next heading of that level,
 * without blank lines at its ends. `version` has no leading `v`. Throws an Error where there is no such heading, more
 * than one, or nothing below it: a release says what is in it.
 */
export function changelogSection(changelog: string, version: string): string {
  const lines = changelog.split('\n')
  const isHeading = (line: string) => line.startsWith('## ')
  const headings = lines.flatMap((line, at) => (isHeading(line) ? [{ at, word: line.split(/\s/)[1] ?? '' }] : []))
  const [heading, another] = headings.filter(({ word }) => word === version)
  if (heading === undefined) {
    const found = headings.map(({ word }) => word).join(', ') || 'no heading'
    throw new Error(`the changelog has no section of ${version}: found ${found}, expected a line "## ${version}"`)
  }
  if (another !== undefined)
    throw new Error(`the changelog has two sections of ${version}, in lines ${heading.at + 1} and ${another.at + 1}`)
  const rest = lines.slice(heading.at + 1)
  const end = rest.findIndex(isHeading)
  const text = rest
    .slice(0, end < 0 ? undefined : end)
    .join('\n')
    .trim()
  if (text === '') throw new Error(`the changelog's section of ${version} is empty: say what is new in it`)
  return text
}

/**
 * The version of a tag, `v0.2.0` being that of 0.2.0. Throws an Error where that is not the version of package.json,
 * which the image and `repeer --version` say.
 */
export function versionOfTag(tag: string, packageVersion: string): string {
  if (tag === `v${packageVersion}`) return packageVersion
  const expected = `expected the tag v${packageVersion}`
  throw new Error(`the tag ${tag} is not of this tree: package.json has version ${packageVersion}, ${expected}`)
}

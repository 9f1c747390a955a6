// The documentation names what the code has: reason codes, annotations, metrics, flags, files.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { createMetrics as createControllerMetrics } from '../controller/metrics.ts'
import { sourceKinds } from '../discovery/peer-set.ts'
import { profiles } from '../peers/plan.ts'
import { annotation } from '../peers/pod.ts'
import { holdReasons, holds, lackReasons, observeReasons, skipReasons } from '../peers/reasons.ts'
import { createMetrics as createSidecarMetrics } from '../sidecar/metrics.ts'
import { readAnnotations } from '../webhook/decide/annotations.ts'
import { createMetrics as createWebhookMetrics } from '../webhook/metrics.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
const decisions = readdirSync(join(root, 'docs/decisions')).map(name => `docs/decisions/${name}`)

t.test('how-it-decides has a row for every reason code, and for no other', async t => {
  const text = read('docs/how-it-decides.md')
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(match => match[1] ?? '')
  const levels = rows.filter(row => !['process', 'container', 'none'].includes(row))
  const codes = [skipReasons, observeReasons, holdReasons, lackReasons].flatMap(table => Object.keys(table))
  t.same(levels.sort(), codes.sort())
})

t.test('how-it-decides says who ends each wait, and by which Event it is told', async t => {
  const endedBy = { time: 'time', somebody: 'somebody', either: 'time, or somebody' }
  const text = read('docs/how-it-decides.md')
  for (const [code, { ends, event, afterMs }] of Object.entries(holds)) {
    const row = text.split('\n').find(line => line.startsWith(`| \`${code}\` |`)) ?? ''
    const last = afterMs === undefined ? '' : `, after ${afterMs / 60_000} min`
    t.same(
      row
        .split('|')
        .slice(-3, -1)
        .map(cell => cell.trim()),
      [endedBy[ends], event === null ? '' : `\`${event}\`${last}`],
      code,
    )
  }
})

t.test('configuration has a row for every annotation, and the README for those that a user sets', async t => {
  const configuration = read('docs/configuration.md')
  const readme = read('README.md')
  const written: string[] = [
    annotation.plan,
    annotation.status,
    annotation.peerHash,
    annotation.endpoints,
    annotation.turn,
    annotation.turnWait,
    annotation.turnGrantedAt,
    annotation.nudge,
  ]
  for (const name of Object.values(annotation)) {
    t.match(configuration, `\`${name}\``, name)
    if (!written.includes(name)) t.match(readme, `\`${name}\``, `${name} in the README`)
  }
})

t.test('the defaults of annotations are those that the code has', async t => {
  const { overrides } = readAnnotations({})
  const seconds = (text: string) => Number.parseInt(text, 10) * (text.endsWith('m') ? 60 : 1)
  for (const page of ['README.md', 'docs/configuration.md']) {
    const cells = (name: string) =>
      read(page)
        .match(new RegExp(`^\\| \`${name}\` \\|(.*)\\|$`, 'm'))?.[1]
        ?.split(' | ') ?? []
    /** The default is the second column in the README, and the third in configuration. */
    const fallback = (name: string) => /`"?([^"`]+)"?`/.exec(cells(name)[page === 'README.md' ? 0 : 1] ?? '')?.[1] ?? ''
    t.equal(fallback(annotation.strategy), overrides.strategy, page)
    t.equal(seconds(fallback(annotation.minInterval)), overrides.minIntervalSeconds, page)
    t.equal(seconds(fallback(annotation.settleSeconds)), overrides.settleSeconds, page)
    t.equal(fallback(annotation.maxUnavailable), overrides.maxUnavailable, page)
    t.equal(fallback(annotation.pinAddresses), String(overrides.pinAddresses), page)
  }
})

t.test('discovery has a row for every source', async t => {
  const text = read('docs/discovery.md')
  for (const kind of sourceKinds) t.match(text, `| \`${kind}\` |`, kind)
})

t.test('operations names every metric of repeer', async t => {
  const text = read('docs/operations.md')
  const webhook = createWebhookMetrics(
    {
      certificateExpiry: () => 0,
      certificateFailures: () => 0,
      caBundleLosses: () => 0,
      ready: () => true,
      synced: () => [],
    },
    false,
  )
  const controller = createControllerMetrics(
    {
      pending: () => 0,
      groups: () => [],
      watchAge: () => 0,
      tooMuch: () => [],
      queueDepth: () => 0,
      leading: () => false,
      peerSets: () => [],
    },
    false,
  )
  for (const registry of [createSidecarMetrics().registry, webhook.registry, controller.registry]) {
    for (const { name } of await registry.getMetricsAsJSON()) t.match(text, `\`${name}`, name)
  }
})

t.test('every requirement of the seed documents names a test that exists, or says why it is not done', async t => {
  const rows = [...read('docs/seeds.md').matchAll(/^\| (?!requirement|---)(.*?) \| (.*) \|$/gm)]
  t.ok(rows.length > 80, `${rows.length} requirements`)
  for (const [, requirement = '', cells = ''] of rows) {
    // Where there is a last column, it says what is other with the operator's own pods.
    const [shown = '', ...own] = cells.split(' | ')
    t.ok(own.length <= 1 && own.every(cell => cell.trim() !== ''), `${requirement}: one more column at most`)
    // One file, followed by the names of tests in it.
    const namedIn = (cell: string) => [...cell.matchAll(/`(test\/[^`]+)`: "(.+?)"(?=; |$)/g)]
    const named = [shown, ...own].flatMap(namedIn)
    t.ok(namedIn(shown).length > 0 || /^not done, because /.test(shown), requirement)
    t.equal([...cells.matchAll(/`test\//g)].length, named.length, `${requirement}: each file with a test's name`)
    for (const [, file = '', name = ''] of named) {
      const text = existsSync(join(root, file)) ? read(file) : ''
      const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``, `\`without repeer ${name}\``].some(form =>
        text.includes(form),
      )
      t.ok(quoted, `${file}: ${name}`)
    }
  }
})

t.test('every profile has its rows', async t => {
  const configuration = read('docs/configuration.md')
  const readme = read('README.md')
  const understood = section(configuration, 'The peer lists that are understood')
  const told = section(read('docs/how-it-decides.md'), 'How each node is told')
  for (const profile of profiles) {
    const row = new RegExp(`^\\| ([a-z-]+, )*${profile}(, [a-z-]+)* \\|`, 'm')
    t.match(understood, row, `docs/configuration.md: the lists of ${profile}`)
    t.match(told, row, `docs/how-it-decides.md: how ${profile} is told`)
  }
  const all = profiles.map(profile => `\`${profile}\``).join(', ')
  for (const [page, text] of Object.entries({ 'docs/configuration.md': configuration, 'README.md': readme }))
    t.ok(text.includes(all), `${page}: repeer.dev/profile is one of ${all}`)
})

/** What stands below a heading, up to the next one. */
function section(page: string, heading: string): string {
  return page.split(/^#+ /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
}

t.test('links lead to files that exist', async t => {
  for (const page of [...pages, ...decisions]) {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(match => match[1] ?? '')
    for (const link of links) t.ok(existsSync(join(root, dirname(page), link)), `${page}: ${link}`)
  }
})

t.test('npm scripts that the pages name exist', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/npm run (?:-s )?([a-z0-9]+)/g))
      t.ok(scripts[name], `${page}: npm run ${name}`)
  }
})

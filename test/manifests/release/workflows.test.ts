// What the workflows run is what was reviewed: every action by its commit, every image by its digest, and each job with
// the permissions that it needs and no others. That they run is for a runner to show: there is none here.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..', '..', '..')
const folder = join(root, '.github', 'workflows')

type Step = { uses?: string; run?: string; with?: Record<string, unknown> }
type Job = {
  permissions?: Record<string, string>
  'timeout-minutes'?: number
  container?: unknown
  services?: unknown
  steps: Step[]
}
type Workflow = { permissions?: unknown; defaults?: unknown; jobs: Record<string, Job> }

const files = readdirSync(folder)
const workflows = files.map(name => {
  const text = readFileSync(join(folder, name), 'utf8')
  return { name, text, workflow: parse(text) as Workflow }
})
const jobs = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ name: `${name}: ${id}`, job })),
)

t.test('every action is named by a commit, and its version is beside it', async t => {
  t.same(files.sort(), ['ci.yml', 'release.yml'])
  const lines = workflows.flatMap(({ text }) => text.split('\n').filter(line => /^\s*(- )?uses:/.test(line)))
  t.ok(lines.length > 10)
  for (const line of lines) t.match(line, /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, line.trim())
  const versions = new Map<string, Set<string>>()
  for (const line of lines) {
    const [action = '', commit = ''] = line.split('uses: ')[1]?.split('@') ?? []
    versions.set(action, (versions.get(action) ?? new Set()).add(commit))
  }
  for (const [action, commits] of versions) t.equal(commits.size, 1, `${action}: one commit everywhere`)
})

t.test('a workflow may do nothing, and each job what it says', async t => {
  for (const { name, workflow } of workflows) {
    t.same(workflow.permissions, {}, name)
    t.same(workflow.defaults, { run: { shell: 'bash' } }, `${name}: a pipe that fails fails its step`)
  }
  for (const { name, job } of jobs) {
    t.ok(job.permissions && job['timeout-minutes'], name)
    t.notOk(job.container ?? job.services, `${name}: no image of somebody else's`)
  }
  const writers = jobs.flatMap(({ name, job }) =>
    Object.entries(job.permissions ?? {})
      .filter(([, level]) => level === 'write')
      .map(([scope]) => `${name}: ${scope}`),
  )
  t.same(writers, [
    'release.yml: build: packages',
    'release.yml: sign: packages',
    'release.yml: sign: id-token',
    'release.yml: sign: attestations',
    'release.yml: chart: packages',
    'release.yml: chart: id-token',
    'release.yml: publish: contents',
  ])
})

t.test("no text of an event's is part of a script, no checkout leaves a token, no package runs a script", async t => {
  for (const { name, job } of jobs) {
    for (const { uses, run = '', with: inputs } of job.steps) {
      t.notMatch(run, /\$\{\{/, name)
      t.notMatch(run, /curl|wget/, name)
      for (const [command] of run.matchAll(/npm (ci|install|i)\b.*/g)) t.equal(command, 'npm ci --ignore-scripts')
      if (uses?.startsWith('actions/checkout@')) t.same(inputs, { 'persist-credentials': false }, name)
    }
  }
})

t.test("the chart's values that a release fills are there", async t => {
  const values = join(root, 'manifests', 'chart', 'values.yaml')
  if (!existsSync(values)) return t.pass('no chart in this tree')
  const { image } = parse(readFileSync(values, 'utf8')) as { image?: Record<string, unknown> }
  t.ok(image && 'repository' in image && 'digest' in image, 'image.repository and image.digest')
})

t.test('the SBOM, as the workflow asks for it, names all that is bundled', async t => {
  const [, asked = ''] =
    /run: npm (sbom .*) > /.exec(workflows.find(({ name }) => name === 'release.yml')?.text ?? '') ?? []
  const text = execFileSync('npm', asked.split(' '), { cwd: root, maxBuffer: 64 << 20 }).toString()
  const { components } = JSON.parse(text) as {
    components: { name: string; properties?: { name: string }[] }[]
  }
  const isTool = (name: string) =>
    components
      .filter(component => component.name === name)
      .every(({ properties = [] }) => properties.some(property => property.name.endsWith(':development')))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) t.notOk(isTool(name), `${name} is there, and is no tool`)
  t.ok(isTool('esbuild'))
})

t.test('each issue form asks for something, by a name of its own', async t => {
  const forms = join(root, '.github', 'ISSUE_TEMPLATE')
  for (const name of readdirSync(forms).filter(name => name !== 'config.yml')) {
    const form = parse(readFileSync(join(forms, name), 'utf8')) as {
      name: string
      description: string
      body: { type: string; id?: string; attributes: { label?: string }; validations?: { required: boolean } }[]
    }
    t.ok(form.name && form.description, name)
    const asked = form.body.filter(({ type }) => type !== 'markdown')
    t.ok(
      asked.every(({ id, attributes }) => id && attributes.label),
      `${name}: IDs and labels`,
    )
    t.equal(new Set(asked.map(({ id }) => id)).size, asked.length, `${name}: each ID once`)
    t.ok(
      asked.some(({ validations }) => validations?.required),
      name,
    )
  }
})

// The image is made of what is named in the repository, and of nothing that may be another thing tomorrow. That it can
// be built, and runs, is shown by scenario 48.
import { readFileSync } from 'node:fs'
import t from 'tap'

const lines = readFileSync(new URL('../../manifests/image/Dockerfile', import.meta.url), 'utf8').split('\n')
const defaults = new Map(
  lines.flatMap(line => {
    const [, name, value] = /^ARG (\w+)=(\S+)$/.exec(line) ?? []
    return name !== undefined && value !== undefined ? [[name, value] as const] : []
  }),
)
const stages = new Set(lines.flatMap(line => / AS (\w+)$/.exec(line)?.[1] ?? []))

t.test('every base is named by its digest', async t => {
  const bases = lines
    .filter(line => line.startsWith('FROM '))
    .map(line => line.split(' ').filter(word => !word.startsWith('--'))[1] ?? '')
    .map(base => base.replace(/^\$\{(\w+)\}$/, (_, name: string) => defaults.get(name) ?? ''))
  t.ok(bases.length >= 3)
  for (const base of bases) t.match(base, /^docker\.io\/library\/[a-z]+:[a-z0-9-]+@sha256:[0-9a-f]{64}$/)
})

t.test('files come from the context or from a stage', async t => {
  const from = lines.flatMap(line => /^COPY --from=(\S+)/.exec(line)?.[1] ?? [])
  t.ok(from.length > 0 && from.every(stage => stages.has(stage)))
})

t.test('no frontend is loaded, no package runs a script, and busybox has a version', async t => {
  t.same(
    lines.filter(line => /^#\s*(syntax|escape|check)\s*=/.test(line)),
    [],
  )
  t.same(
    lines.filter(line => /npm (ci|install)/.test(line)).map(line => line.trim()),
    ['RUN npm ci --ignore-scripts'],
  )
  const text = lines.join('\n')
  const packages = [...text.matchAll(/apt-get install -y --no-install-recommends ([^\\\n]+?) *\\/g)].map(
    found => found[1],
  )
  t.ok(packages.length === 1 && packages.every(name => /^'[a-z-]+=\d\S*'$/.test(name ?? '')), packages.join())
  t.notMatch(text, /curl|wget|ADD http/)
})

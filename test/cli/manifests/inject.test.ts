// `repeer inject`: what is printed is what the files held, with the patches applied.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseManifests } from '../../../cli/manifests/manifest-files.ts'
import { repeer } from '../program.ts'

const fixture = (name: string) => join(import.meta.dirname, '../fixtures', name)
type Workload = {
  kind: string
  spec: {
    template: {
      metadata: { annotations: Record<string, string> }
      spec: {
        containers: { command: string[]; args: string[] }[]
        initContainers: { name: string }[]
        volumes: { name: string; configMap?: object }[]
      }
    }
  }
}

t.test('the template is changed, the other documents stay as they stand', async t => {
  const { code, out, err } = await repeer(['inject', '-f', fixture('chain.yaml')])
  t.equal(code, 0)
  t.match(err, /repeer inject: Deployment web: skipped, not-a-node: /)
  const before = parseManifests('f', readFileSync(fixture('chain.yaml'), 'utf8')).documents
  const after = parseManifests('f', out)
  t.strictSame(after.problems, [])
  t.strictSame(after.documents[0]?.value, before[0]?.value)
  t.strictSame(after.documents[2]?.value, before[2]?.value)
  t.match(out, /# This comment stays\./)
  const set = after.documents[1]?.value as Workload
  const { metadata, spec } = set.spec.template
  t.match(metadata.annotations, { 'repeer.dev/plan': /"version":1/, 'repeer.dev/peer-hash': /^p1:/ })
  t.strictSame(
    spec.initContainers.map(container => container.name),
    ['repeer-install', 'repeer'],
  )
  t.strictSame(spec.containers[0]?.command.slice(-2), ['--', 'cometbft'])
  t.strictSame(spec.containers[0]?.args, ['start', '--home', '/home/app', 'yes'], 'a text stays a text')
  t.match(out, /- "yes"/)
  t.match(spec.volumes[0]?.configMap, { defaultMode: 420 }, '0644 is octal')
})

t.test('what it prints is not injected again', async t => {
  const first = await repeer(['inject', '-f', fixture('chain.yaml')])
  const second = await repeer(['inject', '-f', '-'], { stdin: async () => first.out })
  t.equal(second.code, 0)
  t.match(second.err, /StatefulSet validator: skipped, already-injected/)
  t.strictSame(
    parseManifests('f', second.out).documents.map(document => document.value),
    parseManifests('f', first.out).documents.map(document => document.value),
  )
})

t.test('an item of a List in JSON, without metadata in its template', async t => {
  const { out } = await repeer(['inject', '-f', fixture('list.json'), '-f', fixture('chain.yaml')])
  const { documents, problems } = parseManifests('f', out)
  t.strictSame(problems, [])
  t.equal(documents.length, 4)
  const list = documents[0]?.value as {
    kind: string
    items: { kind: string; spec: { jobTemplate: { spec: Workload['spec'] } } }[]
  }
  t.strictSame(
    list.items.map(item => item.kind),
    ['CronJob', 'ConfigMap', 'Service'],
  )
  t.match(list.items[0]?.spec.jobTemplate.spec.template.metadata.annotations, { 'repeer.dev/plan': /"via":"env"/ })
})

t.test('a file that cannot be parsed: exit code 1, the rest is printed', async t => {
  const { code, out, err } = await repeer(['inject', '-f', fixture('broken.manifests')])
  t.equal(code, 1)
  t.match(out, /name: good/)
  t.match(err, /document 5, line 21/)
})

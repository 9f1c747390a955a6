// What the chart renders, by the schemas of the oldest Kubernetes that repeer supports and of the newest that there are
// schemas for: `kubernetes-validate` (PyPI), where it is on PATH. The scenario 47-helm asks an API server.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chart, hasHelm, helm } from './helm.ts'

const hasSchemas = spawnSync('kubernetes-validate', ['--version']).status === 0
const skip = hasHelm && hasSchemas ? false : 'helm or kubernetes-validate is not on PATH'
const on = { enabled: true }

/** What it complains about; kinds that it does not know (PeerSets, Certificates) are none of its matter. */
function complaints(file: string, version: string): string {
  const { status, stdout, stderr } = spawnSync(
    'kubernetes-validate',
    ['--kubernetes-version', version, '--strict', '--quiet', '--no-warn', file],
    { encoding: 'utf8' },
  )
  return status === 0 ? '' : `${stdout}${stderr}`
}

const [oldest, newest] = ['1.30.0', '1.37.0'] as const

t.test('the oldest is the one that the chart asks for', async t => {
  t.match(readFileSync(join(chart, 'Chart.yaml'), 'utf8'), `kubeVersion: ">=${oldest}-0"`)
})

for (const version of [oldest, newest])
  t.test(`Kubernetes ${version}`, { skip }, async t => {
    const file = join(t.testdir(), 'rendered.yaml')
    const values = {
      expose: on,
      failClosed: on,
      providerChain: on,
      stellar: on,
      imagePullSecrets: [{ name: 'registry' }],
      extraLabels: { team: 'nodes' },
    }
    for (const some of [{}, values]) {
      const text = helm(['template', 'repeer', chart, '--namespace', 'repeer-system'], some)
      writeFileSync(file, text)
      t.equal(complaints(file, version), '')
      writeFileSync(file, text.replace('failurePolicy:', 'failurePolice:'))
      t.match(complaints(file, version), /failurePolice/, 'control: an unknown field is found')
    }
  })

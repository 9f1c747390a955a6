// Writes the Helm chart's templates from the kustomize files: `npm run chart`. The kustomize files are what is edited; what
// kustomize does by patches (components/) stands here as edits of the same text, and a test compares what both
// render, object by object. Why so: docs/decisions/0016-one-source-for-the-chart.md.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Edit, edits } from './chart-edits.ts'

const folder = import.meta.dirname

/** Which values have to be true for a file's objects to be installed. */
type Source = {
  readonly file: string
  readonly only?: readonly string[]
  /** Where {{ is Prometheus's, and stays. */
  readonly braces?: true
}

const withController = ['controller.enabled']
const withMonitoring = ['monitoring.enabled']

/**
 * All files that hold objects. Not base/namespace.yaml: Helm keeps its release in that namespace, so it has to be there
 * before. Another component is rows here, a value in values.yaml and values.schema.json, and a row in
 * test/manifests/chart.test.ts.
 */
export const sources: readonly Source[] = [
  { file: 'base/serviceaccount.yaml' },
  { file: 'base/rbac.yaml' },
  { file: 'base/deployment.yaml' },
  { file: 'base/poddisruptionbudget.yaml' },
  { file: 'base/service.yaml' },
  { file: 'base/networkpolicy.yaml', only: ['networkPolicies.enabled'] },
  { file: 'base/mutatingwebhookconfiguration.yaml' },
  { file: 'base/webhook-policy.yaml' },
  { file: 'base/controller-serviceaccount.yaml', only: withController },
  { file: 'base/controller-rbac.yaml', only: withController },
  { file: 'base/controller-policy.yaml', only: withController },
  { file: 'base/controller-annotations-policy.yaml', only: withController },
  { file: 'base/controller-deployment.yaml', only: withController },
  { file: 'base/controller-poddisruptionbudget.yaml', only: withController },
  { file: 'base/controller-networkpolicy.yaml', only: [...withController, 'networkPolicies.enabled'] },
  { file: 'base/peersets-crd.yaml', only: [...withController, 'crds.enabled'] },
  { file: 'base/discovery-rbac.yaml', only: withController },
  { file: 'base/discovery-policy.yaml', only: withController },
  { file: 'components/cert-manager/certificate.yaml', only: ['certManager.enabled'] },
  { file: 'components/stellar/stellar-rbac.yaml', only: [...withController, 'stellar.enabled'] },
  { file: 'components/expose/expose-rbac.yaml', only: [...withController, 'expose.enabled'] },
  { file: 'components/expose/expose-policy.yaml', only: [...withController, 'expose.enabled'] },
  {
    file: 'components/provider-chain/provider-chain-networkpolicy.yaml',
    only: [...withController, 'networkPolicies.enabled', 'providerChain.enabled'],
  },
  { file: 'components/monitoring/sidecar-podmonitor.yaml', only: withMonitoring },
  { file: 'components/monitoring/controller-podmonitor.yaml', only: [...withController, ...withMonitoring] },
  { file: 'components/monitoring/webhook-servicemonitor.yaml', only: withMonitoring },
  { file: 'components/monitoring/sidecar-rules.yaml', only: withMonitoring, braces: true },
  { file: 'components/monitoring/controller-rules.yaml', only: [...withController, ...withMonitoring], braces: true },
  { file: 'components/monitoring/webhook-rules.yaml', only: withMonitoring, braces: true },
]

/** Not an object, but what one is made of: templates/dashboard.yaml reads it, from within the chart. */
const dashboard = 'dashboard.json'

/**
 * The templates by file name, made of the texts that `read` gives for the files of `sources`. Throws an Error where an
 * edit finds its text another number of times than it expects, so that a changed manifest cannot lose one silently.
 */
export function chartTemplates(read: (file: string) => string): Map<string, string> {
  return new Map(
    sources.map(({ file, only = [], braces }) => {
      const text = braces ? read(file).replaceAll('{{', '{{ "{{" }}') : read(file)
      if (!braces && text.includes('{{'))
        throw new Error(`manifests/${file}: found {{, which Helm would take for its own`)
      const edited = (edits[file] ?? []).reduce((before, edit) => applied(file, before, edit), text)
      const body = withNamespace(withLabels(edited))
      const conditions = only.map(value => `.Values.${value}`)
      const condition = conditions.length > 1 ? `and ${conditions.join(' ')}` : conditions.join('')
      const head = `{{- /* Made of manifests/${file} by \`npm run chart\`: edit that one. */ -}}\n`
      return [nameOf(file), condition ? `${head}{{- if ${condition} }}\n${body}{{- end }}\n` : `${head}${body}`]
    }),
  )
}

function applied(file: string, text: string, { find, put, times = 1 }: Edit): string {
  const parts = text.split(find)
  if (parts.length !== times + 1)
    throw new Error(`manifests/${file}: found ${parts.length - 1} times, expected ${times} times:\n${find}`)
  return parts.join(put)
}

/** Quoted where it is a value by itself: a namespace may be called 123, which YAML takes for a number. */
function withNamespace(text: string): string {
  return text
    .replaceAll(/(?<=[:,] )repeer-system(?=\]?$)/gm, '{{ .Release.Namespace | quote }}')
    .replaceAll('repeer-system', '{{ .Release.Namespace }}')
}

/** Of objects and of pods' templates, never of selectors: these lack the third label. */
function withLabels(text: string): string {
  return text.replaceAll(/^( +)app\.kubernetes\.io\/part-of: repeer\n/gm, (line, indent: string) =>
    [
      line,
      `${indent}{{- with .Values.extraLabels }}\n`,
      `${indent}{{- toYaml . | nindent ${indent.length} }}\n`,
      `${indent}{{- end }}\n`,
    ].join(''),
  )
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

function write(): void {
  const templates = join(folder, 'chart/templates')
  for (const source of sources) rmSync(join(templates, nameOf(source.file)), { force: true })
  mkdirSync(templates, { recursive: true })
  for (const [name, text] of chartTemplates(file => readFileSync(join(folder, file), 'utf8')))
    writeFileSync(join(templates, name), text)
  copyFileSync(join(folder, 'components/monitoring', dashboard), join(folder, 'chart', dashboard))
}

if (import.meta.main) write()

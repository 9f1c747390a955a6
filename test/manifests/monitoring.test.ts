// The component monitoring: what it adds, and whether its queries name what our programs say.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { statusPort } from '../../peers/pod.ts'
import { holds } from '../../peers/reasons.ts'
import { freePort } from '../fixtures/free-port.ts'
import { until } from '../fixtures/until.ts'
import { type Known, readMetrics, startMetricsPages } from './metrics-pages.ts'
import { alerts, folder, groups, objects, promtool, withoutPrometheus, withoutPromtool } from './monitoring.ts'
import { baseFiles, kubectl, render, root, single } from './objects.ts'

type Panel = { readonly title: string; readonly targets?: readonly { expr: string; legendFormat: string }[] }
const dashboard = JSON.parse(readFileSync(join(root, folder, 'dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { name: string; query: unknown }[] }
}

/** Of the dashboard, with something in place of its variables. */
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({
    title,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(namespace|group)\b/g, '.*'),
    legend: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1] ?? ''),
  })),
)
const written = [
  ...queries.map(({ title, expr }) => ({ where: `panel ${title}`, expr })),
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
]

t.test('every alert says what it is, how bad, and where to read on', async t => {
  t.ok(alerts.length >= 9)
  t.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length, 'each once')
  const settings = single(objects, 'ConfigMap', 'repeer-monitoring-settings').data.runbooks as string
  const runbooks = readFileSync(join(root, 'docs/runbooks.md'), 'utf8')
  const sections = new Map(runbooks.split(/^## /m).map(text => [text.slice(0, text.indexOf('\n')), text]))
  for (const { alert, labels, annotations } of alerts) {
    t.ok(['warning', 'critical'].includes(labels['severity'] ?? ''), `${alert}: severity`)
    t.match(annotations, { summary: /\w/, description: /\w.*\.$/ }, alert)
    t.equal(annotations['runbook_url'], `${settings}#${alert.toLowerCase()}`, alert)
    const section = sections.get(alert) ?? ''
    for (const part of ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'])
      t.match(section, `\n**${part}.** `, `docs/runbooks.md: ${alert}: ${part}`)
  }
  const [, ...titles] = sections.keys()
  t.same(
    titles.sort(),
    alerts.map(({ alert }) => alert).sort(),
    'docs/runbooks.md has a section for each, and no other',
  )
})

t.test('RepeerWaitsForSomebody names every reason that a person ends, or has to', async t => {
  const { expr = '' } = alerts.find(({ alert }) => alert === 'RepeerWaitsForSomebody') ?? {}
  const named = /reason=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []
  const wanted = Object.entries(holds)
    .filter(([code, { ends }]) => ends !== 'time' && code !== 'paused')
    .map(([code]) => code)
  t.same(named.sort(), wanted.sort())
})

t.test('what is scraped are the ports that are there', async t => {
  const base = baseFiles().flatMap(file => file.objects)
  const ofSidecar = single(objects, 'PodMonitor', 'repeer-sidecar').spec
  t.same(ofSidecar.namespaceSelector, { any: true })
  t.equal(ofSidecar.podMetricsEndpoints[0].port, statusPort.name)
  const ofController = single(objects, 'PodMonitor', 'repeer-controller').spec
  const { template } = single(base, 'Deployment', 'repeer-controller').spec
  t.equal(ofController.podMetricsEndpoints[0].port, template.spec.containers[0].ports[0].name)
  for (const [label, value] of Object.entries(ofController.selector.matchLabels))
    t.equal(template.metadata.labels[label], value)
  const ofWebhook = single(objects, 'ServiceMonitor').spec
  const service = single(base, 'Service', 'repeer-webhook')
  t.equal(ofWebhook.endpoints[0].port, service.spec.ports[0].name)
  for (const [label, value] of Object.entries(ofWebhook.selector.matchLabels))
    t.equal(service.metadata.labels?.[label], value)
  const { tlsConfig, scheme } = ofWebhook.endpoints[0]
  t.equal(scheme, 'https')
  t.same(tlsConfig, {
    ca: { secret: { name: 'repeer-webhook-tls', key: 'ca.crt' } },
    serverName: `${service.metadata.name}.${service.metadata.namespace}.svc`,
  })
  t.notMatch(JSON.stringify(objects), 'tls.key', 'nobody is handed the private key')
})

t.test(
  'the component goes with the base and with the overlays',
  { skip: !kubectl && 'kubectl is not on PATH' },
  async t => {
    function renderWith(name: string, namespace: string | undefined, resource: string, components: string[]) {
      const dir = join(t.testdirName, name)
      mkdirSync(dir, { recursive: true })
      const path = (to: string) => relative(dir, join(root, to))
      writeFileSync(
        join(dir, 'kustomization.yaml'),
        stringify({
          ...(namespace === undefined ? {} : { namespace }),
          resources: [path(resource)],
          components: components.map(path),
        }),
      )
      return render(dir)
    }
    t.testdir({})
    const ours = (all: ReturnType<typeof render>) =>
      all.filter(({ apiVersion, kind }) => /^monitoring/.test(apiVersion) || kind === 'ConfigMap')

    const plain = ours(renderWith('plain', undefined, 'manifests', [folder]))
    t.same(plain.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(), [
      'ConfigMap repeer-dashboard',
      'PodMonitor repeer-controller',
      'PodMonitor repeer-sidecar',
      'PrometheusRule repeer-controller',
      'PrometheusRule repeer-sidecar',
      'PrometheusRule repeer-webhook',
      'ServiceMonitor repeer-webhook',
    ])
    t.ok(plain.every(({ metadata }) => metadata.namespace === 'repeer-system'))
    const map = single(plain, 'ConfigMap')
    t.equal(map.metadata.labels?.['grafana_dashboard'], '1', "by which Grafana's sidecar finds it")
    t.same(JSON.parse(map.data['dashboard.json']), dashboard)

    const elsewhere = ours(renderWith('elsewhere', 'watch', 'manifests', [folder]))
    t.ok(elsewhere.every(({ metadata }) => metadata.namespace === 'watch'))

    const certManager = ours(
      renderWith('cert-manager', undefined, 'manifests/overlays/cert-manager', [folder, `${folder}/cert-manager`]),
    )
    const { tlsConfig } = single(certManager, 'ServiceMonitor').spec.endpoints[0]
    const certificate = render('manifests/overlays/cert-manager').find(
      ({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'repeer-webhook',
    )
    t.equal(tlsConfig.ca.secret.name, certificate?.spec.secretName)

    const alone = ours(
      renderWith('alone', undefined, 'manifests/overlays/without-controller', [folder, `${folder}/without-controller`]),
    )
    t.same(
      alone.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
      plain
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
        .filter(name => !name.endsWith('repeer-controller'))
        .sort(),
    )
  },
)

/** Where a query names what nobody says: metrics, labels of a metric and their values. */
function unknownIn(expr: string, known: Known): string[] {
  const problems: string[] = []
  const names = [...expr.matchAll(/\b((?:repeer|process|nodejs|apiserver)_\w+|up)\b(?:\{([^}]*)\})?/g)]
  if (names.length === 0) problems.push('no metric is named')
  const labels = new Set<string>()
  for (const [, name = '', matchers = ''] of names) {
    const its = known.get(name)
    if (its === undefined) {
      problems.push(name)
      continue
    }
    for (const label of its.keys()) labels.add(label)
    for (const [, label = '', operator = '', value = ''] of matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
      const values = its.get(label)
      const wanted = operator.endsWith('~') ? value.split('|') : [value]
      if (values === undefined) problems.push(`${name}{${label}}`)
      else
        for (const text of wanted) if (text !== '.*' && !values.has(text)) problems.push(`${name}{${label}="${text}"}`)
    }
  }
  for (const [, list = ''] of expr.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right) ?\(([^)]*)\)/g))
    for (const label of list.split(',').map(text => text.trim()))
      if (label !== '' && !labels.has(label)) problems.push(`label ${label}`)
  return problems
}

t.test('every query names metrics, labels and values that our programs say', async t => {
  const { pages, close } = await startMetricsPages()
  t.teardown(close)
  const known: Known = new Map()
  const jobs = new Set<string>()
  for (const { job, read } of pages) {
    const own: Known = new Map()
    readMetrics(await read(), own)
    for (const [name, labels] of own) {
      // What Prometheus adds to every sample of a target.
      for (const label of ['namespace', 'pod', 'instance', 'container', 'endpoint'])
        labels.set(label, labels.get(label) ?? new Set())
      const both = known.get(name) ?? labels
      known.set(name, both.set('job', (both.get('job') ?? new Set()).add(job)))
    }
    jobs.add(job)
  }
  const monitored = objects.flatMap(({ spec }) =>
    [...(spec?.podMetricsEndpoints ?? []), ...(spec?.endpoints ?? [])].flatMap(({ relabelings }) =>
      relabelings
        .filter(({ targetLabel }: { targetLabel?: string }) => targetLabel === 'job')
        .map(({ replacement }: { replacement: string }) => replacement),
    ),
  )
  t.same([...jobs].sort(), monitored.sort(), 'the jobs are those that the monitors name')
  // These two are not ours: Prometheus makes the one, the API server the other.
  known.set(
    'up',
    new Map([
      ...['namespace', 'pod', 'instance'].map(label => [label, new Set<string>()] as const),
      ['job', jobs] as const,
    ]),
  )
  const webhooks = single(
    baseFiles().flatMap(file => file.objects),
    'MutatingWebhookConfiguration',
  ).webhooks
  known.set(
    'apiserver_admission_webhook_fail_open_count',
    new Map<string, Set<string>>([
      ['name', new Set(webhooks.map(({ name }: { name: string }) => name))],
      ['job', new Set()],
      ['instance', new Set()],
    ]),
  )
  for (const { where, expr } of written) t.same(unknownIn(expr, known), [], `${where}: ${expr}`)
  for (const { query } of dashboard.templating.list) {
    const [, expr = '', label = ''] =
      /^label_values\((.*), (\w+)\)$/.exec((query as { query?: string }).query ?? '') ?? []
    if (expr !== '') t.same(unknownIn(`count by (${label}) (${expr.replace('$namespace', '.*')})`, known), [])
  }
  const shown = new Set(written.flatMap(({ expr }) => [...expr.matchAll(/repeer_\w+/g)].map(([name]) => name)))
  for (const name of known.keys())
    if (name.startsWith('repeer_') && !/_(sum|count)$/.test(name))
      t.ok(shown.has(name), `${name} is looked at by somebody`)

  t.test('and what does not is found', async t => {
    t.same(unknownIn('sum(repeer_sidecar_restart_total)', known), ['repeer_sidecar_restart_total'])
    t.same(unknownIn('sum by (grop) (repeer_sidecar_info)', known), ['label grop'])
    t.same(unknownIn('repeer_sidecar_info{grup="a"}', known), ['repeer_sidecar_info{grup}'])
    t.same(unknownIn('repeer_sidecar_phase{phase=~"settled|setled"}', known), ['repeer_sidecar_phase{phase="setled"}'])
  })
})

t.test('promtool understands every rule and every query', { skip: withoutPromtool }, async t => {
  const dir = t.testdir()
  const file = join(dir, 'rules.yml')
  const asRules = written.map(({ expr }, i) => ({ record: `query:number${i}`, expr }))
  writeFileSync(file, stringify({ groups: [...groups(), { name: 'queries', rules: asRules }] }))
  const { ok, said } = promtool('check', 'rules', file)
  t.ok(ok, said)
  t.match(said, `${alerts.length + written.length} rules found`)
})

t.test(
  'Prometheus scrapes all three, the webhook by its own CA, and finds something for every panel',
  { skip: withoutPrometheus },
  async t => {
    const { pages, close } = await startMetricsPages()
    t.teardown(close)
    const { serverName } = single(objects, 'ServiceMonitor').spec.endpoints[0].tlsConfig
    const dir = t.testdir()
    const asFile = (job: string, ca: string) => {
      writeFileSync(join(dir, `${job}.crt`), ca)
      return join(dir, `${job}.crt`)
    }
    writeFileSync(
      join(dir, 'prometheus.yml'),
      stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: pages.map(({ job, address, labels, ca }) => ({
          job_name: job,
          // As the monitors have it: of these two some metrics say a namespace.
          honor_labels: job !== 'repeer-sidecar',
          static_configs: [{ targets: [address], labels }],
          ...(ca === undefined
            ? {}
            : { scheme: 'https', tls_config: { ca_file: asFile(job, ca), server_name: serverName } }),
        })),
      }),
    )
    const port = await freePort()
    const args = [`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`]
    const child = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    t.teardown(async () => {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    })
    type Found = readonly { readonly metric: Readonly<Record<string, string>> }[]
    async function ask(query: string): Promise<Found> {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
      const { data, error } = (await response.json()) as { data?: { result: Found }; error?: string }
      if (data === undefined) throw new Error(`${query}: ${error}`)
      return data.result
    }
    const answers = async (query: string, least: number) => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: see above`)
      const found = await ask(query).catch(() => [])
      return found.length >= least
    }
    // A rate wants two samples of each.
    await until(
      'all are scraped twice',
      () => answers('count_over_time(up[1m]) >= 3 and up == 1', pages.length),
      40,
      200,
    )
    for (const { title, expr, legend } of queries) {
      const found = await ask(expr)
      t.ok(found.length > 0, `${title}: ${expr}`)
      for (const label of legend)
        t.ok(
          found.some(({ metric }) => metric[label] !== undefined && metric[label] !== ''),
          `${title}: its legend has ${label}`,
        )
    }
  },
)

// The pages of metrics that the three programs serve, by their own servers, with something in every gauge.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { issueFresh } from '../../certs/issue.ts'
import { createMetrics as createControllerMetrics } from '../../controller/metrics.ts'
import { buildServer as buildController } from '../../controller/server.ts'
import { conditionTypes } from '../../discovery/peer-set.ts'
import { createMetrics as createSidecarMetrics } from '../../sidecar/metrics.ts'
import { buildServer as buildSidecar } from '../../sidecar/server.ts'
import { createMetrics as createWebhookMetrics } from '../../webhook/metrics.ts'
import { service } from '../certs/fixtures/issuing.ts'
import { plan, world } from '../sidecar/fixtures/look.ts'
import { testServer } from '../webhook/fixtures/server.ts'

export type MetricsPage = {
  readonly job: 'repeer-sidecar' | 'repeer-controller' | 'repeer-webhook'
  /** Host and port; the path is /metrics. */
  readonly address: string
  readonly labels: { readonly namespace: string; readonly pod: string }
  /** PEM: the CA that signs the certificate of a page by HTTPS. */
  readonly ca?: string
  /** What it says. */
  read(): Promise<string>
}

const over = (address: string) => async () => (await fetch(`http://${address}/metrics`)).text()

const own = (pod: string) => ({ namespace: 'repeer-system', pod })

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts all three; `close` ends them. */
export async function startMetricsPages(): Promise<{
  readonly pages: readonly MetricsPage[]
  close(): Promise<void>
}> {
  const sidecar = createSidecarMetrics()
  sidecar.describe(plan())
  const its = world()
  its.move(2, '10.0.0.22')
  const page = its.page(its.after(0))
  // One node that waits: else no panel about waiting had anything to show.
  sidecar.show({ ...page, phase: 'waiting', reason: 'settling' })
  const sidecarServer = buildSidecar({ page: () => page, unwell: () => null, registry: sidecar.registry })

  const figures = {
    source: 'services',
    namespace: 'chain',
    name: 'gaia',
    peers: 4,
    problems: 1,
    intervalMs: 30_000,
    answeredAt: Date.now(),
  } as const
  const controller = createControllerMetrics({
    pending: () => 1,
    groups: () => [[plan().group, { used: 1, allowed: 1, stopped: false }]],
    watchAge: () => 1,
    tooMuch: () => ['loud'],
    queueDepth: () => 0,
    leading: () => true,
    peerSets: () =>
      (['True', 'False'] as const).map(status => ({
        ...figures,
        name: `gaia-${status}`,
        conditions: conditionTypes.map(type => ({ type, status })),
      })),
  })
  const controllerServer = buildController({ registry: controller.registry, watchAge: () => 1, missing: () => [] })

  const tls = await issueFresh({ service, now: Date.now(), lifetimeSeconds: 3600, clockSkewSeconds: 300 })
  const { app } = testServer({
    tls,
    metrics: createWebhookMetrics({
      certificateExpiry: () => Date.now() / 1000 + 60 * 86_400,
      certificateFailures: () => 0,
      caBundleLosses: () => 0,
      ready: () => true,
      synced: () => [['chain', true]],
    }),
  })
  const webhook = new URL(await app.listen({ port: 0, host: '127.0.0.1' })).host
  const node = await listening(sidecarServer)
  const leader = await listening(controllerServer)
  return {
    pages: [
      { job: 'repeer-sidecar', address: node, labels: { namespace: 'default', pod: 'node-0' }, read: over(node) },
      { job: 'repeer-controller', address: leader, labels: own('controller-0'), read: over(leader) },
      {
        job: 'repeer-webhook',
        address: webhook,
        labels: own('webhook-0'),
        ca: tls.ca,
        read: async () => (await app.inject('/metrics')).body,
      },
    ],
    async close() {
      for (const server of [sidecarServer, controllerServer]) {
        server.close()
        server.closeAllConnections()
      }
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

/** By metric, the values of each of its labels, as a page of metrics has them. */
export type Known = Map<string, Map<string, Set<string>>>

/** Adds what a page has: every sample by its name, so a histogram by `_bucket`, `_sum` and `_count`. */
export function readMetrics(text: string, known: Known): void {
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? [^ ]+$/.exec(line) ?? []
    if (name === undefined) continue
    const its = known.get(name) ?? new Map<string, Set<string>>()
    known.set(name, its)
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      its.set(label, (its.get(label) ?? new Set()).add(value))
  }
}

// The real webhook as a process of its own, against the stand-in for the API server. It makes its certificate, keeps it
// in a Secret and publishes its CA there, as on a cluster; the demo takes the CA from there and from nowhere else.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KubernetesObject, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import { parse } from 'yaml'
import type { WebhookAddress } from './admission.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import type { Timeline } from './timeline.ts'
import { until } from './watch-node.ts'

export type WebhookOptions = {
  readonly directory: string
  readonly execPath: string
  readonly entry: string
  readonly path: string
  readonly timeline: Pick<Timeline, 'tell'>
  /** Environment variables of the process, beside PATH. */
  readonly env?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** What the API has before the webhook starts. */
  readonly objects: readonly KubernetesObject[]
}

export type RunningWebhook = {
  readonly address: WebhookAddress
  readonly pid: number
  /** Creates or replaces an object in the API. */
  readonly put: (object: KubernetesObject) => Promise<void>
  readonly close: () => Promise<void>
}

/** It loads the Kubernetes client and makes two RSA keys: 2 s on an idle machine. */
const readySeconds = 40

/** Settles when the webhook is ready to answer; throws with the end of its log where it does not get there. */
export async function startWebhook(options: WebhookOptions): Promise<RunningWebhook> {
  const { timeline, signal, directory } = options
  const api = await startApiServer()
  const configuration = await readConfiguration()
  const { service, path } = serviceOf(configuration)
  const systemNamespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: service.namespace } }
  for (const object of [systemNamespace, configuration, ...options.objects]) await api.put(object)
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, api.kubeconfig)
  const logFile = join(directory, 'webhook.log')
  const log = openSync(logFile, 'w')
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    '--listen=127.0.0.1:0',
    '--image=repeer:demo',
    '--turns=self',
    '--drain-seconds=0',
  ]
  const child = spawn(options.execPath, [options.entry, 'webhook', ...flags], {
    env: { PATH: options.path, ...options.env },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve()).once('error', () => resolve())
  })
  const close = async () => {
    child.kill('SIGTERM')
    const killing = setTimeout(() => child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(killing)
    await api.close()
  }
  try {
    timeline.tell('action', 'webhook', `starts against the stand-in for the API server (${api.url})`, {
      pid: child.pid,
    })
    const address = await until('the webhook ready', readySeconds, signal, async () => {
      const ca = await publishedCa(api, configuration)
      const port = await servedPort(logFile)
      if (!ca || !port) return undefined
      const found = { host: '127.0.0.1', port, path, servername: `${service.name}.${service.namespace}.svc`, ca }
      return (await isReady(found)) ? found : undefined
    })
    timeline.tell(
      'repeer',
      'webhook',
      'ready: made its certificate, keeps it in a Secret, has published its CA in the MutatingWebhookConfiguration',
    )
    return { address, pid: child.pid ?? 0, put: object => api.put(object), close }
  } catch (error) {
    await close()
    const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join('\n')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail}`)
  }
}

/** The one that is installed on a cluster. */
async function readConfiguration(): Promise<V1MutatingWebhookConfiguration> {
  const file = fileURLToPath(new URL('../manifests/base/mutatingwebhookconfiguration.yaml', import.meta.url))
  return parse(await readFile(file, 'utf8')) as V1MutatingWebhookConfiguration
}

function serviceOf(configuration: V1MutatingWebhookConfiguration): {
  service: { name: string; namespace: string }
  path: string
} {
  const service = configuration.webhooks?.[0]?.clientConfig.service
  if (!service) throw new Error('found a MutatingWebhookConfiguration without clientConfig.service')
  return { service, path: service.path ?? '/' }
}

async function publishedCa(api: ApiServer, configuration: V1MutatingWebhookConfiguration): Promise<string | undefined> {
  const found = await api.get<V1MutatingWebhookConfiguration>(
    'MutatingWebhookConfiguration',
    configuration.metadata?.name ?? '',
  )
  const bundle = found?.webhooks?.[0]?.clientConfig.caBundle
  return bundle ? Buffer.from(bundle, 'base64').toString() : undefined
}

/** It listens on a free port, which its log tells. */
async function servedPort(logFile: string): Promise<number | undefined> {
  const line = (await readFile(logFile, 'utf8')).split('\n').find(entry => entry.includes('"port":'))
  return line ? (JSON.parse(line) as { port: number }).port : undefined
}

function isReady({ host, port, servername, ca }: WebhookAddress): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path: '/readyz', servername, ca, agent: false, timeout: 2000 }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('timeout', () => sent.destroy(new Error('/readyz: no answer within 2 s')))
    sent.on('error', reject)
    sent.end()
  })
}

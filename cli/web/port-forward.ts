// A port of this machine that leads to one of a pod, through the API server and with the caller's own credentials, as
// kubectl port-forward does: each connection is a WebSocket of its own (kubelet, v4.channel.k8s.io), in which a frame
// begins with its channel: 0 carries data, 1 an error, and the first frame of each is the port. client-node's class for
// it brings the models of every API along.
import type { RequestOptions } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import type { KubeConfig } from '@kubernetes/client-node'
import { WebSocket } from 'ws'

export type Target = { readonly namespace: string; readonly pod: string; readonly port: number }

export type ForwardOptions = {
  /** Asked for each connection: who leads may change. */
  readonly target: () => Promise<Target>
  /** 0 takes a free one. */
  readonly localPort: number
  /** Aborts to end what is open. */
  readonly signal: AbortSignal
  /** Told why a connection did not come about. */
  readonly failed: (error: Error) => void
}

/** Milliseconds. */
const handshakeTimeout = 10_000
/** Bytes of a frame; a kubelet's have at most 32 KiB. */
const maxPayload = 1 << 20
const mostErrorText = 500
const [dataChannel, errorChannel] = [0, 1]

/** Listens on 127.0.0.1. Rejects where the port is in use. */
export async function forwardPort(
  config: KubeConfig,
  { target, localPort, signal, failed }: ForwardOptions,
): Promise<Server> {
  const server = createServer(local => {
    // Whoever goes away in the middle of something has gone.
    local.on('error', () => local.destroy())
    const end = () => local.destroy()
    signal.addEventListener('abort', end, { once: true })
    local.once('close', () => signal.removeEventListener('abort', end))
    local.pause()
    target()
      .then(to => forward(config, to, local, failed))
      .catch((error: unknown) => {
        failed(error instanceof Error ? error : new Error(String(error)))
        local.destroy()
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(localPort, '127.0.0.1', resolve)
  })
  return server
}

async function forward(config: KubeConfig, to: Target, local: Socket, failed: ForwardOptions['failed']): Promise<void> {
  const { namespace, pod, port } = to
  const server = (config.getCurrentCluster()?.server ?? '').replace(/^http/, 'ws').replace(/(?<!\/)\/+$/, '')
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const limits = { handshakeTimeout, maxPayload, perMessageDeflate: false }
  const remote = new WebSocket(`${server}${path}?ports=${port}`, ['v4.channel.k8s.io'], { ...options, ...limits })
  const begun = new Set<number>()
  remote.on('message', message => {
    const [channel = dataChannel] = message
    const content = message.subarray(1)
    if (!begun.has(channel)) begun.add(channel)
    else if (channel === errorChannel) failed(new Error(content.toString().slice(0, mostErrorText)))
    else if (content.length > 0) local.write(content)
  })
  remote.on('close', () => local.end())
  local.once('close', () => remote.close())
  await opened(remote, to)
  remote.on('error', () => local.destroy())
  local.on('data', (content: Buffer) => remote.send(Buffer.concat([Buffer.from([dataChannel]), content])))
  local.resume()
}

function opened(remote: WebSocket, { namespace, pod }: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    remote.once('open', resolve)
    // Where its handshake is ended by us as well: see below.
    remote.on('error', reject)
    remote.once('unexpected-response', (request, response) => {
      const hint = response.statusCode === 403 ? '; expected the permissions get and create on pods/portforward' : ''
      reject(new Error(`no port-forward to pod ${namespace}/${pod}: found HTTP ${response.statusCode}${hint}`))
      request.destroy()
    })
  })
}

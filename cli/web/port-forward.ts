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
      .then(to => connect(config, to))
      .then(remote => join(local, remote, failed))
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

async function connect(config: KubeConfig, { namespace, pod, port }: Target): Promise<WebSocket> {
  const server = config.getCurrentCluster()?.server ?? ''
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const url = `${server.replace(/^http/, 'ws').replace(/(?<!\/)\/+$/, '')}${path}?ports=${port}`
  const remote = new WebSocket(url, ['v4.channel.k8s.io'], {
    ...(options as object),
    handshakeTimeout,
    perMessageDeflate: false,
  })
  await new Promise<void>((resolve, reject) => {
    remote.once('open', resolve)
    remote.once('error', reject)
    remote.once('unexpected-response', (request, response) => {
      request.destroy()
      const where = `pod ${namespace}/${pod}`
      const hint = response.statusCode === 403 ? '; expected the permission create (and get) on pods/portforward' : ''
      reject(new Error(`no port-forward to ${where}: found HTTP ${response.statusCode}${hint}`))
    })
  })
  return remote
}

function join(local: Socket, remote: WebSocket, failed: ForwardOptions['failed']): void {
  const begun = new Set<number>()
  remote.on('message', (message: Buffer) => {
    const channel = message[0] ?? dataChannel
    if (!begun.has(channel)) {
      begun.add(channel)
      return
    }
    const content = message.subarray(1)
    if (channel === errorChannel && content.length > 0) {
      failed(new Error(content.toString().slice(0, 500)))
      return
    }
    if (channel === dataChannel && content.length > 0) local.write(content)
  })
  remote.on('error', () => local.destroy())
  remote.on('close', () => local.end())
  local.on('data', (content: Buffer) => remote.send(Buffer.concat([Buffer.from([dataChannel]), content])))
  local.on('close', () => remote.close())
  local.resume()
}

// The cluster's API by client-node's typed clients: a look is one request on an open connection, where each kubectl is
// a process of 0.1 s.
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  BatchV1Api,
  type Configuration,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  DiscoveryV1Api,
  Exec,
  KubeConfig,
  PatchStrategy,
  type RequestContext,
  ServerConfiguration,
  setHeaderOptions,
  type V1Status,
} from '@kubernetes/client-node'

/** For patches: a merge, as `kubectl patch --type=merge`. */
export const asMerge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

export type Client = {
  readonly core: CoreV1Api
  readonly apps: AppsV1Api
  readonly batch: BatchV1Api
  readonly custom: CustomObjectsApi
  readonly discovery: DiscoveryV1Api
  readonly admission: AdmissionregistrationV1Api
}

/** Clients of the kubeconfig's current cluster. Throws where it names none. */
export function makeClient(config: KubeConfig): Client {
  const server = config.getCurrentCluster()?.server
  if (!server) throw new Error('found no current cluster in the kubeconfig; expected one: set KUBECONFIG')
  const configuration: Configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: onOneConnection(config) },
  })
  return {
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    batch: new BatchV1Api(configuration),
    custom: new CustomObjectsApi(configuration),
    discovery: new DiscoveryV1Api(configuration),
    admission: new AdmissionregistrationV1Api(configuration),
  }
}

/** client-node makes a pool of connections for each request, and so a TLS handshake for each; this keeps the first. */
function onOneConnection(config: KubeConfig) {
  let kept: ReturnType<RequestContext['getDispatcher']>
  return {
    getName: () => 'kubeconfig',
    applySecurityAuthentication: async (context: RequestContext) => {
      await config.applySecurityAuthentication(context)
      kept ??= context.getDispatcher()
      if (kept) context.setDispatcher(kept)
    },
  }
}

let found: { config: KubeConfig; client: Client } | undefined

function present() {
  if (found) return found
  const config = new KubeConfig()
  config.loadFromDefault()
  found = { config, client: makeClient(config) }
  return found
}

/**
 * The cluster of KUBECONFIG, as kubectl finds it: for what runs inside a cluster's namespaces, or beside a cluster of
 * the user's.
 */
export function client(): Client {
  return present().client
}

/**
 * `kubectl exec`: what the command wrote to stdout. Throws, with what it wrote to stderr, where it ends with another
 * code than 0, where its container goes away, and where it runs for more than 60 s.
 */
export async function exec(
  namespace: string,
  pod: string,
  container: string,
  command: readonly string[],
): Promise<string> {
  const what = `${namespace}/${pod} ${container}: ${command.join(' ').slice(0, 200)}`
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const written = Promise.all([text(stdout), text(stderr)])
  const ended = Promise.withResolvers<V1Status>()
  const socket = await new Exec(present().config).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout,
    stderr,
    null,
    false,
    ended.resolve,
  )
  const timer = setTimeout(() => ended.reject(new Error(`${what}: still runs after 60 s`)), 60_000)
  socket.once('close', () => ended.reject(new Error(`${what}: the connection was closed before it ended`)))
  try {
    const { status, message } = await ended.promise
    const [out, complaint] = await written
    if (status !== 'Success') throw new Error(`${what}: ${message}: ${complaint.trim()}`)
    return out
  } finally {
    clearTimeout(timer)
    socket.terminate()
  }
}

// The cluster's API by client-node's typed clients: a look is one request on an open connection, where each kubectl is a process of 0.1 s.
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  BatchV1Api,
  type Configuration,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  DiscoveryV1Api,
  KubeConfig,
  PatchStrategy,
  type RequestContext,
  ServerConfiguration,
  setHeaderOptions,
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

let made: Client | undefined

/** The cluster of KUBECONFIG, as kubectl finds it: for what runs inside a cluster's namespaces, or beside a cluster of the user's. */
export function client(): Client {
  if (made) return made
  const config = new KubeConfig()
  config.loadFromDefault()
  made = makeClient(config)
  return made
}

// The reference: a process that does nothing but keep the same collections with client-node's typed informers, one for
// each kind and namespace. Arguments: the namespaces. It says on standard output when it has read everything.
import {
  CoreV1Api,
  DiscoveryV1Api,
  type Informer,
  KubeConfig,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node'

const config = new KubeConfig()
config.loadFromDefault()
const core = config.makeApiClient(CoreV1Api)
const discovery = config.makeApiClient(DiscoveryV1Api)
const informers: Informer<KubernetesObject>[] = process.argv
  .slice(2)
  .flatMap(namespace => [
    makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace })),
    makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    ),
    makeInformer(config, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, () =>
      discovery.listNamespacedEndpointSlice({ namespace }),
    ),
  ])
let failures = 0
for (const informer of informers) {
  informer.on('error', () => {
    failures++
    setTimeout(() => void informer.start(), 1000)
  })
}
await Promise.all(informers.map(informer => informer.start()))
console.log(`synced, ${failures} failures`)

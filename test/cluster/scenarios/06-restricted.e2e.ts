// A namespace that enforces Pod Security `restricted`, under wrap and under signal; with a quota and a LimitRange.
import t from 'tap'
import { apply, install, kubectl } from '../install.ts'
import { impatient, namespaceFor, replacePod, runningChain, settled, withoutCommand } from '../scenario.ts'
import { netInfo, page, until } from '../watch.ts'

type Mounted = {
  spec: {
    initContainers: { name: string; volumeMounts: { mountPath: string; name: string }[] }[]
    containers: { volumeMounts: { mountPath: string; name: string }[] }[]
  }
}

for (const [strategy, pod] of [
  ['wrap', undefined],
  ['signal', withoutCommand],
] as const) {
  t.test(`${strategy} under restricted, with a quota and a LimitRange`, async t => {
    install()
    const ns = namespaceFor(t, `restricted-${strategy}`, { enforce: 'restricted' })
    apply([
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'quota', namespace: ns },
        spec: { hard: { 'limits.memory': '8Gi', 'requests.cpu': '8', 'limits.cpu': '16', 'requests.memory': '8Gi' } },
      },
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'range', namespace: ns },
        spec: {
          limits: [{ type: 'Container', default: { cpu: '500m', memory: '256Mi' }, defaultRequest: { cpu: '20m', memory: '64Mi' } }],
        },
      },
    ])
    const chain = await runningChain(ns, { restricted: true, annotations: impatient(), ...(pod ? { pod } : {}) })
    await settled(ns)
    t.equal((await page(ns, 0))?.strategy, strategy)
    const { to } = await replacePod(ns, 1)
    await until('reconnected', 120, async () =>
      (await netInfo(ns, 0))?.peers.some(peer => peer.node_info.id === chain.ids[1] && peer.remote_ip === to),
    )
    await settled(ns)
    t.match((await page(ns, 0))?.restarts.at(-1), { outcome: 'verified', level: strategy === 'wrap' ? 'process' : 'container' })

    const { spec } = JSON.parse(kubectl('-n', ns, 'get', 'pod', 'node0-0', '-o', 'json')) as Mounted
    const token = '/var/run/secrets/kubernetes.io/serviceaccount'
    for (const ours of spec.initContainers.filter(one => one.name.startsWith('repeer'))) {
      t.equal(ours.volumeMounts.find(mount => mount.mountPath === token)?.name, 'repeer-no-token', `${ours.name} holds no token`)
    }
    t.match(
      spec.containers[0]?.volumeMounts.find(mount => mount.mountPath === token)?.name,
      /^kube-api-access/,
      "the pod's own container does",
    )
  })
}

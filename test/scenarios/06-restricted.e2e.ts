// A namespace that enforces Pod Security `restricted`, under wrap and under signal; with a quota and a LimitRange;
// fsGroup set and unset.
import t, { type Test } from 'tap'
import { path } from '../../peers/pod.ts'
import { type Container, makeChain, type PodSpec } from '../testbed/chain.ts'
import { exec } from '../testbed/client.ts'
import { apply, install, kubectl } from '../testbed/install.ts'
import { inNode } from '../testbed/plain-node.ts'
import {
  allRun,
  besideControl,
  control,
  impatient,
  isConnected,
  namespaceFor,
  openRpc,
  orderlyChain,
  replacePod,
  settled,
  staysUnconnected,
  withLists,
  withoutCommand,
} from '../testbed/scenario.ts'
import { getPod, page, until } from '../testbed/watch.ts'

function limits(namespace: string): unknown[] {
  const hard = { 'limits.memory': '8Gi', 'requests.cpu': '8', 'limits.cpu': '16', 'requests.memory': '8Gi' }
  const range = {
    type: 'Container',
    default: { cpu: '500m', memory: '256Mi' },
    defaultRequest: { cpu: '20m', memory: '64Mi' },
  }
  return [
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota', namespace }, spec: { hard } },
    { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'range', namespace }, spec: { limits: [range] } },
  ]
}

/**
 * node0's pod states user and fsGroup. node2's states neither: its own containers state their user, and repeer's are
 * left to their image's.
 */
function ownUser(spec: PodSpec, index: number): PodSpec {
  if (index !== 2) return spec
  const { fsGroup, runAsUser, runAsGroup, ...securityContext } = spec.securityContext as Record<string, unknown>
  const withUser = (container: Container) => ({
    ...container,
    securityContext: { ...(container.securityContext as object), runAsUser },
  })
  return {
    ...spec,
    securityContext,
    initContainers: (spec.initContainers ?? []).map(withUser),
    containers: spec.containers.map(withUser),
  }
}

control('restricted', 'a moved peer is lost there, too', async (t, ns) => {
  kubectl('label', 'namespace', ns, 'pod-security.kubernetes.io/enforce=restricted')
  apply(limits(ns))
  await staysUnconnected(t, await orderlyChain(ns, { restricted: true }), ns)
})

for (const strategy of ['wrap', 'signal'] as const) {
  t.test(`${strategy} under restricted, with a quota and a LimitRange`, besideControl(), t => restricted(t, strategy))
}

async function restricted(t: Test, strategy: 'wrap' | 'signal'): Promise<void> {
  install()
  const ns = await namespaceFor(t, `restricted-${strategy}`, { enforce: 'restricted' })
  apply(limits(ns))
  const pod = (spec: PodSpec, index: number) => ownUser(strategy === 'signal' ? withoutCommand(spec) : spec, index)
  const chain = makeChain({ namespace: ns, restricted: true, annotations: impatient(), config: openRpc, pod })
  apply(withLists(chain, { 2: [1] }))
  await until('all pods run', 90, () => allRun(ns))
  const listers = [0, 2]
  for (const index of listers) await until(`node${index} has node1`, 120, () => isConnected(chain, ns, index, 1))
  await settled(ns, listers)

  await replacePod(ns, 1)
  for (const index of listers) {
    await until(`node${index} has node1 again`, 120, () => isConnected(chain, ns, index, 1, 'at its present address'))
    await settled(ns, [index])
    const { strategy: used, restarts = [] } = (await page(ns, index)) ?? {}
    t.equal(used, strategy)
    t.match(
      restarts.at(-1),
      { outcome: 'verified', level: strategy === 'wrap' ? 'process' : 'container' },
      `node${index}: in place`,
    )
    const fsGroup = (await getPod(ns, `node${index}-0`)).spec.securityContext?.fsGroup
    t.equal(fsGroup, index === 0 ? 1000 : undefined, `node${index}: fsGroup ${fsGroup}`)
  }
  await tokens(t, ns)
  if (strategy === 'wrap') await apart(t, ns)
  else await shared(t, ns)
}

/** A line for busybox in the sidecar. */
async function inSidecar(namespace: string, pod: string, line: string): Promise<string> {
  return (await exec(namespace, pod, 'repeer', [`${path.imageWrap}/sh`, '-c', line])).trim()
}

async function tokens(t: Test, namespace: string): Promise<void> {
  const { spec } = await getPod(namespace, 'node0-0')
  const mounted = (mounts: { mountPath: string; name: string }[] = []) =>
    mounts.find(({ mountPath }) => mountPath === path.token)?.name
  const ours = (spec.initContainers ?? []).filter(container => container.name.startsWith('repeer'))
  t.ok(ours.length > 0)
  for (const { name, volumeMounts } of ours) t.equal(mounted(volumeMounts), 'repeer-no-token', `${name} holds no token`)
  t.match(mounted(spec.containers[0]?.volumeMounts), /^kube-api-access/, "the pod's own container does")
  t.equal(await inSidecar(namespace, 'node0-0', `ls -A ${path.token}`), '', 'there is nothing where the token would be')
}

/** Under wrap node and sidecar may be users of their own, and see none of each other's processes. */
async function apart(t: Test, namespace: string): Promise<void> {
  const users = async (pod: string) => [
    (await inNode(namespace, pod, 'id -u')).trim(),
    await inSidecar(namespace, pod, 'id -u'),
  ]
  t.strictSame(await users('node0-0'), ['1000', '1000'], 'one user where the pod states it')
  t.strictSame(await users('node2-0'), ['1000', '65532'], 'two where the containers do')
  t.equal(
    await inSidecar(namespace, 'node0-0', 'grep -l cometbft /proc/[0-9]*/comm || true'),
    '',
    "the node's process is out of the sidecar's sight",
  )
}

/** What docs/security.md says of a shared PID namespace: whoever has the node's user there has its files. */
async function shared(t: Test, namespace: string): Promise<void> {
  for (const pod of ['node0-0', 'node2-0']) {
    t.equal(await inSidecar(namespace, pod, 'id -u'), '1000', `${pod}: the node's user, or else it could not signal`)
  }
  const key = 'cd $(dirname $(grep -l cometbft /proc/[0-9]*/comm | head -n 1)); cat root/home/node/keys/node_key.json'
  t.match(
    await inSidecar(namespace, 'node0-0', key),
    /priv_key/,
    "the sidecar could read the node's key, as docs/security.md says",
  )
}

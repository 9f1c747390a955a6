// A chain of four validators with headless Services, star-shaped, pex off. node0's names do not resolve yet when it
// starts, so it drops them.
import t from 'tap'
import { type Chain, makeChain, type PodSpec } from '../testbed/chain.ts'
import { apply, install } from '../testbed/install.ts'
import { allRun, namespaceFor, openRpc, settled } from '../testbed/scenario.ts'
import { containerStatus, getPod, height, netInfo, never, page, until } from '../testbed/watch.ts'

/**
 * The others come up 6 s after node0, as volumes that attach slowly make them: at its start their names have no answer.
 */
function late(spec: PodSpec, index: number): PodSpec {
  if (index === 0) return spec
  const [state, ...rest] = spec.initContainers ?? []
  if (!state) throw new Error('no init container')
  return {
    ...spec,
    initContainers: [{ ...state, command: ['sh', '-c', `sleep 6; ${state.command?.at(-1)}`] }, ...rest],
  }
}

function stuckChain(namespace: string): Chain {
  return makeChain({ namespace, pod: late, config: openRpc })
}

/** Otherwise the addresses of pods whose node does not run yet would be published, and node0 would resolve them. */
function withReadyAddressesOnly(chain: Chain): unknown[] {
  return chain.objects.map(object =>
    object.kind === 'Service'
      ? { ...object, spec: { ...(object.spec as object), publishNotReadyAddresses: false } }
      : object,
  )
}

t.test('without repeer it stays at height 0', async t => {
  const ns = await namespaceFor(t, 'stuck-control', { control: true })
  apply(withReadyAddressesOnly(stuckChain(ns)))
  await until('all pods run', 60, () => allRun(ns))
  t.ok(await never(30, async () => (await height(ns, 0)) > 0), 'no block for 30 s')
  t.equal(await height(ns, 0), 0, 'though it runs')
})

t.test('with repeer it makes blocks within 60 s', async t => {
  install()
  const ns = await namespaceFor(t, 'stuck')
  apply(withReadyAddressesOnly(stuckChain(ns)))
  const healed = await until('blocks', 60, async () => (await height(ns, 0)) > 1)
  t.comment(`first blocks ${healed.seconds.toFixed(1)} s after the manifests were applied`)
  await settled(ns)
  t.match(await page(ns, 0), { connected: 3, strategy: 'wrap', restarts: [{ level: 'process', outcome: 'verified' }] })
  t.equal((await netInfo(ns, 0))?.peers.length, 3)
  t.match(containerStatus(await getPod(ns, 'node0-0'), 'node'), { restartCount: 0 }, 'restarted within its container')
  for (const index of [1, 2, 3]) t.strictSame((await page(ns, index))?.restarts, [], `node${index} was left alone`)
})

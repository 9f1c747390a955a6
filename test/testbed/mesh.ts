// A chain in which four validators list each other, and a fifth node with next to no voting power that nobody lists
// until the lists are edited.
import { type Chain, type ChainOptions, makeChain } from './chain.ts'
import { apply } from './install.ts'
import { editConfigMap, openRpc, replacePod, withLists } from './scenario.ts'
import { getPod, height, netInfo, page, until } from './watch.ts'

export const validators = [0, 1, 2, 3] as const
export const newcomer = 4
const all = [...validators, newcomer] as const

export type Mesh = { readonly namespace: string; readonly chain: Chain }

/** Starts it, with node4 apart, and waits for blocks. */
export async function runningMesh(
  namespace: string,
  options: Omit<ChainOptions, 'namespace' | 'validators' | 'power'> = {},
): Promise<Mesh> {
  const config = (toml: string, index: number) => openRpc(options.config ? options.config(toml, index) : toml)
  const power = (index: number) => (index === newcomer ? 1 : 100)
  const chain = makeChain({ namespace, ...options, validators: 5, config, power })
  apply(
    withLists(
      chain,
      Object.fromEntries(
        all.map(index => [index, index === newcomer ? [] : validators.filter(member => member !== index)]),
      ),
    ),
  )
  for (const index of all)
    await until(
      `node${index} runs`,
      120,
      async () => (await getPod(namespace, `node${index}-0`)).status.phase === 'Running',
    )
  await until('blocks', 120, async () => (await height(namespace, 0)) > 2)
  return { namespace, chain }
}

/** Writes the lists of these nodes anew: the other validators, with or without the newcomer. */
export async function editLists(
  { namespace, chain }: Mesh,
  of: readonly number[],
  members: readonly number[],
): Promise<void> {
  for (const index of of) {
    const others = members.filter(member => member !== index)
    await editConfigMap(namespace, {
      name: `node${index}-config`,
      data: { 'config.toml': chain.configOf(index, others) },
    })
  }
}

/**
 * Takes the newcomer off the lists of these nodes and gives it a new pod, so that there is something to restart for
 * again.
 */
export async function withoutNewcomer(mesh: Mesh, of: readonly number[]): Promise<void> {
  const { namespace } = mesh
  await editLists(mesh, of, validators)
  for (const index of of)
    await until(`node${index} lists three`, 150, async () => (await page(namespace, index))?.peers.length === 3)
  const connected = await Promise.all(of.map(index => hasPeer(mesh, index, newcomer)))
  if (connected.includes(true)) await replacePod(namespace, newcomer)
  for (const index of of)
    await until(`node${index} has lost it`, 60, async () => !(await hasPeer(mesh, index, newcomer)))
}

export async function hasPeer({ namespace, chain }: Mesh, index: number, peer: number): Promise<boolean> {
  return (await netInfo(namespace, index))?.peers.some(connected => connected.node_info.id === chain.ids[peer]) ?? false
}

/**
 * Asks every validator for its health ten times a second, and keeps the largest number that did not answer together,
 * and the highest block.
 */
export async function watchMesh(mesh: Mesh): Promise<{ mostDown(): number; stop(): Promise<void> }> {
  const addresses = new Map(
    await Promise.all(
      validators.map(async index => [index, (await getPod(mesh.namespace, `node${index}-0`)).status.podIP] as const),
    ),
  )
  let most = 0
  let stopped = false
  const done = (async () => {
    while (!stopped) {
      const answers = await Promise.all(validators.map(index => isHealthy(addresses.get(index))))
      most = Math.max(most, answers.filter(answer => !answer).length)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  })()
  return {
    mostDown: () => most,
    async stop() {
      stopped = true
      await done
    },
  }
}

async function isHealthy(ip: string | undefined): Promise<boolean> {
  try {
    const response = await fetch(`http://${ip}:26657/health`, { signal: AbortSignal.timeout(2000) })
    await response.arrayBuffer()
    return response.ok
  } catch (error) {
    // One that does not answer in time on a busy machine is not down; a refused connection is.
    return (error as Error).name === 'TimeoutError'
  }
}

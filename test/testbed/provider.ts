// A provider chain of Interchain Security as processes on loopback: three validators with short blocks, and its own
// command line for transactions. Nothing here knows of repeer.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeProviderHomes } from './provider-homes.ts'

export const validatorNames = ['alice', 'bob', 'charlie'] as const
/** Any two have more than two thirds, so that one can be away. */
const stakes = [40, 35, 35]
const chainId = 'provider'

export type ProviderNode = {
  readonly name: string
  readonly home: string
  /** cosmosvaloper1... */
  readonly operator: string
  readonly nodeId: string
  readonly p2pPort: number
  readonly rpc: string
}
/**
 * `sentAt`: when the node had taken the transaction; `at`: when it first found it in a block (asked every 10 ms), which
 * is some time after its events, since the index is written later. Milliseconds since the epoch.
 */
export type Included = {
  readonly height: number
  readonly sentAt: number
  readonly at: number
  readonly events: readonly TxEvent[]
}
type TxEvent = {
  readonly type: string
  readonly attributes: readonly { readonly key: string; readonly value: string }[]
}

export type ProviderChain = {
  readonly chainId: string
  readonly nodes: readonly ProviderNode[]
  readonly height: (index?: number) => Promise<number>
  readonly editDetails: (index: number, details: string) => Promise<Included>
  /** A consumer; nobody has opted in, so it cannot be launched yet. Its consumer ID. */
  readonly createConsumer: (chainId: string) => Promise<string>
  /** Sets a spawn time that has passed: it is launched with the next block, if somebody has opted in. */
  readonly launch: (consumerId: string) => Promise<Included>
  readonly optIn: (index: number, consumerId: string) => Promise<Included>
  readonly optOut: (index: number, consumerId: string) => Promise<Included>
  readonly remove: (consumerId: string) => Promise<Included>
  readonly phase: (consumerId: string) => Promise<string>
  /**
   * What a consumer's genesis needs of the provider, as soon as it is launched: the content of `app_state.ccvconsumer`.
   */
  readonly consumerGenesis: (consumerId: string) => Promise<unknown>
  readonly stopNode: (index: number) => Promise<void>
  readonly startNode: (index: number) => void
  /** Ends all, and removes the folder. */
  readonly stop: () => Promise<void>
}

/**
 * `program`: interchain-security-pd. `host`: where the nodes' RPC listens. Rejects, with the end of a node's log, where
 * no block comes within two minutes.
 */
export async function startProvider(
  program: string,
  { commitMs = 500, host = '127.0.0.1' } = {},
): Promise<ProviderChain> {
  const dir = await mkdtemp(join(tmpdir(), 'provider-'))
  const ports = await freePorts(validatorNames.length * 2)
  const validators = validatorNames.map((name, index) => ({ name, stake: stakes[index] ?? 0 }))
  const { homes, pd, keyring } = await makeProviderHomes({ program, dir, chainId, validators })

  const nodes = await Promise.all(
    homes.map(async (home, index): Promise<ProviderNode> => {
      const name = validatorNames[index] ?? ''
      return {
        name,
        home,
        operator: await pd('keys', 'show', name, '--bech', 'val', '-a', ...keyring(home)),
        nodeId: await pd('comet', 'show-node-id', '--home', home),
        p2pPort: ports[index * 2] ?? 0,
        rpc: `http://${host}:${ports[index * 2 + 1]}`,
      }
    }),
  )
  for (const node of nodes) await configure(node, nodes, commitMs)

  const processes = new Map<number, ChildProcess>()
  const startNode = (index: number) => {
    const { home = '' } = nodes[index] ?? {}
    const log = openSync(join(home, 'log'), 'a')
    const settings = [
      '--minimum-gas-prices',
      '0stake',
      '--grpc.enable=false',
      '--api.enable=false',
      '--log_level',
      'error',
    ]
    processes.set(index, spawn(program, ['start', '--home', home, ...settings], { stdio: ['ignore', log, log] }))
  }
  const stopNode = async (index: number) => {
    const child = processes.get(index)
    processes.delete(index)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(kill)
  }
  const stop = async () => {
    await Promise.all(nodes.map((_, index) => stopNode(index)))
    await rm(dir, { recursive: true, force: true })
  }

  const height = async (index = 0) => {
    const status = await rpc<{ sync_info: { latest_block_height: string } }>(nodes[index], 'status')
    return Number(status.sync_info.latest_block_height)
  }

  /** Signs, sends and waits for the block; one transaction of a validator at a time, since each has a number. */
  async function transact(index: number, ...args: string[]): Promise<Included> {
    const node = nodes[index]
    if (!node) throw new Error(`there is no node ${index}`)
    const common = [
      '--chain-id',
      chainId,
      '--node',
      node.rpc.replace('http:', 'tcp:'),
      '--gas',
      '2000000',
      '--yes',
      '--output',
      'json',
    ]
    const sent = JSON.parse(await pd('tx', ...args, '--from', node.name, ...keyring(node.home), ...common)) as Sent
    const sentAt = Date.now()
    if (sent.code !== 0) throw new Error(`tx ${args.join(' ')}: code ${sent.code}, ${sent.raw_log}`)
    const hash = Buffer.from(sent.txhash, 'hex').toString('base64')
    for (const until = Date.now() + 60_000; Date.now() < until; await delay(10)) {
      const found = await rpc<Found>(node, 'tx', { hash }).catch(() => undefined)
      if (!found) continue
      if (found.tx_result.code)
        throw new Error(`tx ${args.join(' ')}: code ${found.tx_result.code}, ${found.tx_result.log}`)
      return { height: Number(found.height), sentAt, at: Date.now(), events: found.tx_result.events }
    }
    throw new Error(`tx ${args.join(' ')} was in no block within a minute`)
  }

  /** As a file, which is how the command line takes it. */
  async function file(name: string, content: unknown): Promise<string> {
    const path = join(dir, `${name}.json`)
    await writeFile(path, JSON.stringify(content))
    return path
  }

  async function query<T>(...args: string[]): Promise<T> {
    const node = nodes[0]?.rpc.replace('http:', 'tcp:') ?? ''
    return JSON.parse(await pd('query', 'provider', ...args, '--node', node, '--output', 'json')) as T
  }

  const consumer = (consumerId: string) =>
    query<{ readonly phase: string; readonly chain_id: string }>('consumer-chain', consumerId)

  const chain: ProviderChain = {
    chainId,
    nodes,
    height,
    editDetails: (index, details) => transact(index, 'staking', 'edit-validator', '--details', details),
    async createConsumer(consumerChainId) {
      const content = {
        chain_id: consumerChainId,
        metadata,
        initialization_parameters: initialization(consumerChainId),
        power_shaping_parameters: shaping,
      }
      const { events } = await transact(0, 'provider', 'create-consumer', await file('create', content))
      const attributes = events.find(({ type }) => type === 'create_consumer')?.attributes
      const id = attributes?.find(({ key }) => key === 'consumer_id')?.value
      if (id === undefined) throw new Error('create-consumer: no consumer ID in its events')
      return id
    },
    async launch(consumerId) {
      const { chain_id } = await consumer(consumerId)
      const path = await file('update', {
        consumer_id: consumerId,
        initialization_parameters: initialization(chain_id),
      })
      return transact(0, 'provider', 'update-consumer', path)
    },
    optIn: (index, consumerId) => transact(index, 'provider', 'opt-in', consumerId),
    optOut: (index, consumerId) => transact(index, 'provider', 'opt-out', consumerId),
    remove: consumerId => transact(0, 'provider', 'remove-consumer', consumerId),
    phase: async consumerId => (await consumer(consumerId)).phase,
    async consumerGenesis(consumerId) {
      for (const until = Date.now() + 30_000; ; await delay(200)) {
        try {
          return await query('consumer-genesis', consumerId)
        } catch (error) {
          if (Date.now() > until) throw error
        }
      }
    },
    stopNode,
    startNode,
    stop,
  }

  try {
    for (const index of nodes.keys()) startNode(index)
    for (const until = Date.now() + 120_000; (await height().catch(() => 0)) < 2; await delay(100)) {
      const dead = [...processes].find(([, child]) => child.exitCode !== null)
      if (!dead && Date.now() < until) continue
      const log = await readFile(join(homes[dead?.[0] ?? 0] ?? '', 'log'), 'utf8')
      throw new Error(`the provider chain does not make blocks:\n${log.split('\n').slice(-20).join('\n')}`)
    }
    return chain
  } catch (error) {
    await stop()
    throw error
  }
}

const metadata = { name: 'consumer', description: 'a consumer', metadata: '{}' }
const shaping = {
  top_N: 0,
  validators_power_cap: 0,
  validator_set_cap: 0,
  allowlist: [],
  denylist: [],
  min_stake: 0,
  allow_inactive_vals: true,
}

/** The revision is the number at the end of a chain ID (ibc-go ParseChainID), 0 where there is none. */
function initialization(consumerChainId: string) {
  return {
    initial_height: {
      revision_number: Number(/[^\n-]-([1-9]\d*)$/.exec(consumerChainId)?.[1] ?? 0),
      revision_height: 1,
    },
    genesis_hash: '',
    binary_hash: '',
    spawn_time: new Date(Date.now() - 60_000).toISOString(),
    unbonding_period: 1_728_000_000_000_000,
    ccv_timeout_period: 2_419_200_000_000_000,
    transfer_timeout_period: 1_800_000_000_000,
    consumer_redistribution_fraction: '0.75',
    blocks_per_distribution_transmission: 1000,
    historical_entries: 10_000,
    distribution_transmission_channel: '',
    connection_id: '',
  }
}

async function configure(node: ProviderNode, all: readonly ProviderNode[], commitMs: number): Promise<void> {
  const path = join(node.home, 'config', 'config.toml')
  const peers = all.filter(peer => peer !== node).map(peer => `${peer.nodeId}@127.0.0.1:${peer.p2pPort}`)
  const settings: Readonly<Record<string, string>> = {
    'tcp://127.0.0.1:26657': node.rpc.replace('http:', 'tcp:'),
    'tcp://0.0.0.0:26656': `tcp://127.0.0.1:${node.p2pPort}`,
    'persistent_peers = ""': `persistent_peers = "${peers.join(',')}"`,
    'pex = true': 'pex = false',
    'addr_book_strict = true': 'addr_book_strict = false',
    'allow_duplicate_ip = false': 'allow_duplicate_ip = true',
    'pprof_laddr = "localhost:6060"': 'pprof_laddr = ""',
  }
  const toml = Object.entries(settings).reduce(
    (text, [from, to]) => text.replace(from, to),
    await readFile(path, 'utf8'),
  )
  await writeFile(path, toml.replace(/^timeout_commit = .*$/m, `timeout_commit = "${commitMs}ms"`))
}

async function rpc<T>(node: ProviderNode | undefined, method: string, params: object = {}): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(node?.rpc ?? '', { method: 'POST', body, signal: AbortSignal.timeout(5000) })
  const { result, error } = (await response.json()) as { result?: T; error?: { data?: string } }
  if (result === undefined) throw new Error(`${method}: ${error?.data}`)
  return result
}

/** All at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  })
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

type Sent = { readonly code: number; readonly raw_log: string; readonly txhash: string }
type Found = {
  readonly height: string
  readonly tx_result: { readonly code: number; readonly log: string; readonly events: TxEvent[] }
}

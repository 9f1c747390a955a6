// The built-in node: where no `cometbft` is on PATH, the demo's nodes are this. It stands in for CometBFT's behaviour
// towards peers and nothing else: the same config.toml and environment, names looked up once, /status and /net_info.
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type Alive, startChain } from './node-chain.ts'
import { readNodeConfig } from './node-config.ts'
import { startP2p } from './node-p2p.ts'
import { startRpc } from './node-rpc.ts'

export type NodeOptions = {
  readonly home: string
  /** In the form of /etc/hosts; the only place where names are looked up. */
  readonly hostsFile: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: (message: string) => void
  readonly signal: AbortSignal
  readonly now?: () => number
  /** Milliseconds; default as in CometBFT: 5,000 and up to 3,000 more. */
  readonly redialMs?: () => number
  readonly blockMs?: number
}

const aliveIntervalMs = 200

/** Runs until the signal aborts. Throws where CometBFT refuses to start: a malformed peer list, an address in use. */
export async function runNode(options: NodeOptions): Promise<void> {
  const now = options.now ?? Date.now
  const config = await readNodeConfig(options.home, options.env)
  await mkdir(config.dataDirectory, { recursive: true })
  const heightFile = join(config.dataDirectory, 'builtin-height.json')
  const chain = startChain({
    id: config.id,
    address: config.validator?.address ?? '',
    powers: new Map(config.validators.map(validator => [validator.address, validator.power])),
    height: await readHeight(heightFile),
    now,
    aliveMs: aliveIntervalMs * 5,
  })
  const p2p = await startP2p({
    id: config.id,
    moniker: config.moniker,
    chainId: config.chainId,
    listen: config.p2p,
    peers: config.persistentPeers,
    resolve: host => resolveInFile(options.hostsFile, host),
    redialMs: options.redialMs ?? (() => 5000 + Math.random() * 3000),
    onMessage: (from, message) => {
      const { alive } = message as { alive?: Alive }
      if (alive && chain.hear(alive)) p2p.send({ alive }, from)
    },
    log: options.log,
  })
  const rpc = await startRpc(config, p2p, chain)
  const speaking = setInterval(() => p2p.send({ alive: chain.speak() }), aliveIntervalMs)
  const ticking = setInterval(() => chain.tick(), options.blockMs ?? 1000)
  options.log(`started ${config.moniker} (${config.id}), ${config.persistentPeers.length} persistent peers`)
  await new Promise<void>(resolve => {
    if (options.signal.aborted) resolve()
    options.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearInterval(speaking)
  clearInterval(ticking)
  await Promise.all([rpc.close(), p2p.close()])
  await writeFile(`${heightFile}.tmp`, String(chain.height()))
  await rename(`${heightFile}.tmp`, heightFile)
}

async function readHeight(file: string): Promise<number> {
  const height = Number(await readFile(file, 'utf8').catch(() => '0'))
  return Number.isSafeInteger(height) && height >= 0 ? height : 0
}

/** The first address of a name in a hosts file; an address stands for itself. */
export function resolveInFile(file: string, host: string): string | undefined {
  if (isIP(host)) return host
  const name = host.replace(/\.$/, '').toLowerCase()
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const line of lines) {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    if (address && names.includes(name)) return address
  }
  return undefined
}

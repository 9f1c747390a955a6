// What the built-in node reads: the same config.toml, keys and environment as CometBFT (v0.38), as far as peers and
// addresses go.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'

export type NodeConfig = {
  /** 40 hex digits, from the node key. */
  readonly id: string
  readonly moniker: string
  readonly chainId: string
  readonly p2p: Listen
  readonly rpc: Listen
  readonly persistentPeers: readonly ListedPeer[]
  readonly validators: readonly Validator[]
  /** This node's own entry, by its private validator key. */
  readonly validator: Validator | undefined
  readonly dataDirectory: string
}
export type Listen = { readonly host: string; readonly port: number }
/** An entry of persistent_peers, its name not looked up yet. */
export type ListedPeer = { readonly id: string; readonly host: string; readonly port: number }
export type Validator = { readonly address: string; readonly publicKey: string; readonly power: number }

/**
 * Reads HOME/config/config.toml and the files that it names. The environment outranks the file, as in CometBFT:
 * CMT_P2P_PERSISTENT_PEERS, CMT_P2P_LADDR, CMT_RPC_LADDR, CMT_MONIKER. Throws for a malformed entry of
 * persistent_peers: CometBFT refuses to start with one.
 */
export async function readNodeConfig(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<NodeConfig> {
  const config = parse(await readFile(join(home, 'config/config.toml'), 'utf8')) as Record<string, unknown>
  const setting = (section: string, key: string, fallback: string): string => {
    const table = section ? config[section] : config
    const value = typeof table === 'object' && table !== null ? (table as Record<string, unknown>)[key] : undefined
    return (
      env[`CMT_${section ? `${section.toUpperCase()}_` : ''}${key.toUpperCase()}`] ??
      (typeof value === 'string' ? value : fallback)
    )
  }
  const file = async (key: string, fallback: string) =>
    JSON.parse(await readFile(join(home, setting('', key, fallback)), 'utf8')) as unknown
  const genesis = (await file('genesis_file', 'config/genesis.json')) as Genesis
  const nodeKey = (await file('node_key_file', 'config/node_key.json')) as { priv_key: { value: string } }
  const validatorKey = (await file('priv_validator_key_file', 'config/priv_validator_key.json')) as { address: string }
  const validators = genesis.validators.map(validator => ({
    address: validator.address,
    publicKey: validator.pub_key.value,
    power: Number(validator.power),
  }))
  return {
    id: nodeId(nodeKey.priv_key.value),
    moniker: setting('', 'moniker', 'node'),
    chainId: genesis.chain_id,
    p2p: parseListen(setting('p2p', 'laddr', 'tcp://0.0.0.0:26656')),
    rpc: parseListen(setting('rpc', 'laddr', 'tcp://127.0.0.1:26657')),
    persistentPeers: parsePersistentPeers(setting('p2p', 'persistent_peers', '')),
    validators,
    validator: validators.find(validator => validator.address === validatorKey.address),
    dataDirectory: join(home, setting('', 'db_dir', 'data')),
  }
}

type Genesis = {
  readonly chain_id: string
  readonly validators: readonly {
    readonly address: string
    readonly pub_key: { readonly value: string }
    readonly power: string
  }[]
}

/**
 * CometBFT's node ID: the first 20 bytes of the SHA-256 of the public key, which is the second half of the private key.
 */
export function nodeId(privateKeyBase64: string): string {
  const publicKey = Buffer.from(privateKeyBase64, 'base64').subarray(32)
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 40)
}

/** `id@host:port`, separated by commas. Written apart from repeer's own parser, as a node's would be. */
export function parsePersistentPeers(list: string): ListedPeer[] {
  return list
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
    .map(entry => {
      const parts = /^(?:tcp:\/\/)?([0-9a-fA-F]{40})@(.+):(\d{1,5})$/.exec(entry)
      const [, id, host, port] = parts ?? []
      if (!id || !host || !(Number(port) > 0 && Number(port) < 65536)) {
        throw new Error(`p2p.persistent_peers: found "${entry}", expected id@host:port with an id of 40 hex digits`)
      }
      return { id: id.toLowerCase(), host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
    })
}

function parseListen(address: string): Listen {
  const parts = /^(?:tcp:\/\/)?(.*):(\d{1,5})$/.exec(address)
  if (!parts) throw new Error(`found the listen address "${address}", expected tcp://host:port`)
  return { host: parts[1] || '0.0.0.0', port: Number(parts[2]) }
}

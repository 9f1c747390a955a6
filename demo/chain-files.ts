// A chain's files, made as `cometbft testnet` makes them: keys, genesis, config.toml. Real CometBFT configuration,
// which the real program reads.
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto'

export type NodeKeys = {
  /** The P2P identity: 40 hex digits. */
  readonly id: string
  readonly nodeKeyJson: string
  readonly validatorKeyJson: string
  readonly validator: { readonly address: string; readonly publicKey: string }
}

/** Fresh ed25519 keys of one node. */
export function makeKeys(): NodeKeys {
  const node = ed25519()
  const validator = ed25519()
  const address = hash20(validator.publicKey).toUpperCase()
  const publicKey = validator.publicKey.toString('base64')
  return {
    id: hash20(node.publicKey),
    nodeKeyJson: JSON.stringify({
      priv_key: { type: 'tendermint/PrivKeyEd25519', value: node.privateKey.toString('base64') },
    }),
    validatorKeyJson: JSON.stringify({
      address,
      pub_key: { type: 'tendermint/PubKeyEd25519', value: publicKey },
      priv_key: { type: 'tendermint/PrivKeyEd25519', value: validator.privateKey.toString('base64') },
    }),
    validator: { address, publicKey },
  }
}

/** Go's form: a private key is the seed followed by the public key. */
function ed25519(): { publicKey: Buffer; privateKey: Buffer } {
  const { d, x } = createPrivateKey(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ).export({
    format: 'jwk',
  })
  const publicKey = Buffer.from(x ?? '', 'base64url')
  return { publicKey, privateKey: Buffer.concat([Buffer.from(d ?? '', 'base64url'), publicKey]) }
}

function hash20(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 40)
}

/** A genesis of validators of equal power, with CometBFT's own defaults for everything else (cometbft init). */
export function genesisJson(
  chainId: string,
  genesisTime: Date,
  validators: readonly { name: string; keys: NodeKeys }[],
): string {
  const genesis = {
    genesis_time: genesisTime.toISOString(),
    chain_id: chainId,
    initial_height: '1',
    consensus_params: {
      block: { max_bytes: '22020096', max_gas: '-1' },
      evidence: { max_age_num_blocks: '100000', max_age_duration: '172800000000000', max_bytes: '1048576' },
      validator: { pub_key_types: ['ed25519'] },
      version: { app: '0' },
      abci: { vote_extensions_enable_height: '0' },
    },
    validators: validators.map(({ name, keys }) => ({
      address: keys.validator.address,
      pub_key: { type: 'tendermint/PubKeyEd25519', value: keys.validator.publicKey },
      power: '1',
      name,
    })),
    app_hash: '',
  }
  return JSON.stringify(genesis, null, 2)
}

export type ConfigSettings = {
  readonly moniker: string
  readonly rpcPort: number
  readonly p2pPort: number
  readonly persistentPeers: string
}

/**
 * config.toml. What differs from the defaults: the keys and the address book lie outside config/, which a ConfigMap is
 * mounted at; no peer exchange; blocks come faster.
 */
export function configToml(settings: ConfigSettings): string {
  return `# CometBFT 0.38. What is not here has its default.
proxy_app = "kvstore"
moniker = "${settings.moniker}"
db_dir = "data"
log_level = "info"
genesis_file = "config/genesis.json"
node_key_file = "keys/node_key.json"
priv_validator_key_file = "keys/priv_validator_key.json"
priv_validator_state_file = "data/priv_validator_state.json"

[rpc]
laddr = "tcp://127.0.0.1:${settings.rpcPort}"
unsafe = false

[p2p]
laddr = "tcp://0.0.0.0:${settings.p2pPort}"
# Peers by the names of their headless Services.
persistent_peers = "${settings.persistentPeers}"
seeds = ""
addr_book_file = "data/addrbook.json"
addr_book_strict = false
allow_duplicate_ip = true
pex = false

[statesync]
enable = false

[consensus]
wal_file = "data/cs.wal/wal"
double_sign_check_height = 0
timeout_propose = "1s"
timeout_commit = "500ms"

[instrumentation]
prometheus = false
`
}

export const emptyValidatorState = '{"height":"0","round":0,"step":0}'

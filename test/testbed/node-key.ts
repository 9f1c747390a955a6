// The identity of a CometBFT node, as its `init` makes it.
import { createHash, generateKeyPairSync } from 'node:crypto'

export type NodeKey = {
  /** 40 hexadecimal digits: the first 20 bytes of the public key's SHA-256 (CometBFT crypto/ed25519, Address). */
  readonly id: string
  /** The content of node_key.json. */
  readonly file: string
}

export function makeNodeKey(): NodeKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
  const [seed, open] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]
  const value = Buffer.concat([seed, open]).toString('base64')
  return {
    id: createHash('sha256').update(open).digest('hex').slice(0, 40),
    file: JSON.stringify({ priv_key: { type: 'tendermint/PrivKeyEd25519', value } }),
  }
}

// Node IDs that can be computed from names, as the ICS monitor makes them. Whoever knows the names can compute the
// private key as well and answer in the validator's place, so this is only for those who ask for it.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'

/** What the ICS monitor puts before the names; its guide leaves it out, but the IDs in its logs have it. */
export const defaultPrefix = 'ics-consumer'

/** PKCS #8 of an ed25519 key, up to its 32 bytes (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The CometBFT node ID (the first 20 bytes of SHA-256 of the public key, in hex) of the key whose seed is SHA-256 of
 * SHA-256 of `prefix-validatorName-chainID`: once by the monitor, and once by CometBFT's GenPrivKeyFromSecret. With an
 * empty prefix, of `validatorName-chainID`.
 */
export function deterministicNodeId(validatorName: string, chainId: string, prefix: string = defaultPrefix): string {
  const text = [...(prefix === '' ? [] : [prefix]), validatorName, chainId].join('-')
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, sha256(sha256(text))]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return sha256(spki.subarray(-32)).toString('hex', 0, 20)
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest()
}

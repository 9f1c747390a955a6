// libp2p peer IDs: the base58 (Bitcoin's alphabet) of a multihash of the public key.
import { base58 } from '@scure/base'

/**
 * Whether a text is a peer ID in its base58 form (libp2p specs, peer-ids): a SHA-256 multihash (Qm...), or an identity
 * multihash of a key of at most 42 bytes (12D3KooW..., 16Uiu2HA...). The base32 form (bafz...) is no use here:
 * Substrate does not read it.
 */
export function isPeerId(text: string): boolean {
  if (text.length > 64) return false // the longest is 60; decoding is quadratic
  const bytes = decode(text)
  const [code, length] = bytes ?? []
  if (bytes === undefined || length !== bytes.length - 2) return false
  return (code === 0x12 && length === 32) || (code === 0x00 && length > 0 && length <= 42)
}

function decode(text: string): Uint8Array | undefined {
  try {
    return base58.decode(text)
  } catch {
    return undefined // It throws where a character is none of the alphabet's, and for nothing else.
  }
}

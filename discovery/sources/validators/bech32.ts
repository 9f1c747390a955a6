// Addresses of Cosmos chains: bech32 (BIP 173) of 20 or 32 bytes. Pure.
import { bech32 } from '@scure/base'

/** The longest prefix that is read; the Cosmos SDK sets no bound, BIP 173 sets 83 and a text of 90. */
const shape = /^[a-z0-9]{1,83}1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{6,}$/

/** Undefined for what is no address in lower case with a right checksum. */
export function readBech32(text: string): { readonly prefix: string; readonly bytes: Buffer } | undefined {
  if (text.length > 160 || !shape.test(text)) return undefined
  const decoded = bech32.decodeUnsafe(text, false)
  if (!decoded) return undefined
  const bytes = bech32.fromWordsUnsafe(decoded.words)
  return bytes ? { prefix: decoded.prefix, bytes: Buffer.from(bytes) } : undefined
}

/** @param prefix lower-case letters and digits, not empty */
export function writeBech32(prefix: string, bytes: Uint8Array): string {
  return bech32.encode(prefix, bech32.toWords(bytes), false)
}

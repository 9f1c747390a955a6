// Addresses of Cosmos chains: bech32 (BIP 173) of 20 or 32 bytes. Pure.

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
/** The longest prefix that is read; the Cosmos SDK sets no bound, BIP 173 sets 83 and a text of 90. */
const shape = /^[a-z0-9]{1,83}1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{6,}$/

/** Undefined for what is no address in lower case with a right checksum. */
export function readBech32(text: string): { readonly prefix: string; readonly bytes: Buffer } | undefined {
  if (text.length > 160 || !shape.test(text)) return undefined
  const separator = text.lastIndexOf('1')
  const prefix = text.slice(0, separator)
  const values = [...text.slice(separator + 1)].map(character => alphabet.indexOf(character))
  if (polymod([...expanded(prefix), ...values]) !== 1) return undefined
  const bytes = regroup(values.slice(0, -6), 5, 8, false)
  return bytes && { prefix, bytes: Buffer.from(bytes) }
}

export function writeBech32(prefix: string, bytes: Uint8Array): string {
  const values = regroup([...bytes], 8, 5, true) ?? []
  const sum = polymod([...expanded(prefix), ...values, 0, 0, 0, 0, 0, 0]) ^ 1
  const checksum = [25, 20, 15, 10, 5, 0].map(shift => (sum >>> shift) & 31)
  return `${prefix}1${[...values, ...checksum].map(value => alphabet[value]).join('')}`
}

function expanded(prefix: string): number[] {
  const codes = [...Buffer.from(prefix)]
  return [...codes.map(code => code >> 5), 0, ...codes.map(code => code & 31)]
}

function polymod(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [index, term] of generator.entries()) if ((top >> index) & 1) sum ^= term
  }
  return sum >>> 0
}

/** Groups of bits into groups of another size; undefined where what is left over is not padding. */
function regroup(values: readonly number[], from: number, to: number, pad: boolean): number[] | undefined {
  const groups: number[] = []
  let held = 0
  let bits = 0
  for (const value of values) {
    held = ((held << from) | value) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      groups.push((held >> bits) & ((1 << to) - 1))
    }
  }
  const rest = held & ((1 << bits) - 1)
  if (pad) return bits > 0 ? [...groups, (rest << (to - bits)) & ((1 << to) - 1)] : groups
  return bits < from && rest === 0 ? groups : undefined
}

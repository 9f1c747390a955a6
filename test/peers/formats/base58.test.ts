// Peer IDs are multihashes; what is base58 but none is refused before a node refuses to start on it.
import t from 'tap'
import { isPeerId } from '../../../peers/formats/base58.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function encode(bytes: readonly number[]): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; value > 0n; value /= 58n) text = `${alphabet[Number(value % 58n)]}${text}`
  const zeros = bytes.findIndex(byte => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}
const key = (length: number) => Array.from({ length }, (_, index) => index + 1)

const valid: [string, number[]][] = [
  ['SHA-256', [0x12, 32, ...key(32)]],
  ['an Ed25519 key', [0x00, 36, 0x08, 0x01, 0x12, 0x20, ...key(32)]],
  ['a secp256k1 key', [0x00, 37, 0x08, 0x02, 0x12, 0x21, ...key(33)]],
  ['the longest key that is inlined', [0x00, 42, ...key(42)]],
]
for (const [name, bytes] of valid) t.ok(isPeerId(encode(bytes)), `${name}: ${encode(bytes)}`)

const invalid: [string, number[]][] = [
  ['a byte too many', [0x12, 32, ...key(33)]],
  ['a byte too few', [0x12, 32, ...key(31)]],
  ['an inlined key that is cut', [0x00, 36, ...key(35)]],
  ['SHA-256 of another length', [0x12, 31, ...key(31)]],
  ['another hash', [0x13, 32, ...key(32)]],
  ['a key too long to be inlined', [0x00, 43, ...key(43)]],
  ['no key', [0x00, 0]],
  ['nothing', []],
]
for (const [name, bytes] of invalid) t.notOk(isPeerId(encode(bytes)), name)

const [, ed25519] = valid[1] ?? ['', []]
t.notOk(isPeerId(encode(ed25519).slice(1)), 'without its leading zero')
t.notOk(isPeerId(`${encode(ed25519)}0`), 'a character that base58 has not')
t.notOk(isPeerId('1'.repeat(10_000)), 'too long')

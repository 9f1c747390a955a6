// Ethereum Node Records (EIP-778): enough of them to know whom an entry names and where. The signature is left to the
// node.
import { ECDH } from 'node:crypto'
import { normalHost, type Peer, type Role } from '../peer.ts'

/** EIP-778: "the maximum encoded size of a node record is 300 bytes". */
const maxBytes = 300
const shape = 'an ENR (enr:, then base64url of at most 300 bytes) with a secp256k1 key'

/** `enr:...` as the peer that an enode URL of the same node would be; or what is expected instead. */
export function readEnr(text: string, role: Role): Peer | string {
  const base64 = text.slice('enr:'.length).replace(/(?<!=)=+$/, '')
  if (!/^[\w-]{1,400}$/.test(base64)) return shape
  const bytes = Buffer.from(base64, 'base64url')
  const list = bytes.length <= maxBytes ? readItem(bytes, 0) : undefined
  if (!list?.isList || list.end !== bytes.length) return shape
  const [, , ...pairs] = readItems(list.payload) ?? []
  const value = (key: string) => {
    const index = pairs.findIndex((item, position) => position % 2 === 0 && item.toString('latin1') === key)
    return index === -1 ? undefined : pairs[index + 1]
  }
  const id = publicKey(value('secp256k1'))
  if (id === undefined) return shape
  const host = address(value('ip')) ?? address(value('ip6'))
  const six = value('ip') === undefined
  // Seeds are asked over UDP, peers are dialled over TCP; the ports of IPv6 default to those of IPv4.
  const port = (protocol: string) => number((six ? value(`${protocol}6`) : undefined) ?? value(protocol))
  const at = role === 'seed' ? (port('udp') ?? port('tcp')) : port('tcp')
  if (host === undefined || at === undefined)
    return `an ENR that names an IP address and a ${role === 'seed' ? 'UDP' : 'TCP'} port`
  return { id, host, port: at, role }
}

type Item = { readonly payload: Buffer; readonly end: number; readonly isList: boolean }

/** The RLP item at an offset. */
function readItem(bytes: Buffer, start: number): Item | undefined {
  const prefix = bytes[start]
  if (prefix === undefined) return undefined
  if (prefix < 0x80) return { payload: bytes.subarray(start, start + 1), end: start + 1, isList: false }
  const isList = prefix >= 0xc0
  const size = prefix - (isList ? 0xc0 : 0x80)
  const lengthBytes = size > 55 ? size - 55 : 0
  // A record has at most 300 bytes: a length never needs more than two of them.
  if (lengthBytes > 2 || start + 1 + lengthBytes > bytes.length) return undefined
  const from = start + 1 + lengthBytes
  const end = from + (lengthBytes ? bytes.readUIntBE(start + 1, lengthBytes) : size)
  return end > bytes.length ? undefined : { payload: bytes.subarray(from, end), end, isList }
}

function readItems(payload: Buffer): Buffer[] | undefined {
  const items: Buffer[] = []
  for (let at = 0; at < payload.length; ) {
    const item = readItem(payload, at)
    if (!item) return undefined
    items.push(item.payload)
    at = item.end
  }
  return items
}

/** The node's ID as in an enode URL: the uncompressed key without its 04. */
function publicKey(compressed: Buffer | undefined): string | undefined {
  if (compressed?.length !== 33) return undefined
  try {
    return ECDH.convertKey(compressed, 'secp256k1', undefined, 'hex', 'uncompressed').toString().slice(2)
  } catch {
    return undefined
  }
}

function address(bytes: Buffer | undefined): string | undefined {
  if (bytes?.length === 4) return normalHost(bytes.join('.'))
  return bytes?.length === 16 ? normalHost(bytes.toString('hex').replace(/(.{4})(?!$)/g, '$1:')) : undefined
}

function number(bytes: Buffer | undefined): number | undefined {
  if (bytes?.length !== 1 && bytes?.length !== 2) return undefined
  return bytes.readUIntBE(0, bytes.length) || undefined
}

// Arbitrary peers for property tests, and the formats that can hold them.
import fc from 'fast-check'
import type { Format } from '../../peers/formats/index.ts'
import { normalHost, type Peer, type Role, roles } from '../../peers/peer.ts'
import { inherited } from '../fixtures/inherited.ts'

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** A SHA-256 multihash in base58, as Qm... peer IDs are. */
const peerId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => {
  let value = BigInt(`0x1220${Buffer.from(digest).toString('hex')}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = `${base58[Number(value % 58n)]}${text}`
  return text
})

/** Addresses of gno.land; the checksum is the node's business. */
const bech32 = fc
  .string({ unit: fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'), minLength: 38, maxLength: 38 })
  .map(text => `g1${text}`)

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9])?$/)
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'))
/** Normal hosts of every kind. */
export const host = fc
  .oneof(
    name,
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('bücher.example', 'xn--bcher-kva.example', 'node0.chain.svc.cluster.local', ...inherited),
  )
  .map(normalHost)
  .filter(normal => normal !== undefined)
const port = fc.integer({ min: 1, max: 65535 })
export const role: fc.Arbitrary<Role> = fc.constantFrom(...roles)

const ids: Readonly<Record<Format, fc.Arbitrary<string> | undefined>> = {
  'cometbft-toml': hex(40),
  'cometbft-list': hex(40),
  'tm2-toml': bech32,
  'tm2-list': bech32,
  'stellar-cfg': undefined,
  'stellar-list': undefined,
  'geth-toml': hex(128),
  'besu-toml': hex(128),
  'static-nodes': hex(128),
  'enode-list': hex(128),
  'multiaddr-list': peerId,
  'generic-list': hex(40),
}

/** Documents say roles themselves; in the other formats all entries have the one that the reader is told. */
export const saysRoles: readonly Format[] = ['cometbft-toml', 'geth-toml']

/** Documents that hold entries of one role alone. */
const alone: Readonly<Partial<Record<Format, Role>>> = {
  'stellar-cfg': 'peer',
  'tm2-toml': 'peer',
  'besu-toml': 'seed',
}

/** Any peer that a format can hold; `as` is the role of all where the format says none. */
export function peerOf(format: Format, as: Role): fc.Arbitrary<Peer> {
  const id = ids[format]
  const roleOf = alone[format] ? fc.constant(alone[format]) : saysRoles.includes(format) ? role : fc.constant(as)
  return id ? fc.record({ id, host, port, role: roleOf }) : fc.record({ host, port, role: roleOf })
}

/** Peers as CometBFT's lists have them, of either role. */
export const anyPeer = peerOf('cometbft-toml', 'peer')

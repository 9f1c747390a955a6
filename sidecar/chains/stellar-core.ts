// stellar-core: the commands connect, droppeer and peers of its HTTP port on localhost (src/main/CommandHandler.cpp;
// docs/software/commands.md).
import { isRecord } from '../../peers/is-record.ts'
import { isAddress, normalHost } from '../../peers/peer.ts'
import type { Connection } from '../decide/observation.ts'
import { baseUrl, getJson, getText, sentence, short } from './ask.ts'
import { type Chain, type Interface, type PeerChange, type PeerToTell, type Told, withoutSeeds } from './chain.ts'

/** A connection with the port at which the peer listens, whoever dialled. */
type StellarPeer = Connection & { readonly id: string; readonly listens: number; readonly dialled: boolean }

/** What a node says that has no such command: the overlay's are absent with RUN_STANDALONE. */
const unknown = 'expected "Connect to: ..."; is this stellar-core, with RUN_STANDALONE=false?'

export const stellarCore: Chain = {
  api: at => ({
    async ask() {
      try {
        const peers = await askPeers(at)
        return {
          ok: true,
          connections: peers.map(({ id, address, listens, dialled }) => ({
            id,
            address,
            ...(dialled ? { port: listens } : {}),
          })),
        }
      } catch (error) {
        return { ok: false, silent: sentence(error) }
      }
    },
    tell: change =>
      tell(at, change).catch((error: unknown) => ({ ok: false, refused: false, detail: sentence(error) })),
  }),
  /** It looks the names of its peer list up again every 600 s (its OverlayManager's PEER_IP_RESOLVE_DELAY). */
  healSeconds: 600,
}

/**
 * Each missing peer is told by its IPv4 address, since the node looks a name up while everything else in it waits, and
 * takes no IPv6. One that it is connected to is not told: it would log a bug of its own. A dropped peer that its own
 * list names is looked up and dialled again within 600 s.
 */
async function tell(at: Interface, change: PeerChange): Promise<Told> {
  const { all, add, drop } = withoutSeeds(change)
  const connected = await askPeers(at)
  const listed = new Set(all.flatMap(endpoints))
  const gone = new Set(drop.flatMap(endpoints).filter(endpoint => !listed.has(endpoint)))
  const has = new Set(connected.map(endpointOf))
  for (const { id } of connected.filter(peer => gone.has(endpointOf(peer)))) {
    // One that has just gone is "not found", which is as good.
    await getText(at, `/droppeer?node=${encodeURIComponent(id)}`)
  }
  const lacking = add.filter(peer => !endpoints(peer).some(endpoint => has.has(endpoint)))
  const able = lacking.filter(peer => endpoints(peer).length > 0)
  for (const peer of able) {
    for (const address of peer.addresses.filter(isIPv4)) {
      const failed = await connect(at, address, peer.port)
      if (failed) return failed
    }
  }
  if (lacking.length > 0 && able.length === 0) {
    return {
      ok: false,
      refused: false,
      detail: 'no missing peer has an IPv4 address now, and stellar-core dials no other',
    }
  }
  return { ok: true }
}

async function connect(
  at: Interface,
  address: string,
  port: number,
): Promise<Extract<Told, { ok: false }> | undefined> {
  const { url, code, text } = await getText(at, `/connect?peer=${address}&port=${port}`)
  if (text.startsWith('Connect to')) return undefined
  // {"error": "Core is booting, ..."} while it starts, {"exception": ...} for what it cannot do.
  const isAnswer = /^\s*\{\s*"(error|exception)"/.test(text)
  return {
    ok: false,
    refused: !isAnswer,
    detail: `${url}: HTTP status ${code} and ${short(text)}${isAnswer ? '' : `, ${unknown}`}`,
  }
}

async function askPeers(at: Interface): Promise<StellarPeer[]> {
  const { code, body } = await getJson(at, '/peers?fullkeys=true')
  if (isRecord(body) && (body.error || body.exception))
    throw new Error(`${baseUrl(at)}/peers answered: ${short(body.error || body.exception)}`)
  if (code !== 200) throw new Error(`${baseUrl(at)}/peers answered with HTTP status ${code}, expected 200`)
  return readStellarPeers(body)
}

/**
 * The authenticated peers in the answer to /peers. Those that are pending have proved nothing yet. The address of one
 * that dialled in has the port at which it says it listens. One that cannot be read spoils the answer: a missing one
 * would look like a lost one.
 */
export function readStellarPeers(body: unknown): StellarPeer[] {
  const authenticated = isRecord(body) ? body.authenticated_peers : undefined
  if (!isRecord(authenticated)) throw odd('authenticated_peers', authenticated, 'an object')
  return (['outbound', 'inbound'] as const).flatMap(direction => {
    // jsoncpp writes an empty list as null where nobody has made one.
    const peers = authenticated[direction] ?? []
    if (!Array.isArray(peers)) throw odd(direction, peers, 'a list')
    return peers.map((peer: unknown, index) => {
      const where = `${direction} peer ${index + 1}`
      const { id, address: text } = isRecord(peer) ? peer : {}
      const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(typeof text === 'string' ? text : '') ?? []
      const address = normalHost(host)
      const listens = Number(port)
      if (address === undefined || listens > 65535) throw odd(`${where}, address`, text, 'an IP address and a port')
      if (typeof id !== 'string' || id === '' || id.length > 100) throw odd(`${where}, id`, id, 'a node ID')
      return { id, address, listens, dialled: direction === 'outbound' }
    })
  })
}

/** The addresses behind a host are in normal form: IPv6 has a colon. */
function isIPv4(address: string): boolean {
  return isAddress(address) && !address.includes(':')
}

function endpoints(peer: PeerToTell): string[] {
  return peer.addresses.filter(isIPv4).map(address => `${address}:${peer.port}`)
}

function endpointOf(peer: StellarPeer): string {
  return `${peer.address}:${peer.listens}`
}

function odd(where: string, found: unknown, expected: string): Error {
  return new Error(`the answer to /peers, ${where}: found ${short(found)}, expected ${expected}; is this stellar-core?`)
}

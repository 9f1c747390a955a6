// libp2p's multiaddresses, as Substrate takes them: /ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT[/ws|wss|...]/p2p/PEERID.
import { own } from '../own.ts'
import { isAddress, normalHost } from '../peer.ts'
import { isPeerId } from './base58.ts'
import { type Codec, looksLike, type ReadEntry, readEntries, splitLines } from './codec.ts'
import { portRange, readPort } from './endpoint.ts'
import { peerWithId } from './written.ts'

const shape = '/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT/p2p/PEERID'
const separator = /[\s,]+/

/**
 * What may stand between port and peer ID, with the number of its values. They say how to speak at the port, not who is
 * there: not kept.
 */
const transports: Readonly<Record<string, number>> = {
  ws: 0,
  wss: 0,
  tls: 0,
  noise: 0,
  sni: 1,
  'x-parity-ws': 1,
  'x-parity-wss': 1,
}

const readEntry: ReadEntry = (text, role) => {
  const [empty, family = '', hostText = '', tcp, portText = '', ...rest] = text.split('/')
  const id = rest.at(-1)
  const named = rest.at(-2) === 'p2p' || rest.at(-2) === 'ipfs' // /ipfs/ is what /p2p/ was called before
  if (empty !== '' || tcp !== 'tcp' || id === undefined || !named || !areTransports(rest.slice(0, -2))) return shape
  const host = normalHost(hostText)
  if (host === undefined || !fits(family, hostText)) return `${shape}: a host that fits its /ip4, /ip6 or /dns`
  const port = readPort(portText)
  if (port === undefined) return portRange
  return isPeerId(id) ? { id, host, port, role } : 'a base58 peer ID after /p2p/ (12D3KooW..., 16Uiu2HA..., Qm...)'
}

export const multiaddrList: Codec = {
  read: (text, reading) => readEntries(splitLines(text, separator), readEntry, reading),
  write: peers =>
    peers
      .map((peer, index) => {
        const family = peer.host.includes(':') ? 'ip6' : isAddress(peer.host) ? 'ip4' : 'dns'
        const id = peerWithId(peer, /./, shape, index)
        return `/${family}/${peer.host}/tcp/${peer.port}/p2p/${isPeerId(id) ? id : peerWithId(peer, /^$/, shape, index)}`
      })
      .join('\n'),
  holds: text => looksLike(splitLines(text, separator), readEntry, /^\//),
}

function areTransports(words: readonly string[]): boolean {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const values = own(transports, word)
    if (values === undefined) return false
    index += values
  }
  return true
}

function fits(family: string, host: string): boolean {
  if (family === 'ip4') return isAddress(host) && !host.includes(':')
  if (family === 'ip6') return host.includes(':') && !host.startsWith('[')
  return ['dns', 'dns4', 'dns6'].includes(family)
}

// Ports as nodes' configuration files state them. By their lines, since a file need not parse for its ports to be
// known.
import type { Profile } from '../../../peers/plan.ts'

export type WrittenPorts = { readonly p2p: number | undefined; readonly rpc: number | undefined }

/** The ports in a configuration file of the profile. */
export function writtenPorts(profile: Profile, text: string): WrittenPorts {
  const port = (read: (text: string) => string | undefined) => portIn(read(text) ?? '')
  switch (profile) {
    case 'cometbft':
      return { p2p: port(laddr('p2p')), rpc: port(laddr('rpc')) }
    case 'gnoland':
      return { p2p: port(laddr('p2p')), rpc: undefined }
    case 'stellar-core':
      return { p2p: port(setting('PEER_PORT')), rpc: port(setting('HTTP_PORT')) }
    case 'geth':
      return { p2p: port(inSection('Node\\.P2P', 'ListenAddr')), rpc: port(inSection('Node', 'HTTPPort')) }
    case 'besu':
      return { p2p: port(setting('p2p-port')), rpc: port(setting('rpc-http-port')) }
    default:
      return { p2p: undefined, rpc: undefined }
  }
}

/** [rpc] laddr of a CometBFT config.toml, as it stands. */
export function writtenRpcAddress(text: string): string | undefined {
  return laddr('rpc')(text)
}

/** The port at the end of an address, or that the text is. */
export function portIn(text: string): number | undefined {
  const port = Number(/(?:^|[:/])(\d{1,5})$/.exec(text.trim())?.[1] ?? 0)
  return port >= 1 && port <= 65_535 ? port : undefined
}

function laddr(section: string): (text: string) => string | undefined {
  return inSection(section, 'laddr')
}

/** A setting in one section of a TOML file. */
function inSection(section: string, name: string): (text: string) => string | undefined {
  const header = new RegExp(`^[ \\t]*\\[${section}\\][ \\t]*(#.*)?\\r?$`, 'm')
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*(?:["']([^"'\\n]*)["']|(\\d{1,5})\\b)`, 'm')
  return text => {
    const start = header.exec(text)
    const rest = start ? text.slice(start.index + start[0].length) : ''
    const [own = ''] = rest.split(/^[ \t]*\[/m, 1)
    return line
      .exec(own)
      ?.slice(1)
      .find(value => value !== undefined)
  }
}

/** A numeric setting outside of all sections. */
function setting(name: string): (text: string) => string | undefined {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*["']?(\\d{1,5})\\b`, 'm')
  return text => line.exec(text)?.[1]
}

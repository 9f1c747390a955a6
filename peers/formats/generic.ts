// For nodes that repeer has no format for: [ID@]HOST:PORT, one a line or between commas, or a JSON array of such
// strings.
import { hostPort } from '../peer.ts'
import { type Codec, type Entry, type ReadEntry, type Report, readEntries, splitLines } from './codec.ts'
import { readEndpoint } from './endpoint.ts'
import { readJsonArray } from './json-array.ts'

const readEntry: ReadEntry = (text, role, defaultPort) => {
  const at = text.indexOf('@')
  const endpoint = readEndpoint(text.slice(at + 1), defaultPort)
  if (typeof endpoint === 'string') return `HOST:PORT: ${endpoint}`
  if (at === -1) return { ...endpoint, role }
  const id = text.slice(0, at)
  if (!/^[0-9a-z]{1,128}$/i.test(id)) return 'ID@HOST:PORT with letters and digits as ID, or HOST:PORT'
  // IDs in hex (CometBFT's 40 digits, enode's 128) mean the same in either case; others, such as base58, do not.
  return { id: /^([0-9a-f]{40}|[0-9a-f]{128})$/i.test(id) ? id.toLowerCase() : id, ...endpoint, role }
}

export const genericList: Codec = {
  read: (text, reading) => readEntries(entriesOf(text, reading.report), readEntry, reading),
  write: peers => peers.map(peer => `${peer.id === undefined ? '' : `${peer.id}@`}${hostPort(peer)}\n`).join(''),
  holds(text) {
    let problems = 0
    const entries = entriesOf(text, () => problems++)
    return (
      problems === 0 && entries.length > 0 && entries.every(entry => typeof readEntry(entry.text, 'peer') !== 'string')
    )
  },
}

/** A list may begin with a bracketed IPv6 address; any other bracket opens a JSON array. */
function entriesOf(text: string, report: Report): Entry[] {
  const json = /^\s*\[(?![0-9a-f]*:[^"\]]*\])/i.test(text)
  return json ? readJsonArray(text, report) : splitLines(text, ',')
}

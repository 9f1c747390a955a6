// Peer lists in every format, good ones and bad ones, damaged.
import {
  type Format,
  formatKinds,
  formats,
  holdsPeers,
  PeerListError,
  parsePeers,
  writePeers,
} from '../../../peers/formats/index.ts'
import type { Peer } from '../../../peers/peer.ts'
import { peerHash } from '../../../peers/snapshot.ts'
import { goldenLists } from '../../peers/fixtures/golden.ts'
import { malformed } from '../../peers/fixtures/malformed.ts'
import { scenes, textsOf } from '../corpus.ts'
import { mutateText } from '../mutate-text.ts'
import { expect, refusing, type Target } from '../target.ts'

/** On a line of its own, where no peer can be. A list's error goes to pages and logs, and quotes nothing. */
const canary = 'fuzzCanary7Q2xLwV9'

/** Characters of the message of a list's error: five problems of two long lines each. */
const mostCharacters = 4000

export const lists: Target = {
  name: 'peer lists',
  weight: 250,
  open() {
    const seeds: { format: Format; text: string }[] = [...goldenLists, ...malformed]
    const documents = textsOf('test/peers/fixtures/*.{toml,cfg,json}')
    const values = scenes().flatMap(({ configMaps }) =>
      [...configMaps.values()].flatMap(view => (typeof view === 'string' ? [] : Object.values(view))),
    )
    for (const text of [...documents, ...values])
      for (const format of formats) if (holdsPeers(format, text)) seeds.push({ format, text })
    const texts = [...documents, ...values, ...seeds.map(({ text }) => text)]
    return {
      make(random) {
        const seed = random.pick(seeds)
        // Any text can be read as any format, where somebody says so.
        const format = random.oneIn(10) ? random.pick(formats) : seed.format
        const changed = mutateText(seed.text, texts, random)
        const text = random.oneIn(3) ? changed : `${changed}\n${random.pick(['', 'NODE_SEED ', '= "', '#'])}${canary}\n`
        return {
          input: { format, text },
          run: () => {
            const holds = holdsPeers(format, text)
            const peers = refusing(PeerListError, () => parsePeers(format, text, { source: 'a list' }))
            return { holds, peers, ...(peers instanceof Error ? {} : { hash: peerHash(peers) }) }
          },
          check: found => {
            const { holds, peers } = found as { holds: unknown; peers: Peer[] | PeerListError }
            expect(typeof holds === 'boolean', 'holdsPeers says neither true nor false')
            if (Array.isArray(peers)) checkPeers(format, peers)
            else {
              expect(peers.message.length <= mostCharacters, `an error of ${peers.message.length} characters`)
              expect(!peers.message.includes(canary), 'the error quotes the list')
            }
          },
        }
      },
    }
  },
}

/** What was read is written, where the format can say it, and read again as the same. */
function checkPeers(format: Format, peers: readonly Peer[]): void {
  for (const { host, port } of peers)
    expect(/^[\x21-\x7e]+$/.test(host) && port >= 1 && port <= 65535, `a peer at ${JSON.stringify({ host, port })}`)
  const role = format === 'besu-toml' ? 'seed' : 'peer'
  const writable = peers.filter(({ ...peer }) => formatKinds[format] === 'settings' || peer.role === role)
  const again = parsePeers(format, writePeers(format, writable), { source: 'a list' })
  const keys = (of: readonly Peer[]) =>
    JSON.stringify([...new Set(of.map(({ id, host, port }) => `${id}@${host}:${port}`))].sort())
  expect(keys(again) === keys(writable), `read ${keys(writable)}, written and read again ${keys(again)}`)
}

// What is read of a long text does not keep it in memory: a namespace with hundreds of lists of 1 MiB, or of pages,
// ended the controller, whose budget counts what was read.
import t from 'tap'
import { detached } from '../../peers/detached.ts'
import { type Format, formatKinds, formats, parsePeers } from '../../peers/formats/index.ts'
import { parsePage } from '../../peers/page-check.ts'
import { parseTurnWait } from '../../peers/turn.ts'
import { keptBytes } from '../fixtures/kept-bytes.ts'
import { examplePage } from './fixtures/page.ts'

const long = 99_999
const times = 20
/** Texts that are kept would be 2 MB. */
const few = 1_000_000

const node = '500d81aafe637717a52f8650e54206e64da33d27'
const key =
  '8b61dc2d06c3f96fddcbebb0efb29d60d3598650275dc469c22229d3e5620369b0d3dedafd929835fe7f489618f19f456fe7c0df572bf2d914a9f4e006f783a9'
/** So long that V8 makes it a part of the list. */
const address = (index: number) => `100.200.100.${100 + index}`
const enode = (index: number) => `enode://${key}@${address(index)}:30303`
const white = ' '.repeat(long)
const comment = `\n# ${'x'.repeat(long)}\n`

const lists: Readonly<Record<Format, (index: number) => string>> = {
  'cometbft-toml': index => `[p2p]\npersistent_peers = "${node}@${address(index)}:26656"${comment}`,
  'cometbft-list': index => `${node}@${address(index)}:26656,${white}`,
  'tm2-toml': index => `[p2p]\npersistent_peers = "g1${'q'.repeat(38)}@${address(index)}:26656"${comment}`,
  'tm2-list': index => `g1${'q'.repeat(38)}@${address(index)}:26656,${white}`,
  'stellar-cfg': index => `KNOWN_PEERS = ["${address(index)}:11625"]${comment}`,
  'stellar-list': index => `${address(index)}:11625\n${white}`,
  'geth-toml': index => `[Node.P2P]\nStaticNodes = ["${enode(index)}"]${comment}`,
  'besu-toml': index => `bootnodes = ["${enode(index)}"]${comment}`,
  'static-nodes': index => `["${enode(index)}"]${white}`,
  'enode-list': index => `${enode(index)},${white}`,
  'multiaddr-list': index =>
    `/ip4/${address(index)}/tcp/4001/p2p/12D3KooWSPTTGU3GyE2twr5yTZsjZYX4HhTQHam37695PLtFvE1y\n${white}`,
  'generic-list': index => `BaseFiftyEightIdentity${index}z@${address(index)}:26656,${white}`,
}

t.test('the same text', async t => {
  for (const text of ['', 'a', 'bücher.example', '1.2.3.4', '😀'.repeat(20)]) t.equal(detached(text), text)
  t.equal(detached(`cut ${'😀'.slice(0, 1)}`), 'cut \ufffd')
})

t.test('a peer does not keep the list in which it stood', async t => {
  for (const format of formats) {
    const bytes = keptBytes(times, index => {
      const peers = parsePeers(format, lists[format](index), { source: 'test' })
      if (peers.length !== 1) throw new Error(`${format}: found ${peers.length} peers, expected 1`)
      return peers
    })
    t.ok(bytes < few, `${format} (${formatKinds[format]}): ${bytes} bytes`)
  }
})

t.test('what a page says is cut, and does not keep the page', async t => {
  const words = (index: number) => `${index} ${'so '.repeat(long / 3)}`
  const [restart] = examplePage.restarts
  const pages: Record<string, (index: number) => unknown> = {
    sentence: index => ({ ...examplePage, sentence: words(index) }),
    detail: index => ({ ...examplePage, detail: words(index) }),
    restarts: index => ({ ...examplePage, restarts: [{ ...restart, why: words(index) }] }),
    node: index => ({ ...examplePage, node: { ...examplePage.node, noStatusApi: words(index) } }),
    lookups: index => ({ ...examplePage, lookups: [{ host: 'a', failures: 1, error: words(index) }] }),
  }
  for (const [what, page] of Object.entries(pages)) {
    const bytes = keptBytes(times, index => parsePage(JSON.stringify(page(index))))
    t.ok(bytes < few, `${what}: ${bytes} bytes`)
  }
})

t.test('nor does the reason why a page cannot be used, or an annotation that is cut', async t => {
  const messages = keptBytes(times, index => {
    try {
      return parsePage(JSON.stringify({ ...examplePage, wanted: `${index} ${'x'.repeat(long)}` }))
    } catch (error) {
      return (error as Error).message
    }
  })
  t.ok(messages < few, `${messages} bytes`)
  const waits = keptBytes(times, index => parseTurnWait(JSON.parse(`"${index} ${'x'.repeat(long)}"`)))
  t.ok(waits < few, `${waits} bytes`)
})

// What answers at the port of a node's own interface: the node, one in trouble, or a stranger.
import type { Answer } from '../../../http/exchange.ts'
import { profiles } from '../../../peers/plan.ts'
import type { Interface, NodeWord } from '../../../sidecar/chains/chain.ts'
import { chains } from '../../../sidecar/chains/index.ts'
import { peerOf } from '../../sidecar/chains/fixtures/peers.ts'
import { textsOf } from '../corpus.ts'
import { mutateJson } from '../mutate-json.ts'
import { mutateText } from '../mutate-text.ts'
import type { Random } from '../random.ts'
import { expect, type Target } from '../target.ts'

const wrapped = (result: unknown) => ({ jsonrpc: '2.0', id: 1, result })
const key = 'ab'.repeat(64)

/** Answers of the other chains, as their nodes give them. */
const others: readonly unknown[] = [
  wrapped([
    { enode: `enode://${key}@10.0.0.1:30303`, id: 'cd'.repeat(32), network: { remoteAddress: '10.0.0.1:30303' } },
  ]),
  wrapped({ enode: `enode://${key}@10.0.0.2:30303`, id: 'cd'.repeat(32), listenAddr: '[::]:30303' }),
  wrapped({ isSyncing: false, peers: 2, shouldHavePeers: true }),
  wrapped([{ peerId: '12D3KooWSPTTGU3GyE2twr5yTZsjZYX4HhTQHam37695PLtFvE1y', roles: 'FULL', bestNumber: 7 }]),
  wrapped('0x10'),
  wrapped({ response: { code: 0, value: Buffer.from('{"name":"v2","height":"100"}').toString('base64') } }),
  { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found', data: 'nothing' } },
  { info: { state: 'Synced!', ledger: { num: 7, age: 3 }, peers: { authenticated_count: 2 }, build: 'v22' } },
  {
    authenticated_peers: {
      inbound: [{ address: '10.0.0.1:11625', id: 'GABC', elapsed: 1 }],
      outbound: [{ address: '10.0.0.2:11625', id: 'GDEF' }],
    },
    pending_peers: { inbound: [], outbound: ['10.0.0.3:11625'] },
  },
]

/** Of an answer: what a node of 250 peers says of them, at 2 KB each. */
const mostCharacters = (1024 * 1024) / 2

/** What is asked, and what stands in an answer to it. */
const marks: readonly (readonly [asked: string, mark: string])[] = [
  ['/status', 'sync_info'],
  ['/net_info', 'n_peers'],
  ['/abci_query', 'response'],
  ['admin_peers', 'remoteAddress'],
  ['admin_nodeInfo', 'listenAddr'],
  ['system_health', 'isSyncing'],
  ['system_peers', 'peerId'],
  ['/info', 'ledger'],
  ['/peers', 'authenticated_peers'],
]

export const nodeAnswers: Target = {
  name: 'node interfaces',
  weight: 80,
  open() {
    const real = textsOf('test/sidecar/fixtures/cometbft/*.json').map(text => JSON.parse(text) as unknown)
    const values = [...real, ...others]
    const written = values.map(value => JSON.stringify(value))
    const speaking = profiles.filter(profile => chains[profile].api !== null)
    return {
      make(random) {
        const profile = random.pick(speaking)
        // Made before, so that their making is not measured.
        const answers = marks.map(([asked, mark]) => ({ asked, answer: answerWith(mark, values, written, random) }))
        const other = answerWith('', values, written, random)
        const at: Interface = {
          host: '127.0.0.1',
          port: 1,
          timeoutMs: 1000,
          now: () => 1_700_000_000_000,
          exchange: async (url, { post }) => {
            const question = `${url} ${JSON.stringify(post ?? '')}`
            return answers.find(({ asked }) => question.includes(asked))?.answer ?? other
          },
        }
        return {
          input: { profile, answers, other },
          run: async () => {
            const api = chains[profile].api?.(at)
            const word = await api?.ask()
            const added = peerOf({ id: 'ab'.repeat(20) })
            const told = await api?.tell?.({ all: [added], add: [added], drop: [] })
            return { word, told }
          },
          check: found => {
            const { word } = found as { word: NodeWord }
            expect(typeof word.ok === 'boolean', 'neither an answer nor why there is none')
            if (!word.ok) expect(word.silent.length <= 1000, `silent, in ${word.silent.length} characters`)
            else for (const { address } of word.connections) expect(typeof address === 'string', 'no address')
          },
        }
      },
    }
  },
}

/** Mostly a value that has the mark, changed a little. */
function answerWith(mark: string, values: readonly unknown[], written: readonly string[], random: Random): Answer {
  const fitting = values.filter(value => JSON.stringify(value).includes(mark))
  const value = random.pick(fitting.length > 0 && !random.oneIn(8) ? fitting : values)
  const text = random.oneIn(5)
    ? mutateText(JSON.stringify(value), written, random)
    : random.oneIn(4)
      ? JSON.stringify(value)
      : JSON.stringify(mutateJson(value, { donors: values }, random))
  return {
    code: random.oneIn(8) ? random.pick([0, 204, 401, 403, 404, 405, 500, 599]) : 200,
    text: (text ?? '').slice(0, mostCharacters),
  }
}

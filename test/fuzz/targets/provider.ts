// What a provider chain answers and sends: queries in protocol buffers, events over the WebSocket.

import { writeBech32 } from '../../../discovery/sources/validators/bech32.ts'
import { readEvent } from '../../../discovery/sources/validators/event-message.ts'
import { writeMessage } from '../../../discovery/sources/validators/protobuf.ts'
import {
  consumersQuery,
  dutiesQuery,
  optedInQuery,
  validatorsQuery,
} from '../../../discovery/sources/validators/queries.ts'
import { mutateJson } from '../mutate-json.ts'
import { mostCharacters, mutateBytes, mutateText } from '../mutate-text.ts'
import { expect, isSlip, type Target } from '../target.ts'

const empty = new Uint8Array()
const key = writeMessage([[1, new Uint8Array(32).fill(7)]])
const validator = writeMessage([
  [1, writeBech32('cosmosvaloper', new Uint8Array(20).fill(1))],
  [
    2,
    writeMessage([
      [1, '/cosmos.crypto.ed25519.PubKey'],
      [2, key],
    ]),
  ],
  [4, 3],
  [5, '1000000'],
  [
    7,
    writeMessage([
      [1, 'a validator'],
      [5, 'p2p=node.example.com'],
    ]),
  ],
])
const page = writeMessage([[1, new Uint8Array([1, 2, 3])]])
const consumer = writeMessage([
  [1, 'chain-1'],
  [2, 'client'],
  [9, '7'],
  [8, '7'],
])
const answers: readonly Uint8Array[] = [
  writeMessage([
    [1, validator],
    [1, validator],
    [2, page],
  ]),
  writeMessage([
    [1, consumer],
    [1, consumer],
    [2, page],
  ]),
  writeMessage([
    [1, 'cosmosvalcons1abc'],
    [1, 'cosmosvalcons1def'],
  ]),
  writeMessage([
    [1, '1'],
    [1, '42'],
  ]),
]

/** What is no answer is an Error, which the caller turns into a failed look; any but a slip of our own. */
export const queries: Target = {
  name: 'chain queries',
  weight: 40,
  open: () => {
    const all = [validatorsQuery(empty), consumersQuery(empty), optedInQuery('1'), dutiesQuery('cosmosvalcons1abc')]
    return {
      make(random) {
        const query = random.pick(all)
        const answer = mutateBytes(random.pick(answers), answers, random)
        return {
          input: { path: query.path, answer: answer.toString('hex') },
          run: () => {
            try {
              return query.read(answer)
            } catch (error) {
              if (!(error instanceof Error) || isSlip(error)) throw error
              return error
            }
          },
        }
      },
    }
  },
}

const frames: readonly unknown[] = [
  { jsonrpc: '2.0', id: 0, result: {} },
  {
    jsonrpc: '2.0',
    id: 2,
    result: { query: "tm.event='Tx'", data: { type: 'x', value: {} }, events: { 'tm.event': ['Tx'] } },
  },
  {
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32603, message: 'Internal error', data: 'max_subscriptions_per_client reached' },
  },
]

/** Read in a socket's handler, where whatever is thrown ends the controller. */
export const webSocket: Target = {
  name: 'WebSocket frames',
  weight: 40,
  open: () => {
    const written = frames.map(frame => JSON.stringify(frame))
    return {
      make(random) {
        const frame = random.pick(frames)
        const drawn = random.oneIn(3)
          ? mutateText(JSON.stringify(frame), written, random)
          : (JSON.stringify(mutateJson(frame, { donors: frames }, random)) ?? '')
        const text = drawn.slice(0, mostCharacters)
        return {
          input: text,
          run: () => readEvent(text),
          check: found => expect(JSON.stringify(found).length < 1000, 'a long answer'),
        }
      },
    }
  },
}

// What a message of the WebSocket comes to, whatever it is.
import t from 'tap'
import { readEvent } from '../../../../discovery/sources/validators/event-message.ts'

const rows: readonly (readonly [what: string, text: string, expected: object])[] = [
  ['a subscription is answered', '{"jsonrpc":"2.0","id":3,"result":{}}', { is: 'reply', id: 3 }],
  ['an answer to nobody', '{"id":"3","result":{}}', { is: 'reply', id: undefined }],
  ['an ID that no number can be made of', '{"id":{"toString":1,"valueOf":1}}', { is: 'reply', id: undefined }],
  ['an event', '{"id":3,"result":{"query":"tm.event=\'Tx\'"}}', { is: 'event' }],
  ['a result that is none', '{"id":3,"result":null}', { is: 'reply', id: 3 }],
  [
    'an error, by its data',
    '{"error":{"message":"Server error","data":"too many"}}',
    { is: 'error', text: 'too many' },
  ],
  ['an error, by its message', '{"error":{"message":"Server\\nerror"}}', { is: 'error', text: 'Server\\nerror' }],
  ['an error of another shape', '{"error":{"code":7}}', { is: 'error', text: '{"code":7}' }],
  // The fuzzer's: String() of this throws, which ended the controller.
  ['an error without toString', '{"error":{"data":{"toString":1}}}', { is: 'error', text: '{"toString":1}' }],
  ['half of a text', '{"id":1', { is: 'malformed' }],
  ['no object', '[]', { is: 'malformed' }],
]

t.test('every message is one of four things', async t => {
  for (const [what, text, expected] of rows) t.strictSame(readEvent(text), expected, what)
})

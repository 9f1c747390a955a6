// One message of CometBFT's WebSocket, as far as it matters. It is read in a socket's handler, where whatever is thrown
// would end the controller: a stranger's JSON has to come to a value, whatever it is. Pure.
import { isRecord } from '../../../peers/is-record.ts'
import { printable } from '../../../peers/peer-list-error.ts'

export type EventMessage =
  | { readonly is: 'malformed' }
  /** `text`: what the other end says is wrong, printable. */
  | { readonly is: 'error'; readonly text: string }
  | { readonly is: 'event' }
  /** `id`: of the request that is answered; undefined where it is none of ours, which are numbered. */
  | { readonly is: 'reply'; readonly id: number | undefined }

/** Never throws. */
export function readEvent(data: string): EventMessage {
  const message = parsed(data)
  if (message === undefined) return { is: 'malformed' }
  const { id, result, error } = message
  if (error) return { is: 'error', text: errorText(error) }
  // An event has its subscription's ID, too, and says which query it fits.
  if (isRecord(result) && result['query'] !== undefined) return { is: 'event' }
  return { is: 'reply', id: typeof id === 'number' ? id : undefined }
}

/** CometBFT's message is the class of the error, and its data says what it is. */
function errorText(error: unknown): string {
  const { data, message } = isRecord(error) ? error : {}
  const text = data || message || error
  // Not String(): of an object whose toString is no function, it throws.
  return printable(typeof text === 'string' ? text : JSON.stringify(text))
}

function parsed(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

// The value of repeer.dev/turn: for which change a pod may restart now. It names the change, so that a turn can never
// be used for another one.
import { createHash } from 'node:crypto'

/**
 * The turn for a pod whose status page the controller cannot read: `b1:` and 32 hex digits, of the two annotations that
 * the controller wrote. The sidecar makes the same from its own files. Otherwise a turn is the snapshot's hash that the
 * page asks for.
 */
export function blindTurn(peerHash: string | undefined, endpoints: string | undefined): string {
  return `b1:${createHash('sha256')
    .update(`${peerHash ?? ''}\n${endpoints ?? ''}`)
    .digest('hex')
    .slice(0, 32)}`
}

// The value of repeer.dev/pause, on a pod or as annotation or label of a namespace: the one parser for webhook,
// sidecar, controller and `repeer check`.
import { printable } from './peer-list-error.ts'

export type Pause = {
  /** Nothing is restarted, and the node is told nothing. */
  readonly held: boolean
  /** A sentence, where somebody wrote what is neither true nor false: what was found, and what comes of it. */
  readonly odd?: string
}

/**
 * Whoever writes anything but "false" there means to hold restarts, and in doubt the node keeps running. An empty text
 * holds nothing, since the sidecar's file is empty where there is no annotation, too: that is the only text that could
 * not mean the same to all who read it. White space and capitals do not count.
 */
export function parsePause(text: unknown): Pause {
  if (typeof text !== 'string') return { held: false }
  const word = text.trim().toLowerCase()
  if (word === 'true') return { held: true }
  if (word === 'false') return { held: false }
  const held = word !== ''
  return {
    held,
    odd: `repeer.dev/pause is "${printable(text.trim())}", which ${held ? 'holds' : 'does not hold'} restarts; expected "true" or "false"`,
  }
}

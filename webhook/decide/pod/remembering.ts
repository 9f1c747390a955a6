// What was found out about a text, remembered by the text itself: an edit of another key, a new list of the same
// objects or another pod that mounts them asks nothing anew. Bounded, the oldest going first; it never changes an
// answer, only its price.

import { createHash } from 'node:crypto'
import { own } from '../../../peers/own.ts'

type Data = Readonly<Record<string, string>>

export type Memory<V> = {
  /** The answer to a question about the text of a key, found or remembered. */
  ask(data: Data, key: string, question: string, find: () => V): V
}

/**
 * A memory that holds answers of so many bytes.
 *
 * @param weigh the bytes that an answer takes, roughly
 */
export function createMemory<V>(mostBytes: number, weigh: (answer: V) => number): Memory<V> {
  const answers = new Map<string, { readonly answer: V; readonly bytes: number }>()
  let held = 0
  return {
    ask(data, key, question, find) {
      const name = `${digestOf(data, key)} ${question}`
      const known = answers.get(name)
      answers.delete(name)
      const entry = known ?? weighed(find(), name.length)
      if (!known) held += entry.bytes
      answers.set(name, entry)
      for (const [oldest, { bytes }] of answers) {
        if (held <= mostBytes) break
        answers.delete(oldest)
        held -= bytes
      }
      return entry.answer
    },
  }

  function weighed(answer: V, nameLength: number) {
    return { answer, bytes: weigh(answer) + nameLength * 2 + entryBytes }
  }
}

/** An entry of the map, without its name and what is remembered. */
const entryBytes = 200

/** For as long as a ConfigMap does not change: a text is digested once, at some 500 MB/s. */
const digests = new WeakMap<Data, Map<string, string>>()

function digestOf(data: Data, key: string): string {
  const ofData = digests.get(data) ?? new Map<string, string>()
  digests.set(data, ofData)
  const known = ofData.get(key)
  if (known !== undefined) return known
  const digest = createHash('sha256')
    .update(own(data, key) ?? '')
    .digest('base64')
  ofData.set(key, digest)
  return digest
}

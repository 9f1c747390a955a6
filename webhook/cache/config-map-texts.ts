// The texts of one namespace's ConfigMaps, counted while they are read: what is too much is let go before it fills the
// memory, not after.
import type { ApiObject, ListWatchHandlers } from '../../kubernetes/list-watch.ts'
import { configMapValues } from './config-map-values.ts'

export type Texts = Readonly<Record<string, string>>
type Item = { readonly size: number; readonly texts: Texts }

export type ConfigMapTexts = {
  readonly handlers: Pick<ListWatchHandlers<Item>, 'listing' | 'keep' | 'replace' | 'set' | 'remove'>
  get(name: string): Texts | undefined
}

/**
 * Characters. A longer value is left out, as if its key were not there: peer lists are short (1,000 enode URLs are 200
 * KB), genesis files and dashboards are not, and would fill the memory.
 */
const longestValue = 256 * 1024

/** Of an entry beside its texts: objects, and what a Map takes for it. In bytes. */
const bytesBeside = 200

/**
 * @param counted told how many bytes there are, whenever that changes: of the old or of those being listed, whichever
 * are more
 */
export function createConfigMapTexts(counted: (bytes: number) => void): ConfigMapTexts {
  let items = new Map<string, Item>()
  let bytes = 0
  let listed = 0
  let isListing = false

  function tell(): void {
    counted(Math.max(bytes, listed))
  }

  function keep(object: ApiObject): Item {
    const texts = configMapValues(object, longestValue)
    const size = sizeOf(object.metadata?.name ?? '', texts)
    if (isListing) {
      listed += size
      tell()
    }
    return { size, texts }
  }

  function remove(name: string): void {
    bytes -= items.get(name)?.size ?? 0
    items.delete(name)
  }

  return {
    handlers: {
      listing: () => {
        isListing = true
        listed = 0
      },
      keep,
      replace: all => {
        items = all
        bytes = listed
        isListing = false
        listed = 0
        tell()
      },
      set: (name, item) => {
        remove(name)
        items.set(name, item)
        bytes += item.size
        tell()
      },
      remove: name => {
        remove(name)
        tell()
      },
    },
    get: name => items.get(name)?.texts,
  }
}

/** V8 keeps a text of Latin letters in a byte for each, any other in two. */
function sizeOf(name: string, texts: Texts): number {
  return Object.entries(texts).reduce(
    (sum, [key, text]) => sum + 2 * key.length + bytesOf(text),
    bytesBeside + 2 * name.length,
  )
}

/** A text beyond Latin-1, at most: some of its characters may need no more than one. */
const wide = /[\u0100-\uffff]/

function bytesOf(text: string): number {
  return wide.test(text) ? 2 * text.length : text.length
}

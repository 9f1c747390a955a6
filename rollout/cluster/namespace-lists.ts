// The peer lists of one namespace, within what may be kept of them and how long they may take to be read. Beyond either
// all of them are let go: they are unknown, and read again after a while.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import type { TenantBudget } from '../../kubernetes/tenant-budget.ts'
import type { KeySource } from '../../peers/plan.ts'
import { createKeptLists } from './kept-lists.ts'
import { createKeyedStore, type KeyedStore, type KeyedStoreOptions } from './keyed-store.ts'
import { type ConfigMapLists, listId, type parseList, readConfigMap, sameLists } from './lists.ts'
import { createReadingTime, type ReadingTimeOptions } from './reading-time.ts'

export type NamespaceLists = Pick<KeyedStore<ConfigMapLists>, 'handlers' | 'get' | 'size'> & {
  /** Makes sure that everything that is needed of a ConfigMap is read; again where a pod needs another key of it. */
  need(configMap: string): void
  /** Nothing of it is needed any more. */
  drop(configMap: string): void
  /** They are too much: they are let go, and unknown until they are read again after a while. */
  exceed(why: string): void
  /** Why they are unknown, where they were too much. */
  exceeded(): string | undefined
}

export type NamespaceListsOptions = {
  readonly namespace: string
  readonly parse: typeof parseList
  readonly budget: Pick<TenantBudget, 'keeps' | 'forget'>
  readonly readingTime: ReadingTimeOptions
  /** Until lists that were too much are read again, in ms. */
  readonly tryAgainMs: number
  /** What is needed of a ConfigMap. */
  readonly sourcesOf: (configMap: string) => Iterable<KeySource>
  readonly fetch: KeyedStoreOptions<ConfigMapLists>['fetch']
  readonly changed: (configMap: string) => void
  /** Nothing is kept or read again once it has aborted. */
  readonly signal: AbortSignal
  readonly log: Pick<Logger, 'warn'>
}

export function createNamespaceLists(options: NamespaceListsOptions): NamespaceLists {
  const { namespace, budget, tryAgainMs, sourcesOf, fetch, changed, signal, log } = options
  const kept = createKeptLists()
  /** Of a list of ConfigMaps that is being read: what is too much is let go before it fills the memory, not after. */
  let listed = createKeptLists()
  let tooMuch: string | undefined
  const time = createReadingTime(options.readingTime)
  const parse: typeof parseList = (reading, text) => time.during(() => options.parse(reading, text))

  const store = createKeyedStore<ConfigMapLists>({
    groupOf: ({ metadata }: ApiObject) => metadata?.name,
    read: (object, name) => {
      const lists = readConfigMap(object, inTime(sourcesOf(name)), parse)
      if (time.isOver()) exceed(tooSlow(options.readingTime))
      return lists
    },
    isSame: sameLists,
    fetch,
    changed: name => {
      count(name)
      changed(name)
    },
    listed: (name, lists) => {
      listed.set(name, [lists])
      charge()
    },
  })

  /** What is not read of a ConfigMap is unknown. */
  function* inTime(sources: Iterable<KeySource>): Iterable<KeySource> {
    for (const source of sources) {
      if (time.isOver()) return
      yield source
    }
  }

  function count(configMap: string): void {
    kept.set(configMap, store.get(configMap))
    charge()
  }

  /** May let go of all lists, of this or another namespace. What was there before is mostly what is listed anew. */
  function charge(): void {
    if (tooMuch === undefined && !signal.aborted) budget.keeps(namespace, Math.max(kept.bytes(), listed.bytes()))
  }

  function exceed(why: string): void {
    if (tooMuch !== undefined || signal.aborted) return
    tooMuch = why
    log.warn({ namespace }, why)
    budget.forget(namespace)
    store.forget()
    void tryAgain()
  }

  async function tryAgain(): Promise<void> {
    await delay(tryAgainMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    tooMuch = undefined
    store.recall()
  }

  function isWhole(configMap: string): boolean {
    const found = store.get(configMap)
    if (found === 'unknown') return false
    const sources = [...sourcesOf(configMap)]
    return found.every(lists => sources.every(source => lists.has(listId(source))))
  }

  return {
    handlers: {
      ...store.handlers,
      listing: () => {
        listed = createKeptLists()
        store.handlers.listing()
      },
      replace: items => {
        store.handlers.replace(items)
        listed = createKeptLists()
        charge()
      },
    },
    get: store.get,
    size: store.size,
    need: name => {
      if (!isWhole(name)) store.need(name)
    },
    drop: name => {
      store.drop(name)
      count(name)
    },
    exceed,
    exceeded: () => tooMuch,
  }
}

function tooSlow({ mostMs, msPerSecond }: ReadingTimeOptions): string {
  const most = `${mostMs / 1000} s of a processor, and ${msPerSecond / 1000} s each second`
  return `found that its peer lists take more time to read than there is for a namespace, expected at most ${most}; its pods keep their annotations, and its lists are read again in some minutes`
}

// How many bytes the lists of one namespace take in memory. Pods of one template have one list, which counts once.
import { bytesOf, type ConfigMapLists, type ParsedList } from './lists.ts'

export type KeptLists = {
  /** What is kept of a ConfigMap now; 'unknown' where nothing is. */
  set(configMap: string, lists: readonly ConfigMapLists[] | 'unknown'): void
  bytes(): number
}

/** Of a ConfigMap itself, and of each of its keys that a plan names: names and the parts of maps. */
const bytesPerPart = 200

export function createKeptLists(): KeptLists {
  const byConfigMap = new Map<string, { readonly lists: readonly ParsedList[]; readonly bytes: number }>()
  const users = new Map<ParsedList, number>()
  let sum = 0

  function drop(configMap: string): void {
    const kept = byConfigMap.get(configMap)
    if (!kept) return
    byConfigMap.delete(configMap)
    sum -= kept.bytes
    for (const list of kept.lists) {
      const left = (users.get(list) ?? 0) - 1
      if (left > 0) users.set(list, left)
      else {
        users.delete(list)
        sum -= bytesOf(list)
      }
    }
  }

  function keep(configMap: string, found: readonly ConfigMapLists[]): void {
    const keys = found.flatMap(lists => [...lists.values()])
    const lists = keys.filter(list => list !== 'absent')
    const bytes = bytesPerPart * (1 + keys.length)
    byConfigMap.set(configMap, { lists, bytes })
    sum += bytes
    for (const list of lists) {
      const before = users.get(list) ?? 0
      users.set(list, before + 1)
      if (before === 0) sum += bytesOf(list)
    }
  }

  return {
    set: (configMap, lists) => {
      drop(configMap)
      if (lists !== 'unknown' && lists.length > 0) keep(configMap, lists)
    },
    bytes: () => sum,
  }
}

// What the commands for people use and Node 20 does not have: the plugin runs on the Node of its user.

/** As the language has it (Node 21): values by their key, in the order in which each key comes first. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

Map.groupBy ??= groupBy

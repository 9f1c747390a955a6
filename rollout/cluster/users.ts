// Which pods use an object, by its namespace and name: so an event costs what its users cost, not what the cluster has.

export type Users = {
  /** True for the first user of the object. */
  add(namespace: string, name: string, pod: string): boolean
  /** True where that was the object's last user. */
  remove(namespace: string, name: string, pod: string): boolean
  of(namespace: string, name: string): Iterable<string>
  /** All names in a namespace that somebody uses. */
  names(namespace: string): Iterable<string>
}

export function createUsers(): Users {
  const namespaces = new Map<string, Map<string, Set<string>>>()
  return {
    add: (namespace, name, pod) => {
      const names = namespaces.get(namespace) ?? new Map<string, Set<string>>()
      namespaces.set(namespace, names)
      const pods = names.get(name) ?? new Set<string>()
      names.set(name, pods)
      const before = pods.size
      pods.add(pod)
      return before === 0
    },
    remove: (namespace, name, pod) => {
      const names = namespaces.get(namespace)
      const pods = names?.get(name)
      if (!names || !pods?.delete(pod) || pods.size > 0) return false
      names.delete(name)
      if (names.size === 0) namespaces.delete(namespace)
      return true
    },
    of: (namespace, name) => namespaces.get(namespace)?.get(name) ?? [],
    names: namespace => namespaces.get(namespace)?.keys() ?? [],
  }
}

// Pods of one template have one plan, and their ConfigMaps often one list: each is parsed and kept once, for as long as
// somebody holds it.

/**
 * The value made of a text, and the same object for the same text while it is held anywhere; what `make` throws is
 * thrown on.
 */
export function interning<T extends object>(
  key: (text: string) => string,
  make: (text: string) => T,
): (text: string) => T {
  const values = new Map<string, WeakRef<T>>()
  const gone = new FinalizationRegistry<string>(name => {
    if (values.get(name)?.deref() === undefined) values.delete(name)
  })
  return text => {
    const name = key(text)
    const known = values.get(name)?.deref()
    if (known) return known
    const made = make(text)
    values.set(name, new WeakRef(made))
    gone.register(made, name)
    return made
  }
}

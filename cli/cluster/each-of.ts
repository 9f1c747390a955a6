// The same question about many things, some at a time.

/** Asked at the same time: enough to be quick with hundreds of pods, too few to be felt by the API server. */
const atOnce = 8

/** The results in the order of the items. */
export async function eachOf<T, R>(items: readonly T[], look: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await look(items[index] as T)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}

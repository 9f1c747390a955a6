// At most so many at a time: lists and fetches that start together would all be in memory together, and press the API server.

/** Runs what it is given, at most `atOnce` at a time, in the order in which it was given. */
export function limiter(atOnce: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async run => {
    // Whoever ends hands the place on, so that nobody can take it in between.
    if (running < atOnce) running++
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

// What the Kubernetes API answers where it does not do what it was asked.

/** `status` is the HTTP status, or 0 where there was no answer. */
export class ApiError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/**
 * Whether the API server has refused what it was asked, so that to try the same again is of no use: neither a fault of
 * its own (5xx), nor too many requests (429), nor no answer.
 */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
}

/**
 * The message of the Status object that Kubernetes answers, or the beginning of what came instead: a proxy's page.
 * @param most characters of such a beginning
 */
export function reasonIn(body: string, most: number): string {
  try {
    const answer = JSON.parse(body) as { readonly message?: unknown } | null
    if (typeof answer?.message === 'string') return answer.message
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return body.slice(0, most)
}

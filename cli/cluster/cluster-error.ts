// The error that there is no cluster to be asked, and what errors of requests say.

/** No kubeconfig, no answer, or no credentials that the API server takes. */
export class ClusterError extends Error {}

/** What an error says, also where it holds several (a name with several addresses, none of which answers). */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

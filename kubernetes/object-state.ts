// What any object of the API says of its state.

/** It has been deleted, and something still has to be done before it is gone. */
export function isDeleting(metadata: { readonly deletionTimestamp?: unknown } | undefined): boolean {
  return metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null
}

/** The condition Ready of a pod's status is True. */
export function isReady(
  status: { readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null } | undefined,
): boolean {
  return (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
}

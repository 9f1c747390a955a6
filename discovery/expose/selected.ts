// Pods that a Service's own selector matches. A Service that others have made may have a selector that is meant to
// match nothing (this-will-not-match: anything); then its ports lead where our slices say, as without one, for as long
// as that is true.
import { unlessAborted } from '../../kubernetes/abort.ts'
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import type { Collections, Followed } from '../collections.ts'

export type Selector = Readonly<Record<string, string>>

export type SelectedPods = {
  /** How many pods the selector matches now, or why that is not known. */
  count(selector: Selector, signal: AbortSignal): Promise<number | string>
  close(): void
}

const pageSize = 250

/** Follows the pods of one selector at a time: the last that was asked about. */
export function followSelected(namespace: string, collections: Collections, hint: () => void): SelectedPods {
  let followed: { readonly query: string; readonly pods: Followed<true> } | undefined
  const close = () => {
    followed?.pods.close()
    followed = undefined
  }
  return {
    count: async (selector, signal) => {
      const query = Object.entries(selector)
        .map(([name, value]) => `${name}=${value}`)
        .sort()
        .join(',')
      if (followed?.query !== query) {
        close()
        const pods = collections.follow<true>(
          {
            what: `Pods of a Service's selector in namespace ${namespace}`,
            path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
            labelSelector: query,
            reader: 'selected',
            read: ({ metadata }: ApiObject) => (metadata?.name ? true : undefined),
            pageSize,
          },
          hint,
        )
        followed = { query, pods }
      }
      const { pods } = followed
      await pods.settled(signal).catch(unlessAborted(signal))
      return pods.unknown() ?? pods.items.size
    },
    close,
  }
}

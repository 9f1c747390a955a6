// Watches of the stand-in for the API server: JSON lines for as long as the client listens.
import type { ServerResponse } from 'node:http'
import { selectorOf, type Target } from './api-resources.ts'
import type { Change, Store, Stored } from './api-store.ts'

export type Watches = {
  /** Answers a watch; does not return anything, since the answer goes on. */
  start(target: Target, query: URLSearchParams, response: ServerResponse): void
  /** Cuts all connections, without an end. */
  drop(): void
  /** Ends all watches with 410 (Gone), as where the API has forgotten their version. */
  expire(): void
}

const gone = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old resource version',
  },
}

/**
 * Watches of what the store holds; none is open yet.
 * @param bookmarkMs how often an open watch is told where it is
 */
export function createWatches(store: Store, bookmarkMs: number): Watches {
  const open = new Set<{ send: (event: unknown) => void; response: ServerResponse }>()

  function start(target: Target, query: URLSearchParams, response: ServerResponse): void {
    const matches = selectorOf(query)
    const from = Number(query.get('resourceVersion') || '0')
    // Between the end of an answer and its close there may still be news: the client lists again and finds them.
    const send = (event: unknown) => {
      if (!response.writableEnded) response.write(`${JSON.stringify(event)}\n`)
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const missed = from === 0 ? [] : store.since(from)
    if (!missed) {
      send(gone)
      response.end()
      return
    }
    const tell = (change: Change) => {
      if (!concerns(target, change)) return
      const event = eventFor(change, matches)
      if (event) send(event)
    }
    if (from === 0)
      for (const object of store.list(target.resource, target.namespace))
        if (matches(object)) send({ type: 'ADDED', object })
    for (const change of missed) tell(change)

    const watcher = { send, response }
    open.add(watcher)
    const stop = store.listen(tell)
    const bookmarks =
      query.get('allowWatchBookmarks') === 'true'
        ? setInterval(() => send(bookmark(target, store)), bookmarkMs)
        : undefined
    const seconds = Number(query.get('timeoutSeconds') || '0')
    const end = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined
    response.on('close', () => {
      open.delete(watcher)
      stop()
      clearInterval(bookmarks)
      clearTimeout(end)
    })
  }

  return {
    start,
    drop: () => {
      for (const { response } of open) response.destroy()
    },
    expire: () => {
      for (const { send, response } of open) {
        send(gone)
        response.end()
      }
    },
  }
}

function concerns({ resource, namespace, name }: Target, change: Change): boolean {
  const { metadata } = change.object
  return (
    change.resource === resource &&
    (namespace === '' || metadata.namespace === namespace) &&
    (name === '' || metadata.name === name)
  )
}

/** An object that comes to match a selector is ADDED to that watch, one that no longer does is DELETED from it. */
function eventFor(
  { type, object, previous }: Change,
  matches: (object: Stored) => boolean,
): { type: string; object: Stored } | undefined {
  const before = previous !== undefined && matches(previous)
  const now = type !== 'DELETED' && matches(object)
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object }
  return before ? { type: 'DELETED', object } : undefined
}

function bookmark({ resource }: Target, store: Store): unknown {
  const metadata = { resourceVersion: store.version(), creationTimestamp: null }
  return { type: 'BOOKMARK', object: { kind: resource.kind, apiVersion: resource.apiVersion, metadata } }
}

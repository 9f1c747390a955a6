// The page to look at: routes, what may ask, and the stream that says when to look again. Read-only. It makes its
// answers of what it is handed, at most once a second however many ask.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { PageAnswer } from '../../http/page-server.ts'
import { pageScript } from './assets/script.ts'
import { iconSvg, styleSheet } from './assets/style.ts'
import type { WebAudience } from './audience.ts'
import type { History } from './history.ts'
import { html, type Markup, plain } from './markup.ts'
import { happeningKey, type Known, podFacts, viewOf } from './model.ts'
import { documentText } from './render/document.ts'
import { followerMain, groupMain, headline, homeMain } from './render/home.ts'
import { podMain } from './render/pod.ts'
import { createStreams } from './streams.ts'
import type { View } from './view.ts'

/** What the page shows; `leader`: the name of the replica that leads, where another is known to. */
export type WebState = { readonly known: Known; readonly since: number } | { readonly leader: string | undefined }

export type WebOptions = {
  readonly audience: WebAudience
  readonly state: () => WebState
  readonly history: History
  /** Of this replica, as shown; and its namespace, for a command. */
  readonly identity: string
  readonly namespace: string
  /** Milliseconds since the epoch, by the clock of what was seen. Default: Date.now. */
  readonly now?: () => number
  /** Milliseconds between two looks at the state while somebody watches. Default: 1,000. */
  readonly everyMs?: number
}

export type Web = {
  /** Undefined where there is no such page here. */
  answer(path: string, request: IncomingMessage): PageAnswer | undefined
  close(): void
}

/** No script or style but our own files, no frame, no form, nothing from elsewhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** A picture's time is the same within it, in milliseconds: else each look would differ from the last. */
const stillMs = 30_000

type Looked = {
  readonly at: number
  readonly state: WebState
  readonly view: View | undefined
  readonly version: string
}

export function createWeb(options: WebOptions): Web {
  const { audience, history, identity, namespace, now = Date.now, everyMs = 1_000 } = options
  const title = (text: string) => `${text} · repeer`
  let last: Looked | undefined
  /** A look at 10,000 pods takes a while: then there are fewer, so that at most a tenth of the time goes into them. */
  let nextAt = 0

  function look(): Looked {
    const at = now()
    // The clock may have been set back.
    if (last && at < nextAt && at >= last.at) return last
    const began = performance.now()
    const state = options.state()
    const view = 'known' in state ? viewOf(state.known, at) : undefined
    const happened = history.since(at)
    const newest = happened.at(-1)
    const text = JSON.stringify([view ?? state, Math.floor(at / stillMs), happened.length, newest?.at])
    last = { at, state, view, version: createHash('sha256').update(text).digest('base64url').slice(0, 16) }
    nextAt = at + Math.max(everyMs * 0.9, (performance.now() - began) * 10)
    return last
  }

  const streams = createStreams({
    everyMs,
    event: () => {
      const { version, view } = look()
      return { version, headline: view ? headline(view) : 'This replica does not lead' }
    },
  })

  function page(heading: string, main: Markup, up?: { readonly path: string; readonly name: string }): PageAnswer {
    const text = documentText({ title: title(heading), main, identity: plain(identity, 128), ...(up ? { up } : {}) })
    return { status: 200, type: 'text/html; charset=utf-8', text, headers }
  }

  function shown(path: string): PageAnswer | undefined {
    const { state, view, at } = look()
    if (!view || !('known' in state)) {
      const leader = 'leader' in state && state.leader !== undefined ? plain(state.leader, 128) : undefined
      return page('does not lead', followerMain(leader, plain(namespace, 63)))
    }
    const still = Math.floor(at / stillMs) * stillMs
    const { since } = state
    if (path === '/') return page(headline(view), homeMain({ view, happenings: history.since(at), now: still, since }))
    const [kind, ...names] = path.slice(1).split('/').map(decoded)
    const group = view.groups.find(candidate => kind === 'groups' && candidate.group === names.join('/'))
    if (group && names.length > 0)
      return page(group.name, groupMain(group, { happenings: history.since(at, group.group), now: still, since }))
    const key = names.join('/')
    const facts = kind === 'pods' && names.length === 2 ? podFacts(state.known, key, at) : undefined
    if (!facts) return undefined
    const happenings = history.since(at, facts.group).filter(happening => happeningKey(happening) === key)
    const up = { path: `/groups/${encodeURIComponent(facts.group)}`, name: plain(facts.group, 80) }
    return page(facts.node.name, podMain(facts, happenings), up)
  }

  function missing(): PageAnswer {
    const text = 'There is no such pod or group, or not any more.'
    const main = html`<section class="card" id="missing" data-part><header><h1>Not found</h1></header><p>${text}</p><p><a href="/">All groups</a></p></section>`
    return { ...page('not found', main), status: 404 }
  }

  function text(type: string, content: string): PageAnswer {
    return { status: 200, type, text: content, headers }
  }

  return {
    answer(path, request) {
      const isPage = path === '/' || path.startsWith('/pods/') || path.startsWith('/groups/')
      const isOurs = isPage || path === '/events' || path.startsWith('/web/')
      if (!isOurs || audience === 'off') return undefined
      const refusal = audience === 'local' ? refused(request) : undefined
      if (refusal !== undefined) return { status: 403, type: 'text/plain; charset=utf-8', text: refusal, headers }
      switch (path) {
        case '/web/page.css':
          return text('text/css; charset=utf-8', styleSheet)
        case '/web/page.js':
          return text('text/javascript; charset=utf-8', pageScript)
        case '/web/icon.svg':
          return text('image/svg+xml', iconSvg)
        case '/events':
          return streams.open(request.socket.remoteAddress ?? '', headers)
        default:
          return isPage ? (shown(path) ?? missing()) : undefined
      }
    },
    close: streams.close,
  }
}

/** A page of another site could have a name of its own lead to this address: it is known by the name in its request. */
const ownHost = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/

function refused({ socket, headers: { host = '' } }: IncomingMessage): string | undefined {
  if (!isLoopback(socket.remoteAddress ?? ''))
    return 'The page is shown to port-forwards only: kubectl port-forward, or repeer check --web. See --web of repeer controller.\n'
  return ownHost.test(host)
    ? undefined
    : 'The page was asked for by another name than that of this machine; expected http://localhost or http://127.0.0.1.\n'
}

function isLoopback(address: string): boolean {
  const bare = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  return bare === '::1' || bare.startsWith('127.')
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

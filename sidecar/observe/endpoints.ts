// What the controller tells of the addresses behind the hosts (repeer.dev/endpoints). It reads them where cluster DNS
// does, and no cache stands between: so its word is what a host's addresses are. A node that looks names up itself may
// be told otherwise for a while, and that is remembered as a dispute.

import type { Logger } from 'pino'
import { type Behind, type Endpoints, parseEndpoints } from '../../peers/endpoints.ts'
import { own } from '../../peers/own.ts'
import { told } from '../decide/host-view.ts'
import type { HostView } from '../decide/observation.ts'
import type { Input } from './input.ts'

/** `since`: when this text was first seen, ms since the epoch. */
export type KnownEndpoints = {
  readonly text: string | undefined
  readonly endpoints: Endpoints
  readonly since: number
}

export const noEndpoints: KnownEndpoints = { text: undefined, endpoints: {}, since: 0 }

/** Parsed once for each text. One that cannot be read counts as none, and is logged. */
export function endpointsOf(
  input: Pick<Input, 'endpoints'>,
  known: KnownEndpoints,
  log: Pick<Logger, 'warn'>,
  now: number,
): KnownEndpoints {
  const text = input.endpoints
  if (text === known.text) return known
  if (text === undefined) return noEndpoints
  try {
    return { text, endpoints: parseEndpoints(text), since: now }
  } catch (error) {
    log.warn(
      { detail: error instanceof Error ? error.message : String(error) },
      'repeer.dev/endpoints cannot be read; DNS alone tells the addresses',
    )
    return { text, endpoints: {}, since: now }
  }
}

/**
 * Whether DNS answered last with other addresses than those that the controller sees. A Service with an address of its
 * own has that one in DNS.
 */
export function isBehind(view: HostView | undefined, behind: Behind | undefined): boolean {
  if (!behind || behind.stable) return false
  const { addresses = [] } = view ?? {}
  return addresses.length !== behind.addresses.length || behind.addresses.some(address => !addresses.includes(address))
}

/**
 * Whether the controller alone says what the host's addresses are: a headless Service, or a pod of one, with somebody
 * behind it.
 */
export function isTold(behind: Behind | undefined): boolean {
  return behind !== undefined && !behind.stable && behind.addresses.length > 0
}

/**
 * How long DNS has to say the same against the controller, and the controller not to have looked, in ms: twice the 30 s
 * for which cluster DNS caches, and enough for another replica to take over and look at every page (15 s and 37.5 s).
 */
const staleMs = 120_000

/**
 * The controller's word without what nobody stands by any more: where no controller has looked at this pod for two
 * minutes (it is down, the namespace has lost its label), and DNS has been saying something else about a host for as
 * long, DNS counts. Else a node that starts by itself would be given an address that nobody has. `answers`: the last
 * ones of DNS.
 */
export function withoutStale(
  { endpoints, since }: KnownEndpoints,
  answers: Readonly<Record<string, HostView>>,
  controllerLookedAt: number | undefined,
  now: number,
): Endpoints {
  if (now < Math.max(since, controllerLookedAt ?? 0) + staleMs) return endpoints
  const isStale = (host: string, behind: Behind) => {
    const view = own(answers, host)
    if (
      view === undefined ||
      view.failures > 0 ||
      view.addresses.length === 0 ||
      view.rotating ||
      !isBehind(view, behind)
    )
      return false
    return now >= Math.max(view.since, view.disputedAt ?? 0) + staleMs
  }
  return Object.fromEntries(Object.entries(endpoints).filter(([host, behind]) => !isStale(host, behind)))
}

/**
 * The views as they are decided on. A host that is a Service with an address of its own keeps that address, and has the
 * pods behind it beside. One that is a headless Service has the addresses that the controller tells; while nobody is
 * behind it, the last ones. Neither rotates. What stands in the hosts file stays.
 *
 * - `answers`: what DNS gives.
 * - `before`: the last views decided on.
 * - `pinned`: hosts that the node does not look up: nothing said about them is a dispute to it.
 */
export function withEndpoints(
  answers: Readonly<Record<string, HostView>>,
  endpoints: Endpoints,
  before: Readonly<Record<string, HostView>>,
  pinned: ReadonlySet<string>,
  now: number,
): Record<string, HostView> {
  return Object.fromEntries(
    Object.entries(answers).map(([host, { behind: _, ...answer }]) => {
      const its = own(endpoints, host)
      if (its === undefined || answer.inHostsFile) return [host, answer]
      if (its.stable) return [host, { ...answer, rotating: false, behind: its.addresses }]
      const last = own(before, host)
      return [host, toldView(answer, its, last ?? answer, pinned.has(host), now)]
    }),
  )
}

/** Addresses, and since when, by the controller; the state of the look-ups by DNS. */
function toldView(
  answer: HostView,
  its: Behind,
  { behind: _, ...last }: HostView,
  pinned: boolean,
  now: number,
): HostView {
  const known = isTold(its) ? its.addresses : last.addresses.length > 0 ? last.addresses : answer.addresses
  const { error: __, disputedAt, heard: ___, ...view } = told(last, known, now)
  const at = isTold(its) && isBehind(answer, its) ? now : Math.max(disputedAt ?? 0, answer.disputedAt ?? 0)
  return {
    ...view,
    answeredAt: answer.answeredAt,
    failures: answer.failures,
    ...(answer.error === undefined ? {} : { error: answer.error }),
    ...(pinned || at === 0 ? {} : { disputedAt: at }),
  }
}

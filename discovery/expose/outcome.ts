// What the condition Exposed says. Pure.
import type { Problem } from '../source.ts'
import type { ExposedPort, ServiceFacts } from './service.ts'

export type Exposed = {
  readonly ok: boolean
  readonly reason: string
  readonly message: string
  readonly change?: string
}

/** Chains and problems that the message names; the condition's message is bounded as well. */
const maxChains = 12
const maxProblems = 4

/** @param nodes how many nodes the pods run on */
export function outcomeOf(
  place: string,
  ports: readonly ExposedPort[],
  problems: readonly Problem[],
  service: ServiceFacts | undefined,
  nodes: number,
): Exposed {
  const serious = problems.filter(({ code }) => code === 'port-taken' || code === 'full')
  const others = problems.filter(problem => !serious.includes(problem))
  const table = bounded(
    ports,
    maxChains,
    ({ chainId, name, port }) => `${chainId ?? `${name} (no pods)`} on ${port}`,
    ', ',
  )
  const where = `${place}${service && service.addresses.length > 0 ? ` at ${bounded(service.addresses, 4, String, ', ')}` : ''}`
  const sentences = bounded(
    [...serious, ...others],
    maxProblems,
    ({ subject, message }) => `${subject}: ${message}`,
    '; ',
  )
  const say = (ok: boolean, reason: string, what: string): Exposed => ({
    ok,
    reason,
    message: [what, sentences].filter(Boolean).join('; '),
  })
  if (serious.length > 0) {
    const reason = serious.some(({ code }) => code === 'port-taken') ? 'PortTaken' : 'ServiceFull'
    // What is wrong stands first: the message may be cut.
    return { ok: false, reason, message: [sentences, `${where}: ${table || 'no ports'}`].join('; ') }
  }
  if (ports.every(({ chainId }) => chainId === undefined))
    return say(true, 'NoPods', `${where}: no pod of spec.expose.selector can be exposed${table ? `; ${table}` : ''}`)
  if (!service || service.addresses.length === 0)
    return say(false, 'NoAddress', `${where}: its load balancer has no address yet; ${table}`)
  const exposed = ports.filter(({ chainId }) => chainId !== undefined).length
  const isSplit = service.externalTrafficPolicy === 'Local' && exposed > 1 && nodes > 1
  return say(true, 'Exposed', `${where}: ${table}${isSplit ? `; ${splitAdvice}` : ''}`)
}

/**
 * kube-proxy answers a load balancer's health check for the Service as a whole, not for a port (pkg/proxy,
 * LocalReadyEndpoints).
 */
const splitAdvice =
  'the pods are on several nodes and externalTrafficPolicy is Local: a load balancer that asks nodes rather than pods may send connections to a node without that chain, see docs/discovery.md'

/** Of a port that has come or gone; undefined where none has. */
export function portsChange(before: readonly number[], ports: readonly ExposedPort[]): string | undefined {
  const come = ports.filter(({ port }) => !before.includes(port)).map(({ name, port }) => `+${name} ${port}`)
  const gone = before.filter(port => !ports.some(other => other.port === port)).map(port => `-${port}`)
  return come.length + gone.length === 0 ? undefined : bounded([...come, ...gone], maxChains, String, ' ')
}

function bounded<T>(all: readonly T[], most: number, say: (item: T) => string, between: string): string {
  const shown = all.slice(0, most).map(say).join(between)
  return all.length > most ? `${shown} and ${all.length - most} more` : shown
}

// Which chain has which port of the Service: the decision about ports. Nothing that has a port loses it to a newcomer.
// Pure.
import { createHash } from 'node:crypto'
import type { Problem } from '../source.ts'
import { portsOf } from '../sources/validators/ports.ts'
import type { Chain } from './chains.ts'
import { type ExposedPort, portKey, type ServiceFacts, type ServicePort } from './service.ts'
import type { ExposeSpec } from './spec.ts'

export type PortsDecision = {
  /** All ports of ours, sorted. */
  readonly ports: readonly ExposedPort[]
  readonly problems: readonly Problem[]
}

/** Kubernetes bounds the names of ports. */
const maxName = 63

/**
 * The name of a chain's port, on the Service and in its EndpointSlices alike: p2p- and the chain ID, with a hash where
 * that is no DNS label.
 */
export function portName(chainId: string): string {
  const whole = `p2p-${chainId}`
  if (whole.length <= maxName && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(whole)) return whole
  const hash = createHash('sha256').update(chainId).digest('hex').slice(0, 8)
  const slug = whole
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, maxName - 9)
    .replace(/(?<!-)-+$/, '')
  return `${slug}-${hash}`
}

/**
 * @param manager the PeerSet's field manager: ports that others have applied are theirs
 * @param stays whether a port of ours, by name, stays although its chain has no pods
 */
export function decidePorts(
  chains: readonly Chain[],
  spec: Pick<ExposeSpec, 'ports' | 'maxPorts'> & Partial<Pick<ExposeSpec, 'portFormula'>>,
  current: ServiceFacts | undefined,
  manager: string,
  stays: (name: string) => boolean,
): PortsDecision {
  const ownKeys = current?.applied[manager]?.ports ?? []
  const [own, others] = partition(current?.ports ?? [], port => ownKeys.includes(portKey(port)))
  const problems: Problem[] = []
  const claims = chains.map(chain => ({
    chain,
    name: portName(chain.id),
    port: spec.ports.get(chain.id) ?? portsOf(chain.id, spec.portFormula).p2p,
  }))
  const has = ({ name, port }: { name: string; port: number }) =>
    own.some(held => held.name === name && held.port === port)
  const stay = own.filter(
    port => port.protocol === 'TCP' && !claims.some(({ name }) => name === port.name) && stays(port.name),
  )
  const ports: ExposedPort[] = stay.map(({ name, port, targetPort }) => ({
    chainId: undefined,
    name,
    port,
    targetPort,
  }))

  // Who has it already, keeps it; of newcomers the first by chain ID gets it.
  for (const claim of [...claims.filter(has), ...claims.filter(claim => !has(claim))]) {
    const { chain, name, port } = claim
    const subject = `chain ${chain.id}`
    const holder = ports.find(held => held.port === port)
    const other = others.find(held => held.name === name || (held.port === port && held.protocol === 'TCP'))
    if (holder)
      problems.push(taken(subject, port, `that of ${holder.chainId ? `chain ${holder.chainId}` : holder.name}`))
    else if (other)
      problems.push(
        taken(
          subject,
          port,
          `on the Service already: ${other.name || 'unnamed'} ${other.port}, which another manager has applied`,
        ),
      )
    else if (!has(claim) && ports.length + others.length >= spec.maxPorts) {
      const message = `the Service has ${ports.length + others.length} ports, expected at most spec.expose.maxPorts ${spec.maxPorts}: port ${port} is not added`
      problems.push({ code: 'full', subject, message })
    } else {
      const lowest = Math.min(...chain.endpoints.map(endpoint => endpoint.port))
      ports.push({ chainId: chain.id, name, port, targetPort: lowest })
    }
  }

  const [last] = own
  // Kubernetes permits no Service of this type without ports: the last one stays, with nothing behind it.
  if (ports.length === 0 && others.length === 0 && last) ports.push({ chainId: undefined, ...pick(last) })
  return { ports: ports.sort((a, b) => a.port - b.port), problems }
}

/**
 * How long ports stay whose chain has no pods: from when that was first seen, so that a new controller takes nothing at
 * once.
 */
export function createGrace(keepMs: number, now: () => number) {
  const goneAt = new Map<string, number>()
  return {
    /** Port names of chains that have pods. */
    present: (names: Iterable<string>) => {
      for (const name of names) goneAt.delete(name)
    },
    stays: (name: string): boolean => {
      const at = goneAt.get(name) ?? now()
      goneAt.set(name, at)
      return now() - at < keepMs
    },
  }
}

function taken(subject: string, port: number, whose: string): Problem {
  return { code: 'port-taken', subject, message: `port ${port} is ${whose}: state another in spec.expose.ports` }
}

function pick({ name, port, targetPort }: ServicePort) {
  return { name, port, targetPort }
}

function partition<T>(all: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter(item => !isFirst(item))]
}

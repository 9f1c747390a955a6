// What a PeerSet says under spec.expose. Pure.
import { type FieldProblem, Fields } from '../../peers/fields.ts'
import { type Namespaces, type PortChoice, readPort, readSelector, type Selector } from '../peer-set.ts'
import { defaultPortFormula, type PortFormula, portFormulas } from '../sources/validators/ports.ts'

export const trafficPolicies = ['Local', 'Cluster'] as const

export type ExposeSpec = {
  /** Name of the Service, in the PeerSet's namespace. */
  readonly service: string
  readonly selector: Selector
  readonly namespaces: Namespaces
  /** Where a pod's chain ID comes from: a label of the pod, or it is stated, the same for all. */
  readonly chain: { readonly label: string } | { readonly id: string }
  /** How a chain's port follows from its chain ID. */
  readonly portFormula: PortFormula
  /** The Service's port by chain ID, where it is stated. */
  readonly ports: ReadonlyMap<string, number>
  /** The pods' P2P port. */
  readonly targetPort: PortChoice
  readonly externalTrafficPolicy: (typeof trafficPolicies)[number]
  readonly loadBalancerClass: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  /** Ports that the Service has at most, those of others included. */
  readonly maxPorts: number
  /** How long a port stays after the last pod of its chain is gone. */
  readonly keepMs: number
}

/** `maxPorts`: a Network Load Balancer of AWS has at most 50 listeners. */
export const exposeDefaults = {
  chainIdLabel: 'chain-id',
  maxPorts: 50,
  mostPorts: 500,
  keepSeconds: 300,
  mostKeepSeconds: 86_400,
} as const

/** Never throws. */
export function readExposeSpec(value: unknown, namespace: string): ExposeSpec | { readonly invalid: string } {
  const problems: FieldProblem[] = []
  const fields = new Fields(value, 'spec.expose', problems)
  const optional = (field: string, pattern: RegExp, expected: string) =>
    fields.matching(field, pattern, expected, 'optional')
  const selector = fields.has('selector') ? readSelector(fields) : ''
  if (selector === '')
    fields.problem('selector', fields.has('selector') ? 'one that selects everything' : 'nothing', 'labels of pods')
  const isNames = (found: unknown): found is string[] =>
    Array.isArray(found) && found.every(item => typeof item === 'string')
  const namespaces = fields.value('namespaces', 'a list of names', isNames, 'optional') ?? []
  const label = optional('chainIdLabel', /^[-._/A-Za-z0-9]{1,317}$/, 'the name of a label')
  const id = optional('chainId', /^[\x21-\x7e]{1,128}$/, 'a chain ID')
  if (label !== undefined && id !== undefined) fields.problem('', 'both', 'chainId or chainIdLabel')
  const spec: ExposeSpec = {
    service: fields.matching('service', /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, 'the name of a Service') ?? '',
    selector,
    namespaces: namespaces.length === 0 ? [namespace] : namespaces,
    chain: id === undefined ? { label: label ?? exposeDefaults.chainIdLabel } : { id },
    portFormula: fields.has('portFormula')
      ? (fields.oneOf('portFormula', portFormulas) ?? defaultPortFormula)
      : defaultPortFormula,
    ports: readPorts(fields),
    targetPort: readPort(fields, 'targetPort'),
    externalTrafficPolicy: fields.has('externalTrafficPolicy')
      ? (fields.oneOf('externalTrafficPolicy', trafficPolicies) ?? 'Local')
      : 'Local',
    loadBalancerClass: optional('loadBalancerClass', /^[-._/A-Za-z0-9]{1,317}$/, 'the name of a class'),
    annotations: fields.value('annotations', 'names with texts', isTexts, 'optional') ?? {},
    maxPorts: fields.number('maxPorts', 1, exposeDefaults.mostPorts, 'integer', 'optional') ?? exposeDefaults.maxPorts,
    keepMs:
      (fields.number('keepSeconds', 0, exposeDefaults.mostKeepSeconds, 'integer', 'optional') ??
        exposeDefaults.keepSeconds) * 1000,
  }
  const [first] = problems
  return first ? { invalid: `${first.path}: found ${first.found}, expected ${first.expected}` } : spec
}

/** The Service that is meant, where it can be read; else undefined. */
export function serviceOf(expose: unknown): string | undefined {
  const service = (expose as { service?: unknown } | null | undefined)?.service
  return typeof service === 'string' ? service : undefined
}

function readPorts(fields: Fields): ReadonlyMap<string, number> {
  const ports = new Map<string, number>()
  for (const [index, item] of (fields.has('ports') ? fields.array('ports') : []).entries()) {
    const entry = new Fields(item, fields.at(`ports[${index}]`), fields.problems)
    const chainId = entry.matching('chainId', /^[\x21-\x7e]{1,128}$/, 'a chain ID')
    const port = entry.number('port', 1, 65_535, 'integer')
    if (chainId === undefined || port === undefined) continue
    const isTaken = [...ports].some(([other, taken]) => other === chainId || taken === port)
    if (isTaken) entry.problem('', 'a chain or a port that is stated already', 'each once')
    ports.set(chainId, port)
  }
  return ports
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(item => typeof item === 'string')
  )
}

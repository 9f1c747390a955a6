// What objects of the cluster say about a peer: which port, and which identity. Pure.
import type { ApiObject } from '../../kubernetes/list-watch.ts'
import type { IdFrom, PortChoice } from '../peer-set.ts'

export type NamedPort = { readonly name?: string; readonly port: number }

/** Names under which chains' deployers declare the P2P port, where none is chosen. */
const usual = /^(tcp-)?(p2p|p2p-tcp|peer|peers|core-peer)$/

/** The port that is meant, or a sentence that says what was found instead. */
export function choosePort(
  ports: readonly NamedPort[],
  choice: PortChoice,
  field = "spec.source's port",
): number | string {
  if (typeof choice === 'number') return choice
  const named = ports.filter(({ name }) => (choice === undefined ? usual.test(name ?? '') : name === choice))
  const [first] = choice === undefined && named.length === 0 ? ports : named
  if (first && (named.length > 0 || ports.length === 1)) return first.port
  const found = ports.map(({ name, port }) => (name ? `${name} ${port}` : port)).join(', ') || 'none'
  return `found the ports ${found}, expected ${choice === undefined ? 'one named p2p, or a single one' : `one named ${choice}`}: set ${field}`
}

/** The TCP ports that a pod's containers declare. */
export function declaredPorts(containers: readonly RawContainer[] | null | undefined): NamedPort[] {
  return (containers ?? []).flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ name, containerPort, protocol = 'TCP' }) =>
      containerPort !== undefined && protocol === 'TCP' ? [{ ...(name ? { name } : {}), port: containerPort }] : [],
    ),
  )
}

const idPattern = /^[0-9a-z]{1,128}$/i
/** Hex of CometBFT's node IDs and of enodes means the same in either case; others, such as base58, do not. */
const hex = /^([0-9a-f]{40}|[0-9a-f]{128})$/i

/** The identity, undefined where none is stated, or 'malformed'. */
export function readId({ metadata }: ApiObject, from: IdFrom): string | undefined | 'malformed' {
  const text = 'label' in from ? metadata?.labels?.[from.label] : metadata?.annotations?.[from.annotation]
  if (text === undefined || text === '') return undefined
  if (!idPattern.test(text) || text === 'malformed') return 'malformed'
  return hex.test(text) ? text.toLowerCase() : text
}

export function idProblem(subject: string, from: IdFrom) {
  const where = 'label' in from ? `label ${from.label}` : `annotation ${from.annotation}`
  return { code: 'bad-id', subject, message: `the ${where} is no identity, expected 1 to 128 letters and digits` }
}

/** Tells readers apart that keep another identity or port. */
export function choiceKey(choice: { readonly idFrom?: IdFrom; readonly port?: PortChoice }): string {
  return JSON.stringify([choice.idFrom, choice.port])
}

/** Rejects with all sentences, where nothing at all was read. */
export function failIfNothingRead(unknown: readonly string[], known: number): void {
  if (unknown.length > 0 && known === 0) throw new Error(unknown.join('; '))
}

type RawContainer = {
  readonly ports?:
    | readonly { readonly name?: string; readonly containerPort?: number; readonly protocol?: string }[]
    | null
}

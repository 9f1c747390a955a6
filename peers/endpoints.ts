// The value of repeer.dev/endpoints: the addresses behind each host of a pod's peer list that is a Service, as the
// controller sees them. Data, not a hash: the sidecar compares them with what DNS answers, since DNS is what the node
// will ask.
import { isRecord } from './is-record.ts'
import { normalHost } from './peer.ts'

export type Behind = {
  /** Of the pods behind the Service, in normal form, sorted. */
  readonly addresses: readonly string[]
  /** The node reaches them through a ClusterIP, which stays: so it mostly heals by itself. */
  readonly stable: boolean
}

/** By host as the list spells it, in normal form. */
export type Endpoints = Readonly<Record<string, Behind>>

/** The annotation's text: JSON, hosts and addresses sorted, so that equal endpoints are equal texts. */
export function formatEndpoints(endpoints: Endpoints): string {
  const entries = Object.entries(endpoints)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, { addresses, stable }]) => [
      host,
      { addresses: [...new Set(addresses)].sort(), ...(stable ? { stable } : {}) },
    ])
  return JSON.stringify(Object.fromEntries(entries))
}

/** Throws an Error that says what was found where. */
export function parseEndpoints(text: string): Endpoints {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('repeer.dev/endpoints: found a text that is not JSON, expected an object of hosts')
  }
  if (!isRecord(value)) throw new Error(`repeer.dev/endpoints: found ${kindOf(value)}, expected an object of hosts`)
  return Object.fromEntries(Object.entries(value).map(([host, behind]) => [host, behindOf(host, behind)]))
}

function behindOf(host: string, value: unknown): Behind {
  if (!isRecord(value) || !Array.isArray(value.addresses)) {
    throw new Error(`repeer.dev/endpoints, ${host}: found ${kindOf(value)}, expected {"addresses": [...]}`)
  }
  const addresses = value.addresses.map((entry: unknown) => {
    const address = typeof entry === 'string' ? normalHost(entry) : undefined
    if (address === undefined)
      throw new Error(`repeer.dev/endpoints, ${host}: found ${JSON.stringify(entry)}, expected an IP address`)
    return address
  })
  return { addresses, stable: value.stable === true }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
}

// The registry: where a validator's nodes are, from the details of its description on the provider chain. What a chain
// says is hostile until it has passed here. Pure.
import { normalHost } from '../../../peers/peer.ts'
import { printable } from '../../../peers/peer-list-error.ts'
import { type Fault, hostFault } from './hosts.ts'

export type Published =
  /** `port`: what was published beside the host, and does not count. */
  | { readonly kind: 'endpoint'; readonly host: string; readonly id?: string; readonly port?: number }
  | { readonly kind: 'nothing' }
  | ({ readonly kind: 'refused' } & Fault)

/** Characters. The Cosmos SDK takes 280; a chain can raise that, but a text beyond this is no description. */
const maxDetails = 4096
/** 40 of an ID, the @, and 253 of a name. */
const maxValue = 300
const shape = 'p2p=HOST or p2p=NODEID@HOST, NODEID being 40 hex digits (ports follow from chain IDs)'

/**
 * Takes what stands behind `p2p=`, wherever white space or a comma separates it; what a JSON text has under "p2p"; or a
 * text that is nothing but a host with a dot or a colon in it. A port behind the host is left out
 * (sourcenetwork/ics-operator, internal/monitor/validator_registry.go, which takes these forms, does the same). Two
 * different ones are refused, since nobody could say which is meant.
 */
export function readDetails(details: string, allowPrivate: boolean): Published {
  if (details.length > maxDetails)
    return refused('too-long', `its details have ${details.length} characters, expected at most ${maxDetails}`)
  const words = details.split(/\s+/).filter(word => word !== '')
  const values = new Set(
    [...words.flatMap(pairs).filter(pair => /^p2p=/i.test(pair)), ...inJson(details)].map(pair => pair.slice(4)),
  )
  const [value, ...others] = values
  if (others.length > 0)
    return refused('several-endpoints', `its details have ${values.size} different p2p= entries, expected one`)
  if (value !== undefined) return readValue(value, allowPrivate)
  const [only, ...rest] = words
  if (only === undefined || rest.length > 0 || !/[.:]/.test(only)) return { kind: 'nothing' }
  // Many validators have a website or a motto there: what is no host, or one without a node ID that cannot be used, was
  // not meant as one.
  const bare = readValue(only, allowPrivate)
  const isOther =
    (bare.kind === 'refused' && bare.code === 'malformed') || (bare.kind === 'endpoint' && bare.port !== undefined)
  return isOther ? { kind: 'nothing' } : bare
}

/** The parts of a word with commas; one that could be a second host stays with the pair before it, which it spoils. */
function pairs(word: string): string[] {
  const parts: string[] = []
  for (const part of word.split(',')) {
    if (parts.length > 0 && /[.:]/.test(part) && !part.includes('=')) parts.push(`${parts.pop()},${part}`)
    else parts.push(part)
  }
  return parts
}

/** "p2p": "VALUE", of JSON or what looks like it. */
function inJson(details: string): string[] {
  return [...details.matchAll(/"p2p"\s{0,8}:\s{0,8}"([^"\\]{0,300})"/gi)].map(([, value = '']) => `p2p=${value}`)
}

/** What a validator publishes, each read once: many consumer chains have the same validators. */
export type Registry = (validator: { readonly details: string }, allowPrivate: boolean) => Published

export function createRegistry(): Registry {
  const known = { private: new WeakMap<object, Published>(), public: new WeakMap<object, Published>() }
  return (validator, allowPrivate) => {
    const read = allowPrivate ? known.private : known.public
    const published = read.get(validator) ?? readDetails(validator.details, allowPrivate)
    read.set(validator, published)
    return published
  }
}

function readValue(value: string, allowPrivate: boolean): Published {
  const malformed = () => refused('malformed', `found p2p=${printable(value)}, expected ${shape}`)
  // ASCII only: a name that looks like another is of no use to anyone honest, who can publish its punycode.
  if (value.length > maxValue || !/^[\x21-\x7e]+$/.test(value)) return malformed()
  const at = value.indexOf('@')
  const id = at === -1 ? undefined : value.slice(0, at).toLowerCase()
  if (id !== undefined && !/^[0-9a-f]{40}$/.test(id)) return malformed()
  const { host, port } = hostIn(value.slice(at + 1))
  if (host === undefined) return malformed()
  const fault = hostFault(host, allowPrivate)
  if (fault) return { kind: 'refused', ...fault }
  return { kind: 'endpoint', host, ...(id === undefined ? {} : { id }), ...(port === undefined ? {} : { port }) }
}

/** HOST, HOST:PORT or [IPV6]:PORT; an IPv6 address without brackets is one as a whole. */
function hostIn(text: string): { readonly host: string | undefined; readonly port?: number } {
  const whole = normalHost(text)
  const [, host = '', digits = ''] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  return whole !== undefined || host === '' || port < 1 || port > 65_535
    ? { host: whole }
    : { host: normalHost(host), port }
}

function refused(code: string, message: string): Published {
  return { kind: 'refused', code, message }
}

// The overrides that a pod's repeer.dev/ annotations state, all problems reported together. The webhook's own
// annotations (plan, status, peer-hash) and the controller's (endpoints, turn) are not overrides and not looked at
// here.

import { own } from '../../peers/own.ts'
import { parsePause } from '../../peers/pause.ts'
import { type Profile, profiles, type Strategy, strategies } from '../../peers/plan.ts'
import { annotation } from '../../peers/pod.ts'
import { present } from '../../peers/present.ts'

export type ConfigRef = { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly key: string }

export type Overrides = {
  readonly container?: string
  readonly profile?: Profile
  readonly config?: readonly ConfigRef[]
  /** repeer.dev/peers as written: entries in the profile's own list format. */
  readonly peers?: string
  readonly strategy: Strategy
  readonly group?: string
  readonly maxUnavailable: string
  readonly minPeers?: number
  readonly minIntervalSeconds: number
  readonly settleSeconds: number
  readonly graceSeconds?: number
  readonly p2pPort?: number
  /** 'none': the node has no status interface that the sidecar could ask. */
  readonly rpcPort?: number | 'none'
  /** Whether a node that takes its list from a variable is given addresses in place of names. */
  readonly pinAddresses: boolean
}

export type ReadAnnotations = {
  readonly overrides: Overrides
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Two minutes between restarts of one node: longer than a CometBFT node needs to reconnect; one that is refused as a
 * duplicate may need 140 s.
 */
const defaultMinIntervalSeconds = 120
/** A kubelet swaps a volume's files in one step, but an operator often writes several objects one after the other. */
const defaultSettleSeconds = 5
const daySeconds = 86_400

/**
 * Reads the annotations. `problems` has one sentence for each value that cannot be used, saying what was found and what
 * is expected; where there are any, the pod is not to be injected. `warnings` names annotations under repeer.dev/ that
 * nobody reads, and an odd pause.
 */
export function readAnnotations(annotations: Readonly<Record<string, string>>): ReadAnnotations {
  const problems: string[] = []
  const read = <T>(name: string, expected: string, parse: (value: string) => T | undefined): T | undefined => {
    const value = own(annotations, name)?.trim()
    if (value === undefined) return undefined
    const parsed = parse(value)
    if (parsed === undefined) problems.push(`${name} is ${quote(value)}; expected ${expected}`)
    return parsed
  }
  const minPeers = read(annotation.minPeers, 'a whole number from 1 on, such as "3"', value =>
    inRange(value, 1, 10_000),
  )
  const grace = read(annotation.graceSeconds, 'seconds from 1 to 3600, such as "60"', value => seconds(value, 1, 3600))
  const config = read(
    annotation.config,
    'configmap/NAME/KEY, secret/NAME/KEY or NAME/KEY, separated by commas',
    configRefs,
  )
  const overrides: Overrides = {
    ...present(
      'container',
      read(annotation.container, "the name of one of the pod's containers", value => value || undefined),
    ),
    ...present(
      'profile',
      read(annotation.profile, `one of ${profiles.join(', ')}`, value => profiles.find(name => name === value)),
    ),
    ...present('config', config),
    ...present(
      'peers',
      read(annotation.peers, 'a list of peers such as "host:port,host:port"', value => value || undefined),
    ),
    strategy:
      read(annotation.strategy, `one of ${strategies.join(', ')}`, value => strategies.find(name => name === value)) ??
      'auto',
    ...present('group', read(annotation.group, 'letters, digits, ".", "_" and "-", at most 63 of them', groupName)),
    maxUnavailable:
      read(annotation.maxUnavailable, 'a number from 1 on or a percentage from "1%" to "100%"', unavailable) ?? '1',
    ...present('minPeers', minPeers),
    minIntervalSeconds:
      read(annotation.minInterval, 'a duration from 1s to 24h, such as "90s" or "2m"', value =>
        seconds(value, 1, daySeconds),
      ) ?? defaultMinIntervalSeconds,
    settleSeconds:
      read(annotation.settleSeconds, 'seconds from 0 to 3600, such as "5"', value => seconds(value, 0, 3600)) ??
      defaultSettleSeconds,
    ...present('graceSeconds', grace),
    ...present('p2pPort', read(annotation.p2pPort, 'a TCP port from 1 to 65535, such as "26656"', port)),
    ...present(
      'rpcPort',
      read(annotation.rpcPort, 'a TCP port from 1 to 65535, such as "26657", or "none"', statusPort),
    ),
    pinAddresses: read(annotation.pinAddresses, '"true" or "false"', trueOrFalse) !== 'false',
  }
  read(annotation.inject, '"false" to leave the pod alone, or "true"', value =>
    ['true', 'false', 'enabled'].find(word => word === value),
  )
  read(annotation.allowMassRemoval, '"true" or "false"', trueOrFalse)
  const { odd } = parsePause(annotations[annotation.pause])
  return { overrides, problems, warnings: [...(odd === undefined ? [] : [odd]), ...unread(annotations)] }
}

function trueOrFalse(value: string): 'true' | 'false' | undefined {
  return value === 'true' || value === 'false' ? value : undefined
}

function configRefs(value: string): ConfigRef[] | undefined {
  const refs = value
    .split(',')
    .map(entry => entry.trim())
    .filter(Boolean)
    .map(configRef)
  return refs.length > 0 && refs.every(ref => ref !== undefined) ? refs : undefined
}

/**
 * NAME is an object name (RFC 1123 subdomain) and KEY a data key, as the API server checks them. A NAME of two letters
 * is still a NAME.
 */
function configRef(entry: string): ConfigRef | undefined {
  const parts = entry.split('/')
  const [kind, name, key] = parts.length === 3 ? parts : ['configmap', ...parts]
  if (parts.length > 3 || !name || !key || name.length > 253 || key.length > 253) return undefined
  if (
    !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) ||
    !/^[-._a-zA-Z0-9]+$/.test(key) ||
    key.startsWith('..') ||
    key === '.'
  )
    return undefined
  const kinds = { configmap: 'ConfigMap', secret: 'Secret' } as const
  const known = kind?.toLowerCase()
  return known === 'configmap' || known === 'secret' ? { kind: kinds[known], name, key } : undefined
}

function groupName(value: string): string | undefined {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(value) ? value : undefined
}

function unavailable(value: string): string | undefined {
  if (/^\d{1,3}%$/.test(value)) return inRange(value.slice(0, -1), 1, 100) === undefined ? undefined : value
  return inRange(value, 1, 100_000) === undefined ? undefined : value
}

/** "90" and "90s" are seconds; "2m" and "1h" as in Go. */
function seconds(value: string, least: number, most: number): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,6})(s|m|h)?$/.exec(value) ?? []
  if (digits === undefined) return undefined
  const total = Number(digits) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h']
  return total >= least && total <= most ? total : undefined
}

function inRange(value: string, least: number, most: number): number | undefined {
  const number = /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN
  return number >= least && number <= most ? number : undefined
}

function statusPort(value: string): number | 'none' | undefined {
  return value === 'none' ? 'none' : port(value)
}

function port(value: string): number | undefined {
  return inRange(value, 1, 65_535)
}

function unread(annotations: Readonly<Record<string, string>>): string[] {
  const known = new Set<string>(Object.values(annotation))
  return Object.keys(annotations)
    .filter(name => name.startsWith('repeer.dev/') && !known.has(name))
    .map(name => `annotation ${name} is not one that repeer knows, and is not used`)
}

/** Quoted and cut: annotations can be 256 KiB, an admission warning should stay under 120 characters. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
}

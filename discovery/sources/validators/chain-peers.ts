// Which peers the provider chain's validators want for one consumer chain. Pure.
import type { Peer } from '../../../peers/peer.ts'
import { printable } from '../../../peers/peer-list-error.ts'
import type { Problem } from '../../source.ts'
import { deterministicNodeId } from './node-id.ts'
import type { Validator } from './queries.ts'
import { createRegistry, type Registry } from './registry.ts'
import type { AllSettled } from './settle.ts'

export type ChainPeersOptions = {
  readonly chainId: string
  readonly port: number
  /** Operator addresses or monikers of validators that are left out. */
  readonly exclude: ReadonlySet<string>
  /** Operator address of who reads: its own node is no peer of itself. */
  readonly operator: string
  readonly allowPrivate: boolean
  /** The prefix of computed node IDs, for validators that publish none; undefined: these are left out. */
  readonly computedIds: string | undefined
  /** Whether validators that are not bonded (jailed, or below the active set) are listed as well. */
  readonly unbonded: boolean
}

export type ChainPeers = {
  /** By operator address. */
  readonly peers: ReadonlyMap<string, Peer>
  readonly problems: readonly Problem[]
  readonly considered: number
}

/** As many as a list may hold; those with less stake are left out. */
const maxWanted = 1000

/**
 * `validators`: in the order of their stake (see byStake). `settled`: what is listed already, which decides where two
 * validators publish one node ID.
 */
export function chainPeers(
  validators: readonly Validator[],
  optedIn: ReadonlySet<string>,
  settled: AllSettled,
  options: ChainPeersOptions,
  registry: Registry = createRegistry(),
): ChainPeers {
  const { operator, unbonded, exclude } = options
  const opted = validators.filter(
    validator =>
      optedIn.has(validator.consensus) &&
      validator.operator !== operator &&
      !exclude.has(validator.operator) &&
      !exclude.has(validator.moniker),
  )
  const members = unbonded ? opted : opted.filter(validator => validator.bonded)
  const problems: Problem[] = []
  const peers = new Map<string, Peer>()
  const left = { nothing: 0, unbonded: opted.length - members.length, beyond: Math.max(0, members.length - maxWanted) }

  for (const validator of members.slice(0, maxWanted)) {
    const published = registry(validator, options.allowPrivate)
    if (published.kind === 'nothing') left.nothing++
    if (published.kind === 'refused')
      problems.push({
        code: published.code,
        subject: subjectOf(validator.operator),
        message: `${named(validator)}: ${published.message}`,
      })
    if (published.kind !== 'endpoint') continue
    const id = published.id ?? computed(validator, options)
    if (id === undefined) {
      const message = `${named(validator)} publishes ${published.host} without a node ID, expected p2p=NODEID@HOST`
      problems.push({ code: 'no-node-id', subject: subjectOf(validator.operator), message })
      continue
    }
    if (published.port !== undefined && published.port !== options.port) {
      const message = `${named(validator)} publishes port ${published.port} with its host, which does not count: port ${options.port} follows from the chain ID`
      problems.push({ code: 'port-ignored', subject: subjectOf(validator.operator), message })
    }
    peers.set(validator.operator, { id, host: published.host, port: options.port, role: 'peer' })
  }

  const considered = opted.length
  const summary = [
    count(
      'no-endpoint',
      left.nothing,
      'publish no endpoint (p2p=NODEID@HOST in the details of their description)',
      options.chainId,
    ),
    count('not-bonded', left.unbonded, 'have opted in and are not bonded, and so are left out', options.chainId),
    count('too-many', left.beyond, `are beyond the first ${maxWanted} by stake`, options.chainId),
  ]
  const owners = ownersOf(peers, settled)
  return {
    peers: new Map([...peers].filter(([operator, { id = '' }]) => owners.get(id) === operator)),
    problems: [...summary.flat(), ...problems, ...shared(peers, owners)],
    considered,
  }
}

function computed({ moniker }: Validator, { computedIds, chainId }: ChainPeersOptions): string | undefined {
  return computedIds === undefined || moniker === '' ? undefined : deterministicNodeId(moniker, chainId, computedIds)
}

/**
 * A node ID is one node's. CometBFT dials an ID at one address at a time, so that somebody who published another's ID
 * with an address of his own could keep the nodes from it: whoever is listed with it stays, or else who has more stake
 * (and so comes first here).
 */
function ownersOf(peers: ReadonlyMap<string, Peer>, settled: AllSettled): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  const isListed = (operator: string, id: string) => settled.get(operator)?.peer?.id === id
  for (const [operator, { id = '' }] of peers) {
    const holder = owners.get(id)
    if (holder === undefined || (!isListed(holder, id) && isListed(operator, id))) owners.set(id, operator)
  }
  return owners
}

/**
 * One ID at two validators, and one address at two: the latter stay both, since only the right ID can connect there.
 */
function shared(peers: ReadonlyMap<string, Peer>, owners: ReadonlyMap<string, string>): Problem[] {
  const hosts = new Map<string, string>()
  const problems: Problem[] = []
  for (const [operator, peer] of peers) {
    const owner = owners.get(peer.id ?? '')
    const other = hosts.get(peer.host)
    if (owner !== operator) {
      const message = `it publishes node ID ${peer.id}, which is that of validator ${owner}`
      problems.push({ code: 'id-claimed', subject: subjectOf(operator), message })
    } else if (other === undefined) {
      hosts.set(peer.host, operator)
    } else {
      const message = `it publishes ${peer.host}, as validator ${other} does: at most one of them can be reached there`
      problems.push({ code: 'shared-host', subject: subjectOf(operator), message })
    }
  }
  return problems
}

function subjectOf(operator: string): string {
  return `validator ${operator}`
}

function named({ moniker }: Validator): string {
  return `"${printable(moniker)}"`
}

function count(code: string, number: number, what: string, chainId: string): Problem[] {
  return number === 0 ? [] : [{ code, subject: `chain ${printable(chainId)}`, message: `${number} validators ${what}` }]
}

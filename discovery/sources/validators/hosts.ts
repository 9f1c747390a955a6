// Whether a host that a stranger has published may stand in a node's list. Pure.
import ipaddr from 'ipaddr.js'
import { isAddress } from '../../../peers/peer.ts'

export type Fault = { readonly code: string; readonly message: string }

/**
 * Kinds of addresses (ipaddr.js) that `allowPrivate` permits. Others than these and public ones (multicast, reserved,
 * 6to4, ...) are no peer's.
 */
const privateKinds: Readonly<Record<string, string>> = {
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private (carrier-grade NAT)',
  loopback: 'loopback',
  linkLocal: 'link-local',
}

/**
 * Last labels under which no public name exists: RFC 2606, 6761, 6762, 7686, 8375 (home.arpa), and what clusters and
 * offices use.
 */
const internalLabels = new Set(
  'local localhost localdomain internal intranet private lan home corp cluster svc pod test invalid example onion arpa alt'.split(
    ' ',
  ),
)

/** What is wrong with an IP address; undefined: nothing. */
export function addressFault(address: string, allowPrivate: boolean): Fault | undefined {
  const kind = ipaddr.isValid(address) ? ipaddr.process(address).range() : 'no address'
  if (kind === 'unicast') return undefined
  const name = privateKinds[kind]
  if (name === undefined) return { code: 'unusable-host', message: `${address} is no address of a peer (${kind})` }
  return allowPrivate
    ? undefined
    : { code: 'private-host', message: `${address} is ${name}, which only allowPrivate permits` }
}

/** What is wrong with a normal host, as far as it can be seen without looking it up; undefined: nothing. */
export function hostFault(host: string, allowPrivate: boolean): Fault | undefined {
  if (isAddress(host)) return addressFault(host, allowPrivate)
  const labels = host.split('.')
  const last = labels.at(-1) ?? ''
  // A resolver reads 0x7f000001 and 127.0.0.0x1 as addresses.
  if (
    !/^([a-z]{1,63}|xn--[a-z0-9-]{1,59})$/.test(last) &&
    !(labels.length === 1 && allowPrivate && /^[a-z]/.test(last))
  ) {
    return { code: 'unusable-host', message: `${host} is no name of a host: its last label is no top-level domain` }
  }
  if (allowPrivate || (labels.length > 1 && !internalLabels.has(last))) return undefined
  return {
    code: 'private-host',
    message: `${host} is a name within a cluster or a local network, which only allowPrivate permits`,
  }
}

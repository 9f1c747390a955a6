// The hosts for whose sake the node may soon be restarted. Pure.
import { own } from '../../peers/own.ts'
import { isMissing } from './assess.ts'
import type { Outcome } from './decision.ts'
import { disputeRestMs } from './host-view.ts'
import type { Look } from './look.ts'

/** They are asked about each second, and several times, as long as it would be for their sake. */
export function awaitedHosts({ memory, assessed, decision }: Outcome, hosts: Look['hosts'], now: number): string[] {
  const missing = assessed.filter(listed => isMissing(listed.standing))
  const wished =
    memory.need === null ? [] : missing.filter(listed => listed.restartTeaches !== null && listed.reachable)
  const isDisputed = ({ peer }: (typeof missing)[number]) =>
    now < (own(hosts, peer.host)?.disputedAt ?? 0) + disputeRestMs
  const disputed = decision.do === 'wait' ? missing.filter(isDisputed) : []
  return [...wished, ...disputed].map(listed => listed.peer.host)
}

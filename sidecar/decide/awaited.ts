// The hosts for whose sake the node may soon be restarted. Pure.
import { isMissing } from './assess.ts'
import type { Outcome } from './decision.ts'
import { disputeRestMs } from './host-view.ts'
import type { Look } from './look.ts'

/** They are asked about each second, and several times, as long as it would be for their sake. */
export function awaitedHosts({ memory, assessed, decision }: Outcome, hosts: Look['hosts'], now: number): string[] {
  const missing = assessed.filter(one => isMissing(one.standing))
  const wished = memory.need === null ? [] : missing.filter(one => one.restartTeaches !== null && one.reachable)
  const isDisputed = ({ peer }: (typeof missing)[number]) => now < (hosts[peer.host]?.disputedAt ?? 0) + disputeRestMs
  const disputed = decision.do === 'wait' ? missing.filter(isDisputed) : []
  return [...wished, ...disputed].map(one => one.peer.host)
}

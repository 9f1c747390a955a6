// The optional health check: who does not answer a TCP connect is kept out, visibly, until it does.
import { hostPort, type Peer } from '../../peers/peer.ts'
import type { HealthCheck } from '../peer-set.ts'
import type { Probe } from '../probe.ts'
import type { Problem } from '../source.ts'
import type { Keep } from './keep.ts'

export type Candidate = { readonly subject: string; readonly peer: Peer }

export async function answering(
  candidates: readonly Candidate[],
  check: HealthCheck,
  probe: Probe,
  keep: Keep,
  signal: AbortSignal,
): Promise<{ readonly peers: readonly Peer[]; readonly problems: readonly Problem[] }> {
  if (!check) return { peers: candidates.map(({ peer }) => peer), problems: [] }
  const answers = await Promise.all(candidates.map(({ peer }) => probe(peer, check.timeoutMs, signal)))
  const stays = candidates.map(({ peer }, index) =>
    keep.stays(`answers ${hostPort(peer)}`, answers[index] === undefined),
  )
  return {
    peers: candidates.flatMap(({ peer }, index) => (stays[index] ? [peer] : [])),
    problems: candidates.flatMap(({ subject, peer }, index) => {
      const answer = answers[index]
      return answer === undefined
        ? []
        : [{ code: 'no-answer', subject, message: `${hostPort(peer)} does not answer: ${answer}` }]
    }),
  }
}

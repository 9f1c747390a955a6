// Source `pods`: Ready pods by label, each at its own address.
import type { Peer } from '../../peers/peer.ts'
import type { PodsSpec } from '../peer-set.ts'
import { followScope } from '../scope.ts'
import type { Problem, Source, SourceParts } from '../source.ts'
import { answering, type Candidate } from './answering.ts'
import { failIfNothingRead, idProblem } from './endpoint.ts'
import { createKeep } from './keep.ts'
import { podKind, unfit } from './pod-facts.ts'

export function podsSource(spec: PodsSpec, parts: SourceParts): Source {
  const pods = followScope(parts, spec.namespaces, spec.selector, podKind(spec))
  const keep = createKeep(spec.keepMs, parts.now)
  return {
    look: async signal => {
      await pods.settled(signal)
      const { items, problems: unreadable, unknown } = pods.look()
      failIfNothingRead(unknown, items.length)
      const problems: Problem[] = [...unreadable]
      const candidates: Candidate[] = []
      for (const { namespace, name, value } of items) {
        if (parts.exclude.names.includes(name)) continue
        const subject = `pod ${namespace}/${name}`
        const reason = unfit(value, subject, keep)
        if (reason !== undefined) problems.push({ code: 'not-ready', subject, message: reason })
        else if (typeof value.port === 'string') problems.push({ code: 'no-port', subject, message: value.port })
        else if (value.id === 'malformed') problems.push(idProblem(subject, spec.idFrom))
        else candidates.push({ subject, peer: peerAt(value.ip ?? '', value.port, value.id) })
      }
      const answers = await answering(candidates, spec.healthCheck, parts.probe, keep, signal)
      return {
        peers: answers.peers,
        problems: [...problems, ...answers.problems],
        considered: items.length,
        ...(unknown.length > 0 ? { incomplete: true } : {}),
      }
    },
    close: async () => pods.close(),
  }
}

export function peerAt(host: string, port: number, id: string | undefined): Peer {
  return { ...(id === undefined ? {} : { id }), host, port, role: 'peer' }
}

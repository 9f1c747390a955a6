// A restart is due: what it is for, and what the node will know after it. Pure.
import { peerKey } from '../../peers/peer.ts'
import { present } from '../../peers/present.ts'
import { type Assessed, type AssessedLook, soughtOf } from './assess.ts'
import { causesOf } from './causes.ts'
import type { Step } from './decision.ts'
import { kubeletWaitWords } from './kubelet-wait.ts'
import type { Intent, Known, Memory, Restart } from './memory.ts'
import type { Wish } from './wish.ts'

export function restart(memory: Memory, wish: Wish, giving: Known, level: Intent['level'], look: AssessedLook): Step {
  const identity = look.process.found ? look.process.identity : ''
  const { snapshotHash: hash } = look.desired
  const id = `${hash}.${look.now}`
  const sought = soughtOf(wish.missing)
  const why = [whyRestart(sought), kubeletWaitWords(level, memory, look.now)].filter(Boolean).join('; ')
  const forPeers = sought.map(listed => peerKey(listed.peer))
  const intent: Intent = { id, hash, level, at: look.now, identity, forPeers, giving }
  const connectedBefore = look.assessed.filter(listed => listed.standing === 'connected').length
  const { height } = look.node.status ?? {}
  const before = { ...(wish.blind ? {} : { connectedBefore }), ...(height === undefined ? {} : { height }) }
  const causes = causesOf(sought, look)
  const { turn } = look.plan.turns === 'controller' ? look : {}
  const asked: Restart = {
    id,
    hash,
    ...present('turn', turn),
    level,
    at: look.now,
    why,
    outcome: 'asked',
    ...before,
    causes,
  }
  const next = { ...memory, ...present('usedTurn', turn), intent, need: null, restarts: [...memory.restarts, asked] }
  return { memory: next, decision: { do: 'restart', intent, why } }
}

function whyRestart(sought: readonly Assessed[]): string {
  const parts = [
    [
      sought.filter(listed => listed.restartTeaches === 'list').map(listed => listed.peer.host),
      'new in the list and not connected',
    ],
    [
      sought.filter(listed => listed.restartTeaches !== 'list').map(listed => listed.peer.host),
      'not connected at its present address',
    ],
  ] as const
  return (
    parts
      .filter(([hosts]) => hosts.length > 0)
      .map(([hosts, what]) => `${hosts.slice(0, 5).join(', ')}: ${what}`)
      .join('; ') || 'the list changed'
  )
}

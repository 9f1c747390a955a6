// The annotations that injection writes, and those that no creator of a pod may bring along.
import { annotation } from '../../peers/pod.ts'
import { shortened } from '../../peers/shortened.ts'
import type { Decision } from '../decide/decision.ts'

type Injection = Extract<Decision, { inject: true }>

/** What only the controller may write on a pod, once it exists. */
export const controllersOwn = [annotation.turn, annotation.turnWait, annotation.endpoints] as const

/** Characters: this one is for people. */
const statusLength = 240

/** By name, what an injected pod gets. */
export function annotationsOf({ plan, peerHash, why }: Injection): Readonly<Record<string, string>> {
  return {
    [annotation.plan]: JSON.stringify(plan),
    [annotation.status]: shortened(`injected, ${why.strategy}`, statusLength),
    ...(peerHash === undefined ? {} : { [annotation.peerHash]: peerHash }),
  }
}

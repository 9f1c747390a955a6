// How long the leader waits for what.

export type RolloutTimes = {
  /**
   * How long what a pod should be told has to rest before a turn is granted: an editor's hand, and a peer that comes
   * up.
   */
  readonly quietSeconds: number
  /** How long changes without a pause can put off turns. */
  readonly longestQuietSeconds: number
  /** How long a pod that is gone uses up its group's budget while no other is in its place. */
  readonly goneSeconds: number
  /** How long after a change a pod's page is read often. */
  readonly busySeconds: number
  /** How long an annotation that is written may take to come back by the watch, before it is written again. */
  readonly echoSeconds: number
}

export const rolloutTimes: RolloutTimes = {
  quietSeconds: 1.5,
  longestQuietSeconds: 60,
  goneSeconds: 120,
  busySeconds: 60,
  echoSeconds: 15,
}

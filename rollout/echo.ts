// What was written to a pod and has not come back by the watch yet: until then it counts as written, not what the watch
// shows. Pure.
import type { Written } from './turns/members.ts'

/** The annotations that were written last, as text, and when (ms since the epoch). */
export type AnnotationsEcho = { readonly text: string; readonly at: number }

/** Whether the same has been written already: other changes of the pod come by the watch before this one. */
export function isEchoAwaited(
  echo: AnnotationsEcho | undefined,
  text: string,
  at: number,
  echoSeconds: number,
): boolean {
  return echo?.text === text && at < echo.at + echoSeconds * 1000
}

/** `before`: the turns that the watch may still show until this one comes back. */
export type TurnEcho = Written & { readonly before: ReadonlySet<string | undefined> }

/**
 * A turn is written, in place of what the watch shows or of one that is awaited itself.
 * @param grantedAt where it is a grant: when (ms since the epoch)
 */
export function turnWritten(
  echo: TurnEcho | undefined,
  shown: string | undefined,
  turn: string,
  grantedAt: number | undefined,
): TurnEcho {
  return { turn, grantedAt, before: new Set(echo ? [...echo.before, echo.turn] : [shown]) }
}

/**
 * What is still awaited: nothing once the watch shows the turn, or one that somebody else has written over it. However
 * long it takes: the writer does not give up while the pod exists.
 */
export function turnEchoAfter(echo: TurnEcho | undefined, shown: string | undefined): TurnEcho | undefined {
  return echo && echo.turn !== shown && echo.before.has(shown) ? echo : undefined
}

// `repeer check --pre` and `--install`: reads, decides, and looks again for as long as a fresh installation may take.
import { setTimeout as delay } from 'node:timers/promises'
import { afterLines, afterUnknowns } from './after/decide.ts'
import { type AfterParts, readAfter } from './after/read.ts'
import { beforeLines, beforeUnknowns } from './before/decide.ts'
import { readBefore } from './before/read.ts'
import { type InstallReport, isOk } from './lines.ts'
import type { KubeObject } from './wanted.ts'

/** Between two looks while something is not there yet. */
const againMs = 2000

export type Wanted = {
  readonly namespace: string
  readonly isRendered: boolean
  readonly objects: readonly KubeObject[]
}

/** What an installation would meet. Throws ClusterError where no API server answers or it does not know the caller. */
export async function checkBefore(
  { cluster, now }: Pick<AfterParts, 'cluster' | 'now'>,
  wanted: Wanted,
): Promise<InstallReport> {
  const facts = await readBefore(cluster, wanted)
  const lines = beforeLines(facts)
  return {
    at: new Date(now()).toISOString(),
    mode: 'pre',
    namespace: wanted.namespace,
    lines,
    notKnown: beforeUnknowns(facts),
    ok: isOk(lines),
  }
}

/**
 * How an installation stands. Looks again while a line says what a fresh installation passes through, for `waitMs` at
 * most. Throws as checkBefore does.
 */
export async function checkAfter(parts: AfterParts, namespace: string, waitMs: number): Promise<InstallReport> {
  const until = parts.now() + waitMs
  for (;;) {
    const facts = await readAfter(parts, namespace)
    const lines = afterLines(facts)
    if (lines.some(({ isPassing }) => isPassing) && parts.now() + againMs <= until) {
      await delay(againMs)
      continue
    }
    return {
      at: new Date(parts.now()).toISOString(),
      mode: 'install',
      namespace,
      lines: lines.map(({ isPassing: _, ...line }) => line),
      notKnown: afterUnknowns(facts),
      ok: isOk(lines),
    }
  }
}

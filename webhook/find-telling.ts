// Whether a CometBFT node takes its peers while it runs, in words for `repeer explain`: there a restart is the second choice.
import type { Plan } from '../peers/plan.ts'

/**
 * Undefined where nothing is said about it: another profile, a node without RPC, or a configuration that cannot be read. `dial_peers` is among the
 * unsafe routes, which CometBFT serves with `unsafe = true` under [rpc] only (its config.toml).
 */
export function tellingWhy({ profile, rpcPort, reach, strategy }: Plan, texts: readonly string[]): string | undefined {
  if (profile !== 'cometbft' || rpcPort === undefined || strategy === 'observe') return undefined
  const settings = texts.flatMap(text => unsafeIn(text) ?? [])
  if (settings.at(-1) === true)
    return 'first: [rpc] unsafe is true, so the running node is told of moved and of new peers, without a restart'
  // Elsewhere a restart costs little.
  const isDear = reach.by === 'observe' || (reach.by === 'wrap' && reach.beside !== undefined)
  if (!isDear || texts.length === 0) return undefined
  return 'not possible: [rpc] unsafe is not true; with it the running node would be told of moved and of new peers, without a restart'
}

/** By its lines, since the file need not parse; undefined where it does not say. */
function unsafeIn(text: string): boolean | undefined {
  let section = ''
  let found: boolean | undefined
  for (const line of text.split('\n')) {
    const header = /^[ \t]*\[([^\]]*)\]/.exec(line)
    if (header) section = header[1]?.trim() ?? ''
    const value = section === 'rpc' ? /^[ \t]*unsafe[ \t]*=[ \t]*(true|false)\b/.exec(line)?.[1] : undefined
    if (value !== undefined) found = value === 'true'
  }
  return found
}

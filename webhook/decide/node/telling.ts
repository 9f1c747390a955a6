// Whether the running node will be told its peers, as far as admission can know: one sentence for explain and the log.
import type { Plan } from '../../../peers/plan.ts'

/** `texts`: the node's configuration files, as far as they can be read; see configTexts. */
export function tellingOf(
  plan: Pick<Plan, 'profile' | 'strategy' | 'rpcPort' | 'hostNetwork' | 'reach'>,
  texts: readonly string[],
): string {
  const what = `moved peers and new entries${plan.reach.by === 'observe' ? ', though it is never restarted' : ', before it would be restarted'}`
  if (plan.reach.by === 'observe' && plan.reach.reason === 'seeds-only')
    return 'nothing to tell: it lists nobody to stay connected to'
  if (plan.strategy === 'observe') return 'not told: repeer.dev/strategy says observe'
  if (plan.hostNetwork) return "not told: under hostNetwork what listens at localhost may be another pod's node"
  if (plan.rpcPort === undefined) return 'not told: no interface of the running node is known'
  switch (plan.profile) {
    case 'cometbft':
      return byUnsafeRpc(what, texts)
    case 'stellar-core':
      return `told ${what}, through its HTTP port ${plan.rpcPort}`
    case 'substrate':
      return `told ${what}, if its RPC allows unsafe methods at localhost`
    case 'generic':
      return 'not told: nothing is known of a generic node'
    default:
      return `told ${what}, if its HTTP API has the admin methods on`
  }
}

/** `[rpc] unsafe` stands in config.toml; a flag or a variable may say otherwise, and only the node's answer tells. */
function byUnsafeRpc(what: string, texts: readonly string[]): string {
  const said = texts.map(unsafeIn).filter(value => value !== 'no section')
  if (said.includes('true')) return `told ${what}: [rpc] unsafe is true`
  if (said.length > 0) return `not told: [rpc] unsafe is not true in its config.toml; with it, it would be told ${what}`
  return `told ${what}, if [rpc] unsafe is true in its config.toml, which is not read here`
}

/** What a config.toml says of `unsafe` in its section [rpc]; by its lines, since the file need not parse. */
function unsafeIn(text: string): string | undefined {
  let section = ''
  let found: string | undefined = 'no section'
  for (const line of text.split('\n')) {
    const header = /^[ \t]*\[([^\]]*)\]/.exec(line)
    if (header) section = header[1]?.trim() ?? ''
    if (section !== 'rpc') continue
    if (header) found = undefined
    found = /^[ \t]*unsafe[ \t]*=[ \t]*(true|false)\b/.exec(line)?.[1] ?? found
  }
  return found
}

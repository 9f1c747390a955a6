// Which word of a command is the subcommand, and those that every Cosmos SDK program has.

/** Subcommands of Cosmos SDK and CometBFT programs: the node's, and others. */
export const sdkStarts = /^(start|node|run|run_node|unsafe-start)$/
export const sdkCommands =
  /^(start|node|run|run_node|unsafe-start|init|tx|q|query|keys|export|version|gentx|collect-gentxs|add-genesis-account|genesis|status|rollback|debug|testnet|prune|compact|config|snapshots?|tendermint|comet|cometbft|validate-genesis|reset|unsafe-reset-all|unsafe_reset_all|migrate|in-place-testnet|show[-_]node[-_]id|gen[-_]node[-_]key|gen[-_]validator)$/

/**
 * The subcommand: the first word that is neither a flag nor the value of one; '' where there is none. Behind a flag
 * without `=`, a word may be either; there it is a subcommand if it is one that `known` or every Cosmos SDK program has.
 */
export function subcommandOf(args: readonly string[], known?: RegExp): string {
  for (const [index, text] of args.entries()) {
    if (text.startsWith('-')) continue
    const before = args[index - 1]
    const mayBeValue = before?.startsWith('-') === true && !before.includes('=')
    if (!mayBeValue || sdkCommands.test(text) || (known !== undefined && isExactly(known, text))) return text
  }
  return ''
}

/**
 * Patterns of subcommands are written as beginnings; a flag's value counts only where it is the whole word. One that
 * says what a subcommand is not (cometbft's) finds no words.
 */
function isExactly(pattern: RegExp, text: string): boolean {
  const word = pattern.exec(text)?.[0]
  return word !== undefined && word !== '' && word === text
}

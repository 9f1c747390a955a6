// What a CometBFT node's config.toml says beside its peers: `[consensus] double_sign_check_height` and
// `[statesync] enable`.
import { parse } from 'smol-toml'
import type { NodeSettings } from '../chain.ts'

/**
 * From all documents together: the highest, and true where any says so. What cannot be read says nothing: the list's
 * own error tells.
 */
export function readNodeSettings(documents: readonly string[]): NodeSettings {
  const tables = documents.map(parseOrEmpty)
  const heights = tables.map(table => Number(setting(table, 'consensus', 'double_sign_check_height')))
  return {
    doubleSignCheckHeight: Math.max(0, ...heights.filter(height => height > 0)),
    stateSync: tables.some(table => setting(table, 'statesync', 'enable') === true),
  }
}

/** Underscores or dashes, and any case: as some programs write, and as viper reads keys. */
function setting(table: Readonly<Record<string, unknown>>, section: string, key: string): unknown {
  const inner = entry(table, section)
  return typeof inner === 'object' && inner !== null ? entry(inner, key) : undefined
}

function entry(table: object, name: string): unknown {
  return Object.entries(table).find(([key]) => key.toLowerCase().replaceAll('-', '_') === name)?.[1]
}

function parseOrEmpty(text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' })
  } catch {
    return {}
  }
}

// Tables of measurements for a terminal: the first columns (one, if not said otherwise) left, the others right. Pure.

export type Row = readonly string[]

export function table(head: Row, rows: readonly Row[], left = 1): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  const line = (row: Row) =>
    widths
      .map((width, column) => (column < left ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width)))
      .join('  ')
  return [line(head), widths.map(width => '-'.repeat(width)).join('  '), ...rows.map(line)]
    .map(text => `  ${text.trimEnd()}`)
    .join('\n')
}

/** The value below which the share `p` (0 to 1) of the samples lies. NaN without samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

/** "2.4x" of a reference. */
export function ratio(value: number, reference: number): string {
  return reference > 0 ? `${(value / reference).toFixed(2)}x` : '-'
}

export const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`
export const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

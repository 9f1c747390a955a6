// Rows in columns that fit a terminal.

export type Column<T> = {
  readonly title: string
  /** Without colour, so that its length is what it takes. */
  readonly text: (row: T) => string
  readonly paint?: (row: T, text: string) => string
  /** Of columns that may be left out: the highest goes first. Without one, a column stays. */
  readonly rank?: number
  /** May be shortened where leaving out is not enough. */
  readonly shrinks?: boolean
}

const gap = 2
/** A name shorter than this tells nobody anything. */
const shortest = 12

/** The header and a line a row, none longer than `width`, unless the columns that stay are. */
export function tableOf<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  width: number,
): { header: string; rows: string[] } {
  const widthOf = (column: Column<T>) => Math.max(column.title.length, ...rows.map(row => column.text(row).length))
  const total = (some: readonly Column<T>[]) => some.reduce((sum, column) => sum + widthOf(column) + gap, -gap)
  let shown = [...columns]
  while (total(shown) > width) {
    const leaving = shown.filter(column => column.rank !== undefined).sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0))[0]
    if (!leaving) break
    shown = shown.filter(column => column !== leaving)
  }
  const excess = Math.max(0, total(shown) - width)
  const sized = shown.map(column => {
    const whole = widthOf(column)
    return { column, size: column.shrinks ? Math.min(whole, Math.max(shortest, whole - excess)) : whole }
  })
  const line = (cell: (column: Column<T>) => string, paint: (column: Column<T>, text: string) => string) =>
    sized
      .map(({ column, size }, index) =>
        paint(column, index < sized.length - 1 ? fitted(cell(column), size).padEnd(size) : fitted(cell(column), size)),
      )
      .join(' '.repeat(gap))
  return {
    header: line(
      column => column.title,
      (_, text) => text,
    ),
    rows: rows.map(row =>
      line(
        column => column.text(row),
        (column, text) => column.paint?.(row, text) ?? text,
      ),
    ),
  }
}

/** Shortened in the middle: what tells pods apart is at the end. */
function fitted(text: string, size: number): string {
  if (text.length <= size) return text
  const end = Math.ceil((size - 1) / 2)
  return `${text.slice(0, size - 1 - end)}…${text.slice(text.length - end)}`
}

// The text form of `repeer check --pre` and `--install`: the level, what was looked at, what was found, what to do.
import { styleText } from 'node:util'
import { plainLine } from '../text/plain-line.ts'
import { wrapped } from '../text/wrapped.ts'
import { type InstallReport, type Level, type Line, levels } from './lines.ts'

const styles = { ok: 'green', warning: 'yellow', failure: 'red' } as const
const narrowest = 60
const widest = 160
/** Longer than any sentence of ours; what the API server answers may be anything. */
const longest = 1000

/** @param terminal as cli/command.ts has it */
export function linesText(
  report: InstallReport,
  terminal: { readonly colour: boolean; readonly columns: number },
): string {
  const columns = Math.max(narrowest, Math.min(terminal.columns, widest))
  const paint = (level: Level, text: string) =>
    terminal.colour ? styleText(styles[level], text, { validateStream: false }) : text
  const levelWidth = Math.max(...levels.map(level => level.length))
  const checkWidth = Math.max(0, ...report.lines.map(({ check }) => check.length))
  const indent = levelWidth + 2
  const rows = report.lines.flatMap(({ check, level, found, advice }: Line) => {
    const before = `${paint(level, level.padEnd(levelWidth))}  ${check.padEnd(checkWidth)}  `
    const text = wrapped(plainLine(found, longest), indent + checkWidth + 2, columns)
    return [
      `${before}${text}`,
      ...(advice === undefined
        ? []
        : [`${' '.repeat(indent)}-> ${wrapped(plainLine(advice, longest), indent + 3, columns)}`]),
    ]
  })
  const notes = report.notKnown.map(note => wrapped(`Not known: ${plainLine(note, longest)}`, 2, columns))
  return `${[rows.join('\n'), ...(notes.length > 0 ? [notes.join('\n')] : []), summary(report)].join('\n\n')}\n`
}

function summary({ lines, mode, namespace, ok }: InstallReport): string {
  const counts = levels.map(level => lines.filter(line => line.level === level).length)
  const [fine = 0, warnings = 0, failures = 0] = counts
  const total = `${fine} ok, ${counted(warnings, 'warning')}, ${counted(failures, 'failure')}`
  const verdict =
    mode === 'pre'
      ? ok
        ? `nothing is in the way of an installation in namespace ${namespace}`
        : 'an installation would not work like this'
      : ok
        ? `repeer works in namespace ${namespace}`
        : 'repeer does not work as it should'
  return `${total}: ${verdict}.`
}

function counted(count: number, word: string): string {
  return count === 0 ? `no ${word}` : count === 1 ? `1 ${word}` : `${count} ${word}s`
}

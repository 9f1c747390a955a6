// The text form of `repeer explain`: for a person who wants to know what will happen to which pod, and why.
import { styleText } from 'node:util'
import type { Level } from '../../peers/plan.ts'
import { wrapped } from '../text/wrapped.ts'
import type { Explained, ExplainedSource } from './explain.ts'

type Style = Parameters<typeof styleText>[0]

const levelTexts: Readonly<Record<Level, string>> = {
  process: 'a change restarts the process in place',
  container: 'a change restarts the container in place',
  'all-containers': 'a change restarts all containers in place',
  none: 'a change cannot be brought in by a restart in place',
}

const indent = 13

/** One block a pod, a blank line between, ready to print. */
export function explainText(rows: readonly Explained[], terminal: { colour: boolean; columns: number }): string {
  const paint = (style: Style, text: string) =>
    terminal.colour ? styleText(style, text, { validateStream: false }) : text
  const columns = Math.max(60, Math.min(terminal.columns, 120))
  const line = (label: string, text: string) =>
    `  ${paint('dim', label.padEnd(indent - 2))}${wrapped(text, indent, columns).replaceAll('\u00a0', ' ')}`
  return rows.map(row => `${block(row, paint, line)}\n`).join('\n')
}

function block(
  row: Explained,
  paint: (style: Style, text: string) => string,
  line: (label: string, text: string) => string,
): string {
  const file = row.file === '-' ? 'standard input' : row.file
  const verdict = row.inject
    ? row.strategy === 'observe'
      ? paint('yellow', 'inject, to observe only')
      : paint('green', 'inject')
    : paint('yellow', 'skip')
  const title = `${paint('bold', `${row.kind} ${row.name}`)} (${file}): ${verdict}`
  if (!row.inject)
    return [title, line('reason', `${row.reason}: ${row.why.inject ?? ''}`), ...note(row, line)].join('\n')
  return [
    title,
    line('container', withWhy(row.container ?? '', row.why.container)),
    line('profile', withWhy(row.profile ?? '', row.why.profile)),
    line('sources', sourcesText(row)),
    line(
      'peers',
      row.peers === null ? 'not known here: a list is in a Secret or is not in the files' : String(row.peers),
    ),
    line('ports', row.why.ports ?? ''),
    line('strategy', withWhy(row.strategy ?? '', row.why.strategy)),
    ...(row.why.owner ? [line('owner', row.why.owner)] : []),
    ...(row.why.telling ? [line('telling', row.why.telling)] : []),
    ...(row.why.addresses ? [line('addresses', row.why.addresses)] : []),
    line('patch', patchText(row)),
    ...note(row, line),
  ].join('\n')
}

function withWhy(what: string, why: string | undefined): string {
  return why ? (why.startsWith(`${what}:`) ? why : `${what}: ${why}`) : what
}

function sourcesText(row: Explained): string {
  if (row.sources.length === 0) return 'none'
  const names = row.sources.map(sourceName)
  const width = Math.max(...names.map(name => name.length))
  // Unbreakable within a column: wrapped() splits at plain spaces only.
  const lines = row.sources.map((source, index) =>
    `${names[index]?.padEnd(width)}  ${seenBy(source)}; ${levelText(source)}`.replace(/ {2,}/g, run =>
      '\u00a0'.repeat(run.length),
    ),
  )
  return lines.join('\n')
}

function seenBy({ via, unseen }: ExplainedSource): string {
  return unseen && via === 'init' ? 'seen by no container' : `via ${via}`
}

/** A list of which a start hands the node nothing says so first. */
function levelText({ level, unseen }: ExplainedSource): string {
  if (!unseen) return levelTexts[level as Level]
  return level === 'none'
    ? 'nothing in the pod hands it to the node, which is told it at its start'
    : `nothing in the pod hands it to the node yet; ${levelTexts[level as Level]}`
}

function sourceName(source: ExplainedSource): string {
  return source.kind === 'Literal' ? source.name : `${source.kind} ${source.name}, key ${source.key}`
}

function patchText(row: Explained): string {
  const counts = new Map<string, number>()
  for (const { op, path } of row.patch) {
    const line = `${op} ${path.replaceAll('~1', '/')}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  const lines = [...counts].map(([line, count]) => (count > 1 ? `${line} (${count} times)` : line))
  return [`${row.patch.length} operations, in full with -o json`, ...lines].join('\n')
}

function note(row: Explained, line: (label: string, text: string) => string): string[] {
  return [
    ...(row.why.warnings ? [line('warning', row.why.warnings)] : []),
    ...(row.why.namespace ? [line('note', row.why.namespace)] : []),
  ]
}

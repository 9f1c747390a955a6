// The text form of `repeer check`: one table a group, what is to be known of a pod below its row, and what was not
// injected.

import { styleText } from 'node:util'
import { plainLine } from '../text/plain-line.ts'
import { ago, duration } from '../text/relative-time.ts'
import { short, someOf } from '../text/shortened.ts'
import { type Column, tableOf } from '../text/table.ts'
import { wrapped } from '../text/wrapped.ts'
import type { CheckReport, PodReport, UninjectedReport, Verdict } from './report.ts'

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

export type Terminal = { readonly colour: boolean; readonly columns: number }

const verdictStyles: Readonly<Record<Verdict, Style>> = {
  settled: 'green',
  'under-way': 'yellow',
  problem: 'red',
  unseen: 'red',
  ended: 'dim',
}
const verdictWords: Readonly<Record<Verdict, string>> = {
  settled: 'settled',
  'under-way': 'under way',
  problem: 'to be looked at',
  unseen: 'not seen',
  ended: 'ended',
}
const toldWords = {
  asked: 'not connected yet',
  connected: 'then connected',
  'in-vain': 'in vain',
  refused: 'refused by the node',
} as const

/** Pod names listed for one reason; all of them are in the JSON output. */
const mostNames = 6
const narrowest = 60
const widest = 160

/** @param now milliseconds since the epoch */
export function checkText(report: CheckReport, terminal: Terminal, now: number): string {
  const paint: Paint = (style, text) => (terminal.colour ? styleText(style, text, { validateStream: false }) : text)
  const columns = Math.max(narrowest, Math.min(terminal.columns, widest))
  const groups = Map.groupBy(report.pods, pod => pod.group)
  const blocks = [
    ...[...groups].map(([group, pods]) => groupBlock(group, pods, paint, columns, now)),
    ...[...Map.groupBy(report.notInjected, pod => pod.namespace)].map(([name, pods]) =>
      uninjectedBlock(name, pods, paint, columns),
    ),
    ...report.notes.map(note => paint('yellow', wrapped(`note: ${plainLine(note, 1000)}`, 6, columns))),
    paint(report.settled ? 'green' : 'bold', wrapped(summary(report), 0, columns)),
  ]
  return `${blocks.join('\n\n')}\n`
}

function groupBlock(group: string, pods: readonly PodReport[], paint: Paint, columns: number, now: number): string {
  const spread = new Set(pods.map(pod => pod.namespace)).size > 1
  const table = tableOf(pods, columnsOf(spread, paint, now), columns - 2)
  const lines = pods.flatMap((pod, index) => [
    `  ${table.rows[index]}`,
    ...linesOf(pod, now).map(([style, text]) => {
      const line = `    ${wrapped(plainLine(text, 600), 6, columns)}`
      return style ? paint(style, line) : line
    }),
  ])
  const text = groupText(pods)
  const apart = plainLine(group).length + 2 + text.length > columns ? '\n  ' : '  '
  return [
    `${paint('bold', plainLine(group))}${apart}${paint('dim', wrapped(text, 2, columns))}`,
    `  ${paint('dim', table.header)}`,
    ...lines,
  ].join('\n')
}

function groupText(pods: readonly PodReport[]): string {
  const profiles = [...new Set(pods.map(pod => pod.profile ?? '?'))].join(', ')
  const most = [...new Set(pods.flatMap(pod => pod.maxUnavailable ?? []))].join(' or ')
  const pace = pods.some(pod => pod.turns === 'controller') ? `in turn, ${most || '1'} at a time` : 'each by itself'
  return plainLine(`${profiles}, ${pods.length === 1 ? '1 pod' : `${pods.length} pods`}, restarts ${pace}`)
}

/** Least important last: where the terminal is too narrow, they go first. */
function columnsOf(spread: boolean, paint: Paint, now: number): Column<PodReport>[] {
  return [
    { title: 'POD', text: pod => plainLine(spread ? `${pod.namespace}/${pod.pod}` : pod.pod), shrinks: true },
    {
      title: 'STATE',
      text: pod => plainLine(pod.phase),
      paint: (pod, text) => paint(verdictStyles[pod.verdict], text),
    },
    {
      title: 'PEERS',
      text: pod => (pod.connected === null ? '-' : `${pod.connected}/${pod.peers}`),
      paint: peersPaint(paint),
    },
    { title: 'SINCE', text: pod => (pod.since ? ago(pod.since, now) : '-') },
    {
      title: 'RESTARTED',
      text: pod => (pod.lastRestart ? ago(pod.lastRestart.at, now) : pod.page ? 'never' : '-'),
      rank: 2,
    },
    { title: 'REACH', text: pod => plainLine(pod.strategy ?? '-'), rank: 3 },
    { title: 'LIST', text: pod => (pod.list.state === 'unseen' ? '-' : pod.list.state), rank: 1 },
  ]
}

function peersPaint(paint: Paint): (pod: PodReport, text: string) => string {
  return (pod, text) => (pod.connected !== null && pod.connected < (pod.peers ?? 0) ? paint('yellow', text) : text)
}

/** What stands below a pod's row: the reason first, then what was done, then what else is to be known. */
function linesOf(pod: PodReport, now: number): [style: Style | undefined, text: string][] {
  const { lastRestart, lastTold, turn } = pod
  // Within a second it is over, whatever is said of it.
  const until =
    pod.until && Date.parse(pod.until) - now >= 1000
      ? ` (for ${duration((Date.parse(pod.until) - now) / 1000)} more)`
      : ''
  const why = pod.why ? `${pod.reason ? `${pod.reason}: ` : ''}${pod.why}${until}` : undefined
  const lines: [Style | undefined, string | undefined][] = [
    [pod.verdict === 'settled' || pod.verdict === 'ended' ? 'dim' : verdictStyles[pod.verdict], why],
    [undefined, missingText(pod)],
    [
      'dim',
      lastTold
        ? `told its peers ${ago(lastTold.at, now)} while it ran: ${toldWords[lastTold.outcome] ?? lastTold.outcome}`
        : undefined,
    ],
    [
      'dim',
      lastRestart
        ? `restarted ${ago(lastRestart.at, now)} (${lastRestart.level}), ${lastRestart.outcome}: ${lastRestart.why}`
        : undefined,
    ],
    [undefined, turnText(pod, turn, now)],
    ...pod.notes.map((note): [Style | undefined, string] => [undefined, note]),
  ]
  return lines.flatMap(([style, text]) => (text === undefined ? [] : [[style, text]]))
}

function missingText({ page, phase, why }: PodReport): string | undefined {
  // The page has said so, with the reasons.
  if (phase === 'settled' && why !== null && page?.lacking !== undefined) return undefined
  const missing = (page?.peers ?? []).filter(peer => peer.standing !== 'connected' && peer.standing !== 'self')
  if (missing.length === 0) return undefined
  const names = missing.map(({ peer, standing, addresses, reachable }) => {
    const at = addresses.length === 0 ? 'no address' : someOf(addresses, 1)
    return `${peer} (${standing === 'former' ? 'only at a former address; now ' : ''}${at}${reachable === false ? ', does not answer' : ''})`
  })
  return `not connected to ${someOf(names, 3)}`
}

function turnText(
  pod: PodReport,
  { granted, grantedAt, seen, wait }: PodReport['turn'],
  now: number,
): string | undefined {
  if (pod.turns !== 'controller') return undefined
  // The page shows the controller's word once it is in its files; one whose page cannot be read waits, as far as
  // anybody knows.
  const isSaid = wait !== null && (pod.why?.includes(wait) ?? false)
  if (granted === null && wait !== null && !isSaid && (pod.reason === 'awaiting-turn' || pod.page === null))
    return `no turn yet: ${wait}`
  if (granted === null) return pod.reason === 'awaiting-turn' && wait === null ? 'no turn granted yet' : undefined
  const when = grantedAt ? ` ${ago(grantedAt, now)}` : ''
  if (granted === pod.page?.applied) return undefined
  return `turn granted${when} for ${short(granted)}${pod.page && seen !== granted ? ', which its files do not show yet' : ''}`
}

function uninjectedBlock(namespace: string, pods: readonly UninjectedReport[], paint: Paint, columns: number): string {
  const rows = [...Map.groupBy(pods, pod => `${pod.kind} ${pod.reason} ${pod.why}`)].map(([, same]) => ({
    first: same[0] as UninjectedReport,
    names: same.map(pod => pod.pod),
  }))
  const lines = rows.map(({ first, names }) => {
    const who = plainLine(someOf(names, mostNames), 600)
    const what = first.kind === 'create-again' ? 'create again' : first.reason
    const style = first.kind === 'left-alone' ? 'dim' : 'red'
    return `  ${wrapped(who, 4, columns)}\n    ${paint(style, wrapped(plainLine(`${what}: ${first.why}`, 600), 6, columns))}`
  })
  return [`${paint('bold', `Without the sidecar in namespace ${plainLine(namespace)}`)}`, ...lines].join('\n')
}

function summary({ pods, notInjected, settled }: CheckReport): string {
  const counts = Object.entries(verdictWords).flatMap(([verdict, word]) => {
    const count = pods.filter(pod => pod.verdict === verdict).length
    return count > 0 ? [`${count} ${word}`] : []
  })
  const again = notInjected.filter(pod => pod.kind === 'create-again').length
  const refused = notInjected.filter(pod => pod.kind === 'refused').length
  const rest = [...(again > 0 ? [`${again} to be created again`] : []), ...(refused > 0 ? [`${refused} refused`] : [])]
  const injected =
    pods.length === 0
      ? 'no injected pod'
      : `${pods.length === 1 ? '1 injected pod' : `${pods.length} injected pods`}: ${counts.join(', ')}`
  return `${injected}${rest.length > 0 ? `; without the sidecar: ${rest.join(', ')}` : ''}${settled && pods.length > 0 ? '. Nothing to do.' : ''}`
}

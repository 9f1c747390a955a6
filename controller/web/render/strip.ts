// The last hour as a picture: a row for each kind of thing that happens, a mark for each minute in which something
// did. Pure, and of bounded size.
import { type Happening, historyMs, lanes } from '../history.ts'
import { html, type Markup } from '../markup.ts'
import { plural } from './parts.ts'

/** Milliseconds of a mark: 120 in a row. */
const markMs = historyMs / 120
const laneHeight = 16
const words = { restarts: 'Restarts', lists: 'Lists', turns: 'Turns', waits: 'Holds' } as const

/**
 * @param now milliseconds since the epoch; within half a minute the picture is the same
 * @param since when this leader began to look, where that is within the hour
 */
export function strip(happenings: readonly Happening[], now: number, id: string, since: number): Markup {
  const end = Math.ceil(now / markMs) * markMs
  const start = end - historyMs
  const bins = new Map<string, { count: number; warning: boolean; lane: number; slot: number }>()
  for (const { at, lane, warning } of happenings) {
    const slot = Math.floor((at - start) / markMs)
    if (slot < 0 || slot >= 120) continue
    const key = `${lane} ${slot}`
    const bin = bins.get(key) ?? { count: 0, warning: false, lane: lanes.indexOf(lane), slot }
    bins.set(key, { ...bin, count: bin.count + 1, warning: bin.warning || warning })
  }
  const height = lanes.length * laneHeight
  const blind = Math.min(120, Math.max(0, (since - start) / markMs))
  return html`<figure class="strip"><div class="lanes" aria-hidden="true">${lanes.map(
    lane => html`<span>${words[lane]}</span>`,
  )}</div><svg viewBox="0 0 120 ${height}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-hour">
<title id="${id}-hour">The last hour: ${summary(happenings)}</title>
${blind > 0 && html`<rect class="blind" x="0" y="0" width="${blind.toFixed(1)}" height="${height}"/>`}${lanes.map(
  (_, index) =>
    html`<line class="rail" x1="0" x2="120" y1="${index * laneHeight + 8}" y2="${index * laneHeight + 8}"/>`,
)}${[30, 60, 90].map(x => html`<line class="tick" x1="${x}" x2="${x}" y1="0" y2="${height}"/>`)}${[
  ...bins.values(),
].map(
  ({ count, warning, lane, slot }) =>
    html`<rect class="mark ${lanes[lane]}${warning && ' warning'}" x="${slot + 0.1}" y="${
      lane * laneHeight + 8 - heightOf(count) / 2
    }" width="0.8" height="${heightOf(count)}"><title>${clock(start + slot * markMs)} ${plural(
      count,
      'event',
    )}</title></rect>`,
)}
</svg><figcaption aria-hidden="true"><span>−60 min</span><span>−45</span><span>−30</span><span>−15</span><span>now</span></figcaption></figure>`
}

function summary(happenings: readonly Happening[]): string {
  return lanes
    .map(lane => `${words[lane].toLowerCase()} ${happenings.filter(happening => happening.lane === lane).length}`)
    .join(', ')
}

function heightOf(count: number): number {
  return Math.min(14, 6 + 2 * Math.log2(count))
}

function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC:`
}

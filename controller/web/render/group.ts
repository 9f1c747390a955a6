// One group: its picture, who is not well, who restarts in which order, and its last hour. Pure.
import type { Happening } from '../history.ts'
import { html, type Markup } from '../markup.ts'
import { type GroupView, type Mood, moods, type NodeView } from '../view.ts'
import { cells } from './cells.ts'
import { happeningList } from './happenings.ts'
import { chip, count, groupPath, moment, moodWords, plural, podLink } from './parts.ts'
import { mostInRing, ring } from './ring.ts'
import { strip } from './strip.ts'

/** Nodes that are named beside the picture; the table has them all. */
const mostNamed = 8
/** Rows of a table: some 250 bytes each. */
const mostRows = 2_000

export type GroupParts = {
  readonly view: GroupView
  /** Of this group, oldest first. */
  readonly happenings: readonly Happening[]
  /** Unique on the page. */
  readonly id: string
  readonly now: number
  /** Since when this leader looks. */
  readonly since: number
}

export function groupCard({ view, happenings, id, now, since }: GroupParts): Markup {
  const picture = view.nodes.length > mostInRing ? cells(view) : ring(view, id)
  return html`<section class="card" id="${id}" data-part aria-labelledby="${id}-name">
<header><h2 id="${id}-name"><a href="${groupPath(view.group)}"><bdi>${view.name}</bdi></a></h2>${tally(
    view.counts,
  )}</header>
${view.stopped.map(why => html`<p class="stop"><b>The group is stopped.</b> <bdi>${why}</bdi></p>`)}
<div class="split"><div class="picture">${picture}${legend(view)}</div>
<div class="side">${notWell(view)}${queue(view)}</div></div>
${strip(happenings, now, id, since)}
${happeningList(happenings, 4)}
${table(view, id)}
</section>`
}

/** How many stand how; what is zero is left out. */
export function tally(counts: Readonly<Record<Mood, number>>): Markup {
  return html`<span class="tally">${moods
    .filter(mood => counts[mood] > 0)
    .map(mood => chip(mood, `${count(counts[mood])} ${moodWords[mood]}`))}</span>`
}

function legend({ nodes, links, outside }: GroupView): Markup {
  const missing = links.filter(({ connected }) => !connected).length
  const others = outside.connected + outside.missing
  const lines =
    nodes.length > mostInRing
      ? html`<span>Squares are nodes, in the order of their names.</span>`
      : html`<span class="key whole">${plural(links.length - missing, 'connection')}</span>${
          missing > 0 && html`<span class="key missing">${count(missing)} missing</span>`
        }`
  return html`<p class="legend">${lines}${
    others > 0 &&
    html`<span>${plural(others, 'peer')} elsewhere${outside.missing > 0 && `, ${count(outside.missing)} missing`}</span>`
  }</p>`
}

const urgency: Readonly<Record<Mood, number>> = { care: 0, busy: 1, hold: 2, dim: 3, good: 4 }

function notWell({ nodes }: GroupView): Markup | undefined {
  const notGood = nodes.filter(({ mood }) => mood !== 'good')
  const others = notGood.filter(({ queued }) => !queued).sort((a, b) => urgency[a.mood] - urgency[b.mood])
  if (notGood.length > 0 && others.length === 0) return undefined
  if (others.length === 0)
    return html`<p class="calm">${chip('good', 'Every node is connected to all peers that it lists.')}</p>`
  const more = others.length - mostNamed
  return html`<h3>Not as it should be</h3><ul class="rows">${others.slice(0, mostNamed).map(notWellRow)}</ul>${
    more > 0 && html`<p class="quiet">and ${count(more)} more, in the table below</p>`
  }`
}

function notWellRow({ key, name, mood, state, why, since }: NodeView): Markup {
  return html`<li><div>${podLink(key, name)} ${chip(mood, state)} ${since !== undefined && moment(since)}</div>${
    why !== '' && html`<p><bdi>${why}</bdi></p>`
  }</li>`
}

const places = { has: 'now', next: 'next', waits: 'waits' } as const

function queue({ queue: entries, queueMore, away, allowed }: GroupView): Markup {
  const budget = `${away === 0 ? 'Nobody' : count(away)} away; ${count(allowed)} may be at a time.`
  return html`<h3>Turns to restart</h3><p class="quiet">${budget}</p>${
    entries.length > 0 && html`<ol class="rows turns">${entries.map(queueRow)}</ol>`
  }${queueMore > 0 && html`<p class="quiet">and ${count(queueMore)} more</p>`}`
}

function queueRow({ key, name, place, why, since }: GroupView['queue'][number]): Markup {
  return html`<li><div><span class="place ${place}">${places[place]}</span>${podLink(key, name)}${
    since !== undefined && moment(since)
  }</div><p><bdi>${why}</bdi></p></li>`
}

function table({ nodes, size, name }: GroupView, id: string): Markup {
  const rows = nodes.slice(0, mostRows)
  return html`<details id="${id}-all"><summary>${size === 1 ? 'The node' : `All ${count(size)} nodes`} as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Table of ${name}"><table><caption class="unseen">${name}</caption><thead><tr><th scope="col">Pod</th><th scope="col">State</th><th scope="col" class="number">Connected</th><th scope="col">Since</th><th scope="col">Why</th></tr></thead><tbody>${rows.map(
    row,
  )}</tbody></table></div>${size > rows.length && html`<p class="quiet">and ${count(size - rows.length)} more</p>`}</details>`
}

function row({ key, name, mood, state, connected, since, why }: NodeView): Markup {
  return html`<tr><th scope="row">${podLink(key, name)}</th><td>${chip(mood, state)}</td><td class="number">${
    connected ?? ''
  }</td><td>${since !== undefined && moment(since)}</td><td><bdi>${why}</bdi></td></tr>`
}

// A group of up to some 60 nodes as a picture: nodes on a circle, a line for each pair that should be connected. Pure.
import { html, type Markup } from '../markup.ts'
import type { GroupView, LinkView, NodeView } from '../view.ts'
import { podPath, signs } from './parts.ts'

/** Beyond it lines are a thicket, and names too small to read: see cells.ts. */
export const mostInRing = 60

type Place = { readonly node: NodeView; readonly x: number; readonly y: number; readonly angle: number }

/** All lengths are units of the picture's own, which is about as wide as 640 pixels. */
type Measures = {
  readonly ring: number
  readonly dot: number
  /** Names run along the spokes. */
  readonly sideways: boolean
  readonly width: number
  readonly height: number
}

function measuresFor(count: number): Measures {
  if (count <= 12) return { ring: 118, dot: 17, sideways: false, width: 560, height: 320 }
  if (count <= 24) return { ring: 150, dot: 13, sideways: true, width: 560, height: 540 }
  return { ring: 190, dot: 10, sideways: true, width: 620, height: 620 }
}

export function ring(group: GroupView, id: string): Markup {
  const measures = measuresFor(group.nodes.length)
  const { width, height } = measures
  const places = group.nodes.map((node, index) => placeOf(node, index, group.nodes.length, measures))
  const byKey = new Map(places.map(place => [place.node.key, place]))
  const [whole, missing] = [
    group.links.filter(({ connected }) => connected),
    group.links.filter(({ connected }) => !connected),
  ]
  const size = group.nodes.length > 12 ? 'many' : 'few'
  return html`<svg class="ring ${size}" viewBox="0 0 ${width} ${height}" role="group" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${group.name}: nodes and connections</title>
<desc id="${id}-desc">${describe(group)}</desc>
<g class="lines" aria-hidden="true">${whole.map(link => line(link, byKey, measures, 'whole'))}${missing.map(link =>
    line(link, byKey, measures, 'missing'),
  )}</g>
${places.map(place => dot(place, measures))}
</svg>`
}

/** The picture in words; the names of its nodes are read one by one. */
export function describe({ nodes, links, outside }: GroupView): string {
  const missing = links.filter(({ connected }) => !connected).length
  const others = outside.connected + outside.missing
  const elsewhere =
    others > 0 ? ` Of ${others} listed peers outside of the group ${outside.missing} are not connected.` : ''
  return `${nodes.length} nodes. ${links.length - missing} connections, ${missing} missing.${elsewhere}`
}

function placeOf(node: NodeView, index: number, count: number, { ring, width, height }: Measures): Place {
  const angle = -Math.PI / 2 + (2 * Math.PI * index) / Math.max(1, count)
  const radius = count === 1 ? 0 : ring
  return { node, angle, x: width / 2 + radius * Math.cos(angle), y: height / 2 + radius * Math.sin(angle) }
}

/** A curve through the middle, so that neighbours' lines do not run along the circle of dots. */
function line(
  link: LinkView,
  places: ReadonlyMap<string, Place>,
  { width, height }: Measures,
  kind: string,
): Markup | false {
  const [from, to] = [places.get(link.from), places.get(link.to)]
  if (!from || !to) return false
  const centre = { x: width / 2, y: height / 2 }
  const pull = places.size > 12 ? 0.55 : 0.18
  const bend = (end: number, other: number, middle: number) => (end + other) / 2 + (middle - (end + other) / 2) * pull
  const [x, y] = [bend(from.x, to.x, centre.x), bend(from.y, to.y, centre.y)]
  return html`<path class="${kind}" d="M${px(from.x)} ${px(from.y)}Q${px(x)} ${px(y)} ${px(to.x)} ${px(to.y)}"/>`
}

function dot({ node, x, y, angle }: Place, { dot: size, sideways }: Measures): Markup {
  const right = Math.cos(angle) >= -0.01
  const label = shortened(node.name, sideways ? 16 : 20)
  const away = size + 8
  const text = sideways ? radial(x, y, angle, away, right) : beside(x, y, angle, away)
  return html`<a href="${podPath(node.key)}" class="node ${node.mood}" aria-label="${node.name}: ${node.state}${
    node.why === '' ? '' : `, ${node.why}`
  }"><title>${node.name}: ${node.state}${node.why === '' ? '' : ` (${node.why})`}</title><circle class="halo" cx="${px(x)}" cy="${px(y)}" r="${size + 4}"/><circle class="disc" cx="${px(x)}" cy="${px(
    y,
  )}" r="${size}"/><text class="sign" x="${px(x)}" y="${px(y)}" dy="0.36em" text-anchor="middle" font-size="${size}">${
    signs[node.mood]
  }</text>${text(label, node.validator)}</a>`
}

type Labelled = (label: string, validator: boolean) => Markup

function beside(x: number, y: number, angle: number, away: number): Labelled {
  const cos = Math.cos(angle)
  const anchor = Math.abs(cos) < 0.3 ? 'middle' : cos > 0 ? 'start' : 'end'
  const middle = anchor === 'middle'
  const at = { x: middle ? x : x + Math.sign(cos) * away, y: middle ? y + Math.sign(Math.sin(angle)) * (away + 8) : y }
  return label =>
    html`<text class="name" x="${px(at.x)}" y="${px(at.y)}" dy="0.36em" text-anchor="${anchor}">${label}</text>`
}

function radial(x: number, y: number, angle: number, away: number, right: boolean): Labelled {
  const degrees = (angle * 180) / Math.PI
  const turn = right ? degrees : degrees + 180
  return label =>
    html`<text class="name" transform="translate(${px(x)} ${px(y)}) rotate(${px(turn)})" x="${
      right ? away : -away
    }" dy="0.36em" text-anchor="${right ? 'start' : 'end'}">${label}</text>`
}

/** The ends of names are what differs. */
function shortened(name: string, most: number): string {
  const characters = [...name]
  if (characters.length <= most) return name
  const tail = Math.ceil((most - 1) / 2)
  return `${characters.slice(0, most - 1 - tail).join('')}…${characters.slice(-tail).join('')}`
}

function px(length: number): string {
  return length.toFixed(1)
}

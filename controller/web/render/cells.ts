// A large group as a field of small squares, a node each, in the order of their names: at 1,000 nodes lines show
// nothing, and who is not well is seen at a glance. Pure.
import { html, type Markup } from '../markup.ts'
import type { GroupView, NodeView } from '../view.ts'
import { count, podPath, signs } from './parts.ts'

/**
 * One picture for a screen reader, with the table as its text; its squares are links for the mouse, and no stops for
 * the keyboard, which reaches the same pages by the table.
 */
export function cells({ name, nodes, counts }: GroupView): Markup {
  const other = counts.busy + counts.hold + counts.care + counts.dim
  const label = `${name}: ${count(nodes.length)} nodes, ${count(counts.good)} connected, ${count(other)} not`
  return html`<div class="cells" role="img" aria-label="${label}">${nodes.map(cell)}</div>`
}

function cell(node: NodeView): Markup {
  const sign = node.mood === 'good' ? '' : signs[node.mood]
  return html`<a class="${node.mood}" tabindex="-1" href="${podPath(node.key)}" title="${node.name}: ${node.state}">${sign}</a>`
}

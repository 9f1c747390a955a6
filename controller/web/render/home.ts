// The first page, and that of one group. Pure.
import type { Happening } from '../history.ts'
import { html, type Markup } from '../markup.ts'
import type { GroupView, View } from '../view.ts'
import { groupCard, tally } from './group.ts'
import { chip, count, groupPath, plural } from './parts.ts'
import { strip } from './strip.ts'

export type HomeParts = {
  readonly view: View
  /** Of all groups, oldest first. */
  readonly happenings: readonly Happening[]
  readonly now: number
  readonly since: number
}

/** Groups and nodes that are drawn on the first page; beyond them a group is a line that leads to a page of its own. */
const mostCards = 30
const mostDrawn = 2_500
const mostLines = 1_000

export function homeMain({ view, happenings, now, since }: HomeParts): Markup {
  const byGroup = Map.groupBy(happenings, ({ group }) => group)
  const [drawn, listed] = divide(view.groups)
  const cards = drawn.map((group, index) =>
    groupCard({ view: group, happenings: byGroup.get(group.group) ?? [], id: `g${index}`, now, since }),
  )
  return html`<section class="overview" id="overview" data-part aria-labelledby="overview-name">
<h1 id="overview-name">${headline(view)}</h1>
${view.groups.length > 1 && tally(view.counts)}
${view.degraded.map(sentence => html`<p class="stop"><bdi>${sentence}</bdi></p>`)}
${view.groups.length > 1 && strip(happenings, now, 'all', since)}
</section>
${view.groups.length === 0 && emptyCard()}${cards}${listed.length > 0 && list(listed)}`
}

export function groupMain(group: GroupView, { happenings, now, since }: Omit<HomeParts, 'view'>): Markup {
  return html`<h1 class="unseen">${group.name}</h1>${groupCard({ view: group, happenings, id: 'g0', now, since })}`
}

/** One sentence that says it all; also what a screen reader is told when it changes. */
export function headline({ counts, size, groups }: View): string {
  if (size === 0) return 'No pod has a sidecar yet'
  if (counts.good === size) return size === 1 ? 'The node is connected' : `All ${count(size)} nodes are connected`
  const stopped = groups.filter(group => group.stopped.length > 0).length
  if (stopped > 0) return `${plural(stopped, 'group')} stopped: a restarted node has not come back`
  if (counts.care > 0) return `${plural(counts.care, 'node')} of ${count(size)} to look at`
  if (counts.busy > 0) return `${plural(counts.busy, 'node')} of ${count(size)} being worked on`
  return `${count(counts.good)} of ${plural(size, 'node')} connected`
}

function divide(groups: readonly GroupView[]): [GroupView[], GroupView[]] {
  const [drawn, listed]: [GroupView[], GroupView[]] = [[], []]
  let nodes = 0
  for (const group of groups) {
    const fits = drawn.length < mostCards && (nodes === 0 || nodes + group.nodes.length <= mostDrawn)
    if (fits) nodes += group.nodes.length
    ;(fits ? drawn : listed).push(group)
  }
  return [drawn, listed]
}

function list(groups: readonly GroupView[]): Markup {
  const more = groups.length - mostLines
  return html`<section class="card" id="others" data-part aria-labelledby="others-name"><header><h2 id="others-name">${plural(
    groups.length,
    'more group',
  )}</h2></header><ul class="groups">${groups
    .slice(0, mostLines)
    .map(
      group =>
        html`<li><a href="${groupPath(group.group)}"><bdi>${group.name}</bdi></a> ${tally(group.counts)}${
          group.stopped.length > 0 && chip('care', 'stopped')
        }</li>`,
    )}</ul>${more > 0 && html`<p class="quiet">and ${count(more)} more</p>`}</section>`
}

function emptyCard(): Markup {
  return html`<section class="card" id="empty" data-part><p>The controller follows no injected pod. A namespace opts in by its label
<code>repeer.dev/inject: enabled</code>, and pods that are created there from then on have the sidecar.</p></section>`
}

/** What a replica shows that does not lead: it keeps no state of its own, and says so. */
export function followerMain(leader: string | undefined, namespace: string): Markup {
  const where =
    leader === undefined
      ? html`<p>No replica is known to lead at the moment. That takes some ten seconds after a leader has gone; this page looks again by itself.</p>`
      : html`<p><bdi>${leader}</bdi> does:</p><pre><code>kubectl -n ${namespace} port-forward pod/${leader} 9470</code></pre><p><code>repeer check --web</code> finds it by itself.</p>`
  return html`<section class="card" id="follower" data-part><header><h1>This replica does not lead</h1></header>
<p>Only the replica that leads reads the status pages and gives turns, so only it can show them.</p>${where}</section>`
}

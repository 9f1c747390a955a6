// One pod's page, in words. Pure.
import { type Ends, holds } from '../../../peers/reasons.ts'
import { liveTurn } from '../../../peers/turn.ts'
import type { PeerLink } from '../../../rollout/pages/peer-links.ts'
import { mostLinks } from '../../../rollout/pages/peer-links.ts'
import { lastRead, type SeenPage } from '../../../rollout/pages/seen-page.ts'
import type { Happening } from '../history.ts'
import { html, type Markup, type Part, plain } from '../markup.ts'
import type { PodFacts } from '../model.ts'
import { happeningList } from './happenings.ts'
import { chip, count, groupPath, moment, plural } from './parts.ts'

/** @param happenings of this pod, oldest first */
export function podMain({ known, node, group }: PodFacts, happenings: readonly Happening[]): Markup {
  const { pod, seen } = known
  const read = lastRead(seen)
  const page = read?.page
  return html`<article class="card pod" id="pod" data-part>
<header><h1><bdi>${node.name}</bdi></h1>${chip(node.mood, node.state)}</header>
<p class="lead"><bdi>${node.why === '' ? 'Connected to every peer that it lists; nothing is left to do.' : node.why}</bdi></p>
${page && held(page)}
<dl>${[
    fact('Group', html`<a href="${groupPath(group)}"><bdi>${plain(group, 120)}</bdi></a>`),
    fact('Namespace', node.namespace),
    fact('Node', page && `${plain(page.profile, 40)}, container ${plain(page.container, 63)}`),
    fact('Reached by', page && reachWords[page.strategy]),
    fact('Validator', pod.plan.validator ? 'yes, so it goes last' : 'no'),
    fact('Pod', `${plain(pod.phase, 20)}, ${pod.ready ? 'Ready' : 'not Ready'}`),
    fact('Paused', known.paused && 'by repeer.dev/pause: no restarts'),
    fact('This state since', node.since !== undefined && moment(node.since)),
    fact('Turn', turnWords(pod.turn, known.wait?.why)),
    fact('Height', page?.node.height !== undefined && count(page.node.height)),
    fact('Peers connected', page && count(page.connected)),
    fact('Page read', read && moment(read.at)),
  ]}</dl>
</article>
${read?.links && peers(read.links)}
${page && deeds(page)}
<section class="card" id="events" data-part aria-labelledby="events-name"><header><h2 id="events-name">The last hour</h2></header>${happeningList(
    happenings,
    30,
    false,
  )}</section>`
}

const reachWords = {
  wrap: 'its supervisor (wrap): restarted in place, without privilege',
  signal: 'a signal from the sidecar, which shares its process namespace',
  observe: 'nothing: it is only observed',
} as const

const endWords: Readonly<Record<Ends, string>> = {
  time: 'Nobody has to do anything: it passes.',
  somebody: 'Somebody has to change something.',
  either: 'As a rule it passes; if it lasts for minutes, somebody has to change something.',
}

function held({ phase, reason, until }: SeenPage): Markup | undefined {
  if (phase !== 'waiting' || reason === undefined) return undefined
  const end = until === undefined ? undefined : Date.parse(until)
  return html`<p>${endWords[holds[reason].ends]}${
    end !== undefined && !Number.isNaN(end) && html` At the latest it is over at ${clock(end)}.`
  }</p>`
}

/** The time of day, in UTC. */
function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`
}

function fact(term: string, words: Part): Markup | undefined {
  if (words === undefined || words === false) return undefined
  return html`<div><dt>${term}</dt><dd>${words}</dd></div>`
}

function turnWords(turn: string | undefined, wait: string | undefined): Part {
  if (turn !== undefined && liveTurn(turn) !== undefined) return 'has one: it may restart'
  return wait === undefined ? undefined : html`waits: <bdi>${plain(wait, 240)}</bdi>`
}

const standings: ReadonlyMap<string, readonly ['good' | 'care' | 'dim', string]> = new Map([
  ['connected', ['good', 'connected']],
  ['absent', ['care', 'not connected']],
  ['former', ['care', 'connected at a former address']],
  ['unseen', ['care', 'not connected yet']],
  ['self', ['dim', 'the node itself']],
])

function peers(links: readonly PeerLink[]): Markup {
  const note =
    links.length >= mostLinks &&
    html`<p class="quiet">The first ${count(mostLinks)}, those not connected before the others.</p>`
  return html`<section class="card" id="peers" data-part aria-labelledby="peers-name"><header><h2 id="peers-name">${plural(
    links.length,
    'listed peer',
  )}</h2></header>${note}<div class="scroll" tabindex="0" role="region" aria-label="Listed peers"><table><thead><tr><th scope="col">Peer</th><th scope="col">Standing</th><th scope="col">Address</th><th scope="col">ID</th></tr></thead><tbody>${links.map(
    ({ id, peer, address, standing }) => {
      const [mood, words] = standings.get(standing) ?? (['dim', plain(standing, 40)] as const)
      return html`<tr><th scope="row"><bdi>${plain(peer, 128)}</bdi></th><td>${chip(mood, words)}</td><td><bdi>${
        address !== undefined && plain(address, 64)
      }</bdi></td><td><code>${id !== undefined && plain(id, 24)}</code></td></tr>`
    },
  )}</tbody></table></div></section>`
}

/** Of each, newest first. */
const mostDeeds = 10

function deeds({ restarts, told }: SeenPage): Markup | undefined {
  if (restarts.length + told.length === 0) return undefined
  return html`<section class="card" id="deeds" data-part aria-labelledby="deeds-name"><header><h2 id="deeds-name">Restarts and tellings</h2></header>
<ol class="happenings">${restarts
    .slice(-mostDeeds)
    .reverse()
    .map(
      ({ at, why, outcome }) =>
        html`<li><span class="bullet restarts" aria-hidden="true"></span><span class="text"><b>restart</b> <bdi>${plain(why, 240)}</bdi>: ${outcome}</span> ${moment(Date.parse(at))}</li>`,
    )}${told
    .slice(-mostDeeds)
    .reverse()
    .map(
      ({ at, outcome }) =>
        html`<li><span class="bullet lists" aria-hidden="true"></span><span class="text"><b>told its peers</b> ${outcome}</span> ${moment(Date.parse(at))}</li>`,
    )}</ol></section>`
}

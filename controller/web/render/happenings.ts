// What happened, newest first, in words. Pure.
import { type Happening, lanes } from '../history.ts'
import { html, type Markup, plain } from '../markup.ts'
import { happeningKey } from '../model.ts'
import { moment, podLink } from './parts.ts'

/** @param named whether each says of which pod it is */
export function happeningList(happenings: readonly Happening[], most: number, named = true): Markup {
  if (happenings.length === 0) return html`<p class="quiet">Nothing happened in the last hour.</p>`
  return html`<ol class="happenings">${happenings
    .slice(-most)
    .reverse()
    .map(happening => item(happening, named))}</ol>`
}

function item(happening: Happening, named: boolean): Markup {
  const { at, lane, warning, reason, message, pod } = happening
  return html`<li><span class="bullet ${lanes.includes(lane) && lane}${
    warning && ' warning'
  }" aria-hidden="true"></span><span class="text">${named && podLink(happeningKey(happening), plain(pod, 80))} <b>${reason}</b> <bdi>${message}</bdi></span> ${moment(at)}</li>`
}

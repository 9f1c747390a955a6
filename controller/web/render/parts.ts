// Small pieces of which all pages are made. Pure.
import { html, type Markup } from '../markup.ts'
import type { Mood } from '../view.ts'

/** What a colour means is always said by a sign, too: colours alone do not reach everybody. */
export const signs: Readonly<Record<Mood, string>> = { good: '✓', busy: '↻', hold: '…', care: '!', dim: '?' }

export const moodWords: Readonly<Record<Mood, string>> = {
  good: 'connected',
  busy: 'being worked on',
  hold: 'waiting',
  care: 'to look at',
  dim: 'not known yet',
}

/** The path of a pod's page, from its key (NAMESPACE/NAME). */
export function podPath(key: string): string {
  const slash = key.indexOf('/')
  return `/pods/${encodeURIComponent(key.slice(0, slash))}/${encodeURIComponent(key.slice(slash + 1))}`
}

export function groupPath(group: string): string {
  return `/groups/${encodeURIComponent(group)}`
}

/**
 * A moment. The text is the time of day in UTC, for whoever has no script; the script makes "3 min ago" of it. So the
 * same state gives the same markup, whenever it is written. Nothing for what is no moment.
 */
export function moment(at: number): Markup | undefined {
  // A page may say a 31st of February; and only so many milliseconds are a date.
  if (!(Math.abs(at) <= 8.64e15)) return undefined
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 19)} UTC</time>`
}

export function chip(mood: Mood, text: string): Markup {
  return html`<span class="chip ${mood}"><span class="sign" aria-hidden="true">${signs[mood]}</span>${text}</span>`
}

/** A pod's name as a link to its page. */
export function podLink(key: string, name: string): Markup {
  return html`<a href="${podPath(key)}"><bdi>${name}</bdi></a>`
}

/** 1,000 */
export function count(number: number): string {
  return number.toLocaleString('en')
}

export function plural(number: number, word: string): string {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`
}

// The frame of every page: what stands above and below, and the whole as a text. Pure.
import { html, type Markup } from '../markup.ts'

export type DocumentParts = {
  readonly title: string
  /** What is replaced while the page is open. */
  readonly main: Markup
  readonly identity: string
  /** Where the page is a part of another: its path and name. */
  readonly up?: { readonly path: string; readonly name: string }
}

const icon = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M8 22 16 9l8 13Z"/><circle cx="16" cy="9" r="4"/><circle cx="8" cy="22" r="4"/><circle cx="24" cy="22" r="4"/></svg>`

/** A whole HTML page. */
export function documentText({ title, main, identity, up }: DocumentParts): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/page.css">
<script src="/web/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the groups</a>
<header class="top"><a class="brand" href="/">${icon}repeer</a>${
    up && html`<nav aria-label="Up"><a href="${up.path}"><bdi>${up.name}</bdi></a></nav>`
  }<span class="live" id="live" data-state="still">as of ${new Date().toISOString().slice(11, 19)} UTC</span></header>
<p class="unseen" role="status" id="status"></p>
<main id="main" tabindex="-1">
${main}
</main>
<footer><p>Read-only. Shown by <bdi>${identity}</bdi>, from the status pages that the controller reads. The same in words: <code>repeer check</code>.</p></footer>
</body>
</html>
`
  return page.markup
}

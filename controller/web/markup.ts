// HTML and SVG as text: whatever is put into a template is escaped, unless it is markup itself. Pure.

/** Text that is markup already: only `html` makes it. */
export type Markup = { readonly markup: string }

export type Part = Markup | string | number | undefined | false | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template tag. Texts and numbers are escaped, fit for an element's content and for an attribute in quotes; undefined
 * and false are nothing; a list is its parts, one behind the other.
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.reduce((all, text, index) => `${all}${written(parts[index - 1])}${text}`) }
}

function written(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(part)
  return 'markup' in part ? part.markup : part.map(written).join('')
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => entities[character] ?? '')
}

/**
 * A stranger's text as it may be shown: one line of at most `most` characters. Controls, and what turns the direction
 * of the text around it or cannot be seen (U+202E, zero-width characters), become U+FFFD, so that a name looks like no
 * other.
 */
export function plain(text: string, most = 200): string {
  // Cut before it is looked through: a text may be as long as a page.
  const cut = text.length > most ? `${text.slice(0, Math.max(0, most - 1))}…` : text
  return cut
    .toWellFormed()
    .replaceAll(/[\r\n\t]/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, '\ufffd')
}

// Changes a text as a slip, a broken disk or an attacker would: parts lost, doubled, swapped, taken from another text,
// and characters that parsers stumble over.
import type { Random } from './random.ts'

/** Names that plain objects have without anybody's having given them. */
export const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'] as const

/** What parsers treat in a way of their own: quotes, ends, separators, marks, numbers at their bounds. */
const stumbling = [
  ...inherited,
  '',
  '\0',
  '\n',
  '\r\n',
  '\t',
  '"',
  "'",
  '"""',
  '\\',
  '#',
  '=',
  ',',
  ':',
  ';',
  '/',
  '@',
  '[',
  ']]',
  '{',
  '}',
  '$',
  '${',
  '$(',
  '`',
  '&&',
  '|',
  '<<EOF\n',
  '-',
  '--',
  '..',
  '%',
  '0',
  '-1',
  '65535',
  '65536',
  '1e309',
  '9007199254740993',
  'NaN',
  'null',
  'true',
  '\u{FEFF}',
  '\u{2028}',
  '\u{200B}',
  '\u{202E}',
  '\u{D800}',
  'ß',
  'İ',
  '٣',
  '日本',
  '👩‍👩‍👧',
  '::1',
  '0x7f.1',
  'xn--a',
] as const

/**
 * Characters of a text that was made longer. What reads texts takes a time that grows with their length alone, some
 * 25 ms for as much as this: what longer ones may cost is for the bounds and their own tests to say.
 */
export const mostCharacters = 32 * 1024

/** One to four changes. `others`: texts to take parts from. `most`: characters. */
export function mutateText(text: string, others: readonly string[], random: Random, most = mostCharacters): string {
  let changed = text
  for (let left = 1 + random.below(4); left > 0; left--) changed = change(changed, others, random)
  return changed.slice(0, most)
}

function change(text: string, others: readonly string[], random: Random): string {
  const [from, to] = span(text, random)
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  switch (random.below(10)) {
    case 0:
      return before + after
    case 1:
      return before + part + part + after
    case 2:
      return before + random.pick(stumbling) + after
    case 3:
      return before + random.pick(stumbling) + part + after
    case 4: {
      const other = others.length > 0 ? random.pick(others) : ''
      const [start, end] = span(other, random)
      return before + other.slice(start, end) + after
    }
    case 5:
      return before + String.fromCharCode(random.below(random.oneIn(4) ? 0x10000 : 0x80)) + after
    case 6:
      return text.slice(0, from)
    case 7:
      return lines(text, random)
    case 8:
      return before + part.toUpperCase() + after
    default:
      // Seldom long: what is long makes a case slow, and the others are the more.
      return before + part.repeat(random.oneIn(40) ? Math.ceil(mostCharacters / (part.length + 1)) : 3) + after
  }
}

/** A short stretch, mostly; at a border of words as often as anywhere. */
function span(text: string, random: Random): [from: number, to: number] {
  const from = random.below(text.length + 1)
  const length = random.oneIn(8) ? text.length : random.below(24)
  return [from, Math.min(text.length, from + length)]
}

function lines(text: string, random: Random): string {
  const all = text.split('\n')
  const [from, to] = [random.below(all.length), random.below(all.length)]
  const line = all[from] ?? ''
  if (random.oneIn(2)) all.splice(from, 1)
  all.splice(to, 0, line)
  return all.join('\n')
}

/** One to four bytes, or stretches of them, changed. */
export function mutateBytes(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Buffer {
  let changed = Buffer.from(bytes)
  for (let left = 1 + random.below(4); left > 0; left--) {
    const from = random.below(changed.length + 1)
    const to = Math.min(changed.length, from + random.below(16))
    const other = others.length > 0 ? random.pick(others) : changed
    const start = random.below(other.length + 1)
    const middle = [
      Buffer.of(),
      Buffer.of(random.below(256)),
      Buffer.of(random.pick([0, 0x7f, 0x80, 0xff])),
      Buffer.from(other.subarray(start, start + random.below(64))),
      Buffer.concat([changed.subarray(from, to), changed.subarray(from, to)]),
      Buffer.alloc(10, 0xff),
    ]
    changed = Buffer.concat([changed.subarray(0, from), random.pick(middle), changed.subarray(to)])
  }
  return changed
}

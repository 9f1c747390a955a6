// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a source text.
// No regular expression of repeer backtracks: each is run against texts that are made for it (see the fixture), and
// takes about as long as the text is long. One that is quadratic takes a hundred times as long; whatever takes longer
// than ten times the slowest of the linear ones is looked at again: does its time grow with the square of the length?
import { join } from 'node:path'
import t from 'tap'
import { valuesIn } from '../peers/peer-set/output.ts'
import { inSection, setting } from '../webhook/chains/written-setting.ts'
import { adversarial, type Literal, literalsBelow, literalsIn, sourcesBelow } from './fixtures/regular-expressions.ts'

const root = join(import.meta.dirname, '..')
/** All rooms whose programs meet strangers' text. demo/ has its own alone. */
const rooms = [
  'peers',
  'http',
  'options',
  'kubernetes',
  'certs',
  'webhook',
  'sidecar',
  'rollout',
  'discovery',
  'controller',
  'cli',
]
/** Characters of a text. */
const length = 10_000
/** By the clock. A linear expression takes up to 0.5 ms for such a text, a quadratic one 6 ms at the least. */
const longestMs = 3

function timeMs(act: () => unknown): number {
  const before = performance.now()
  act()
  return performance.now() - before
}

/** In ms, the least of some tries: a collection of garbage, or another process, may fall into any of them. */
function cost(act: () => unknown, tries = 5): number {
  const ms = timeMs(act)
  return ms <= longestMs || tries === 1 ? ms : Math.min(ms, cost(act, tries - 1))
}

/** How many times shorter the text is that a slow one is compared with. */
const shorter = 8
/** As often as the longer text may take that long, by accident, before the expression is said to be quadratic. */
const comparisons = 3

/** The beginning of a text that takes the expression longer than the bound; undefined where none does. */
function slowText({ source, flags }: Pick<Literal, 'source' | 'flags'>, tries?: number): string | undefined {
  // All matches, as replaceAll, split and matchAll look for them; test and exec do no more than that.
  const all = new RegExp(source, flags.includes('g') ? flags : `${flags}g`)
  const short = adversarial({ source, flags }, length / shorter)
  const slow = adversarial({ source, flags }, length).find(
    (text, index) => cost(() => text.replace(all, ''), tries) > longestMs && isQuadratic(all, text, short[index] ?? ''),
  )
  return slow === undefined ? undefined : JSON.stringify(slow.slice(0, 40))
}

/**
 * One that looks back over 200 characters at each of them takes long, too, and a busy machine makes any of them slow.
 * Eight texts of an eighth of the length take a linear one as long as the whole, a quadratic one an eighth of that: 3
 * is far from either, and a machine that is busy with something else for a moment has to be so each time.
 */
function isQuadratic(expression: RegExp, text: string, short: string): boolean {
  const inParts = () =>
    timeMs(() => {
      for (let part = 0; part < shorter; part++) short.replace(expression, '')
    })
  return Array.from({ length: comparisons }).every(
    () => timeMs(() => text.replace(expression, '')) > 3 * Math.min(inParts(), inParts(), inParts()),
  )
}

// It takes some seconds, of which a busy machine makes many; and so it gets a process of its own.
t.setTimeout(110_000)

t.test('every regular expression of the sources is linear', t => {
  const all = rooms.flatMap(room => literalsBelow(root, room))
  t.ok(all.length > 450, `${all.length} of them were found`)
  const once = new Map(all.map(literal => [`/${literal.source}/${literal.flags}`, literal]))
  const slow = [...once].flatMap(([shown, literal]) => {
    const text = slowText(literal)
    return text === undefined ? [] : [`${literal.file}:${literal.line} ${shown} takes long on ${text}...`]
  })
  t.same(slow, [])
  t.end()
})

t.test('those that are put together in the running program', t => {
  const made = rooms.flatMap(room => sourcesBelow(root, room)).filter(({ text }) => /\bRegExp\(/.test(text))
  t.same(
    made.map(({ file }) => file).sort(),
    [
      // Names of at most 253 characters, and three placeholders.
      'peers/peer-set/output.ts',
      // Phases of our own.
      'sidecar/reach/supervisor.ts',
      // Names of settings of our own, below.
      'webhook/chains/written-setting.ts',
      // A constant of its file with another flag.
      'webhook/shell/expand.ts',
    ].sort(),
    'a new one needs a row here, and a reason',
  )
  const settings = [setting('PEER_PORT'), inSection('p2p', 'laddr')]
  const shapes = [
    { source: String.raw`[ \t]*PEER_PORT[ \t]*=[ \t]*["']?\d{1,5}`, flags: '' },
    { source: String.raw`[ \t]*\[p2p\][ \t]*#.*\r?\n[ \t]*laddr[ \t]*=[ \t]*["'][^"'\n]*["']`, flags: '' },
  ]
  for (const shape of shapes)
    for (const text of adversarial(shape, length))
      for (const read of settings) if (cost(() => read(text)) > longestMs) t.fail(`slow on ${text.slice(0, 40)}`)
  const template = '{chainId}-{consumerId}-{chainId}'
  t.ok(cost(() => valuesIn(template, `${'1-'.repeat(126)}`)) < longestMs)
  t.end()
})

t.test('what is quadratic is found, and what is linear is not', t => {
  const quadratic = [/stellar-core[^/]*\.cfg$/, /\/+$/, /x.*\.json$/i, /(\d+)([smh])/g, /\$\(([^)]+)\)/, /^\s*name/m]
  for (const { source, flags } of quadratic) t.type(slowText({ source, flags }, 1), 'string', source)
  const linear = [/(?<!\/)\/+$/, /\.cfg$(?<=stellar-core[^/]*)/, /^[ \t]*name/m, /[^,]{1,200}x/, /^[a-z]+$/, /#.*/g]
  for (const { source, flags } of linear) t.equal(slowText({ source, flags }), undefined, source)
  t.end()
})

t.test('regular expressions are told from divisions, texts and comments', t => {
  const text = [
    'const a = /x\\/[/]y/gi.test(b) // no /comment/',
    "const c = d / e / f + '/g/' /* /h/ */",
    'const i = `/j/ ${k.replace(/l"/, `/m/`)} /n/`',
    'return /o{1,2}/.exec(p)',
    'q(/r/s, t[0] / u / v)',
  ].join('\n')
  t.same(
    literalsIn(text).map(({ line, source, flags }) => [line, source, flags]),
    [
      [1, 'x\\/[/]y', 'gi'],
      [3, 'l"', ''],
      [4, 'o{1,2}', ''],
      [5, 'r', 's'],
    ],
  )
  t.end()
})

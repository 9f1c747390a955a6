// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's own. What a script may cost, a row on each side
// of each bound; and whatever a script says, reading it ends in time and never throws.
import fc from 'fast-check'
import t from 'tap'
import { bounds } from '../../../webhook/shell/bounds.ts'
import { parse } from '../../../webhook/shell/index.ts'
import { started } from '../fixtures/evaluated.ts'

const run = (script: string) => started(['sh', '-c', script])

t.test('each bound, on both sides', t => {
  const nested = (depth: number) => `${'( '.repeat(depth)}a${' )'.repeat(depth)}`
  const rows: readonly [what: string, within: string, beyond: string, reason: RegExp][] = [
    [
      'characters',
      `a ${'b'.repeat(bounds.characters - 2)}`,
      `a ${'b'.repeat(bounds.characters - 1)}`,
      /found 262145 characters, expected at most 262144/,
    ],
    ['commands', 'a;'.repeat(bounds.commands), 'a;'.repeat(bounds.commands + 1), /more than 10000 commands/],
    ['words', `a${' b'.repeat(bounds.words - 1)}`, `a${' b'.repeat(bounds.words)}`, /more than 20000 words/],
    ['depth', nested(bounds.depth - 1), nested(bounds.depth), /more than 60 levels of nesting/],
    ['parts', `a ${'$b'.repeat(bounds.parts - 10)}`, `a ${'$b'.repeat(bounds.parts)}`, /more than 60000 parts/],
    [
      'steps',
      `f() { ${'a;'.repeat(100)} }; ${'f;'.repeat(190)}`,
      `f() { ${'a;'.repeat(100)} }; ${'f;'.repeat(200)}`,
      /at most 20000 commands in all/,
    ],
    [
      'expanded characters',
      `X=${'x'.repeat(100_000)};${'a $X;'.repeat(15)}`,
      `X=${'x'.repeat(100_000)};${'a $X;'.repeat(50)}`,
      /characters from expansions/,
    ],
  ]
  for (const [what, within, beyond, reason] of rows) {
    t.same(run(within).unread, [], `${what}: within`)
    t.match(run(beyond).unread.join(), reason, `${what}: beyond`)
  }
  const twice = (text: string) => started(['sh', '-c', 'sh /s; sh /s'], { files: { '/s': text } }).unread
  // The script that runs the two has 2 commands, 4 words and 7 parts; a reader looks for a part at each word's end too.
  const steps = /at most 20000 commands in all/
  const inPod: readonly [what: string, within: string, beyond: string, reason: RegExp][] = [
    ['commands', '{ }\n'.repeat(9_999), '{ }\n'.repeat(10_000), /20000 written commands in all/],
    ['words', `a${' b'.repeat(19_997)}`, `a${' b'.repeat(19_998)}`, /40000 words in all/],
    ['parts', `a ${'$b'.repeat(49_980)}`, `a ${'$b'.repeat(50_000)}`, /100000 parts of words in all/],
    ['arms', `case $x in ${'a) ;; '.repeat(9_990)} esac`, `case $x in ${'a) ;; '.repeat(10_000)} esac`, steps],
  ]
  for (const [what, within, beyond, reason] of inPod) {
    t.same(twice(within), [], `${what} of a pod: within`)
    t.match(twice(beyond).join(), reason, `${what} of a pod: beyond`)
  }
  const script = `a ${'b'.repeat(200_000)}`
  const many = (count: number) => started(['sh', '-c', 'sh /s;'.repeat(count)], { files: { '/s': script } }).unread
  t.same(many(5), [], 'characters of a pod: within')
  t.match(many(6).join(), /1048576 characters in all/, 'characters of a pod: beyond')
  t.end()
})

t.test('what was found before the bound stays found', t => {
  const { commands, unread } = run(`a; ${'X=1;'.repeat(10)} f() { f; f; }; b`)
  t.same([commands.length, unread], [2, []])
  const cut = run(`a; X=${'x'.repeat(100_000)};${'b $X;'.repeat(100)}`)
  t.equal(cut.commands[0]?.program, 'a')
  t.equal(cut.unread.length, 1)
  t.end()
})

t.test('a value that grows, and a loop that is long, are unknown', t => {
  const last = (script: string) => run(script).commands.at(-1)?.words[1]?.text
  t.equal(last(`X=${'x'.repeat(bounds.value / 2)}; Y=$X$X; a "$Y"`)?.length, bounds.value)
  t.equal(last(`X=${'x'.repeat(bounds.value / 2)}; Y=y$X$X; a "$Y"`), '$(a long text)')
  t.equal(last(`X=${'x'.repeat(10_000)}; a "\${X//x/${'y'.repeat(13)}}"`)?.length, 130_000)
  t.equal(last(`X=${'x'.repeat(10_000)}; a "\${X//x/${'y'.repeat(14)}}"`), '$(an expansion)')
  const words = (count: number) => Array.from({ length: count }, (_, n) => n).join(' ')
  t.equal(run(`for i in ${words(bounds.rounds)}; do a $i; done`).commands.length, bounds.rounds)
  t.equal(run(`for i in ${words(bounds.rounds + 1)}; do a $i; done`).commands.length, 1)
  t.end()
})

/** Milliseconds of this thread's processor time: what else the machine does is not the reader's fault. */
function cost(act: () => unknown): number {
  const start = process.threadCpuUsage()
  act()
  const { user, system } = process.threadCpuUsage(start)
  return Math.round((user + system) / 1000)
}

t.test('contrived scripts', t => {
  run('a;b;c')
  t.ok(cost(() => run('a;'.repeat(700_000))) < 20, '1.4 MB are not read at all')
  const times = (count: number, text: string) => text.repeat(count)
  const contrived: readonly [string, string][] = [
    ['commands', times(125_000, 'a;')],
    ['substitutions', times(100_000, '$(')],
    ['arithmetic', times(50_000, '"$((')],
    ['backquotes', times(80_000, '`\\`')],
    ['parts of a word', `X=${times(120_000, '$a')};${times(2000, 'echo $X;')}`],
    ['doubling', `X=aaaaaaaa;${times(9000, 'X=$X$X;')}`],
    ['loops', `${times(15, 'for i in 1 2 3 4 5 6 7 8; do ')}a${times(15, '; done')}`],
    ['functions', `f0() { a; };${Array.from({ length: 40 }, (_, i) => `f${i + 1}() { f${i}; f${i}; };`).join('')}f40`],
    ['recursion', 'f() { f; f; }; f'],
    ['branches', times(2000, 'if x; then Y=1; else Y=2; fi; echo $Y >> f;')],
    ['replacements', `X=${times(100_000, 'a')};${times(2000, 'Y=${X//a/bbbbbbbbbbbb};')}`],
    ['appending', times(4000, 'echo xxxxxxxxxxxxxxxx >> f; cat f;')],
    ['here-documents', times(8000, 'cat <<A\nx\nA\n')],
    ['here-documents on a line', times(10, `cat ${times(5000, '<<A ')}\n`)],
    ['arms', `case $x in ${times(8000, 'a|b) c;; ')} esac`],
    ['lists', `${times(9000, 'a && ')}b`],
    ['stages', `${times(9000, 'a | ')}b`],
    ['exports', `${Array.from({ length: 4000 }, (_, i) => `export A${i}=1`).join(';')};${times(4000, 'a;')}`],
    ['brackets', times(50_000, 'a[ ')],
    ['eval', `X='${times(4000, 'a;')}';${times(1000, 'eval "$X";')}`],
    ['reading itself', times(5000, 'X=$(echo $X$X a);')],
    ['quotes', times(60_000, `"'`)],
    ['subshells', `${times(50, '(A=1;')}${times(50, ')')}`],
    ['positional arguments', `set -- ${times(20_000, 'a ')};${times(200, 'b "$@";')}`],
    ['pieces', `${times(3000, 'P="$P$(wget x),";')} a $P`],
  ]
  for (const [what, script] of contrived) {
    const ms = cost(() => run(script.slice(0, bounds.characters)))
    t.ok(ms < 500, `${what}: ${ms} ms`)
  }
  t.end()
})

/** Texts that are more like scripts than random characters are. */
const fragments = fc.constantFrom(
  ...'if then elif else fi case esac for in do done while { } ( ) ; ;; & && | || ! < > >> << <<- EOF \n " \' ` $( $(( )) ${ } $ $@ "$@" $1 $X X= X+=( [ ] [[ ]] -z = \\ # a gaiad start exec export . eval set -- shift f() f sh -c tr sed -i cat echo read $(cat /f) ${X:-y} ${X#,} * ~ \t \u0000 \ue000X\ue001 {0..3}'.split(
    ' ',
  ),
)

t.test('any text is read in time and without an error', t => {
  const scripts = fc.oneof(
    fc.array(fragments, { maxLength: 80 }).map(parts => parts.join(' ')),
    fc.array(fragments, { maxLength: 80 }).map(parts => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )
  fc.assert(
    fc.property(scripts, script => {
      const parsed = parse(script)
      const { commands } = started(['sh', '-c', script], { env: { X: 'x y' }, files: { '/f': script } })
      return (
        ('body' in parsed || parsed.unread !== '') &&
        commands.every(({ words }) => words.every(word => typeof word.text === 'string'))
      )
    }),
    { numRuns: 500 },
  )
  t.pass('never threw')
  t.end()
})

t.test('a script twice as long costs about twice as much', t => {
  const unit = 'if [ -f /x ]; then A="$B$(cat /y)"; else exec gaiad start --home /h; fi; cat > /z <<E\n$A\nE\n'
  const of = (count: number) => Math.min(...[1, 2, 3].map(() => cost(() => parse(unit.repeat(count)))))
  of(100)
  const [short, long] = [of(500), of(2000)]
  t.ok(long < 12 * Math.max(short, 2), `${short} ms, ${long} ms`)
  t.end()
})

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's own.
// What scripts start: syntax, expansions, conditions, loops, functions, files, scripts within scripts.
import t from 'tap'
import { originsOf, shownText, wholeOrigin } from '../../../webhook/shell/index.ts'
import { type Around, commandsIn, lines, started } from '../fixtures/evaluated.ts'

type Row = readonly [what: string, script: string, commands: readonly string[], around?: Around]

const syntax: readonly Row[] = [
  ['separators', 'a;b\nc&d', ['a', 'b', 'c', 'd']],
  ['lines that go on', 'a \\\n  --x \\\r\n  y', ['a --x y']],
  ['comments', '# a\nb # c\nd#e', ['b', 'd#e']],
  ['single quotes', `a 'x  "y" $Z \\'`, ['a x  "y" $Z \\']],
  ['double quotes', 'a "x \\"y\\" \\$Z \\n"', ['a x "y" $Z \\n']],
  ['empty words', `a "" ''`, ['a  ']],
  ['escapes', 'a x\\ y \\;', ['a x y ;']],
  ["$'...'", "a $'x\\ty\\'z'", ["a x\ty'z"]],
  ['a group and a subshell', '{ a; b; }; (c; d)', ['a', 'b', 'c', 'd']],
  ['pipes', 'a | b |& c', ['a', 'b', 'c']],
  ['redirections are no words', 'a 2>&1 >/dev/null < /x 3>y b', ['a b']],
  ['a here-document', 'a <<EOF\nb $X\nEOF\nc', ['a', 'c']],
  ['two here-documents', "a <<A <<'B'\nx\nA\ny\nB\nc", ['a', 'c']],
  ['a here-document with tabs', 'a <<-E\n\tx\n\tE\nb', ['a', 'b']],
  ['a here-document inside a substitution', 'X=$(cat <<E\nx y\nE\n)\na "$X"', ['a x y']],
  ['process substitution', 'a <(b) c', ['a c']],
  ['arithmetic', 'a $((1 + (2 * 3))) b; ((i++)); c', ['a $(arithmetic) b', 'c']],
  ['[[ ]] with operators', 'if [[ -n $X && ( $Y == z || $Z < 3 ) ]]; then a; fi', ['a']],
  ['case', 'case $X in a|b) c;; (d) e ;; *) f; esac; g', ['c', 'e', 'f', 'g']],
  ['functions', 'f() { a $1; }\nfunction g { b "$@"; }\nf x; g y "z w"', ['a x', 'b y z w']],
  [
    'loops',
    'while a; do b; done; until c; do d; done; for i in 1 2; do e $i; done',
    ['a', 'b', 'c', 'd', 'e 1', 'e 2'],
  ],
  ['a range', 'for i in {0..2}; do a $i; done', ['a 0', 'a 1', 'a 2']],
  ['elif and else', 'if a; then b; elif c; then d; else e; fi', ['a', 'c', 'b', 'd', 'e']],
  ['CRLF', 'a x\r\nb\r\n', ['a x', 'b']],
  ['a stray end', 'a; fi; done; ) ;; b', ['a', 'fi', 'done', 'b']],
  ['what is not closed', 'a "b', ['a b']],
  ['a local array', 'f() { local -a args=(--x "$1" --y); args+=(z); a "${args[@]}"; }; f b', ['a --x b --y z']],
  ['an array', 'A=(x "y z"); A+=(w); b "${A[@]}"', ['b x y z w']],
]

const values: readonly Row[] = [
  ['an assignment', 'X=1; Y="$X-2"; a $Y ${X}3', ['a 1-2 13']],
  ['splitting', 'X="--a  b"; a $X "$X"', ['a --a b --a  b']],
  ['an empty variable is no word', 'X=; a $X "$X" b', ['a  b']],
  ['append', 'X=a; X+=,b; c $X', ['c a,b']],
  [
    'export, declare, local, readonly',
    'export A=1 B="2 3"; declare -x C=4; f() { local D=5; a "$A" "$B" $C $D; }; f',
    ['a 1 2 3 4 5'],
  ],
  ['defaults', 'a ${X:-1} ${Y-2} ${Z:=3} $Z; Y=; b ${Y:-4} "${Y-5}"', ['a 1 2 3 3', 'b 4 ']],
  ['alternatives', 'X=1; a ${X:+--x $X} ${Y:+--y}', ['a --x 1']],
  [
    'prefixes and suffixes',
    'X=node-12.svc; a ${X%.svc} ${X#node-} ${X%%-*} ${X##*.} ${X%x}',
    ['a node-12 12.svc node svc node-12.svc'],
  ],
  ['replacement', 'X=a-b-c; a ${X/-/_} ${X//-/_}', ['a a_b-c a_b_c']],
  ['case of letters', 'X=Ab; a ${X^^} ${X,,}', ['a AB ab']],
  ['length', 'X=abc; a ${#X}', ['a 3']],
  ['substitution', 'X=$(echo a; echo b); c "$X" `echo d`', ['c a\nb d']],
  ['nested substitution', 'a $(echo $(echo b) `echo \\`echo c\\``)', ['a b c']],
  ['printf and seq', 'a $(printf "%s@%s" x y) $(seq 1 3)', ['a x@y 1 2 3']],
  ['tr', 'a $(echo "x,y" | tr , " ") $(printf "x\\ny" | tr -d "\\n")', ['a x y xy']],
  ['the environment', 'a $X ${Y:-z}', ['a 1 $Y'], { env: { X: '1', Y: undefined } }],
  ['what nobody knows', 'a $X $(wget -qO- http://x) $(cat /y)', ['a $X $(wget) $(cat /y)']],
  ['a file', 'a $(cat /f) "$(< /f)"', ['a x y x y'], { files: { '/f': 'x y\n' } }],
  [
    'envsubst puts in what it knows, and with an argument what that names',
    'X=1; Y=2; envsubst < /t > /o; a "$(cat /o)" "$(envsubst \'$X\' < /t)" "$(cat /t | envsubst \'${Y} ${Z}\')"',
    ['a p=1 ${q 2 $Z r p=1 ${q $Y $Z r p=${X} ${q 2 $Z r'],
    { files: { '/t': 'p=${X} ${q $Y $Z r' } },
  ],
  ['envsubst of what cannot be read', 'a "$(envsubst < /t)" "$(wget -qO- x | envsubst)"', ['a $(cat /t) $(wget)']],
  ['a filter', 'a $(sed s/x/y/ /f | sort)', ['a $(cat /f)'], { files: { '/f': 'x' } }],
  ['a variable in front', 'X=1 a; b $X', ['a', 'b $X']],
  ['an unset variable', 'X=1; unset X; a "$X"', ['a ']],
  ['positional arguments', 'set -- x y z; shift; a $1 "$@" $#', ['a y y z 2']],
  ['read', 'echo x | while read L; do a $L; done', ['echo x', 'a $(read)']],
  ['a subshell forgets', 'X=1; (X=2; a $X); b $X', ['a 2', 'b 1']],
]

const conditions: readonly Row[] = [
  ['empty and known', 'X=; if [ -z "$X" ]; then a; else b; fi', ['a']],
  ['full and known', 'X=1; if [ -z "$X" ]; then a; else b; fi', ['b']],
  ['not known: both', 'if [ -z "$X" ]; then a; else b; fi', ['a', 'b']],
  ['a part is known', 'if [ -n "x$X" ]; then a; else b; fi', ['a']],
  ['equality', 'X=y; [ "$X" = y ] && a; [[ $X == z ]] && b; [ "$X" != z ] && c', ['a', 'c']],
  ['a pattern', 'X=yes; [[ $X == y* ]] && a', ['a']],
  ['not', 'X=; ! [ -z "$X" ] && a; if ! false; then b; fi', ['b']],
  ['a file that is there', '[ -f /f ] && a; [ -f /g ] && b; [ ! -f /f ] && c', ['a', 'b'], { files: { '/f': '' } }],
  ['and, or', 'true && a; false && b; true || c; false || d; e && f; g || h', ['a', 'd', 'e', 'f', 'g', 'h']],
  ['case of a known text', 'case start in st*) a;; *) b;; esac', ['a']],
  ['a default case', 'case x in y) a;; *) b;; esac', ['b']],
  ['both values stay possible', 'X=1; if a; then X=2; fi; b $X', ['a', 'b 2', 'b 1']],
  ['of each branch', 'if a; then X=1; else X=2; fi; b --x $X; c', ['a', 'b --x 1', 'b --x 2', 'c']],
  ['an empty one does not', 'ARGS=; [ -n "$X" ] && ARGS="--x $X"; a $ARGS', ['a --x $X']],
  ['the loop may not be run', 'X=1; while a; do X=2; done; b $X', ['a', 'b 2', 'b 1']],
  ['a loop that adds', 'P=; for i in 0 1; do P="$P,id@n-$i:1"; done; a ${P#,}', ['a id@n-0:1,id@n-1:1']],
  ['exec ends it', 'exec a; b', ['a']],
  ['exec of nothing does not', 'exec\na', ['a']],
  ['exec in a branch', 'if a; then exec b; fi; c', ['a', 'b', 'c']],
  ['exec in every branch', 'if a; then exec b; else exec c; fi; d', ['a', 'b', 'c']],
  ['exit', '[ -z "$X" ] && exit 1; a; exit; b', ['a']],
  ['exit that is sure', 'X=; [ -z "$X" ] && exit 1; a', []],
  ['return', 'f() { a; return; b; }; f; c', ['a', 'c']],
  ['command -v starts nothing', 'command -v a && b; which c', ['b']],
  ['what a substitution runs starts nothing', 'X=$(a --b); c', ['c']],
  ['eval', 'X="a b"; eval "$X; c"', ['a b', 'c']],
]

const scripts: readonly Row[] = [
  ['a script in a script', `sh -c 'a $0 $1' x y; bash -euo pipefail -c "b"`, ['a x y', 'b']],
  ['a mounted script', 'sh /s/run.sh x', ['a x', 'b'], { files: { '/s/run.sh': '#!/bin/sh\na "$@"; b' } }],
  ['a mounted script by itself', 'exec /s/run', ['a'], { files: { '/s/run': '#!/usr/bin/env bash\na' } }],
  ['of another interpreter', '/s/run', ['/s/run'], { files: { '/s/run': '#!/usr/bin/python3\na' } }],
  ['a sourced file', '. /s/env; a $X', ['a 1'], { files: { '/s/env': 'X=1\n' } }],
  ['a file that the script wrote', 'echo "X=2" > /t; source /t; a $X', ['echo X=2', 'a 2']],
  [
    'a script that the script wrote',
    "cat > /t.sh <<'E'\na $1\nE\nchmod +x /t.sh; /t.sh b",
    ['cat', 'chmod +x /t.sh', 'a b'],
  ],
  ['a script that starts itself', '/s/run', [], { files: { '/s/run': 'exec gosu x "$0" "$@"' } }],
  ['a copy', 'cp /s/a /t/b.sh; sh /t/b.sh', ['cp /s/a /t/b.sh', 'c'], { files: { '/s/a': 'c' } }],
]

for (const [group, rows] of Object.entries({ syntax, values, conditions, scripts })) {
  t.test(group, t => {
    for (const [what, script, expected, around] of rows) t.same(commandsIn(script, around), expected, what)
    t.end()
  })
}

t.test('command and args without a shell', t => {
  t.same(lines(started(['a', '$X', '$(b)', 'c;d'])), ['a $X $(b) c;d'], 'no shell expands them')
  t.same(lines(started(['cat', '/x'])), ['cat /x'])
  t.end()
})

t.test('where values come from', t => {
  const around = { env: { PEERS: 'x', SECRET: undefined }, files: { '/cfg/peers': 'p\n' } }
  const ofV = (script: string) =>
    started(['sh', '-c', `${script}; node "$V"`], around).commands.at(-1)?.words[1]?.value ?? []
  const wholes: readonly [string, unknown][] = [
    ['V=$PEERS', { kind: 'variable', name: 'PEERS' }],
    ['A=$PEERS; V="${A}"', { kind: 'variable', name: 'PEERS' }],
    ['V=${SECRET:-x}', { kind: 'variable', name: 'SECRET' }],
    ['V=$(cat /cfg/peers)', { kind: 'file', path: '/cfg/peers' }],
    ['V=$(tr -d "\\n" < /cfg/peers)', { kind: 'file', path: '/cfg/peers' }],
    ['V=`cat /cfg/peers`', { kind: 'file', path: '/cfg/peers' }],
    ['V=$(</cfg/peers)', { kind: 'file', path: '/cfg/peers' }],
    ['V="$PEERS,y"', undefined],
    ['V=$(wget x)', undefined],
  ]
  for (const [script, expected] of wholes) {
    const whole = wholeOrigin(ofV(script))
    t.match(whole === undefined ? 'none' : whole, expected ?? 'none', script)
  }
  t.equal(shownText(ofV('V="$SECRET@$H:1"')), '$SECRET@$H:1')
  t.match(originsOf(ofV('V=$(sed s/x/y/ /cfg/peers)')), [{ kind: 'file', path: '/cfg/peers' }])
  t.match(originsOf(ofV('V=$(echo "$PEERS" | tr " " ,)')), [{ kind: 'variable', name: 'PEERS' }])
  t.end()
})

t.test('files that are written', t => {
  const rows: readonly [string, readonly string[]][] = [
    ['echo x > /a; echo y >> /a', ['/a whole true x\n', '/a added true y\n']],
    ['cat > /a <<E\nx\nE', ['/a whole true x\n']],
    ['[ -f /x ] || cat > /a <<E\nx\nE', ['/a whole false x\n']],
    ["sed -i 's/a/b/' /c/d.toml", ['/c/d.toml edited true s/a/b/']],
    ["sed -i'' -e 's/a/b/' -e s/c/d/ /e", ['/e edited true s/a/b/s/c/d/']],
    ['echo x | tee -a /a /b', ['/a added true x\n', '/b added true x\n']],
    ['a > /dev/null 2> /e', []],
  ]
  for (const [script, expected] of rows) {
    const { writes } = started(['sh', '-c', script])
    t.same(
      writes.map(({ path, how, sure, value }) => `${path} ${how} ${sure} ${shownText(value)}`),
      expected,
      script,
    )
  }
  t.end()
})

t.test('variables that a script gives a program', t => {
  const given = (script: string) =>
    [...(started(['sh', '-c', script], { env: { E: '1' } }).commands.at(-1)?.given ?? [])].map(
      ([name, { values }]) => `${name}=${values.map(shownText)}`,
    )
  t.same(given('A=1; export B=2; C=3 a'), ['C=3', 'B=2'])
  t.same(given('E=2; a'), ['E=2'], 'one of the environment stays exported')
  t.same(given('A=1; export A; env D=4 a'), ['D=4', 'A=1'])
  t.end()
})

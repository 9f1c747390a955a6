// Programs behind shells and wrappers, and the values of flags.
import t from 'tap'
import { commandsOf, flagsOf } from '../../../webhook/decide/pod/command-line.ts'
import { viewPod } from '../../../webhook/decide/pod/pod-view.ts'

function commands(command: readonly string[] | undefined, args: readonly string[] = []) {
  const [container] = viewPod({ spec: { containers: [{ command, args }] } }).containers
  return container ? commandsOf(container) : []
}
const programs = (command: readonly string[] | undefined, args?: readonly string[]) =>
  commands(command, args).map(found => found.program)

const rows: readonly [readonly string[] | undefined, readonly string[], readonly (string | undefined)[]][] = [
  [['/usr/bin/geth', '--http'], [], ['geth']],
  [['sh', '-c'], ['sleep 10; exec gaiad start'], ['sleep', 'gaiad']],
  [['/bin/sh', '-ec', 'set -e\n# gaiad init\ngaiad start --home "a b" && true || echo \'x;y\''], [], ['gaiad']],
  [['tini', '-g', '--', 'bash', '-lc', 'FOO=1 nohup besu --x'], [], ['besu']],
  [['env', 'A=b', 'timeout', '-s', 'gaiad'], [], []],
  [['gosu', 'node', 'cometbft', 'node'], [], ['cometbft']],
  [['sh', '/scripts/run.sh'], [], ['run.sh']],
  [['sh', '-c', `sh -c 'sh -c "gaiad start"'`], [], ['gaiad']],
  [['bash', '-c', 'x=$(cat /a; echo b) gaiad start --k $(cat "/c d")'], [], ['gaiad']],
  [undefined, ['start', '--home', '/h'], [undefined]],
  [undefined, ['--http'], [undefined]],
  [undefined, ['geth', '--http'], ['geth']],
  [undefined, [], []],
  [['sh', '-c', 'unterminated "quote'], [], ['unterminated']],
  [['sh'], [], ['sh']],
]
for (const [command, args, expected] of rows) t.same(programs(command, args), expected, JSON.stringify([command, args]))

t.test('flags', t => {
  const [command] = commands(['x', '--a=1', '-b', '2', '--c', '3', '4', '--a', '--d', '5', '--', '--a=6'])
  if (!command) throw new Error('no command')
  const values = (names: string[], many?: boolean) =>
    flagsOf(command, names, many).map(flag => `${flag.flag} ${flag.value} ${flag.place}`)
  t.same(values(['a']), ['--a 1 command[1]'], 'nothing after -- and no flag for a value')
  t.same(values(['b']), ['--b 2 command[3]'])
  t.same(values(['c']), ['--c 3 command[5]'])
  t.same(values(['c'], true), ['--c 3 command[5]', '--c 4 command[6]'])
  t.end()
})

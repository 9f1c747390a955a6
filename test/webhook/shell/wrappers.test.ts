// Programs that start another: each wrapper of the table with its options, in a container's command and in a script.
import t from 'tap'
import { wrappers } from '../../../webhook/shell/wrappers.ts'
import { commandsIn, lines, started } from '../fixtures/evaluated.ts'

/** How each wrapper is written before a program. */
const written: Readonly<Record<string, readonly string[]>> = {
  tini: ['tini --', 'tini -g --', 'tini -s -v', 'tini -p SIGTERM -e 143 --', '/sbin/tini -sg --'],
  'tini-static': ['tini-static -- '],
  'docker-init': ['docker-init --'],
  'dumb-init': [
    'dumb-init',
    'dumb-init --',
    'dumb-init --rewrite 15:2 --',
    'dumb-init -r 15:2 -c',
    'dumb-init --rewrite=15:2 --single-child --',
  ],
  catatonit: ['catatonit --', 'catatonit -P'],
  pid1: ['pid1'],
  my_init: ['/sbin/my_init --', 'my_init --quiet --'],
  'with-contenv': ['with-contenv'],
  init: ['/init'],
  gosu: ['gosu node', 'gosu 1000:1000'],
  'su-exec': ['su-exec node:node'],
  setuser: ['/sbin/setuser node'],
  's6-setuidgid': ['s6-setuidgid node'],
  's6-applyuidgid': ['s6-applyuidgid -u 1000 -g 1000', 's6-applyuidgid -U'],
  's6-envdir': ['s6-envdir /env', 's6-envdir -fn -L 100 /env'],
  's6-softlimit': ['s6-softlimit -o 65536'],
  's6-notifyoncheck': ['s6-notifyoncheck -d -s 300 -T 900'],
  envdir: ['envdir /env'],
  setuidgid: ['setuidgid node'],
  envuidgid: ['envuidgid node'],
  chpst: ['chpst -u node', 'chpst -u node:node -e /env -o 65536 -P'],
  softlimit: ['softlimit -o 65536'],
  setpriv: [
    'setpriv --reuid=1000 --clear-groups',
    'setpriv --reuid 1000 --regid 1000 --init-groups --no-new-privs',
    'setpriv --reuid 1000 --',
  ],
  capsh: ['capsh --drop=cap_net_raw --'],
  sudo: [
    'sudo',
    'sudo -E',
    'sudo -E -u node',
    'sudo -Eu node',
    'sudo -u node -H --',
    'sudo --user=node',
    'sudo --user node A=b',
  ],
  doas: ['doas -u node'],
  nice: ['nice', 'nice -n 10', 'nice -n10', 'nice -10', 'nice --adjustment=5', 'nice --adjustment 5'],
  ionice: ['ionice -c 2 -n 0', 'ionice -c2 -n7', 'ionice -t -c 3', 'ionice --class 2'],
  chrt: ['chrt -f 10', 'chrt 5', 'chrt -R -b 0'],
  taskset: ['taskset 0x3', 'taskset -c 0-3', 'taskset -ac 0,2', 'taskset --cpu-list 1'],
  numactl: ['numactl --cpunodebind=0 --membind=0', 'numactl -N 0 -m 0', 'numactl --cpunodebind 0'],
  prlimit: ['prlimit --nofile=65536'],
  timeout: [
    'timeout 3600',
    'timeout -s INT 3600',
    'timeout --signal=KILL -k 10 1h',
    'timeout --kill-after 5 --foreground 1h',
  ],
  cpulimit: ['cpulimit -l 50', 'cpulimit --limit 50 --'],
  env: ['env', 'env A=b', 'env -i A=b', 'env -u X B=c', 'env -uX -', 'env --unset=X -C /tmp A=b C=', 'env -- A=b'],
  chroot: ['chroot /root', 'chroot --userspec=1000:1000 /root', 'chroot -- /root'],
  unshare: ['unshare --mount --pid --fork', 'unshare -m -S 0'],
  nsenter: ['nsenter -t 1 -m -n', 'nsenter --target 1 --mount --'],
  setsid: ['setsid', 'setsid -w', 'setsid --fork'],
  setarch: ['setarch -R'],
  stdbuf: ['stdbuf -oL', 'stdbuf -o L -e 0', 'stdbuf --output=L', 'stdbuf --output L'],
  unbuffer: ['unbuffer'],
  nohup: ['nohup'],
  time: ['time', 'time -p', 'time -f %e -o /tmp/t', '/usr/bin/time -v'],
  exec: ['exec', 'exec -a name', 'exec -c', 'exec -l -a name'],
  command: ['command', 'command -p'],
  builtin: ['builtin'],
  flock: ['flock /lock', 'flock -n /lock', 'flock -w 10 -x /lock'],
  catchsegv: ['catchsegv'],
  eatmydata: ['eatmydata', 'eatmydata --'],
  strace: ['strace -f -o /tmp/t', 'strace -e trace=network -p 1'],
  busybox: ['busybox'],
  toybox: ['toybox'],
  'vault-env': ['vault-env'],
  envconsul: ['envconsul -config /c', 'envconsul -once -prefix x'],
  chamber: ['chamber exec service --'],
  doppler: ['doppler run --', 'doppler run -p x -c y --', 'doppler run --project x --'],
  dockerize: ['dockerize -wait tcp://a:1', 'dockerize -wait tcp://a:1 -timeout 60s'],
  'wait-for-it.sh': [
    './wait-for-it.sh a:1 --',
    'wait-for-it.sh a:1 -t 0 --',
    'wait-for-it.sh --timeout=0 a:1 --strict --',
  ],
  'wait-for-it': ['wait-for-it a:1 --'],
  'wait-for': ['wait-for a:1 -t 60 --', 'wait-for --timeout 5 a:1 --'],
  // -u in place of an operand.
  runuser: ['runuser -u node --', 'runuser -u node', 'runuser -u node -g node --'],
}
/** These are found in a container's command only through a shell. */
const shellsOwn = new Set(['exec', 'command', 'builtin', 'time'])
/** Tested below: its program is a script. */
const scripts = new Set(['su'])

t.same(
  Object.keys(written).filter(name => !wrappers.has(name)),
  [],
  'no row is of a wrapper that is not in the table',
)
t.same(
  [...wrappers.keys()].filter(name => !Object.hasOwn(written, name) && !scripts.has(name)),
  [],
  'every wrapper has its row',
)

for (const [name, forms] of Object.entries(written)) {
  for (const form of forms) {
    t.same(commandsIn(`${form} gaiad start --home /h`), ['gaiad start --home /h'], `script: ${form}`)
    if (!shellsOwn.has(name))
      t.same(lines(started([...form.trim().split(' '), 'gaiad', 'start'])), ['gaiad start'], `command: ${form}`)
    t.same(commandsIn(`tini -- ${form} sh -c 'gaiad start'`), ['gaiad start'], `a script behind it: ${form}`)
  }
}

t.test('wrappers that take a script', t => {
  const rows: readonly (readonly string[])[] = [
    ['su', 'node', '-c', 'gaiad start'],
    ['su', '-', 'node', '-c', 'gaiad start'],
    ['su', '-s', '/bin/sh', '-c', 'gaiad start', 'node'],
    ['su', '-s', '/bin/sh', 'node', '-c', 'exec "$0" "$@"', '--', 'gaiad', 'start'],
    ['su', '-lc', 'gaiad start', 'node'],
    ['su', 'node', '--command=gaiad start'],
    ['runuser', 'node', '-c', 'gaiad start'],
    ['runuser', '-l', 'node', '-c', 'gaiad start'],
    ['flock', '/lock', '-c', 'gaiad start'],
    ['dumb-init', '--', 'su', 'node', '-c', 'exec gaiad start'],
  ]
  for (const row of rows) t.same(lines(started(row)), ['gaiad start'], row.join(' '))
  t.end()
})

t.test('what starts nothing', t => {
  for (const script of ['command -v gaiad', 'env', 'env A=b', 'timeout 5', 'sudo -E', 'exec', 'gosu node'])
    t.same(commandsIn(script), [], script)
  t.same(lines(started(['env', 'A=b', 'timeout', '-s', 'gaiad'])), [])
  t.end()
})

t.test('entrypoints that start what they are given', t => {
  t.same(lines(started(['docker-entrypoint.sh', 'geth', '--http'])), ['geth --http'])
  t.same(lines(started(['/entrypoint.sh', 'tini', '--', 'geth'])), ['geth'])
  const [flags] = started(['/entrypoint.sh', 'start', '--home', '/h']).commands
  t.same(
    [flags?.program, flags?.words.map(word => word.text)],
    [undefined, ['start', '--home', '/h']],
    "the image's own program",
  )
  t.same(lines(started(['/entrypoint.sh'])), ['/entrypoint.sh'])
  t.same(commandsIn('A=b run.sh gaiad start --x & wait'), ['run.sh gaiad start --x', 'gaiad start --x'])
  t.same(commandsIn('run.sh mainnet full'), ['run.sh mainnet full'])
  t.end()
})

t.test('variables that env and sudo set', t => {
  const [command] = started(['env', 'A=b', 'gaiad', 'start']).commands
  t.ok(command)
  t.same(commandsIn("env CHAIN=gaiad sh -c '$CHAIN start'"), ['gaiad start'])
  t.end()
})

t.test('whether the variables around it reach the program', t => {
  const cleared = [
    'env -i A=b',
    'env -',
    'env --ignore-environment',
    'env -iu X',
    'sudo',
    'sudo -u node -H',
    'doas -u node',
    'setpriv --reset-env --reuid=1',
    'nice -n 10 env -i',
    'env -i nice',
    'runuser -l node --',
    'exec env -i',
  ]
  const kept = [
    'env A=b',
    'env -u X',
    'sudo -E',
    'sudo -Eu node',
    'sudo --preserve-env=A',
    'setpriv --reuid=1',
    'runuser -u node --',
    'tini -- nice',
    'exec',
  ]
  for (const words of cleared) t.equal(started(['sh', '-c', `${words} gaiad start`]).commands[0]?.cleared, true, words)
  for (const words of kept)
    t.equal(started(['sh', '-c', `${words} gaiad start`]).commands[0]?.cleared, undefined, words)
  t.equal(started(['su', '-', 'node', '-c', 'gaiad start']).commands[0]?.cleared, true)
  t.equal(started(['su', 'node', '-c', 'gaiad start']).commands[0]?.cleared, undefined)
  t.strictSame(
    started(['sh', '-c', 'env -i date; gaiad start']).commands.map(({ cleared }) => cleared),
    [true, undefined],
    'and only for it',
  )
  t.end()
})

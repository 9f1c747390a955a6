// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's own. Every way to start a node with every way
// to give it its list: the product of wrappers, program forms and list forms, generated. Whatever stands around the
// program, it is found, and the list with it.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { ids, injected, input, list, toml } from '../fixtures/pods/build.ts'

/** A program, as words; `script`: only a shell can make sense of it. */
type Program = {
  readonly what: string
  readonly words: readonly string[]
  readonly script?: boolean
  readonly env?: readonly object[]
}

const programs: readonly Program[] = [
  { what: 'start --home', words: ['gaiad', 'start', '--home', '/home'] },
  {
    what: '--home before start',
    words: ['/usr/bin/gaiad', '--log_level', 'info', '--home', '/home', 'start', '--trace'],
  },
  {
    what: 'cosmovisor',
    words: ['cosmovisor', 'run', 'start', '--home', '/home'],
    env: [{ name: 'DAEMON_NAME', value: 'gaiad' }],
  },
  {
    what: 'a program by variable',
    words: ['$CHAIN_BIN', 'start', '--home', '"$CHAIN_DIR"'],
    script: true,
    env: [{ name: 'CHAIN_BIN', value: 'gaiad' }],
  },
  { what: 'a program that the script names', words: ['"${BIN:-gaiad}"', 'start', '--home=/home'], script: true },
]

/** How the node gets its list: words behind the program, and what is expected of the source. */
type List = {
  readonly what: string
  readonly words: readonly string[]
  readonly script?: boolean
  readonly before?: string
  readonly env?: readonly object[]
  readonly mounts?: readonly object[]
  /** The kubelet has to see the text: it does not look into files. */
  readonly kubelet?: boolean
  readonly source: string
  /** What is expected where no script stands before the program, if that is another thing. */
  readonly direct?: string
}

const fromMap = { name: 'PEERS', valueFrom: { configMapKeyRef: { name: 'lists', key: 'peers' } } }
const lists: readonly List[] = [
  { what: 'a flag with =', words: [`--p2p.persistent_peers=${list}`], source: 'literal' },
  { what: 'a flag and its value', words: ['--p2p.persistent-peers', list], source: 'literal' },
  {
    what: 'a variable by the kubelet',
    words: ['--p2p.persistent_peers=$(PEERS)'],
    env: [fromMap],
    kubelet: true,
    source: 'lists/peers env container',
  },
  {
    what: 'a variable by the shell',
    words: ['--p2p.persistent_peers', '"${PEERS}"'],
    script: true,
    env: [fromMap],
    source: 'lists/peers env process',
  },
  {
    what: 'a variable of the script',
    words: ['--p2p.persistent_peers="$P"'],
    script: true,
    before: 'P=$(echo "$PEERS" | tr -d "\\n")',
    env: [fromMap],
    source: 'lists/peers env process',
  },
  {
    what: 'arguments in a variable',
    words: ['$ARGS'],
    script: true,
    before: 'if [ -n "$PEERS" ]; then ARGS="--p2p.persistent_peers $PEERS"; fi',
    env: [fromMap],
    source: 'lists/peers env process',
  },
  {
    what: 'a file in a flag',
    words: ['--p2p.persistent_peers="$P"'],
    script: true,
    before: 'P=$(cat /lists/peers)',
    mounts: [{ name: 'lists', mountPath: '/lists' }],
    source: 'lists/peers directory process',
  },
  {
    what: 'composed of variables',
    words: ['--p2p.persistent_peers=$(ID1)@node1:26656,$(ID2)@node2:26656'],
    kubelet: true,
    env: [
      { name: 'ID1', value: ids[0] },
      { name: 'ID2', valueFrom: { configMapKeyRef: { name: 'lists', key: 'id2' } } },
    ],
    source: 'literal',
  },
  {
    what: 'a list of the script',
    words: [],
    script: true,
    before: `sed -i 's/persistent_peers = ""/persistent_peers = "${list}"/' /home/config/config.toml`,
    source: 'literal',
  },
  {
    what: 'a variable that a script edits into the file',
    words: [],
    script: true,
    before: 'sed -i "s/persistent_peers = \\"\\"/persistent_peers = \\"$PERSISTENT_PEERS\\"/" /home/config/config.toml',
    env: [{ ...fromMap, name: 'PERSISTENT_PEERS' }],
    source: 'lists/peers env process GAIAD_P2P_PERSISTENT_PEERS',
  },
  {
    what: 'a file',
    words: [],
    mounts: [{ name: 'config', mountPath: '/home/config' }],
    source: 'node/config.toml directory process',
    // Where nothing but the program makes a list of it, the node is given addresses in place of names.
    direct: 'node/config.toml directory process GAIAD_P2P_PERSISTENT_PEERS',
  },
]

/** What stands around a program. `command`: its words; `script`: a script's text. */
type Wrapper = {
  readonly what: string
  /** No variable of ours gets past it. */
  readonly clears?: boolean
  readonly command?: (words: readonly string[]) => string[]
  readonly script?: (text: string) => {
    command: string[]
    args?: string[]
    maps?: Record<string, Record<string, string>>
  }
}

const before = (...words: string[]) => ({
  what: words.join(' '),
  command: (program: readonly string[]) => [...words, ...program],
})
const wrappers: readonly Wrapper[] = [
  { what: 'nothing', command: words => [...words] },
  before('tini', '-g', '--'),
  before('dumb-init', '--rewrite', '15:2', '--'),
  before('gosu', '1000:1000'),
  before('nice', '-n', '10'),
  before('taskset', '-c', '0-3'),
  before('timeout', '-s', 'INT', '3600'),
  before('sudo', '-E', '-u', 'gaia'),
  { ...before('env', '-i', 'A=b'), clears: true },
  before('setpriv', '--reuid=1000', '--clear-groups'),
  before('catatonit', '--', 'chroot', '/root', 'su-exec', 'gaia'),
  { what: 'sh -c', script: text => ({ command: ['sh', '-c', text] }) },
  { what: 'sh -c in args', script: text => ({ command: ['/bin/bash', '-euo', 'pipefail', '-c'], args: [text] }) },
  { what: 'su -c', script: text => ({ command: ['su', 'gaia', '-c', text] }) },
  {
    what: 'exec after init',
    script: text => ({
      command: ['sh', '-ec', `[ -d /home/config ] || gaiad init x --home /home\ngaiad version\n${text}`],
    }),
  },
  { what: 'a retried node', script: text => ({ command: ['sh', '-c', `until {\n${text}\n}; do sleep 1; done`] }) },
  { what: 'a function', script: text => ({ command: ['sh', '-c', `main() {\n${text}\n}\nmain "$@"`, 'sh', 'x'] }) },
  {
    what: 'an arm of case',
    script: text => ({
      command: ['sh', '-c', `case "$1" in\nstart)\n${text}\n;;\n*) exec "$@";;\nesac`, 'sh', 'start'],
    }),
  },
  {
    what: 'a mounted script',
    script: text => ({
      command: ['/bin/bash', '/scripts/start.sh'],
      maps: { scripts: { 'start.sh': `#!/bin/bash\nset -e\n${text}\n` } },
    }),
  },
  {
    what: 'a mounted script that sources another',
    script: text => ({
      command: ['tini', '--', '/scripts/run'],
      maps: { scripts: { run: '#!/bin/sh\n. /scripts/node.sh\n', 'node.sh': text } },
    }),
  },
]

const volumes = [
  { name: 'config', configMap: { name: 'node' } },
  { name: 'lists', configMap: { name: 'lists' } },
  { name: 'scripts', configMap: { name: 'scripts' } },
]

function sourceOf(wrapper: Wrapper, program: Program, form: List): string {
  const words = [...program.words, ...form.words]
  const made = wrapper.script?.([form.before, words.join(' ')].filter(Boolean).join('\n'))
  const { maps = {}, ...command } = made ?? { command: wrapper.command?.(words) ?? [] }
  const decision = injected(
    decide(
      input({
        pod: { volumes },
        container: {
          ...command,
          image: 'registry.example.com/x',
          env: [{ name: 'CHAIN_DIR', value: '/home' }, ...(program.env ?? []), ...(form.env ?? [])],
          volumeMounts: [{ name: 'scripts', mountPath: '/scripts' }, ...(form.mounts ?? [])],
        },
        maps: { node: { 'config.toml': toml() }, lists: { peers: `${list}\n`, id2: ids[1] }, scripts: {}, ...maps },
      }),
    ),
  )
  t.equal(decision.plan.profile, 'cometbft')
  const [source] = decision.plan.sources
  if (source === undefined || source.kind === 'Literal')
    return source === undefined ? 'none' : `literal${decision.peers === 2 ? '' : ` ${decision.peers}`}`
  return [`${source.name}/${source.key}`, source.via, source.level, source.override].filter(Boolean).join(' ')
}

let count = 0
for (const wrapper of wrappers) {
  t.test(wrapper.what, t => {
    for (const program of programs.filter(({ script }) => !script || wrapper.script)) {
      for (const form of lists.filter(
        ({ script, kubelet }) => (!script || wrapper.script) && !(kubelet && wrapper.what.startsWith('a mounted')),
      )) {
        count += 1
        const wanted = (wrapper.script || wrapper.clears ? undefined : form.direct) ?? form.source
        t.equal(sourceOf(wrapper, program, form), wanted, `${program.what}; ${form.what}`)
      }
    }
    t.end()
  })
}
// A test of its own, since those above may have to wait for their turn.
t.test('all forms were tried', async t => {
  t.ok(count >= 120, `${count} command lines`)
})

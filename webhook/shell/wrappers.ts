// Programs that start another program: which of their words come first, so that the program can be found behind them.
// One row a program, from its manual page. Options are written as they are given; those in `valued` take the next word,
// unless it is joined to them.

export type Wrapper = {
  /** Options that take a value: letters for -x, names for --name. With no letters at all, names may have one dash. */
  readonly valued?: { readonly letters?: string; readonly names?: readonly string[] }
  /** Words before the program that are neither options nor the program: a user, a time, a mask. */
  readonly operands?: number
  /** The letter of an option that says what an operand would: runuser -u USER. */
  readonly inPlaceOfOperand?: string
  /** NAME=value words may stand before the program. */
  readonly assignments?: boolean
  /** With one of these options nothing is started: `command -v`. */
  readonly starts?: { readonly not: string }
  /** An option whose value is a script for a shell: su -c. */
  readonly script?: { readonly letter: string; readonly name: string }
  /** A subcommand that has to stand first: `chamber exec`. */
  readonly subcommand?: string
  /**
   * The program gets none of the variables around it: `unless` one of these options is given, or only `with` one of
   * them. Options as they are written, letters also among others (-iu), names also with a value (--preserve-env=A).
   */
  readonly clears?: { readonly unless: readonly string[] } | { readonly with: readonly string[] }
}

const plain: Wrapper = {}

export const wrappers: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  // Init processes.
  ['tini', { valued: { letters: 'pe' } }],
  ['tini-static', { valued: { letters: 'pe' } }],
  ['docker-init', { valued: { letters: 'pe' } }],
  ['dumb-init', { valued: { letters: 'r', names: ['rewrite'] } }],
  ['catatonit', plain],
  ['pid1', plain],
  ['my_init', plain],
  ['with-contenv', plain],
  ['init', plain],
  // Users.
  ['gosu', { operands: 1 }],
  ['su-exec', { operands: 1 }],
  ['setuser', { operands: 1 }],
  ['s6-setuidgid', { operands: 1 }],
  ['s6-applyuidgid', { valued: { letters: 'ugG' } }],
  ['s6-envdir', { valued: { letters: 'L' }, operands: 1 }],
  ['s6-softlimit', { valued: { letters: 'amdslfopcrt' } }],
  ['s6-notifyoncheck', { valued: { letters: '3stTwn' } }],
  ['envdir', { operands: 1 }],
  ['setuidgid', { operands: 1 }],
  ['envuidgid', { operands: 1 }],
  ['chpst', { valued: { letters: 'uUbe/nlLmdofprctC' } }],
  ['softlimit', { valued: { letters: 'amdslfopcrt' } }],
  [
    'setpriv',
    {
      valued: {
        names: [
          'reuid',
          'regid',
          'ruid',
          'euid',
          'rgid',
          'egid',
          'groups',
          'inh-caps',
          'ambient-caps',
          'bounding-set',
          'securebits',
          'pdeathsig',
          'selinux-label',
          'apparmor-profile',
          'landlock-access',
          'landlock-rule',
          'seccomp-filter',
          'ptracer',
        ],
      },
      clears: { with: ['--reset-env'] },
    },
  ],
  ['capsh', plain],
  [
    'sudo',
    {
      valued: {
        letters: 'ughpCrtTURD',
        names: [
          'user',
          'group',
          'host',
          'prompt',
          'close-from',
          'role',
          'type',
          'command-timeout',
          'other-user',
          'chroot',
          'chdir',
        ],
      },
      assignments: true,
      clears: { unless: ['-E', '--preserve-env'] },
    },
  ],
  ['doas', { valued: { letters: 'uC' }, clears: { unless: [] } }],
  [
    'su',
    {
      valued: { letters: 'sgGw', names: ['shell', 'group', 'supp-group', 'whitelist-environment'] },
      operands: 1,
      script: { letter: 'c', name: 'command' },
      clears: { with: ['-', '-l', '--login'] },
    },
  ],
  [
    'runuser',
    {
      valued: { letters: 'usgGw', names: ['user', 'shell', 'group', 'supp-group', 'whitelist-environment'] },
      operands: 1,
      inPlaceOfOperand: 'u',
      script: { letter: 'c', name: 'command' },
      clears: { with: ['-', '-l', '--login'] },
    },
  ],
  // Scheduling and limits.
  ['nice', { valued: { letters: 'n', names: ['adjustment'] } }],
  ['ionice', { valued: { letters: 'cnpPu', names: ['class', 'classdata'] } }],
  ['chrt', { valued: { letters: 'TPD', names: ['sched-runtime', 'sched-period', 'sched-deadline'] }, operands: 1 }],
  ['taskset', { operands: 1 }],
  [
    'numactl',
    { valued: { letters: 'CNmipPwl', names: ['physcpubind', 'cpunodebind', 'membind', 'interleave', 'preferred'] } },
  ],
  ['prlimit', plain],
  ['timeout', { valued: { letters: 'sk', names: ['signal', 'kill-after'] }, operands: 1 }],
  ['cpulimit', { valued: { letters: 'l', names: ['limit'] } }],
  // Surroundings.
  [
    'env',
    {
      valued: { letters: 'uC', names: ['unset', 'chdir'] },
      assignments: true,
      clears: { with: ['-', '-i', '--ignore-environment'] },
    },
  ],
  ['chroot', { valued: { names: ['userspec', 'groups'] }, operands: 1 }],
  ['unshare', { valued: { letters: 'SGRw', names: ['setuid', 'setgid', 'root', 'wd'] } }],
  ['nsenter', { valued: { letters: 'tSG', names: ['target', 'setuid', 'setgid'] } }],
  ['setsid', plain],
  ['setarch', plain],
  ['stdbuf', { valued: { letters: 'ioe', names: ['input', 'output', 'error'] } }],
  ['unbuffer', plain],
  ['nohup', plain],
  ['time', { valued: { letters: 'fo', names: ['format', 'output'] } }],
  ['exec', { valued: { letters: 'a' } }],
  ['command', { starts: { not: 'vV' } }],
  ['builtin', plain],
  [
    'flock',
    {
      valued: { letters: 'wE', names: ['timeout', 'wait', 'conflict-exit-code'] },
      operands: 1,
      script: { letter: 'c', name: 'command' },
    },
  ],
  ['catchsegv', plain],
  ['eatmydata', plain],
  ['strace', { valued: { letters: 'aeEIopPsSuUX' } }],
  ['busybox', plain],
  ['toybox', plain],
  // Secrets and waiting.
  ['vault-env', plain],
  ['envconsul', { valued: { letters: '', names: ['config', 'prefix', 'secret'] } }],
  ['chamber', { subcommand: 'exec', operands: 1 }],
  ['doppler', { subcommand: 'run', valued: { letters: 'pc', names: ['project', 'config', 'token'] } }],
  [
    'dockerize',
    { valued: { names: ['wait', 'timeout', 'template', 'stdout', 'stderr', 'wait-retry-interval'], letters: '' } },
  ],
  ['wait-for-it.sh', { valued: { letters: 'hpt', names: ['host', 'port', 'timeout'] }, operands: 1 }],
  ['wait-for-it', { valued: { letters: 'hpt', names: ['host', 'port', 'timeout'] }, operands: 1 }],
  ['wait-for', { valued: { letters: 't', names: ['timeout'] }, operands: 1 }],
])

/** What a wrapper's words say: where its program begins, a script in its place, or that it starts nothing. */
export type Unwrapped =
  | { readonly kind: 'program'; readonly at: number }
  | { readonly kind: 'script'; readonly at: number; readonly joined: string | undefined; readonly rest: number }
  | { readonly kind: 'nothing' }

/** Finds the program behind a wrapper, whose name is the first of `texts`. */
export function unwrapped(wrapper: Wrapper, texts: readonly string[]): Unwrapped {
  let at = 1
  if (wrapper.subcommand !== undefined) {
    if (texts[at] !== wrapper.subcommand) return { kind: 'nothing' }
    at += 1
  }
  let operands = wrapper.operands ?? 0
  for (; at < texts.length; at += 1) {
    const text = texts[at] ?? ''
    if (text === '--') {
      at += 1
      break
    }
    if (isOption(text)) {
      const option = optionOf(wrapper, text)
      if (option === 'none') return { kind: 'nothing' }
      if (option === 'script') return scriptOf(texts, at)
      if (option === 'valued') at += 1
      if (text.charAt(1) === wrapper.inPlaceOfOperand) operands = 0
    } else if (text === '-' || (wrapper.assignments && /^[A-Za-z_]\w*=/.test(text))) continue
    else if (operands > 0) operands -= 1
    else return { kind: 'program', at }
  }
  // Operands may stand behind the --, as in `chroot -- /root program`.
  at += texts[at - 1] === '--' ? operands : 0
  while (wrapper.assignments && /^[A-Za-z_]\w*=/.test(texts[at] ?? '')) at += 1
  return at < texts.length ? { kind: 'program', at } : { kind: 'nothing' }
}

/** Whether a program behind these words of a wrapper is without the variables around it. */
export function clearsEnvironment({ clears }: Wrapper, words: readonly string[]): boolean {
  if (clears === undefined) return false
  const has = (option: string) =>
    words.some(
      word =>
        word === option ||
        word.startsWith(`${option}=`) ||
        (/^-[A-Za-z]$/.test(option) && hasLetter(word, option.charAt(1))),
    )
  return 'with' in clears ? clears.with.some(has) : !clears.unless.some(has)
}

function hasLetter(word: string, letter: string): boolean {
  return /^-[A-Za-z]+$/.test(word) && word.includes(letter)
}

function isOption(text: string): boolean {
  return text.length > 1 && text.startsWith('-')
}

function scriptOf(texts: readonly string[], option: number): Unwrapped {
  const joined = /^--\w[\w-]*=([\s\S]*)$/.exec(texts[option] ?? '')?.[1]
  return { kind: 'script', at: joined === undefined ? option + 1 : option, joined, rest: option + 2 }
}

function optionOf(wrapper: Wrapper, text: string): 'plain' | 'valued' | 'script' | 'none' {
  if (!isOption(text)) return 'plain'
  if (text.startsWith('--')) {
    const [name = '', value] = text.slice(2).split('=', 2)
    if (name === wrapper.script?.name) return 'script'
    return value === undefined && wrapper.valued?.names?.includes(name) ? 'valued' : 'plain'
  }
  // -wait of programs that write long options with one dash.
  if (value(text) === undefined && wrapper.valued?.names?.includes(text.slice(1)) && wrapper.valued.letters === '')
    return 'valued'
  for (let at = 1; at < text.length; at += 1) {
    const letter = text.charAt(at)
    if (wrapper.starts?.not.includes(letter)) return 'none'
    if (letter === wrapper.script?.letter) return 'script'
    // The rest of the word is the value, where there is a rest.
    if (wrapper.valued?.letters?.includes(letter)) return at === text.length - 1 ? 'valued' : 'plain'
  }
  return 'plain'
}

function value(text: string): string | undefined {
  const at = text.indexOf('=')
  return at < 0 ? undefined : text.slice(at + 1)
}

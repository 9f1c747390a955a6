// What beside.ts takes from Linux: who may signal whom in a PID namespace that the containers of a pod share, without a
// capability. Real processes, with the users and the empty capability sets that containers of a restricted pod have.
import { execFileSync, spawnSync } from 'node:child_process'
import t from 'tap'

const possible = (() => {
  try {
    execFileSync(
      'unshare',
      ['--pid', '--fork', '--mount-proc', 'setpriv', '--reuid=1000', '--bounding-set=-all', 'true'],
      {
        stdio: 'ignore',
      },
    )
    return true
  } catch {
    return false
  }
})()

const as = (uid: number) =>
  `setpriv --reuid=${uid} --regid=${uid} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs`

/**
 * Runs a script as the first process of a PID namespace, beside a target of a user; $target is its PID. Returns the
 * words that it prints.
 */
function beside(uid: number, script: string): string[] {
  const program = `${as(uid)} sleep 1000 & target=$!
    until grep -q sleep /proc/$target/comm; do :; done
    answer() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }
    ${script}
    kill -KILL $target 2>/dev/null; wait`
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', program],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  )
  if (stderr && !stdout) throw new Error(stderr)
  return stdout.trim().split('\n')
}

t.test('in one PID namespace', { skip: possible ? false : 'needs root, unshare and setpriv' }, async t => {
  const rows: readonly [what: string, target: number, sender: number, expected: string][] = [
    ['the same user', 1000, 1000, 'yes'],
    ['another user', 1000, 65_532, 'no'],
    ['root without CAP_KILL, to another user', 1000, 0, 'no'],
    ['root without CAP_KILL, to root', 0, 0, 'yes'],
    ['another user, to root', 0, 1000, 'no'],
  ]
  for (const [what, target, sender, expected] of rows) {
    const kill = (name: string) => `answer ${as(sender)} kill -${name} $target`
    t.strictSame(
      beside(target, `${kill('0')}\n${kill('TERM')}`),
      [expected, expected],
      `${what}: signal 0 tells what TERM will do`,
    )
  }
  const files = (sender: number) =>
    ['stat', 'cmdline', 'cgroup', 'comm', 'environ']
      .map(file => `answer ${as(sender)} cat /proc/$target/${file}`)
      .join('\n')
  t.strictSame(
    beside(1000, files(65_532)),
    ['yes', 'yes', 'yes', 'yes', 'no'],
    'what tells processes apart anybody may read, the environment not',
  )
})

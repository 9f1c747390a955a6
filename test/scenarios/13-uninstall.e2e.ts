// Uninstall by the README, line by line: nothing is left but the running sidecars, and those go with the next rollout.
// The same looks before are the control: they find repeer while it is there.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeChain } from '../testbed/chain.ts'
import { apply, install } from '../testbed/install.ts'
import { allRun, namespaceFor, openRpc } from '../testbed/scenario.ts'
import { traces } from '../testbed/traces.ts'
import { containerStatus, getPod, isInjected, page, until } from '../testbed/watch.ts'

const root = join(import.meta.dirname, '..', '..')

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The commands of the README's first block under "Uninstall", for this namespace instead of `chain`. */
function readmeCommands(namespace: string): string[] {
  const block = /^## Uninstall\n+```sh\n(.*?)```/ms.exec(readme)?.[1] ?? ''
  const lines = block.split('\n').map(line => line.replace(/#.*/, '').trim())
  return lines.filter(line => line !== '').map(line => inNamespace(line, namespace))
}

/** The loop of the README's step 4, to which "Uninstall" refers: one StatefulSet after the other. */
function readmeLoop(namespace: string): string {
  const [loop = ''] = /^ *for set in .*?^ *done$/ms.exec(readme) ?? []
  return inNamespace(loop, namespace)
}

function inNamespace(command: string, namespace: string): string {
  return command.replace(/(?<=namespace |-n )chain\b/g, namespace)
}

/** What is gone already, by a line before, is no failure. */
function run(command: string): void {
  const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: root, encoding: 'utf8' })
  const complaints = stderr
    .split('\n')
    .filter(line => line !== '' && !/^(Error from server \(NotFound\)|Warning):/.test(line))
  if (status !== 0 && complaints.length > 0) throw new Error(`${command}: ${complaints.join('; ')}`)
}

t.test('nothing is left', async t => {
  install()
  const ns = await namespaceFor(t, 'uninstall')
  apply(makeChain({ namespace: ns, validators: 2, config: openRpc }).objects)
  await until('all pods run', 90, () => allRun(ns, [0, 1]))
  const injected = async () => isInjected(await getPod(ns, 'node0-0'))
  const sidecar = async () => containerStatus(await getPod(ns, 'node0-0'), 'repeer')
  t.ok(await injected(), 'injected while repeer is there')
  const before = traces()
  for (const kind of [
    'Deployment',
    'Namespace',
    'MutatingWebhookConfiguration',
    'Secret',
    'ClusterRole',
    'ServiceAccount',
  ]) {
    t.ok(
      before.some(line => line.startsWith(`${kind} `)),
      `found a ${kind}`,
    )
  }
  const commands = readmeCommands(ns)
  t.equal(commands.length, 3)
  const loop = readmeLoop(ns)
  t.match(loop, 'rollout restart')

  const { uid } = (await getPod(ns, 'node0-0')).metadata
  const restarts = (await sidecar())?.restartCount
  for (const command of commands) run(command)
  // kubectl does not wait for what it deletes where one of the objects is gone already.
  await until('repeer-system is gone', 60, () => !traces().some(line => line.startsWith('Namespace ')))
  t.strictSame(traces(), [])
  t.equal((await getPod(ns, 'node0-0')).metadata.uid, uid, 'the pod runs on')
  t.match(await sidecar(), { restartCount: restarts, ready: true }, 'its sidecar, too')
  t.ok(await page(ns, 0), 'which answers')

  run(loop)
  const isNext = async () => {
    const pod = await getPod(ns, 'node0-0')
    return pod.metadata.uid !== uid && pod.status.phase === 'Running'
  }
  await until('the next pod', 60, isNext)
  t.notOk(await injected(), 'gone after the next rollout')
})

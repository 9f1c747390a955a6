// The leader is killed between two turns; the pages cannot be read; the controller is away altogether. Nobody restarts
// without a turn, nobody twice.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { install, kubectl } from '../testbed/install.ts'
import {
  editLists,
  hasPeer,
  type Mesh,
  newcomer,
  runningMesh,
  validators,
  watchMesh,
  withoutNewcomer,
} from '../testbed/mesh.ts'
import { impatient, namespaceFor, nudge, settled } from '../testbed/scenario.ts'
import { never, page, until } from '../testbed/watch.ts'

const controller = ['-n', 'repeer-system', 'deployment/repeer-controller'] as const
const [inSystem, system, deployment] = controller

const skip =
  process.env.E2E_CLUSTER === 'kubeconfig' &&
  "it kills processes and blocks connections, on this machine's own cluster only"
t.test('the controller is away, or cannot see', { skip }, async t => {
  install()
  const ns = await namespaceFor(t, 'away')
  const mesh = await runningMesh(ns, { annotations: impatient({ 'repeer.dev/strategy': 'wrap' }) })
  await settled(ns, [...validators])
  const counts = () => Promise.all(validators.map(async index => (await page(ns, index))?.restarts.length ?? 0))
  const since = async (before: readonly number[]) =>
    (await counts()).map((count, index) => count - (before[index] ?? 0))
  // What is left of an earlier part must not be taken for its work.
  t.teardown(() => install())

  await t.test('the leader is killed between two turns: its successor goes on and repeats nothing', async t => {
    const before = await counts()
    const watch = await watchMesh(mesh)
    await editLists(mesh, validators, [...validators, newcomer])
    await until('a first node is restarted', 60, async () => (await since(before)).includes(1))
    const killed = leader()
    const pid = controllers().find(controller => controller.pod === killed.split('_')[0])?.pid
    if (pid === undefined) throw new Error(`no process of the leader ${killed}`)
    process.kill(pid, 'SIGKILL')
    const done = (await since(before)).filter(count => count > 0).length
    const next = await until('another leads', 30, () => leader() !== killed)
    t.comment(`killed after ${done} of 4 restarts; another led ${next.seconds.toFixed(1)} s later`)
    t.ok(next.seconds <= 15, 'within 15 s')
    await allHaveIt(mesh, 90)
    await watch.stop()
    t.strictSame(await since(before), [1, 1, 1, 1], 'each restarted once')
    t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
  })

  await t.test('without a controller nobody restarts, however long; with its return they do', async t => {
    await withoutNewcomer(mesh, validators)
    kubectl(inSystem, system, 'scale', deployment, '--replicas=0')
    await until('no controller', 60, () => controllers().length === 0)
    const before = await counts()
    await editLists(mesh, validators, [...validators, newcomer])
    // Otherwise the kubelet takes a minute or so: nobody tells it to hurry.
    for (const index of validators) await nudge(ns, `node${index}-0`)
    await until('node0 knows of the edit', 150, async () => (await page(ns, 0))?.peers.length === 4)
    t.ok(await never(30, async () => (await since(before)).some(count => count > 0)), 'nothing is restarted')
    t.match((await page(ns, 0))?.reason, /waiting-for-kubelet|awaiting-turn/, 'and the page says so')
    install()
    await allHaveIt(mesh, 120)
    t.strictSame(await since(before), [1, 1, 1, 1], 'each restarted once')
  })

  await t.test('pages that cannot be read are paced by the status of their pods', async t => {
    await withoutNewcomer(mesh, validators)
    const args = [{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--turn-times=blindSeconds=10' }]
    kubectl(inSystem, system, 'patch', deployment, '--type=json', '-p', JSON.stringify(args))
    kubectl(inSystem, system, 'rollout', 'status', deployment, '--timeout=90s')
    await until('the old replicas are gone', 60, () => controllers().length === 2)
    for (const { pid } of controllers()) blockPages(pid)
    const before = await counts()
    const watch = await watchMesh(mesh)
    await editLists(mesh, validators, [...validators, newcomer])
    await allHaveIt(mesh, 240)
    await watch.stop()
    t.strictSame(await since(before), [1, 1, 1, 1], 'each restarted once')
    t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
  })
})

function leader(): string {
  return kubectl(inSystem, system, 'get', 'lease', 'repeer-controller', '-o', 'jsonpath={.spec.holderIdentity}')
}

async function allHaveIt(mesh: Mesh, seconds: number): Promise<void> {
  for (const index of validators)
    await until(`node${index} has the new peer`, seconds, () => hasPeer(mesh, index, newcomer))
  await settled(mesh.namespace, [...validators])
}

/** The controllers' processes, as this machine sees them. */
function controllers(): { pid: number; pod: string }[] {
  const read = (pid: number, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0 && /repeer\.js\0controller/.test(read(pid, 'cmdline')))
    .map(pid => ({ pid, pod: /(?:^|\0)POD_NAME=([^\0]*)/.exec(read(pid, 'environ'))?.[1] ?? '' }))
}

/**
 * Drops what the controller sends to status pages, in its own network namespace: the test bed enforces no
 * NetworkPolicy.
 */
function blockPages(pid: number): void {
  const nft = (...args: string[]) => execFileSync('nsenter', ['-t', String(pid), '-n', 'nft', ...args])
  nft('add', 'table', 'inet', 'blocked')
  nft('add', 'chain', 'inet', 'blocked', 'output', '{ type filter hook output priority 0; }')
  nft('add', 'rule', 'inet', 'blocked', 'output', 'tcp', 'dport', '9469', 'drop')
}

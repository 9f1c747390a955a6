// The leader is killed between two turns; the pages cannot be read; the controller is away altogether. Nobody restarts without a turn, nobody twice.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { install, kubectl } from '../install.ts'
import { editLists, hasPeer, type Mesh, newcomer, runningMesh, validators, watchMesh } from '../mesh.ts'
import { impatient, namespaceFor, settled } from '../scenario.ts'
import { never, page, until } from '../watch.ts'

const deployment = ['-n', 'repeer-system', 'deployment', 'repeer-controller'] as const
const leader = () =>
  kubectl('-n', 'repeer-system', 'get', 'lease', 'repeer-controller', '-o', 'jsonpath={.spec.holderIdentity}').split('_')[0] ?? ''

async function meshFor(t: Test, name: string): Promise<Mesh> {
  install()
  const ns = namespaceFor(t, name)
  const mesh = await runningMesh(ns, { annotations: impatient({ 'repeer.dev/strategy': 'wrap' }) })
  await settled(ns, [...validators])
  return mesh
}

async function restarts(mesh: Mesh): Promise<number[]> {
  return Promise.all(validators.map(async index => (await page(mesh.namespace, index))?.restarts.length ?? 0))
}

async function allHaveIt(mesh: Mesh, seconds: number): Promise<void> {
  for (const index of validators) await until(`node${index} has the new peer`, seconds, () => hasPeer(mesh, index, newcomer))
  await settled(mesh.namespace, [...validators])
}

t.test('the leader is killed between two turns: its successor goes on and repeats nothing', async t => {
  const mesh = await meshFor(t, 'leader')
  const before = await restarts(mesh)
  const watch = await watchMesh(mesh)
  editLists(mesh, validators, [...validators, newcomer])
  await until('a first node is restarted', 60, async () => (await restarts(mesh)).some((count, index) => count > (before[index] ?? 0)))
  const killed = leader()
  kubectl('-n', 'repeer-system', 'delete', 'pod', killed, '--grace-period=0', '--force')
  const done = (await restarts(mesh)).filter((count, index) => count > (before[index] ?? 0)).length
  const next = await until('another leads', 30, () => leader() !== killed)
  t.comment(`killed after ${done} of 4 restarts; another led ${next.seconds.toFixed(1)} s later`)
  t.ok(next.seconds <= 15, 'within 15 s')
  await allHaveIt(mesh, 90)
  await watch.stop()
  t.strictSame(
    (await restarts(mesh)).map((count, index) => count - (before[index] ?? 0)),
    [1, 1, 1, 1],
    'each restarted once',
  )
  t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
})

t.test('pages that cannot be read are paced by the status of their pods', async t => {
  const mesh = await meshFor(t, 'blocked')
  const args = JSON.stringify([{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--turn-times=blindSeconds=10' }])
  kubectl(...deployment.slice(0, 2), 'patch', ...deployment.slice(2), '--type=json', '-p', args)
  t.teardown(() => install())
  kubectl('-n', 'repeer-system', 'rollout', 'status', 'deployment', 'repeer-controller', '--timeout=90s')
  await until('the old replicas are gone', 60, () => controllers().length === 2)
  for (const pid of controllers()) blockPages(pid)
  const before = await restarts(mesh)
  const watch = await watchMesh(mesh)
  editLists(mesh, validators, [...validators, newcomer])
  await allHaveIt(mesh, 240)
  await watch.stop()
  t.strictSame(
    (await restarts(mesh)).map((count, index) => count - (before[index] ?? 0)),
    [1, 1, 1, 1],
    'each restarted once',
  )
  t.ok(watch.mostDown() <= 1, `at most one was down at a time (${watch.mostDown()})`)
})

t.test('without a controller nobody restarts, however long; with its return they do', async t => {
  const mesh = await meshFor(t, 'outage')
  const before = await restarts(mesh)
  kubectl(...deployment.slice(0, 2), 'scale', ...deployment.slice(2), '--replicas=0')
  t.teardown(() => install())
  await until('no controller', 60, () => controllers().length === 0)
  editLists(mesh, validators, [...validators, newcomer])
  // The kubelet refreshes the files after a minute or so: nobody tells it to hurry.
  await until('node0 knows of the edit', 150, async () => (await page(mesh.namespace, 0))?.peers.length === 4)
  const more = async () => (await restarts(mesh)).some((count, index) => count > (before[index] ?? 0))
  t.ok(await never(30, more), 'nothing is restarted')
  t.match((await page(mesh.namespace, 0))?.reason, /waiting-for-kubelet|awaiting-turn/, 'and the page says so')
  install()
  await allHaveIt(mesh, 120)
  t.strictSame(
    (await restarts(mesh)).map((count, index) => count - (before[index] ?? 0)),
    [1, 1, 1, 1],
  )
})

/** Process IDs of the controllers, as this machine sees them. */
function controllers(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return /repeer\.js\0controller/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      } catch {
        return false
      }
    })
}

/** Drops what the controller sends to status pages, in its own network namespace: the test bed enforces no NetworkPolicy. */
function blockPages(pid: number): void {
  const nft = (...args: string[]) => execFileSync('nsenter', ['-t', String(pid), '-n', 'nft', ...args])
  nft('add', 'table', 'inet', 'blocked')
  nft('add', 'chain', 'inet', 'blocked', 'output', '{ type filter hook output priority 0; }')
  nft('add', 'rule', 'inet', 'blocked', 'output', 'tcp', 'dport', '9469', 'drop')
}

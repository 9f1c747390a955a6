// The stand-in kubelet with real processes: order, back-off, swaps, restarts of all containers, deletion.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Container, V1Volume } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { kubeletBackOff, nextBackOff } from '../../demo/container-run.ts'
import { type Kubelet, startKubelet } from '../../demo/kubelet.ts'
import { marked } from '../../demo/processes.ts'
import { untilAnswered } from '../fixtures/until.ts'

const kill = (pid: number, signal: NodeJS.Signals) => process.kill(pid, signal)

function kubelet(t: Test, events: string[] = []): Kubelet {
  let last = 0
  const made = startKubelet({
    directory: t.testdir({}),
    image: () => ({ entrypoint: [], env: { PATH: '/usr/bin:/bin' }, files: {} }),
    nextIp: () => `127.88.0.${++last}`,
    kill,
    backOff: { firstMs: 60, mostMs: 500, resetMs: 600_000 },
    on: (what, pod, container) => events.push(`${what} ${pod}/${container.name}`),
  })
  t.teardown(() => made.close(500))
  return made
}

const sh = (name: string, script: string, more: Partial<V1Container> = {}): V1Container => ({
  name,
  command: ['sh', '-c', script],
  ...more,
})
const data = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
const pod = (
  initContainers: V1Container[],
  containers: V1Container[],
  volumes: V1Volume[] = [],
  restartPolicy = 'Always',
) => ({
  metadata: { name: 'p', annotations: { note: 'old' } },
  spec: {
    initContainers,
    containers,
    volumes: [{ name: 'data', emptyDir: {} }, ...volumes],
    restartPolicy,
    terminationGracePeriodSeconds: 1,
  },
})

t.test('init containers run in order, a native sidecar runs on beside the containers', async t => {
  const events: string[] = []
  const made = kubelet(t, events)
  const running = await made.create(
    pod(
      [
        sh('one', 'sleep 0.1; echo one >> /data/order', data),
        sh('side', 'echo side >> /data/order; exec sleep 60', { ...data, restartPolicy: 'Always' }),
        sh('two', 'echo two >> /data/order', data),
      ],
      [sh('main', 'echo main >> /data/order; exec sleep 60', data)],
    ),
  )
  const order = await untilAnswered('four lines', async () => {
    const text = await readFile(join(running.volume('data'), 'order'), 'utf8')
    return text.split('\n').length > 4 ? text : undefined
  })
  const lines = order.trim().split('\n')
  t.equal(lines[0], 'one')
  t.ok(lines.indexOf('main') > lines.indexOf('two'), order)
  // A native sidecar is waited for until it runs, not until it has done something.
  t.ok(lines.includes('side'))
  t.strictSame(
    events.filter(event => event.startsWith('started')),
    ['started p/one', 'started p/side', 'started p/two', 'started p/main'],
  )
  t.match(Object.fromEntries(running.containers().map(container => [container.name, container.state])), {
    one: 'ended',
    side: 'running',
    main: 'running',
  })
})

t.test(
  'a crashing container is started again with back-off; a directory mount is swapped, a subPath stays until the restart',
  async t => {
    const made = kubelet(t)
    await made.setConfigMap('c', { list: 'old' })
    const mounts = {
      volumeMounts: [
        ...data.volumeMounts,
        { name: 'c', mountPath: '/c' },
        { name: 'c', mountPath: '/home/list', subPath: 'list' },
      ],
    }
    const running = await made.create(
      pod(
        [],
        [
          sh(
            'main',
            'cat /home/list >> /data/seen; echo >> /data/seen; while [ ! -e /data/stop ]; do sleep 0.02; done; rm /data/stop; exit 3',
            mounts,
          ),
        ],
        [{ name: 'c', configMap: { name: 'c' } }],
      ),
    )
    const seen = () => readFile(join(running.volume('data'), 'seen'), 'utf8')
    await untilAnswered('first start', async () => (await seen()) === 'old\n')
    await made.setConfigMap('c', { list: 'new' })
    t.equal(await readFile(join(running.volume('c'), 'list'), 'utf8'), 'new', 'the directory has it at once')
    t.equal(await seen(), 'old\n')
    await writeFile(join(running.volume('data'), 'stop'), '')
    await untilAnswered('second start', async () => (await seen()) === 'old\nnew\n')
    t.match(running.containers()[0], { state: 'running', restarts: 1, exitCode: 3 })
    t.equal(running.uid, made.find('p')?.uid, 'the same pod')
  },
)

t.test("nextBackOff is the kubelet's", async t => {
  const waits: number[] = []
  for (let index = 0, last: number | undefined; index < 8; index++) {
    last = nextBackOff(last, 1000, kubeletBackOff)
    waits.push(last / 1000)
  }
  t.strictSame(waits, [0, 10, 20, 40, 80, 160, 300, 300])
  t.equal(nextBackOff(300_000, 600_000, kubeletBackOff), 0, 'forgotten after ten minutes')
})

t.test('restart policies', async t => {
  const made = kubelet(t)
  const running = await made.create(pod([], [sh('main', 'exit 4')], [], 'Never'))
  await untilAnswered('ended', async () => running.containers()[0]?.state === 'ended')
  t.match(running.containers()[0], { restarts: 0, exitCode: 4 })
})

t.test('annotations reach a downwardAPI volume at once', async t => {
  const made = kubelet(t)
  const volume = {
    name: 'a',
    downwardAPI: { items: [{ path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" } }] },
  }
  const running = await made.create(pod([], [sh('main', 'exec sleep 60')], [volume]))
  const note = () => readFile(join(running.volume('a'), 'note'), 'utf8')
  t.equal(await note(), 'old')
  await running.annotate({ note: 'new' })
  t.equal(await note(), 'new')
})

t.test('exit 88 under restartPolicyRules runs everything again, init containers too', async t => {
  const made = kubelet(t)
  const rules = {
    restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }],
  }
  const side = {
    ...sh('side', 'while [ ! -e /data/go ]; do sleep 0.02; done; rm /data/go; exit 88', {
      ...data,
      restartPolicy: 'Always',
    }),
    ...rules,
  }
  const running = await made.create(
    pod(
      [sh('init', 'echo init >> /data/log', data), side],
      [sh('main', 'echo main >> /data/log; exec sleep 60', data)],
    ),
  )
  const log = () => readFile(join(running.volume('data'), 'log'), 'utf8')
  await untilAnswered('first', async () => (await log()) === 'init\nmain\n')
  await writeFile(join(running.volume('data'), 'go'), '')
  await untilAnswered('second', async () => (await log()) === 'init\nmain\ninit\nmain\n')
})

t.test(
  'removing a pod leaves no process, not even one that ignores TERM in a session of its own; a new pod has another IP',
  async t => {
    const made = kubelet(t)
    const spec = pod(
      [],
      [
        sh(
          'main',
          'trap "" TERM; setsid sh -c "trap \\"\\" TERM; while :; do sleep 0.1; done" & while :; do sleep 0.1; done',
        ),
      ],
    )
    const running = await made.create(spec)
    await untilAnswered('both processes', async () => (await marked(running.uid, kill)).length >= 2)
    await made.remove('p')
    t.strictSame(await marked(running.uid, kill), [])
    const next = await made.create(spec)
    t.not(next.ip, running.ip)
    t.not(next.uid, running.uid)
  },
)

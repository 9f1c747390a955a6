import { spawn } from 'node:child_process'
import t from 'tap'
import {
  chooseNamed,
  chooseNode,
  containerKey,
  ownContainer,
  type Process,
  parseStat,
  readProcess,
  readProcesses,
} from '../../../sidecar/reach/processes.ts'
import { fakeProc, stat } from '../fixtures/proc.ts'

t.test('stat: names with anything in them, zombies, rubbish', async t => {
  t.strictSame(parseStat(stat({ pid: 7, ppid: 3, start: 4242, comm: 'a) S 1 (b c' })), {
    pid: 7,
    ppid: 3,
    startTicks: 4242,
    comm: 'a) S 1 (b c',
  })
  t.equal(parseStat(stat({ pid: 7, state: 'Z' })), undefined)
  t.equal(parseStat(stat({ pid: 7, state: 'X' })), undefined)
  t.ok(parseStat(stat({ pid: 7, state: 'Z', threads: 3 })), 'its other threads live')
  for (const text of ['', '7', '7 (x)', '(x) S 1', 'x (y) S 1 2 3', ') ( S']) t.equal(parseStat(text), undefined, text)
})

const [a, b, c] = ['a', 'b', 'c'].map(letter => letter.repeat(64)) as [string, string, string]

t.test('the container of a process, as the kernel shows it under each runtime', async t => {
  const forms = [
    `0::/kubepods/burstable/podd0/${a}`, // v2, cgroupfs
    `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${a}.scope`, // v2, systemd, containerd
    `0::/kubepods.slice/crio-${a}.scope/container`, // CRI-O, with a cgroup of the container's own below
    `0::/../${a}`, // v2 in a private cgroup namespace
    `0::/../cri-containerd-${a}.scope`,
    `12:memory:/kubepods/besteffort/pod2/${a}\n11:cpu,cpuacct:/kubepods/besteffort/pod2/${a}\n1:name=systemd:/kubepods/besteffort/pod2/${a}`, // v1
    `0::/docker/${b}/kubelet/kubepods/pod3/${a}`, // a node that is itself a container
  ]
  for (const form of forms) t.equal(containerKey(`${form}\n`), a, form)
  t.equal(containerKey('0::/\n'), '0::/')
  t.equal(containerKey('0::/system.slice/x.service\n'), '0::/system.slice/x.service')
  t.not(containerKey(`0::/${a}a`), a, '65 digits are no container ID')
})

const make = (pid: number, container: string, more: Partial<Process> = {}): Process => ({
  pid,
  ppid: 0,
  startTicks: pid,
  comm: 'x',
  program: 'x',
  container,
  ...more,
})
const [pause, kernel, mine] = [
  make(1, c, { comm: 'pause' }),
  make(2, '0::/', { comm: 'kthreadd' }),
  make(50, '/', { comm: 'node' }),
]

t.test('the node among the processes of its pod', async t => {
  const node = make(10, a, { comm: 'gaiad', program: '/usr/bin/gaiad' })
  const choose = (processes: Process[], names: string[] = ['gaiad']) =>
    chooseNode([pause, kernel, make(3, '0::/', { ppid: 2 }), mine, ...processes], '/', names)
  t.match(choose([node]), { main: { pid: 10 }, all: [{ pid: 10 }] })
  t.match(choose([node], []), { main: { pid: 10 } })
  t.match(choose([node], ['something-else']), { main: { pid: 10 } }, 'the only other container')
  t.match(choose([]), { hold: 'process-not-found', detail: /no process outside/ })

  const proxy = make(20, b, { comm: 'envoy' })
  t.match(choose([proxy, node]), { main: { pid: 10 } })
  t.match(choose([proxy, node], []), {
    hold: 'process-ambiguous',
    detail: /envoy \(PID 20\).*gaiad \(PID 10\)/,
    candidates: { length: 2 },
  })
  t.match(choose([proxy, node], ['other']), {
    hold: 'process-not-found',
    detail: /found envoy.*expected a process named other/,
  })
  t.match(choose([make(20, b, { comm: 'gaiad' }), node]), { hold: 'process-ambiguous' })
  t.match(
    choose(
      [proxy, make(10, a, { comm: 'interchain-secu', program: './interchain-security-pd' })],
      ['interchain-security-pd'],
    ),
    {
      main: { pid: 10 },
    },
  )
  t.match(choose([proxy, make(10, a, { comm: 'main', program: '/opt/gaiad' })]), { main: { pid: 10 } }, 'argv[0]')
})

t.test('the container beside the node: by its first process, never for want of another', async t => {
  const utils = make(20, b, { comm: 'nodeutils', program: '/nodeutils' })
  const node = make(10, a, { comm: 'sh', program: '/repeer/wrap/sh' })
  const choose = (...processes: Process[]) =>
    chooseNamed([pause, kernel, mine, ...processes], '/', ['nodeutils', 'node-utils'])
  t.match(choose(node, utils), { pid: 20 })
  t.match(choose(node, { ...utils, comm: 'cut-to-fifteen', program: './node-utils' }), { pid: 20 }, 'argv[0]')
  t.match(
    choose(node),
    { hold: 'process-not-found', detail: /begins with a process named nodeutils or node-utils/ },
    'not for want of another',
  )
  t.match(choose(node, utils, make(30, 'e', { comm: 'nodeutils' })), {
    hold: 'process-ambiguous',
    detail: /nodeutils \(PID 20\); nodeutils \(PID 30\)/,
  })
  t.match(
    choose(node, make(12, a, { ppid: 10, comm: 'nodeutils' })),
    { hold: 'process-not-found' },
    'a process of that name below another',
  )
  t.match(
    choose(utils, make(21, b, { ppid: 0, startTicks: 900, comm: 'nodeutils' })),
    { pid: 20 },
    'what kubectl exec started in it',
  )
  t.match(choose(node, { ...utils, container: '/' }), { hold: 'process-not-found' }, 'our own container')
})

t.test('all of the node, its first process first, without what kubectl exec started', async t => {
  const processes = [
    make(30, a, { ppid: 0, startTicks: 900, comm: 'bash' }), // exec
    make(31, a, { ppid: 30, startTicks: 901, comm: 'tail' }),
    make(40, a, { ppid: 0, startTicks: 100, comm: 'sh' }),
    make(41, a, { ppid: 40, startTicks: 110, comm: 'gaiad' }),
    make(42, a, { ppid: 1, startTicks: 120, comm: 'daemon' }), // its parent is gone
  ]
  const target = chooseNode([pause, mine, ...processes], '/', ['gaiad'])
  t.match(target, { main: { pid: 40 } })
  t.strictSame('all' in target && target.all.map(({ pid }) => pid), [40, 41, 42])
})

t.test('a /proc of files, and the real one', async t => {
  const procDir = fakeProc(t.testdir({ '77': {}, notes: 'x' }), '0::/\n', [
    { pid: 10, comm: 'gaiad', argv: ['/bin/gaiad', 'start'], cgroup: `0::/../${a}\n` },
    { pid: 11, comm: 'dead', state: 'Z', cgroup: `0::/../${a}\n` },
  ])
  t.strictSame(await readProcesses(procDir), [
    { pid: 10, ppid: 0, startTicks: 100, comm: 'gaiad', program: '/bin/gaiad', container: a },
  ])
  t.equal(await ownContainer(procDir), '0::/')

  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  const real = await readProcess('/proc', child.pid ?? 0)
  t.match(real, { pid: child.pid, ppid: process.pid, startTicks: Number })
  t.equal(real?.container, await ownContainer('/proc'))
  t.ok((await readProcesses('/proc')).some(({ pid }) => pid === child.pid))
  child.kill()
  await new Promise(resolve => child.once('exit', resolve))
  t.equal(await readProcess('/proc', child.pid ?? 0), undefined)
})

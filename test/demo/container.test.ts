// From container spec to process: $(NAME), env sources, path rewriting, the pod's own address.
import t from 'tap'
import { expand, type Image, processOf, rewritePaths } from '../../demo/container.ts'

const image: Image = {
  entrypoint: ['/bin/node', 'repeer'],
  env: { PATH: '/usr/bin' },
  files: { '/opt/repeer/wrap': '/host/wrap' },
}
const view = {
  pod: {},
  ip: '127.9.0.1',
  sources: {
    metadata: { name: 'node0', annotations: { a: 'x' } },
    configMap: (name: string) => (name === 'c' ? { LIST: 'l', 'config.toml': 'text' } : undefined),
    secret: () => undefined,
  },
}

t.test('rewritePaths: whole paths and what lies below them, the longest mount first', async t => {
  const paths = [
    ['/config', '/h/c'],
    ['/config/deep', '/h/d'],
    ['/repeer/wrap', '/h/w'],
  ] as const
  t.equal(rewritePaths('/config', paths), '/h/c')
  t.equal(rewritePaths('--home=/config/x.toml', paths), '--home=/h/c/x.toml')
  t.equal(rewritePaths('cat /config/deep/a /config/a', paths), 'cat /h/d/a /h/c/a')
  t.equal(rewritePaths('/repeer/wrap/sh /repeer/wrap/supervise', paths), '/h/w/sh /h/w/supervise')
  for (const other of ['/config.toml', '/config-2', '/etc/config', 'x/config', '/configs', './config'])
    t.equal(rewritePaths(other, paths), other)
  t.equal(rewritePaths('/config', []), '/config')
})

t.test('rewritePaths rewrites once: a host path that holds a mount path stays', async t => {
  t.equal(
    rewritePaths('/a /b', [
      ['/a', '/b/real'],
      ['/b', '/other'],
    ]),
    '/b/real /other',
  )
})

t.test('expand: unknown names stay, $$ is a dollar', async t => {
  t.equal(expand('$(A)-$(B)-$$(A)', { A: '1' }), '1-$(B)-$(A)')
})

t.test('processOf: command or entrypoint, env from its sources, the addresses of the pod', async t => {
  const container = {
    name: 'node',
    args: ['sidecar', '--listen', ':9469', '--home=/data', '$(IP)', 'tcp://0.0.0.0:26656', '/opt/repeer/wrap/sh'],
    env: [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'LADDR', value: 'tcp://$(IP):1' },
      { name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['a']" } } },
      { name: 'L', valueFrom: { configMapKeyRef: { name: 'c', key: 'LIST' } } },
      { name: 'O', valueFrom: { secretKeyRef: { name: 'none', key: 'LIST', optional: true } } },
    ],
    envFrom: [{ configMapRef: { name: 'c' }, prefix: 'P_' }],
  }
  const { argv, env } = processOf(
    container,
    view,
    { ...image, extraArgs: ip => ['--last', ip], around: argv => ['wrap', ...argv] },
    [['/data', '/h/data']],
  )
  t.strictSame(argv, [
    'wrap',
    '/bin/node',
    'repeer',
    'sidecar',
    '--listen',
    '127.9.0.1:9469',
    '--home=/h/data',
    '127.9.0.1',
    'tcp://127.9.0.1:26656',
    '/host/wrap/sh',
    '--last',
    '127.9.0.1',
  ])
  t.match(env, { PATH: '/usr/bin', IP: '127.9.0.1', LADDR: 'tcp://127.9.0.1:1', A: 'x', L: 'l', P_LIST: 'l' })
  t.notOk('O' in env)
})

t.test('processOf refuses what the kubelet refuses', async t => {
  const missing = { name: 'n', env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'nope' } } }] }
  t.throws(() => processOf(missing, view, image, []), /env X: found no key nope in c/)
  t.throws(
    () => processOf({ name: 'n', envFrom: [{ configMapRef: { name: 'none' } }] }, view, image, []),
    /envFrom: found no none/,
  )
})

import t from 'tap'
import { type ControllerOptions, controllerFlags, parseControllerOptions } from '../../controller/options.ts'
import { turnTimes } from '../../rollout/turns/turns.ts'

const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }

t.test('defaults', t => {
  const options = parseControllerOptions([], inCluster, 'host-1')
  t.strictSame(options, {
    listen: { host: '', port: 9470 },
    kubeconfig: undefined,
    namespace: 'repeer-system',
    identity: 'host-1',
    leaseName: 'repeer-controller',
    leaseTimes: { leaseSeconds: 10, renewSeconds: 7, retrySeconds: 2 },
    turnTimes,
    writesPerSecond: 50,
    pages: { busySeconds: 0.5, idleSeconds: 30, timeoutSeconds: 2, atOnce: 32 },
    clusterDomain: 'cluster.local',
    web: 'local',
    logLevel: 'info',
  } satisfies ControllerOptions)
  t.ok([options, options.listen, options.pages, options.leaseTimes].every(part => Object.isFrozen(part)))
  t.end()
})

t.test('every flag', t => {
  const args = [
    '--listen=[::1]:0',
    '--kubeconfig=/k',
    '--namespace=n',
    '--identity=i',
    '--lease-name=l.m',
    '--writes-per-second=0.5',
    '--busy-page-seconds=0.2',
    '--page-seconds=5',
    '--page-timeout-seconds=1',
    '--pages-at-once=4',
    '--cluster-domain=example.org',
    '--web=off',
    '--lease-times=leaseSeconds=2,renewSeconds=1.5,retrySeconds=0.3',
    '--turn-times=blindSeconds=10,unusedSeconds=5',
    '--log-level=debug',
  ]
  t.strictSame(parseControllerOptions(args, {}, 'host-1'), {
    listen: { host: '::1', port: 0 },
    kubeconfig: '/k',
    namespace: 'n',
    identity: 'i',
    leaseName: 'l.m',
    leaseTimes: { leaseSeconds: 2, renewSeconds: 1.5, retrySeconds: 0.3 },
    turnTimes: { ...turnTimes, blindSeconds: 10, unusedSeconds: 5 },
    writesPerSecond: 0.5,
    pages: { busySeconds: 0.2, idleSeconds: 5, timeoutSeconds: 1, atOnce: 4 },
    clusterDomain: 'example.org',
    web: 'off',
    logLevel: 'debug',
  } satisfies ControllerOptions)
  t.equal(args.length, Object.keys(controllerFlags).length, 'each flag is tried here')
  t.end()
})

t.test('the environment stands behind the flags', t => {
  const env = { KUBECONFIG: '/k', POD_NAMESPACE: 'n', POD_NAME: 'p' }
  t.match(parseControllerOptions([], env, 'h'), { kubeconfig: '/k', namespace: 'n', identity: 'p' })
  t.match(parseControllerOptions(['--kubeconfig=/l', '--namespace=m', '--identity=q'], env, 'h'), {
    kubeconfig: '/l',
    namespace: 'm',
    identity: 'q',
  })
  t.end()
})

t.test('every problem at once', t => {
  const args = [
    '--listen=x',
    '--namespace=A_B',
    '--identity=a b',
    '--lease-name=',
    '--writes-per-second=0',
    '--busy-page-seconds=soon',
    '--page-seconds=1e9',
    '--page-timeout-seconds=100',
    '--pages-at-once=1.5',
    '--cluster-domain=Cluster.local.',
    '--web=everybody',
    '--lease-times=toString=1',
    '--turn-times=blindSeconds=soon',
    '--log-level=loud',
  ]
  try {
    parseControllerOptions(args, {}, 'h')
    t.fail('expected an error')
  } catch (error) {
    const lines = (error as Error).message.split('\n')
    for (const name of Object.keys(controllerFlags))
      t.ok(
        lines.some(line => line.startsWith(`--${name}: found "`) || line.startsWith('--kubeconfig: ')),
        name,
      )
    t.equal(lines.length, Object.keys(controllerFlags).length + 1)
    t.match(lines, [/--listen: found "x", expected HOST:PORT/])
  }
  t.throws(() => parseControllerOptions(['--lease-times=renewSeconds=12'], inCluster, 'h'), {
    message: /expected renewSeconds below leaseSeconds/,
  })
  t.end()
})

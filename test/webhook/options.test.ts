import t from 'tap'
import { parseWebhookOptions, webhookFlags } from '../../webhook/options.ts'

const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
const image = '--image=repeer@sha256:0'

t.test('defaults', t => {
  const options = parseWebhookOptions([image], inCluster)
  t.strictSame(options, {
    listen: { host: '', port: 8443 },
    certDir: undefined,
    kubeconfig: undefined,
    image: 'repeer@sha256:0',
    turns: 'self',
    service: { name: 'repeer-webhook', namespace: 'repeer-system' },
    secretName: 'repeer-webhook-tls',
    webhookConfiguration: 'repeer',
    canRestartAll: 'auto',
    drainSeconds: 10,
    certificateTimes: {},
    logLevel: 'info',
    pod: undefined,
  })
  t.ok(Object.isFrozen(options) && Object.isFrozen(options.listen) && Object.isFrozen(options.service))
  t.end()
})

t.test('every flag', t => {
  const args = [
    '--listen=[::1]:0',
    '--image',
    'i',
    '--cert-dir=/tls',
    '--kubeconfig=/k',
    '--turns=controller',
    '--service-name=s',
    '--namespace=n',
  ]
  const more = [
    '--secret-name=t',
    '--webhook-configuration=c.d',
    '--can-restart-all=true',
    '--drain-seconds=0.5',
    '--certificate-times=lifetimeSeconds=60,intervalSeconds=0.5',
    '--log-level=debug',
  ]
  t.strictSame(parseWebhookOptions([...args, ...more], {}), {
    listen: { host: '::1', port: 0 },
    certDir: '/tls',
    kubeconfig: '/k',
    image: 'i',
    turns: 'controller',
    service: { name: 's', namespace: 'n' },
    secretName: 't',
    webhookConfiguration: 'c.d',
    canRestartAll: true,
    drainSeconds: 0.5,
    certificateTimes: { lifetimeSeconds: 60, intervalSeconds: 0.5 },
    logLevel: 'debug',
    pod: undefined,
  })
  t.equal(args.length - 1 + more.length, Object.keys(webhookFlags).length, 'each flag is tried here')
  t.end()
})

t.test('the environment stands behind the flags', t => {
  const env = { REPEER_IMAGE: 'i', KUBECONFIG: '/k', POD_NAMESPACE: 'n' }
  t.match(parseWebhookOptions([], env), { image: 'i', kubeconfig: '/k', service: { namespace: 'n' } })
  t.match(parseWebhookOptions(['--image=j', '--kubeconfig=/l', '--namespace=m'], env), {
    image: 'j',
    kubeconfig: '/l',
    service: { namespace: 'm' },
  })
  t.match(
    parseWebhookOptions(['--image=', '--kubeconfig='], env),
    { image: 'i', kubeconfig: '/k' },
    'an empty flag is none',
  )
  t.equal(parseWebhookOptions([image, '--can-restart-all=false'], inCluster).canRestartAll, false)
  t.end()
})

t.test('every problem at once', t => {
  const args = [
    '--listen=x',
    '--turns=nobody',
    '--namespace=A_B',
    '--can-restart-all=yes',
    '--drain-seconds=-1',
    '--certificate-times=toString=1',
    '--log-level=loud',
    '--secret-name=',
  ]
  try {
    parseWebhookOptions(args, {})
    t.fail('found no problem')
  } catch (error) {
    const { message } = error as Error
    for (const flag of [
      'listen',
      'image',
      'kubeconfig',
      'turns',
      'namespace',
      'can-restart-all',
      'drain-seconds',
      'certificate-times',
      'log-level',
      'secret-name',
    ])
      t.match(message, new RegExp(`^--${flag}: found .*, expected `, 'm'))
    t.match(message, /See repeer webhook --help\.$/)
  }
  t.throws(() => parseWebhookOptions(['--listen=:65536', image], inCluster), /--listen: found ":65536"/)
  t.throws(() => parseWebhookOptions(['--unknown'], inCluster), /unknown/)
  t.throws(() => parseWebhookOptions(['extra', image], inCluster), /extra/)
  t.end()
})

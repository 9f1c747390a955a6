// The rest of a plan: group, times, validator, mesh.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, configMount, injected, input, toml } from '../fixtures/pods/build.ts'

const plan = (change: Change = {}) => injected(decide(input(change))).plan

t.test('group', t => {
  t.equal(plan().group, 'ns/cometbft')
  t.equal(plan({ labels: { 'chain-id': 'hub-1' } }).group, 'ns/hub-1')
  t.equal(plan({ labels: { 'cosmos.strange.love/network': 'mainnet' } }).group, 'ns/mainnet')
  t.equal(plan({ labels: { 'chain-id': 'hub-1' }, annotations: { 'repeer.dev/group': 'mine' } }).group, 'ns/mine')
  t.end()
})

t.test('times', t => {
  const times = (change: Change) => plan(change).times
  t.same(times({}), { settleSeconds: 5, graceSeconds: 30, minIntervalSeconds: 120 })
  t.equal(times({ pod: { ...configMount, terminationGracePeriodSeconds: 300 } }).graceSeconds, 300)
  t.equal(
    times({ pod: { ...configMount, terminationGracePeriodSeconds: 86_400 } }).graceSeconds,
    600,
    'no restart waits longer',
  )
  t.equal(times({ pod: { ...configMount, terminationGracePeriodSeconds: 0 } }).graceSeconds, 1, 'no SIGKILL at once')
  t.equal(times({ container: { livenessProbe: {} } }).livenessSeconds, 30)
  t.equal(times({ container: { livenessProbe: { periodSeconds: 5, failureThreshold: 4 } } }).livenessSeconds, 20)
  t.end()
})

t.test('validator', t => {
  const remote = { node: { 'config.toml': `priv_validator_laddr = "tcp://0.0.0.0:1234"\n${toml()}` } }
  const local = { node: { 'config.toml': `priv_validator_laddr = ""\n${toml()}` } }
  const port = { ports: [{ name: 'privval', containerPort: 1234 }] }
  const rows: readonly [string, Change, boolean][] = [
    ['nothing', {}, false],
    ['label', { labels: { validator: 'true' } }, true],
    ['label against a port', { labels: { validator: 'false' }, container: port }, false],
    ['a label that is a name', { labels: { validator: 'alice' } }, true],
    ['an empty label', { labels: { validator: '' } }, false],
    ['sentry', { labels: { 'cosmos.strange.love/type': 'Sentry' } }, true],
    ['privval port', { container: port }, true],
    ['remote signer', { maps: remote }, true],
    ['no remote signer', { maps: local }, false],
  ]
  for (const [what, change, expected] of rows) t.equal(plan(change).validator, expected, what)
  t.end()
})

t.test('mesh, host network, restart policy', t => {
  t.equal(plan().mesh, false)
  t.equal(plan({ annotations: { 'sidecar.istio.io/status': '{}' } }).mesh, true)
  t.equal(
    plan({ pod: { ...configMount, initContainers: [{ name: 'linkerd-proxy', restartPolicy: 'Always' }] } }).mesh,
    true,
  )
  t.equal(plan({ pod: { ...configMount, hostNetwork: true } }).hostNetwork, true)
  t.equal(plan({ pod: { ...configMount, restartPolicy: 'Never' } }).restartPolicyAlways, false)
  t.equal(plan({ canRestartAll: false }).canRestartAll, false)
  t.end()
})

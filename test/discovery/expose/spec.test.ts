import t from 'tap'
import { readExposeSpec, serviceOf } from '../../../discovery/expose/spec.ts'

const selector = { matchLabels: { app: 'chain' } }
const good = { service: 'p2p', selector }

t.test('defaults', async t => {
  t.match(readExposeSpec(good, 'a'), {
    service: 'p2p',
    selector: 'app=chain',
    namespaces: ['a'],
    chain: { label: 'chain-id' },
    targetPort: undefined,
    externalTrafficPolicy: 'Local',
    annotations: {},
    maxPorts: 50,
    keepMs: 300_000,
  })
})

t.test('what is stated', async t => {
  const stated = {
    chainId: 'one-1',
    ports: [{ chainId: 'two', port: 4 }],
    targetPort: 'tcp',
    keepSeconds: 0,
    externalTrafficPolicy: 'Cluster',
  }
  const read = readExposeSpec({ ...good, ...stated }, 'a')
  t.match(read, { chain: { id: 'one-1' }, targetPort: 'tcp', keepMs: 0, externalTrafficPolicy: 'Cluster' })
  t.same('ports' in read && [...read.ports], [['two', 4]])
})

t.test('what is wrong', async t => {
  const rows: [object | undefined | string, RegExp][] = [
    [undefined, /spec\.expose: found nothing, expected an object/],
    [{ selector }, /spec\.expose\.service/],
    [{ service: 'p2p' }, /selector: found nothing, expected labels of pods/],
    [{ service: 'p2p', selector: {} }, /selector: found one that selects everything/],
    [{ ...good, chainId: 'a', chainIdLabel: 'b' }, /found both, expected chainId or chainIdLabel/],
    [{ ...good, chainId: 'a b' }, /chainId/],
    [{ ...good, targetPort: 0 }, /targetPort: found 0/],
    [{ ...good, maxPorts: 0 }, /maxPorts/],
    [
      {
        ...good,
        ports: [
          { chainId: 'a', port: 1 },
          { chainId: 'b', port: 1 },
        ],
      },
      /ports\[1\]: found a chain or a port that is stated already/,
    ],
    [{ ...good, externalTrafficPolicy: 'Any' }, /one of Local, Cluster/],
    [{ ...good, annotations: { a: 1 } }, /annotations/],
  ]
  for (const [value, message] of rows) t.match(readExposeSpec(value, 'a'), { invalid: message }, String(message))
  t.equal(serviceOf(good), 'p2p')
  for (const none of [undefined, null, {}, { service: 1 }, 'x']) t.equal(serviceOf(none), undefined)
})

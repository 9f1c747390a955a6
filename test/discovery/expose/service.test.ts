import t from 'tap'
import { isApplied, readService, serviceBody, serviceNotes, unfitService } from '../../../discovery/expose/service.ts'
import { exposeSpec, manager, service } from './fixtures/objects.ts'

const set = { namespace: 'a', name: 'set', uid: 'uid-1' }
const ports = [{ chainId: 'one', name: 'p2p-one', port: 30143, targetPort: 26656 }]
const mine = { name: 'p2p-one', port: 30143, by: manager }

t.test('what is read', async t => {
  const facts = readService(service([mine, { name: 'theirs', port: 9, by: 'kubectl' }], { owner: 'uid-1' }))
  t.match(facts, {
    type: 'LoadBalancer',
    selector: {},
    labelled: true,
    owners: ['uid-1'],
    addresses: ['192.0.2.1'],
    families: ['IPv4'],
  })
  t.same(facts.applied, { [manager]: { ports: ['30143/TCP'], annotations: [] } }, 'of PeerSets only')
  const broken = {
    managedFields: [{ manager, operation: 'Apply', fieldsV1: { 'f:spec': { 'f:ports': { 'k:{': {}, '.': {} } } } }],
  }
  t.same(readService(service([], { metadata: broken })).applied, { [manager]: { ports: [], annotations: [] } })
  t.match(readService({}), { type: 'ClusterIP', ports: [] })
})

t.test('what cannot be used', async t => {
  const unfit = (spec: object, metadata: object = {}, selected = 0) =>
    unfitService(readService(service([], { spec, metadata })), selected)
  t.equal(unfit({}), undefined)
  t.match(unfit({ type: 'ClusterIP' }), /found type ClusterIP, expected LoadBalancer/)
  t.match(
    unfit({ selector: { app: 'x' } }, {}, 2),
    /found a selector that matches 2 pods, expected none, or one that matches no pod/,
  )
  t.equal(
    unfit({ selector: { 'this-will-not-match': 'anything' } }),
    undefined,
    'as the chart of the ICS operator has it',
  )
  t.match(unfit({}, { deletionTimestamp: 'x' }), /being deleted/)
})

t.test('what is applied where there is none', async t => {
  const spec = exposeSpec({ annotations: { x: 'y' }, loadBalancerClass: 'z/nlb' })
  t.strictSame(serviceBody(set, spec, ports, undefined), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'p2p',
      namespace: 'a',
      labels: { 'repeer.dev/exposes': 'chains' },
      annotations: { x: 'y' },
      ownerReferences: [
        {
          apiVersion: 'repeer.dev/v1alpha1',
          kind: 'PeerSet',
          name: 'set',
          uid: 'uid-1',
          controller: false,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerClass: 'z/nlb',
      ports: [{ name: 'p2p-one', port: 30143, protocol: 'TCP', targetPort: 26656 }],
    },
  })
})

t.test('of a Service of others: label and ports, and nothing at all where none are wanted', async t => {
  const theirs = readService(service([{ name: 'theirs', port: 9 }]))
  t.same(serviceBody(set, exposeSpec(), ports, theirs), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'p2p', namespace: 'a', labels: { 'repeer.dev/exposes': 'chains' } },
    spec: { ports: [{ name: 'p2p-one', port: 30143, protocol: 'TCP', targetPort: 26656 }] },
  })
  t.notOk('spec' in serviceBody(set, exposeSpec(), [], theirs))
})

t.test('whether it is applied already', async t => {
  const there = (over: Parameters<typeof service>[1] = {}, all = [mine]) => readService(service(all, over))
  const applied = (current: ReturnType<typeof there>, spec = exposeSpec(), wanted = ports) =>
    isApplied(set, manager, spec, wanted, current)
  t.ok(applied(there({ owner: 'uid-1' })))
  t.ok(applied(there()), 'one of others')
  t.notOk(applied(there({ owner: 'uid-2' })), 'shared, and not yet owned by this one, too')
  t.notOk(applied(there({ owner: 'uid-1' }), exposeSpec({ externalTrafficPolicy: 'Cluster' })))
  t.ok(applied(there(), exposeSpec({ externalTrafficPolicy: 'Cluster' })), 'that is for its owner to say')
  t.notOk(applied(there(), exposeSpec({ annotations: { x: 'y' } })))
  t.notOk(applied(there(), exposeSpec(), []), 'a port too many')
  t.notOk(applied(there({}, [{ ...mine, targetPort: 1 } as typeof mine])))
  t.notOk(applied(there({ metadata: { labels: {} } })))
  t.ok(applied(there({ metadata: { labels: {} } }, []), exposeSpec(), []), 'one that is not used is left alone')
})

t.test('what is odd about a Service is said', async t => {
  const notes = (over: object, ports: Parameters<typeof service>[0] = []) =>
    serviceNotes(readService(service(ports, { spec: over })))
  t.same(notes({}), [])
  t.same(
    notes({
      selector: { 'this-will-not-match': 'anything' },
      ports: [{ name: 'placeholder', port: 1, targetPort: 1 }],
    }),
    [
      'its selector this-will-not-match=anything matches no pod, and nothing may be exposed by it once it does',
      'its port placeholder 1 leads nowhere; the load balancer opens it all the same',
    ],
  )
})

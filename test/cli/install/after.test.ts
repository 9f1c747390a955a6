// What `repeer check --install` says, fact by fact.
import t from 'tap'
import { afterLines, afterUnknowns } from '../../../cli/install/after/decide.ts'
import type { AfterFacts, CustomResource, Deployment } from '../../../cli/install/after/facts.ts'
import { trialPod } from '../../../cli/install/after/trial-pod.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import { injectedPod } from '../fixtures/pods.ts'
import {
  certificateFor,
  chain,
  configuration,
  deployment,
  home,
  image,
  installed,
  now,
  ownPod,
} from './installed-facts.ts'

const issued = await certificateFor()
const others = await certificateFor()
const fresh = installed(issued)
const withChain = (...args: Parameters<typeof chain>): AfterFacts => ({ ...fresh, chains: [chain(...args)] })
const sidecar = (name: string, more = {}) => injectedPod(name, { image, ...more })

const alarms = (facts: AfterFacts) =>
  afterLines(facts)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, check, found, isPassing }) => `${level}${isPassing ? ' (passing)' : ''} ${check}: ${found}`)

function scaled(name: string, status: Deployment['status'], pods = fresh.pods): AfterFacts {
  const rest = 'value' in fresh.deployments ? fresh.deployments.value : []
  const changed = rest.map(known => (known.metadata.name === name ? deployment(name, status) : known))
  return { ...fresh, deployments: { value: changed }, pods }
}

function only(name: string, turns: string): AfterFacts {
  const text = JSON.stringify(deployment(name)).replace('--turns=controller', `--turns=${turns}`)
  return { ...fresh, deployments: { value: [JSON.parse(text) as Deployment] } }
}

function waiting(reason: string, secrets: readonly string[] = []) {
  const pod = sidecar('node-0', { phase: 'Pending' })
  const state = { waiting: { reason } }
  return {
    ...pod,
    spec: { ...pod.spec, imagePullSecrets: secrets.map(name => ({ name })) },
    status: { phase: 'Pending', initContainerStatuses: [{ name: 'repeer-install', state }] },
  }
}

const ownWithSecret: AfterFacts['pods'] = {
  value: [
    ownPod('repeer-webhook-1-a', 'webhook', { spec: { containers: [], imagePullSecrets: [{ name: 'registry' }] } }),
    ownPod('repeer-controller-1-a', 'controller'),
  ],
}

t.test('a fresh installation: every line is ok, and nothing is passing', async t => {
  t.strictSame(alarms(fresh), [])
  t.strictSame(
    afterLines(fresh).map(({ check }) => check),
    [
      'webhook',
      'controller',
      'registration',
      'certificate',
      'reach',
      'leader',
      'peersets',
      'policies',
      'namespaces',
      'versions',
    ],
  )
  const opted = withChain([sidecar('node-0')])
  t.strictSame(alarms(opted), [])
  t.match(
    afterLines(opted).map(({ check }) => check),
    [/.*/, /.*/, /.*/, /.*/, /.*/, /.*/, /.*/, /.*/, 'namespaces', 'injection', 'network', 'image', 'versions'],
  )
  t.strictSame(afterUnknowns(opted), [])
})

t.test('other ways to install are no reason for alarm', async t => {
  const rows: [string, AfterFacts][] = [
    [
      'without the controller',
      {
        ...only('repeer-webhook', 'self'),
        leases: { value: [] },
        customResource: { value: undefined },
        policies: {
          value:
            'value' in fresh.policies
              ? fresh.policies.value.filter(({ metadata }) => metadata.name === 'repeer-webhook')
              : [],
        },
      },
    ],
    ['two CAs, amid a rotation', { ...fresh, configuration: { value: configuration(`${others.ca}${issued.ca}`) } }],
    [
      'a namespace that has said no',
      { ...fresh, namespaces: { value: [{ metadata: { name: 'a', labels: { 'repeer.dev/inject': 'disabled' } } }] } },
    ],
    ['a Secret that may not be read', { ...fresh, certificate: { unknown: 'forbidden' } }],
    [
      'a pull secret in the chain, too',
      { ...withChain([waiting('PodInitializing', ['registry'])]), pods: ownWithSecret },
    ],
    [
      'a pull secret of the service account',
      {
        ...withChain([], {
          trial: {
            as: 'taken',
            made: {
              metadata: { annotations: { 'repeer.dev/plan': '{}' } },
              spec: { initContainers: [{ name: 'repeer' }], imagePullSecrets: [{ name: 'registry' }] },
            },
          },
        }),
        pods: ownWithSecret,
      },
    ],
    ['without, and its image is there', { ...withChain([sidecar('node-0')]), pods: ownWithSecret }],
    ['a sidecar that starts', withChain([waiting('PodInitializing')])],
  ]
  for (const [what, facts] of rows) t.strictSame(alarms(facts), [], what)
})

t.test('what is wrong', async t => {
  const trusting = (ca: string | undefined, place?: string): AfterFacts => ({
    ...fresh,
    configuration: { value: configuration(ca, place) },
  })
  const expired = await certificateFor(now - 91 * 86_400_000)
  const resource = 'value' in fresh.customResource ? fresh.customResource.value : undefined
  const older = JSON.parse(JSON.stringify(resource).replace('"allowPrivate":', '"allowPrivateOnce":')) as CustomResource
  t.notSame(older, resource)
  const policies = 'value' in fresh.policies ? fresh.policies.value : []
  const labelled = (name: string, value: string): AfterFacts => ({
    ...fresh,
    namespaces: { value: [{ metadata: { name, labels: { 'repeer.dev/inject': value } } }] },
  })
  const deny = { metadata: { name: 'deny' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } }
  const crash = {
    ...ownPod('repeer-webhook-1-a', 'webhook'),
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'webhook', state: { waiting: { reason: 'ImagePullBackOff' } } }],
    },
  }
  const twoImages = JSON.parse(
    JSON.stringify(deployment('repeer-controller')).replaceAll(image, 'repeer:2'),
  ) as Deployment
  const unset = JSON.parse(
    JSON.stringify(deployment('repeer-webhook')).replace(
      `--image=${image}`,
      '--image=repeer.example/set-this-image:0.1.0',
    ),
  ) as Deployment

  const rows: [what: string, facts: AfterFacts, alarms: readonly RegExp[]][] = [
    [
      'nothing installed',
      { ...fresh, deployments: { value: [] } },
      [/^failure webhook: found no Deployment repeer-webhook in namespace repeer-system/],
    ],
    ['only the controller', only('repeer-controller', 'controller'), [/^failure webhook: found no/]],
    [
      'no controller, and pods that wait for it',
      only('repeer-webhook', 'controller'),
      [/^failure controller: found no/],
    ],
    [
      'no replica ready',
      {
        ...scaled('repeer-webhook', { readyReplicas: 0 }, { value: [crash] }),
        readiness: undefined,
        leases: fresh.leases,
      },
      [
        /^failure \(passing\) webhook: .*0 of 2.*container webhook of repeer-webhook-1-a is waiting: ImagePullBackOff/,
        /^warning leader/,
      ],
    ],
    ['one replica ready', scaled('repeer-webhook', { readyReplicas: 1 }), [/^warning \(passing\) webhook: .*1 of 2/]],
    [
      'a rollout',
      scaled('repeer-controller', { updatedReplicas: 1 }),
      [/^warning \(passing\) controller: .*rollout is not finished/],
    ],
    [
      'Deployments that may not be read',
      { ...fresh, deployments: { unknown: 'forbidden' } },
      [/^warning webhook/, /^warning controller/],
    ],
    ['no configuration', { ...fresh, configuration: { value: undefined } }, [/^failure registration/]],
    [
      'a configuration of another installation',
      trusting(issued.ca, 'elsewhere'),
      [/^failure registration: .*sends pods to elsewhere/],
    ],
    ['no caBundle', trusting(undefined), [/^failure \(passing\) certificate: the caBundle of pods\.repeer\.dev/]],
    ['another CA', trusting(others.ca), [/^failure \(passing\) certificate: the caBundle/]],
    [
      'no Secret',
      { ...fresh, certificate: { value: undefined } },
      [/^failure \(passing\) certificate: found no Secret/],
    ],
    [
      'a Secret with something else',
      { ...fresh, certificate: { value: { secret: 's', cert: 'x', ca: 'y' } } },
      [/^failure certificate: Secret s holds no/],
    ],
    [
      'a certificate that has expired',
      { ...trusting(expired.ca), certificate: { value: { secret: 's', ...expired } } },
      [/^failure certificate: .*expired/],
    ],
    [
      'a Secret that may not be read, and no word of the webhook',
      { ...fresh, certificate: { unknown: 'no' }, readiness: { forbidden: 'no' } },
      [/^warning certificate/, /^warning reach/],
    ],
    [
      'a firewall',
      { ...fresh, readiness: { unreachable: 'dial tcp: i/o timeout' } },
      [/^failure reach: the API server does not reach the webhook at TCP 8443: dial tcp/],
    ],
    [
      'not ready',
      { ...fresh, readiness: { ready: false, missing: ['certificate'], degraded: [] } },
      [/^failure \(passing\) reach: .*lacks certificate/],
    ],
    [
      'ready, but',
      { ...fresh, readiness: { ready: true, missing: [], degraded: ['peersets'] } },
      [/^warning reach: the webhook says: peersets/],
    ],
    ['nobody leads', { ...fresh, leases: { value: [] } }, [/^failure \(passing\) leader: found no Lease/]],
    [
      'a Lease given back',
      { ...fresh, leases: { value: [{ name: 'l', holder: '', isRenewed: false }] } },
      [/^failure \(passing\) leader: .*held by nobody/],
    ],
    [
      'a Lease of a dead one',
      { ...fresh, leases: { value: [{ name: 'l', holder: 'x', isRenewed: false }] } },
      [/^failure \(passing\) leader: .*not renewed by x/],
    ],
    [
      'a leader from elsewhere',
      { ...fresh, leases: { value: [{ name: 'l', holder: 'laptop_1', isRenewed: true }] } },
      [/^warning leader: .*no pod of/],
    ],
    ['no CRD', { ...fresh, customResource: { value: undefined } }, [/^warning peersets: found no/]],
    ['an older CRD', { ...fresh, customResource: { value: older } }, [/^warning peersets: .*lacks spec\.allowPrivate/]],
    [
      'a CRD that is not established',
      { ...fresh, customResource: { value: { ...(resource as CustomResource), status: {} } } },
      [/^failure \(passing\) peersets/],
    ],
    [
      'no policies',
      { ...fresh, policies: { value: [] } },
      [
        /^failure policies: found no ValidatingAdmissionPolicy repeer-webhook/,
        /controller/,
        /annotations/,
        /discovery/,
      ],
    ],
    [
      'no binding',
      { ...fresh, bindings: { value: [] } },
      [
        /^failure policies: no ValidatingAdmissionPolicyBinding makes repeer-webhook/,
        /controller/,
        /annotations/,
        /discovery/,
      ],
    ],
    [
      'a binding that only warns',
      {
        ...fresh,
        bindings: {
          value: ('value' in fresh.bindings ? fresh.bindings.value : []).map(binding => ({
            ...binding,
            spec: {
              ...binding.spec,
              validationActions: binding.spec?.policyName === 'repeer-webhook' ? ['Warn'] : ['Deny'],
            },
          })),
        },
      },
      [/^failure policies: .*repeer-webhook deny/],
    ],
    [
      'policies for another namespace',
      {
        ...fresh,
        policies: {
          value: JSON.parse(
            JSON.stringify(policies).replaceAll('serviceaccount:repeer-system', 'serviceaccount:other'),
          ),
        },
      },
      [/repeer-webhook names a service account of another namespace/, /controller/, /annotations/, /discovery/],
    ],
    [
      'an expression that the API server does not understand',
      {
        ...fresh,
        policies: {
          value: policies.map((policy, index) =>
            index === 0
              ? { ...policy, status: { typeChecking: { expressionWarnings: [{ warning: 'undefined field' }] } } }
              : policy,
          ),
        },
      },
      [/^warning policies: .*undefined field/],
    ],
    ['policies that may not be read', { ...fresh, policies: { unknown: 'no' } }, [/^warning policies: not looked at/]],
    [
      'a label that opts in nothing',
      labelled('a', 'true'),
      [/^warning namespaces: namespace a has the label repeer\.dev\/inject: true/],
    ],
    ['the system’s namespace', labelled('kube-system', 'enabled'), [/^warning namespaces: .*never injected/]],
    ['our own namespace', labelled(home, 'enabled'), [/^warning namespaces: .*never injected/]],
    [
      'not injected',
      withChain([], { trial: { as: 'taken', made: { metadata: {}, spec: { containers: [] } } } }),
      [/^failure injection: .*chain came back without the sidecar/],
    ],
    [
      'a NetworkPolicy',
      withChain([sidecar('node-0')], { networkPolicies: { value: [deny] } }),
      [/^warning network: node-0 of namespace chain/],
    ],
    [
      'a NetworkPolicy before any pod',
      withChain([], { networkPolicies: { value: [deny] } }),
      [/^warning network: the pods of namespace chain/],
    ],
    [
      'an image that does not come',
      withChain([waiting('ImagePullBackOff')]),
      [/^failure image: namespace chain: node-0: container repeer-install is waiting: ImagePullBackOff/],
    ],
    [
      'an image that cannot come',
      { ...withChain([]), pods: ownWithSecret },
      [/^warning image: namespace chain: repeer's own pods pull the image with a secret/],
    ],
    [
      'a controller of another version',
      { ...fresh, deployments: { value: [deployment('repeer-webhook'), twoImages] } },
      [/^warning versions: the webhook runs .*, the controller repeer:2/],
    ],
    [
      'older sidecars',
      withChain([sidecar('a'), injectedPod('b', { image: 'repeer:0' })]),
      [/^warning versions: namespace chain: 1 of 2 sidecars run repeer:0/],
    ],
    [
      'the image that nobody has set',
      { ...fresh, deployments: { value: [unset, deployment('repeer-controller')] } },
      [/^failure versions: the webhook injects the image repeer\.example/],
    ],
  ]
  for (const [what, facts, expected] of rows) {
    t.match(alarms(facts), expected, what)
    t.equal(alarms(facts).length, expected.length, `${what}: nothing else`)
    for (const line of afterLines(facts)) t.equal(line.advice === undefined, line.level === 'ok', `${what}: what to do`)
  }
  const secrets = (names: readonly string[]) =>
    afterLines(withChain([waiting('ErrImagePull', names)])).find(({ level }) => level === 'failure')?.advice
  t.match(secrets([]), /name no pull secret/)
  t.match(secrets(['registry']), /name registry: see that each is in namespace chain/)
})

t.test('a pod that could not be tried is said, and is no alarm', async t => {
  const facts = withChain([], { trial: { as: 'refused', why: 'by a policy' } })
  t.strictSame(alarms(facts), [])
  t.match(afterUnknowns(facts), [/namespace chain are injected: one could not be tried: by a policy/])
  t.strictSame(afterUnknowns(withChain([], { trial: undefined })), [], 'left out on purpose')
})

t.test('the pod that is tried is one that the webhook injects', async t => {
  const decision = decide({
    pod: trialPod('chain', image) as Parameters<typeof decide>[0]['pod'],
    namespace: { name: 'chain', labels: { 'repeer.dev/inject': 'enabled' }, annotations: {} },
    configMap: () => 'unknown',
    peerSets: [],
    settings: { image, turns: 'controller', canRestartAll: true },
    quote: true,
  })
  t.match(decision, { inject: true })
})

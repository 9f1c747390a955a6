// What `repeer check --pre` says, fact by fact.
import t from 'tap'
import { baseManifests } from '../../../cli/install/base-manifests.ts'
import { beforeLines, beforeUnknowns } from '../../../cli/install/before/decide.ts'
import type { BeforeFacts, ObjectFacts } from '../../../cli/install/before/facts.ts'
import { baseObjects, type KubeObject, templateOf } from '../../../cli/install/wanted.ts'

const objects = baseObjects(baseManifests())
const home = 'repeer-system'

/** A cluster in whose way nothing is. */
function empty(): BeforeFacts {
  return {
    namespace: home,
    isRendered: false,
    version: { value: { major: '1', minor: '36', gitVersion: 'v1.36.2' } },
    objects: objects.map(object => ({
      object,
      isServed: true,
      resource: `${object.kind.toLowerCase()}s`,
      lacks: [],
      present: { value: undefined },
      trial:
        object.metadata.namespace === undefined
          ? { as: 'taken' }
          : { as: 'untried', why: `namespace ${home} does not exist yet` },
    })),
    pods: ['repeer-webhook', 'repeer-controller'].map(deployment => ({
      deployment,
      namespace: 'default',
      trial: { as: 'taken' },
    })),
    injectors: { value: [] },
  }
}

/** The same, with the facts about some objects changed. */
function withObject(kind: string, change: Partial<ObjectFacts>, name?: string): BeforeFacts {
  const facts = empty()
  const isMeant = ({ object }: ObjectFacts) =>
    object.kind === kind && (name === undefined || object.metadata.name === name)
  return { ...facts, objects: facts.objects.map(known => (isMeant(known) ? { ...known, ...change } : known)) }
}

const presentAs = (object: Partial<KubeObject['metadata']>) => ({
  present: { value: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', ...object } } },
})
const ours = { labels: { 'app.kubernetes.io/part-of': 'repeer' } }
const withImage = (image: string, argument = image): BeforeFacts => ({
  ...empty(),
  isRendered: true,
  objects: empty().objects.map(facts => {
    const template = templateOf(facts.object)
    if (template === undefined) return facts
    const containers = template.spec.containers.map(container => ({
      ...container,
      image,
      args: [...(container.args ?? []).filter(arg => !arg.startsWith('--image=')), `--image=${argument}`],
    }))
    const spec = { template: { ...template, spec: { ...template.spec, containers } } }
    return { ...facts, object: { ...facts.object, spec } }
  }),
})

const alarms = (facts: BeforeFacts) =>
  beforeLines(facts)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, check, found }) => `${level} ${check}: ${found}`)

t.test('an empty cluster: every line is ok', async t => {
  const lines = beforeLines(empty())
  t.strictSame(
    lines.map(({ check, level }) => [check, level]),
    [
      ['kubernetes', 'ok'],
      ['kinds', 'ok'],
      ['rights', 'ok'],
      ['namespace', 'ok'],
      ['clashes', 'ok'],
      ['admission', 'ok'],
      ['pods', 'ok'],
      ['pods', 'ok'],
      ['other webhooks', 'ok'],
    ],
  )
  t.match(lines.find(({ check }) => check === 'pods')?.found, /tried in default, as repeer-system does not exist yet/)
  t.match(lines.find(({ check }) => check === 'admission')?.found, /\d+ others could not be tried before/)
  t.match(
    beforeUnknowns(empty()).join('\n'),
    /TCP 8443.*check --install[\s\S]*check --pre -f -[\s\S]*quotas and policies/,
  )
})

t.test('version: a row on each side of each bound', async t => {
  const rows: [minor: string | undefined, level: string, says: RegExp][] = [
    ['29', 'failure', /expected 1\.30 or later/],
    ['30', 'ok', /needs 1\.36/],
    ['30+', 'ok', /needs 1\.36/],
    ['35', 'ok', /needs 1\.36/],
    ['36', 'ok', /Kubernetes v1$/],
    [undefined, 'failure', /expected 1\.30/],
  ]
  for (const [minor, level, says] of rows) {
    const version = { value: { major: '1', gitVersion: 'v1', ...(minor === undefined ? {} : { minor }) } }
    const [line] = beforeLines({ ...empty(), version })
    t.match(line, { check: 'kubernetes', level, found: says }, `1.${minor}`)
  }
  t.match(beforeLines({ ...empty(), version: { unknown: 'no' } })[0], { level: 'warning', found: 'not looked at: no' })
})

t.test('what is in the way', async t => {
  const trialHere = (trial: BeforeFacts['pods'][number]['trial'], namespace = home): BeforeFacts => ({
    ...empty(),
    pods: [{ deployment: 'repeer-webhook', namespace, trial }],
  })
  const rows: [what: string, facts: BeforeFacts, alarms: readonly (RegExp | string)[]][] = [
    [
      'a kind that is not served',
      withObject('ValidatingAdmissionPolicy', { isServed: false }),
      [/^failure kinds: .* ValidatingAdmissionPolicy of admissionregistration/],
    ],
    [
      'no right to create',
      withObject('ClusterRole', { lacks: ['create'], resource: 'clusterroles.rbac' }),
      ['failure rights: you may not create clusterroles.rbac'],
    ],
    [
      'no right to read',
      withObject('ClusterRole', { lacks: ['get'], resource: 'clusterroles.rbac' }),
      ['failure rights: you may not get clusterroles.rbac'],
    ],
    [
      'no right to change',
      withObject('ClusterRole', { lacks: ['patch'], resource: 'clusterroles.rbac' }),
      ['warning rights: you may not patch clusterroles.rbac'],
    ],
    ['rights that are not told', withObject('ClusterRole', { lacks: undefined }), [/^warning rights: not looked at/]],
    [
      'a refusal by rights is said once',
      withObject('ClusterRole', { lacks: ['create'], resource: 'clusterroles', trial: { as: 'refused', why: 'no' } }),
      ['failure rights: you may not create clusterroles'],
    ],
    [
      'rights that would be granted beyond the caller’s',
      withObject('ClusterRole', { trial: { as: 'refused', why: 'attempting to grant' } }, 'repeer-webhook'),
      ['failure admission: the API server would not take ClusterRole repeer-webhook: attempting to grant'],
    ],
    [
      'the namespace, being deleted',
      withObject('Namespace', presentAs({ deletionTimestamp: 'x' })),
      ['failure namespace: repeer-system is being deleted'],
    ],
    [
      'the namespace, made by somebody',
      withObject('Namespace', presentAs({ labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } })),
      [],
    ],
    [
      'the namespace, hidden',
      withObject('Namespace', { present: { unknown: 'forbidden' } }),
      [/^warning namespace/, /^warning clashes/],
    ],
    [
      'a configuration of our name',
      withObject('MutatingWebhookConfiguration', presentAs({})),
      [/^failure clashes: MutatingWebhookConfiguration repeer: there already/],
    ],
    [
      'a CRD of our name',
      withObject('CustomResourceDefinition', presentAs({ labels: { 'app.kubernetes.io/name': 'other' } })),
      [/^failure clashes: CustomResourceDefinition peersets/],
    ],
    ['our own', withObject('MutatingWebhookConfiguration', presentAs(ours)), []],
    [
      'by Helm',
      withObject(
        'ClusterRole',
        presentAs({ labels: { ...ours.labels, 'app.kubernetes.io/managed-by': 'Helm' } }),
        'repeer-webhook',
      ),
      ['warning clashes: ClusterRole repeer-webhook: installed by Helm'],
    ],
    [
      'a pod, refused here',
      trialHere({ as: 'refused', why: 'exceeded quota' }),
      ['failure pods: a pod of repeer-webhook would be refused: exceeded quota'],
    ],
    [
      'a pod, refused elsewhere',
      trialHere({ as: 'refused', why: 'policy' }, 'default'),
      [/^warning pods: .*tried in default.*: policy/],
    ],
    [
      'a pod that could not be tried',
      trialHere({ as: 'untried', why: 'no dry run' }),
      [/^warning pods: not looked at: .*no dry run/],
    ],
    [
      'webhooks that are hidden',
      { ...empty(), injectors: { unknown: 'forbidden' } },
      ['warning other webhooks: not looked at: forbidden'],
    ],
    [
      'no image',
      withImage('repeer.example/set-this-image:0.1.0'),
      ['failure image: found the image repeer.example/set-this-image, which does not exist'],
    ],
    [
      'no image for pods',
      withImage('registry/repeer:1', 'repeer.example/set-this-image:0.1.0'),
      ['failure image: found the image repeer.example/set-this-image, which does not exist'],
    ],
    ['two images', withImage('registry/repeer:1', 'registry/repeer:2'), [/^warning image: found several images/]],
    ['an image', withImage('registry/repeer:1'), []],
  ]
  for (const [what, facts, expected] of rows) {
    t.match(alarms(facts), expected, what)
    t.equal(alarms(facts).length, expected.length, `${what}: nothing else`)
    for (const line of beforeLines(facts))
      t.equal(line.advice === undefined, line.level === 'ok', `${what}: what to do`)
  }
})

t.test('other injectors are mentioned, and an upgrade is one', async t => {
  const injectors = { value: [{ name: 'istio-sidecar-injector', webhooks: ['x'] }] }
  t.match(beforeLines({ ...empty(), injectors }).at(-1), { level: 'ok', found: /istio-sidecar-injector/ })
  const upgrade = beforeLines(withObject('ClusterRole', presentAs(ours)))
  t.match(
    upgrade.find(({ check }) => check === 'clashes'),
    { level: 'ok', found: /would be an upgrade/ },
  )
})

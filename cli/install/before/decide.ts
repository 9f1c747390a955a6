// What `repeer check --pre` says: facts in, lines out. Pure.
import { restartAllMinor } from '../../../webhook/kubernetes-version.ts'
import { someOf } from '../../text/shortened.ts'
import { failure, type Line, ok, unseen, warning } from '../lines.ts'
import { isOurs, templateOf } from '../wanted.ts'
import type { BeforeFacts, ObjectFacts } from './facts.ts'

/**
 * The first Kubernetes 1.N whose API has what the manifests use: ValidatingAdmissionPolicy as v1, and restartable init
 * containers without a feature gate.
 */
const leastMinor = 30

/** What kustomize writes where nobody has named an image: see manifests/base/kustomization.yaml. */
export const unsetImage = 'repeer.example/set-this-image'

/** Names in a sentence; the JSON output has no more either, since kubectl tells the rest. */
const mostNames = 4

export function beforeLines(facts: BeforeFacts): Line[] {
  return [
    versionLine(facts.version),
    ...kindLines(facts),
    ...rightsLines(facts),
    ...namespaceLines(facts),
    ...clashLines(facts),
    ...admissionLines(facts),
    ...podLines(facts),
    ...imageLines(facts),
    injectorLine(facts.injectors),
  ]
}

/** What a look before the installation cannot tell. */
export function beforeUnknowns({ isRendered, namespace, objects }: BeforeFacts): string[] {
  const isThere = presentNamespace(objects) !== undefined
  return [
    'whether the API server reaches TCP 8443 of a pod (a firewall between control plane and nodes, as on private GKE and on EKS with another CNI): nothing ' +
      'listens there yet; repeer check --install asks',
    isRendered
      ? 'whether the image can be pulled: kubectl run repeer-preflight --rm -i --restart=Never --image=IMAGE -- --version'
      : 'anything about your image and overlay: hand in what you will apply (kubectl kustomize manifests/ | repeer check --pre -f -)',
    ...(isThere
      ? []
      : [
          `what quotas and policies will hold in namespace ${namespace}, which does not exist yet: its pods were tried elsewhere`,
        ]),
  ]
}

function versionLine(version: BeforeFacts['version']): Line {
  if ('unknown' in version) return unseen('kubernetes', version.unknown)
  const { major, minor, gitVersion = `${major}.${minor}` } = version.value
  // Managed clusters write "36+".
  const release = Number.parseInt(minor ?? '', 10)
  const isOld = Number(major) < 1 || (Number(major) === 1 && !(release >= leastMinor))
  if (isOld)
    return failure(
      'kubernetes',
      `found Kubernetes ${gitVersion}, expected 1.${leastMinor} or later`,
      'upgrade the cluster: older API servers know neither ValidatingAdmissionPolicies nor sidecar containers',
    )
  const isNew = Number(major) > 1 || release >= restartAllMinor
  const without = isNew
    ? ''
    : `; restarting all containers of a pod, for lists that only an init container renders, needs 1.${restartAllMinor}`
  return ok('kubernetes', `Kubernetes ${gitVersion}${without}`)
}

function kindLines({ objects }: BeforeFacts): Line[] {
  const missing = [
    ...new Set(
      objects.filter(({ isServed }) => !isServed).map(({ object }) => `${object.kind} of ${object.apiVersion}`),
    ),
  ]
  if (missing.length === 0)
    return [ok('kinds', `the API server knows all ${kindsOf(objects).length} kinds of the manifests`)]
  return [
    failure(
      'kinds',
      `the API server does not know ${missing.join(', ')}, which the manifests hold`,
      'install what defines them first (cert-manager for its Certificates and Issuers), or leave out the overlay that uses them',
    ),
  ]
}

function rightsLines({ objects }: BeforeFacts): Line[] {
  const asked = objects.filter(({ isServed }) => isServed)
  if (asked.some(({ lacks }) => lacks === undefined))
    return [unseen('rights', 'the API server does not tell what you may do (SelfSubjectAccessReview)')]
  const lines = (['create', 'get', 'patch'] as const).flatMap(verb => {
    const resources = [...new Set(asked.filter(({ lacks }) => lacks?.includes(verb)).map(({ resource }) => resource))]
    if (resources.length === 0) return []
    const found = `you may not ${verb} ${resources.join(', ')}`
    return [
      verb === 'patch'
        ? warning('rights', found, 'an installation goes without it, an upgrade does not: ask a cluster admin')
        : failure('rights', found, 'install with the rights of a cluster admin'),
    ]
  })
  return lines.length > 0 ? lines : [ok('rights', 'you may create, read and change every object of the manifests')]
}

function namespaceLines({ namespace, objects }: BeforeFacts): Line[] {
  const facts = objects.find(({ object }) => object.kind === 'Namespace')
  if (facts === undefined) return []
  if ('unknown' in facts.present) return [unseen('namespace', facts.present.unknown)]
  const present = facts.present.value
  if (present === undefined) return [ok('namespace', `${namespace} does not exist yet, and will be created`)]
  if (present.metadata.deletionTimestamp !== undefined)
    return [
      failure(
        'namespace',
        `${namespace} is being deleted`,
        `wait until it is gone: kubectl wait --for=delete namespace/${namespace} --timeout=5m`,
      ),
    ]
  const enforced = present.metadata.labels?.['pod-security.kubernetes.io/enforce'] ?? 'nothing of its own'
  return [ok('namespace', `${namespace} exists; Pod Security enforces ${enforced} there, restricted once installed`)]
}

function clashLines({ objects }: BeforeFacts): Line[] {
  const others = objects.filter(({ object, present }) => {
    const found = 'value' in present ? present.value : undefined
    // A namespace may have been made for repeer by anybody.
    return found !== undefined && object.kind !== 'Namespace' && !isOurs(found)
  })
  const hidden = objects.filter(({ present }) => 'unknown' in present)
  const lines = [
    ...(others.length === 0
      ? []
      : [
          failure(
            'clashes',
            `${someOf(others.map(nameOf), mostNames)}: there already, without repeer's labels, so made by somebody else`,
            'an installation would overwrite them: see whose they are (kubectl get ... -o yaml), rename or delete them',
          ),
        ]),
    ...(hidden.length === 0
      ? []
      : [
          unseen('clashes', `${someOf(hidden.map(nameOf), mostNames)} may not be read, so that a clash would not show`),
        ]),
    ...helmLines(objects),
  ]
  if (lines.length > 0) return lines
  const own = objects.filter(isThere).filter(({ object }) => object.kind !== 'Namespace').length
  return [
    ok(
      'clashes',
      own === 0
        ? 'nothing in the cluster has the names that the manifests use'
        : `repeer is installed already (${own} of its objects are there): an installation would be an upgrade`,
    ),
  ]
}

/** What Helm has installed is Helm's to change. */
function helmLines(objects: readonly ObjectFacts[]): Line[] {
  const manager = (object: ObjectFacts['object'] | undefined) =>
    object?.metadata.labels?.['app.kubernetes.io/managed-by']
  const helms = objects.filter(
    ({ object, present }) =>
      'value' in present && manager(present.value) === 'Helm' && manager(object) !== 'Helm' && isThere({ present }),
  )
  return helms.length === 0
    ? []
    : [
        warning(
          'clashes',
          `${someOf(helms.map(nameOf), mostNames)}: installed by Helm`,
          'go on with helm upgrade, or uninstall the release first: two managers undo each other’s changes',
        ),
      ]
}

function admissionLines({ objects }: BeforeFacts): Line[] {
  const tried = objects.filter(({ trial }) => trial.as !== 'untried')
  // The rights have a line of their own.
  const refused = tried.filter(({ trial, lacks }) => trial.as === 'refused' && !lacks?.includes('create'))
  const lines = refused.map(facts =>
    failure(
      'admission',
      `the API server would not take ${nameOf(facts)}: ${facts.trial.as === 'refused' ? facts.trial.why : ''}`,
      'its message says which policy or permission is in the way; ask who runs the cluster to admit it',
    ),
  )
  const untried = objects.length - tried.length
  const rest = untried > 0 ? `; ${untried} others could not be tried before their namespace exists` : ''
  return lines.length > 0 || tried.length === 0
    ? lines
    : [ok('admission', `the API server takes ${tried.length} objects of the manifests (dry run)${rest}`)]
}

function podLines({ namespace, pods }: BeforeFacts): Line[] {
  return pods.flatMap(({ deployment, namespace: where, trial }) => {
    const elsewhere = where === namespace ? '' : `, tried in ${where}, as ${namespace} does not exist yet`
    if (trial.as === 'untried') return [unseen('pods', `a pod of ${deployment} could not be tried: ${trial.why}`)]
    if (trial.as === 'taken') return [ok('pods', `a pod of ${deployment} would be admitted (dry run${elsewhere})`)]
    const found = `a pod of ${deployment} would be refused${elsewhere}: ${trial.why}`
    return [
      where === namespace
        ? failure(
            'pods',
            found,
            'make room in the quota, or exempt the namespace from the policy that the message names',
          )
        : warning(
            'pods',
            found,
            `see whether that holds in ${namespace} as well: create the namespace first, and run this again`,
          ),
    ]
  })
}

function imageLines({ isRendered, objects }: BeforeFacts): Line[] {
  if (!isRendered) return []
  const images = objects.flatMap(({ object }) => {
    const containers = templateOf(object)?.spec.containers ?? []
    return containers.flatMap(({ image = '', args = [] }) => [
      image,
      ...args.filter(arg => arg.startsWith('--image=')).map(arg => arg.slice('--image='.length)),
    ])
  })
  const names = [...new Set(images)]
  if (names.some(name => name.startsWith(unsetImage)))
    return [
      failure(
        'image',
        `found the image ${unsetImage}, which does not exist`,
        'name yours under images: in manifests/base/kustomization.yaml, best by digest',
      ),
    ]
  if (names.length > 1)
    return [
      warning(
        'image',
        `found several images: ${names.join(', ')}; expected one`,
        'webhook, controller and --image take the same one; a kustomization on top of manifests/base repeats replacements: image-argument.yaml',
      ),
    ]
  return names.map(name => ok('image', name))
}

function injectorLine(injectors: BeforeFacts['injectors']): Line {
  if ('unknown' in injectors) return unseen('other webhooks', injectors.unknown)
  const names = injectors.value.map(({ name }) => name)
  return ok(
    'other webhooks',
    names.length === 0
      ? 'no other mutating webhook sees the creation of pods'
      : `these change pods at their creation, too: ${someOf(names, mostNames)}; repeer is asked again after them`,
  )
}

function kindsOf(objects: readonly ObjectFacts[]): string[] {
  return [...new Set(objects.map(({ object }) => `${object.apiVersion} ${object.kind}`))]
}

function nameOf({ object }: Pick<ObjectFacts, 'object'>): string {
  return `${object.kind} ${object.metadata.name}`
}

function isThere({ present }: Pick<ObjectFacts, 'present'>): boolean {
  return 'value' in present && present.value !== undefined
}

function presentNamespace(objects: readonly ObjectFacts[]): ObjectFacts['object'] | undefined {
  const facts = objects.find(({ object }) => object.kind === 'Namespace')
  return facts !== undefined && 'value' in facts.present ? facts.present.value : undefined
}

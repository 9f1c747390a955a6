// What `repeer check --pre` says of the objects that an installation makes: whether the API server knows them, lets the
// caller make them, has others of their names, and would take them. Pure.
import { someOf } from '../../text/shortened.ts'
import { failure, type Line, ok, unseen, warning } from '../lines.ts'
import { isOurs } from '../wanted.ts'
import type { BeforeFacts, ObjectFacts } from './facts.ts'

/** Names in a sentence; the JSON output has no more either, since kubectl tells the rest. */
const mostNames = 4

export function kindLines({ objects }: BeforeFacts): Line[] {
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

export function rightsLines({ objects }: BeforeFacts): Line[] {
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

export function namespaceLines({ namespace, objects }: BeforeFacts): Line[] {
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

export function clashLines({ objects }: BeforeFacts): Line[] {
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

export function admissionLines({ objects }: BeforeFacts): Line[] {
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

function kindsOf(objects: readonly ObjectFacts[]): string[] {
  return [...new Set(objects.map(({ object }) => `${object.apiVersion} ${object.kind}`))]
}

function nameOf({ object }: Pick<ObjectFacts, 'object'>): string {
  return `${object.kind} ${object.metadata.name}`
}

function isThere({ present }: Pick<ObjectFacts, 'present'>): boolean {
  return 'value' in present && present.value !== undefined
}

/** repeer's own, where it is there already. */
export function presentNamespace(objects: readonly ObjectFacts[]): ObjectFacts['object'] | undefined {
  const facts = objects.find(({ object }) => object.kind === 'Namespace')
  return facts !== undefined && 'value' in facts.present ? facts.present.value : undefined
}

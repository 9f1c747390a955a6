// What `repeer check --pre` says: facts in, lines out. Pure.
import { restartAllMinor } from '../../../webhook/kubernetes-version.ts'
import { someOf } from '../../text/shortened.ts'
import { failure, type Line, ok, unseen, warning } from '../lines.ts'
import { templateOf } from '../wanted.ts'
import type { BeforeFacts } from './facts.ts'
import { admissionLines, clashLines, kindLines, namespaceLines, presentNamespace, rightsLines } from './objects.ts'

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
